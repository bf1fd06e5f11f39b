from __future__ import annotations

import numpy as np
import pytest

from toros.errors import BadValue
from toros.sky.field_grid import FieldGrid
from toros.sky.footprints import Circle, Rectangle


@pytest.mark.parametrize(("width", "height"), [(8.0, 8.0), (4.0, 9.0), (20.0, 11.0), (60.0, 40.0)])
def test_no_place_is_left_out(width: float, height: float) -> None:
    grid = FieldGrid(width, height)
    random = np.random.default_rng(1)
    ra = np.append(random.uniform(0, 360, 2000), [0.0, 0.0, 180.0])
    dec = np.append(np.degrees(np.arcsin(random.uniform(-1, 1, 2000))), [90.0, -90.0, 89.99])
    seen = np.zeros(ra.size, bool)
    for number in range(len(grid)):
        seen |= grid.field(number).depth(ra, dec) >= -1e-9
    assert seen.all()
    assert len(grid) < 3 * 41253 / (width * height)


def test_small_fields_waste_little() -> None:
    assert len(FieldGrid(1.0, 1.0)) < 1.03 * 41253


def test_fields_are_numbered_by_row() -> None:
    grid = FieldGrid(10.0, 10.0, overlap=0.1, declination=(-30.0, 90.0))
    assert min(grid.rows) >= -30.0
    assert grid.rows[-1] == 90.0
    assert [grid.field(grid.number(3, k)).dec for k in (0, 1)] == [grid.rows[3]] * 2
    assert grid.field(len(grid) - 1) == Rectangle(0.0, 90.0, 10.0, 10.0)
    with pytest.raises(BadValue, match="field"):
        grid.field(len(grid))


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: FieldGrid(0.0, 1.0), "side"),
        (lambda: FieldGrid(1.0, 1.0, overlap=0.9), "overlap"),
        (lambda: FieldGrid(1.0, 1.0, declination=(10.0, -10.0)), "lesser first"),
        (lambda: FieldGrid(0.05, 0.05), "allowed: up to"),
        (lambda: Circle(0.0, 0.0, 0.0), "radius"),
        (lambda: Rectangle(0.0, 0.0, 1.0, 150.0), "side"),
    ],
)
def test_what_no_camera_sees(make: object, said: str) -> None:
    with pytest.raises(BadValue, match=said):
        make()  # type: ignore[operator]


def test_how_far_inside_a_field() -> None:
    field = Rectangle(30.0, 60.0, 4.0, 2.0)
    assert np.degrees(field.depth([30.0, 30.0], [60.0, 61.5])) == pytest.approx([1.0, -0.5])
    assert np.degrees(field.depth([30.0 + 180.0], [-60.0]))[0] < -1.0
    assert np.degrees(Circle(30.0, 60.0, 5.0).depth([30.0], [62.0])) == pytest.approx([3.0])
