from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from toros.sky.elements import GM_SUN
from toros.sky.kepler import along_the_orbit

ECCENTRICITIES = [0.0, 1e-9, 0.0786, 0.5, 0.967, 0.9999, 1.0 - 1e-10, 1.0, 1.0 + 1e-10, 1.0002668, 1.2, 3.36, 50.0]


@pytest.mark.parametrize("eccentricity", ECCENTRICITIES)
@pytest.mark.parametrize("perihelion", [0.0128562, 1.0, 30.0])
def test_energy_and_angular_momentum_are_kept_whatever_the_conic(eccentricity: float, perihelion: float) -> None:
    half = math.pi * (perihelion / abs(1 - eccentricity)) ** 1.5 / math.sqrt(GM_SUN) if eccentricity != 1 else 1e9
    reach = min(half, 1e6) if eccentricity < 1 else 1e6
    times = np.concatenate([-np.geomspace(1e-6, reach, 60), [0.0], np.geomspace(1e-6, reach, 60)])
    place, velocity = along_the_orbit(times, perihelion, eccentricity, GM_SUN)
    radius = np.hypot(*place.T)
    turning = place[:, 0] * velocity[:, 1] - place[:, 1] * velocity[:, 0]
    assert turning == pytest.approx(math.sqrt(GM_SUN * perihelion * (1 + eccentricity)), rel=1e-9)
    energy = np.sum(velocity**2, axis=-1) / 2 - GM_SUN / radius
    closest = GM_SUN / perihelion
    assert energy == pytest.approx(-closest * (1 - eccentricity) / 2, abs=1e-11 * closest)
    assert place[60].tolist() == [perihelion, 0.0]


@pytest.mark.parametrize("eccentricity", [0.0, 0.3, 0.99, 1.0, 1.0002668, 3.36])
def test_the_motion_is_that_of_the_equation_of_motion(eccentricity: float) -> None:
    """Integrated step by step, with nothing of Kepler's in it."""

    def pull(_: float, state: np.ndarray) -> list[float]:
        x, y, u, v = state
        cube = math.hypot(x, y) ** 3
        return [u, v, -GM_SUN * x / cube, -GM_SUN * y / cube]

    start = [0.5, 0.0, 0.0, math.sqrt(GM_SUN * (1 + eccentricity) / 0.5)]
    times = np.array([1.0, 10.0, 60.0])
    found = solve_ivp(pull, (0.0, 60.0), start, method="DOP853", t_eval=times, rtol=1e-12, atol=1e-14)
    place, velocity = along_the_orbit(times, 0.5, eccentricity, GM_SUN)
    assert np.abs(place - found.y[:2].T).max() < 1e-9
    assert np.abs(velocity - found.y[2:].T).max() < 1e-10


def test_barkers_equation_for_a_parabola() -> None:
    true_anomaly = np.radians(np.array([1.0, 45.0, 90.0, 150.0, 175.0]))
    half = np.tan(true_anomaly / 2)
    times = math.sqrt(2 * 0.8**3 / GM_SUN) * (half + half**3 / 3)
    place, _ = along_the_orbit(times, 0.8, 1.0, GM_SUN)
    assert np.arctan2(place[:, 1], place[:, 0]) == pytest.approx(true_anomaly, abs=1e-12)
