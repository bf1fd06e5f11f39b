from __future__ import annotations

import numpy as np
import pytest

from toros.alerts.shapes import circle_map, ellipse_map
from toros.alerts.skymap import probability_in
from toros.alerts.tiling import tile_map
from toros.errors import BadValue
from toros.sky.field_grid import FieldGrid


@pytest.mark.parametrize(("ra", "dec"), [(120.0, 10.0), (0.0, 89.0), (359.9, -45.0)])
def test_fields_come_in_order_and_nothing_counts_twice(ra: float, dec: float) -> None:
    skymap, grid = ellipse_map(ra, dec, 6.0, 2.0, 20.0), FieldGrid(2.0, 1.5, overlap=0.2)
    tiling = tile_map(skymap, grid, coverage=0.9)
    gained = [tile.probability for tile in tiling.tiles]
    assert gained == sorted(gained, reverse=True)
    assert tiling.reached == pytest.approx(sum(gained)) == pytest.approx(tiling.tiles[-1].reached)
    assert tiling.reached >= 0.9 > tiling.tiles[-2].reached
    first = grid.field(tiling.tiles[0].number)
    assert tiling.tiles[0].probability == pytest.approx(probability_in(skymap, first), rel=0.05)
    assert len({tile.number for tile in tiling.tiles}) == len(tiling.tiles)


def test_the_union_of_the_fields_holds_what_is_said() -> None:
    """An independent count: places drawn from the map, looked for in each field."""
    skymap, grid = circle_map(150.0, 40.0, 4.0), FieldGrid(1.7, 1.7, overlap=0.1)
    tiling = tile_map(skymap, grid, coverage=0.8)
    random = np.random.default_rng(5)
    cell = random.choice(skymap.start.size, 20_000, p=skymap.probability)
    pixel = skymap.start[cell] + random.integers(0, skymap.end[cell] - skymap.start[cell])
    from astropy_healpix import healpix_to_lonlat

    lon, lat = healpix_to_lonlat(pixel, 2**29, order="nested")
    seen = np.zeros(cell.size, bool)
    for tile in tiling.tiles:
        seen |= grid.field(tile.number).depth(lon.deg, lat.deg) >= 0
    assert seen.mean() == pytest.approx(tiling.reached, abs=0.015)


def test_it_stops_at_a_number_of_fields_or_where_nothing_is_left() -> None:
    skymap = circle_map(150.0, 40.0, 10.0)
    assert len(tile_map(skymap, FieldGrid(1.0, 1.0), most=5).tiles) == 5
    south = tile_map(skymap, FieldGrid(1.0, 1.0, declination=(-90.0, 35.0)), coverage=0.99)
    assert south.reached == pytest.approx(south.reachable)
    assert 0.05 < south.reached < 0.5
    assert all(tile.dec <= 35.0 for tile in south.tiles)
    nothing = tile_map(skymap, FieldGrid(1.0, 1.0, declination=(-90.0, -60.0)))
    assert (nothing.tiles, nothing.reached) == ((), 0.0)


def test_what_cannot_be_asked() -> None:
    for wrong in ({"coverage": 0.0}, {"coverage": 1.5}, {"most": 0}, {"level": 0.0}):
        with pytest.raises(BadValue, match=next(iter(wrong))):
            tile_map(circle_map(0.0, 0.0, 1.0), FieldGrid(1.0, 1.0), **wrong)  # type: ignore[arg-type]
