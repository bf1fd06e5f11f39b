"""The simulated frames obey the laws that a reduction relies on."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.unit.observatory.cameras import CAMERA, exposure
from toros.observatory.devices.sensor import BIAS_LEVEL, dark_current, expose, response
from toros.observatory.frames import tangent_wcs
from toros.observatory.simulated_sky import new_source

SHAPE = CAMERA.rows, CAMERA.columns


def frames(kind: str, count: int, **changes: object) -> np.ndarray:
    return np.array([expose(exposure(kind, number=n, **changes), CAMERA, 1).astype(float) for n in range(1, count + 1)])  # type: ignore[arg-type]


def test_the_same_exposure_always_gives_the_same_frame() -> None:
    first, second = (expose(exposure(), CAMERA, seed=1) for _ in range(2))
    assert first.dtype == np.uint16
    assert first.shape == SHAPE
    assert (first == second).all()


@pytest.mark.parametrize("changes", [{"number": 2}, {"order": "order-2"}])
def test_two_frames_differ_in_their_noise(changes: dict[str, object]) -> None:
    assert (expose(exposure(), CAMERA, 1) != expose(exposure(**changes), CAMERA, 1)).mean() > 0.5


def test_biases_show_read_noise_around_a_fixed_pattern() -> None:
    biases = frames("bias", 20)
    assert np.median(biases) == pytest.approx(BIAS_LEVEL + 3, abs=3)
    noise = biases.std(axis=0, ddof=1).mean()
    assert noise * CAMERA.gain == pytest.approx(np.hypot(CAMERA.read_noise, CAMERA.gain / np.sqrt(12)), rel=0.03)
    assert biases.mean(axis=0).std() > 3  # rows and columns: what a master bias takes away


def test_dark_current_grows_with_time_and_hot_pixels_are_in_every_frame() -> None:
    dark = frames("dark", 20).mean(axis=0) - frames("bias", 20).mean(axis=0)
    current = dark_current(SHAPE, 1)
    hot = current > 5
    assert hot.sum() > 50
    assert np.allclose(dark[hot] * CAMERA.gain, current[hot] * 60.0, rtol=0.2, atol=15)
    assert dark[~hot].mean() * CAMERA.gain == pytest.approx(current[~hot].mean() * 60.0, abs=0.2)


def test_flats_show_vignetting_and_dust() -> None:
    flat = frames("flat", 10).mean(axis=0) - frames("dark", 10).mean(axis=0)
    seen = response(SHAPE, 1)
    assert np.abs(flat / np.median(flat) / (seen / np.median(seen)) - 1).max() < 0.04
    assert flat[:20, :20].mean() / flat[140:160, 190:210].mean() == pytest.approx(0.75, abs=0.1)
    assert 0.3 < np.median(flat) / CAMERA.saturation < 0.6


def test_noise_of_light_is_photon_noise() -> None:
    """Mean-variance: the variance of a difference of two flats gives the gain back."""
    first, second = frames("flat", 2)
    signal = (first + second) / 2 - BIAS_LEVEL
    variance = (first - second).var() / 2
    gain = signal.mean() / (variance - (CAMERA.read_noise / CAMERA.gain) ** 2)
    assert gain == pytest.approx(CAMERA.gain, rel=0.03)


def test_bright_stars_are_cut_off_at_saturation() -> None:
    image = expose(exposure(seconds=600.0), replace(CAMERA, rows=1024, columns=1024), 1)
    assert (image > CAMERA.saturation - 100).any()
    assert image.max() < CAMERA.saturation + 100


def test_a_follow_up_shows_the_new_source_and_an_ordinary_field_does_not() -> None:
    ordinary = expose(exposure(), CAMERA, 1).astype(float)
    event = expose(exposure(event="MS261120ab"), CAMERA, 1).astype(float)
    x, y = tangent_wcs(60.0, -24.0, CAMERA).wcs_world2pix([new_source(60.0, -24.0)], 0)[0]
    column, row = round(float(x)), round(float(y))
    rise = (event - ordinary)[row - 2 : row + 3, column - 2 : column + 3].sum()
    assert rise * CAMERA.gain > 20_000
    away = np.ones(SHAPE, dtype=bool)
    away[row - 40 : row + 41, column - 40 : column + 41] = False
    assert (event - ordinary)[away].mean() == pytest.approx(0, abs=1)


def test_what_is_calibrated_is_flat_again() -> None:
    """Bias, dark and flat taken off as a reduction does leave a sky without pattern."""
    bias, dark = frames("bias", 10).mean(axis=0), frames("dark", 10).mean(axis=0)
    flat = frames("flat", 10).mean(axis=0) - bias
    light = (frames("light", 1)[0] - dark) / (flat / np.median(flat))
    corner, middle = np.median(light[:40, :40]), np.median(light[130:170, 180:220])
    assert corner == pytest.approx(middle, rel=0.01)
    raw = frames("light", 1)[0] - bias
    assert np.median(raw[:40, :40]) < 0.9 * np.median(raw[130:170, 180:220])


@pytest.mark.parametrize("kind", ["bias", "dark", "flat", "light"])
def test_small_and_oblong_sensors(kind: str) -> None:
    camera = replace(CAMERA, rows=16, columns=33)
    assert expose(exposure(kind), camera, 1).shape == (16, 33)  # type: ignore[arg-type]


def test_a_megapixel_is_quick() -> None:
    import time

    camera = replace(CAMERA, rows=1024, columns=1024)
    expose(exposure(), camera, 1)
    began = time.process_time()
    expose(exposure(number=2), camera, 1)
    assert time.process_time() - began < 0.5  # 0.07 s on a quiet machine
