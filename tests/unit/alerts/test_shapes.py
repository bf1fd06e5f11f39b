from __future__ import annotations

import numpy as np
import pytest

from toros.alerts.alert import Place
from toros.alerts.shapes import circle_map, ellipse_map, place_map
from toros.alerts.skymap import probability_in
from toros.errors import BadValue
from toros.sky.coordinates import separation
from toros.sky.footprints import Circle, Rectangle


@pytest.mark.parametrize("radius", [1e-4, 0.1, 5.0, 60.0, 120.0])
@pytest.mark.parametrize(("ra", "dec"), [(50.0, -30.0), (0.0, 90.0), (359.99, 0.0)])
def test_a_circle_holds_what_is_stated(ra: float, dec: float, radius: float) -> None:
    even = (1 - np.cos(np.radians(radius))) / 2
    for containment in (0.393, 0.9):
        skymap = circle_map(ra, dec, radius, containment)
        assert skymap.probability.sum() == pytest.approx(1)
        assert probability_in(skymap, Circle(ra, dec, radius)) == pytest.approx(max(containment, even), abs=0.005)
        assert skymap.start.size < 5000
        assert (skymap.start[1:] == skymap.end[:-1]).all()
    assert separation(*skymap.peak, ra, dec) < radius / 2


def test_the_region_of_a_circle_is_the_circle() -> None:
    skymap = circle_map(10.0, 40.0, 8.0)
    assert skymap.area(skymap.region(0.9)) == pytest.approx(np.pi * 64, rel=0.02)


def test_a_circle_that_an_even_sky_fills_better() -> None:
    assert np.ptp(circle_map(10.0, 40.0, 175.0).density) == 0.0


@pytest.mark.parametrize(("longer", "shorter"), [(1.0, 1.0), (12.0, 2.0), (40.0, 4.0), (0.1, 0.002)])
def test_an_ellipse_has_the_area_that_is_stated(longer: float, shorter: float) -> None:
    skymap = ellipse_map(200.0, 35.0, longer, shorter, 30.0)
    assert skymap.area(skymap.region(0.9)) == pytest.approx(np.pi * longer * shorter, rel=0.06)


def test_an_ellipse_lies_along_its_position_angle() -> None:
    skymap = ellipse_map(100.0, 0.0, 10.0, 1.0, 90.0)  # east to west
    held = [probability_in(skymap, Rectangle(100.0, 0.0, *sides)) for sides in ((20.0, 2.0), (2.0, 20.0))]
    assert held[0] > 0.9 > 0.3 > held[1]
    assert skymap.density[skymap.cell_at([107.0], [0.0])] > 100 * skymap.density[skymap.cell_at([100.0], [7.0])]


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: circle_map(10.0, 95.0, 1.0), "dec"),
        (lambda: circle_map(10.0, 5.0, 0.0), "radius"),
        (lambda: circle_map(10.0, 5.0, float("nan")), "radius"),
        (lambda: circle_map(10.0, 5.0, 1.0, 1.0), "containment"),
        (lambda: ellipse_map(10.0, 5.0, 1.0, 2.0, 0.0), "longer axis first"),
        (lambda: ellipse_map(10.0, 5.0, 10.0, 0.01, 0.0), "at most 200"),
        (lambda: ellipse_map(10.0, 5.0, 50.0, 1.0, 0.0), "axis"),
    ],
)
def test_what_is_no_shape(make: object, said: str) -> None:
    with pytest.raises(BadValue, match=said):
        make()  # type: ignore[operator]


@pytest.mark.parametrize("angle", [0.0, 33.0])
@pytest.mark.parametrize("dec", [0.0, 70.0, 89.5, -90.0])
def test_a_field_on_an_even_sky_holds_its_size(dec: float, angle: float) -> None:
    """Solid angle between four great circles: 4 asin(sin(a/2) sin(b/2))."""
    even = circle_map(0.0, 0.0, 179.0, 0.5)
    size = 4 * np.arcsin(np.sin(np.radians(3.0)) * np.sin(np.radians(1.5)))
    assert probability_in(even, Rectangle(77.0, dec, 6.0, 3.0, angle)) == pytest.approx(size / 4 / np.pi, rel=2e-3)


def test_the_place_of_an_alert_is_a_map() -> None:
    for place, area in (
        (Place(10.0, 5.0, 2.0), np.pi * 4),
        (Place(10.0, 5.0, 2.0, 1.0, 30.0), np.pi * 2),
        (Place(10.0, 5.0), np.pi / 3600**2),
    ):
        skymap = place_map(place)
        assert skymap.area(skymap.region(0.9)) == pytest.approx(area, rel=0.06)
        assert separation(*skymap.peak, 10.0, 5.0) < 0.1
