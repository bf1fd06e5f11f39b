"""Flat maps, as older alerts, Fermi and Swift have them, become multi-order without a loss."""

from __future__ import annotations

import gzip
import io
import os
from pathlib import Path
from typing import Any

import astropy.io.fits as fits
import numpy as np
import pytest
from astropy_healpix import healpix_to_lonlat
from astropy_healpix.core import ring_to_nested

from tests.unit.alerts.maps import blob, fits_of
from toros.alerts.skymap import Skymap, SkymapCache, read_skymap
from toros.errors import Permanent

NSIDE = 16
PIXELS = 12 * NSIDE**2
EVEN = np.full(PIXELS, 1 / PIXELS)


def uneven() -> np.ndarray:
    """Return probabilities of which no two are the same, in NESTED order."""
    values = np.random.default_rng(1).uniform(0.5, 1.5, PIXELS)
    return values / values.sum()


def flat(ordering: str | None = "NESTED", header: dict[str, Any] | None = None, **columns: Any) -> bytes:
    return fits_of({"ORDERING": ordering, "NSIDE": NSIDE, "INDXSCHM": "IMPLICIT"} | (header or {}), **columns)


def ring(values: np.ndarray) -> np.ndarray:
    """Return nested values in RING order."""
    return values[ring_to_nested(np.arange(PIXELS), NSIDE)]


def same(a: Skymap, b: Skymap) -> bool:
    columns = ("start", "order", "density", "mu", "sigma", "norm")
    return all(
        np.allclose(getattr(a, name), getattr(b, name), rtol=1e-12) for name in columns if getattr(b, name) is not None
    )


def test_ring_and_nested_say_the_same() -> None:
    nested = read_skymap(flat(PROB=uneven()))
    assert same(read_skymap(flat("RING", PROB=ring(uneven()))), nested)
    assert (nested.order == 4).all()
    lon, lat = healpix_to_lonlat(np.arange(PIXELS), NSIDE, order="nested")
    assert nested.probability[nested.cell_at(lon.deg, lat.deg)] == pytest.approx(uneven())


def test_pixels_that_say_the_same_become_one_cell() -> None:
    skymap = read_skymap(flat(PROB=EVEN))
    assert skymap.order.tolist() == [0] * 12
    patched = EVEN.copy()
    patched[100] *= 1.01
    skymap = read_skymap(flat(PROB=patched))
    assert skymap.start.size == 12 + 3 * 4
    assert skymap.probability.sum() == pytest.approx(1)


def test_distances_keep_pixels_apart() -> None:
    mu = np.full(PIXELS, 40.0)
    mu[:4] = 50.0
    mu[40] = np.inf
    content = flat(PROB=EVEN, DISTMU=mu, DISTSIGMA=np.full(PIXELS, 8.0), DISTNORM=np.full(PIXELS, 1 / 1664))
    skymap = read_skymap(content)
    assert skymap.mu is not None
    assert skymap.norm is not None
    assert sorted(np.unique(skymap.mu)) == [0.0, 40.0, 50.0]
    assert skymap.probability[skymap.norm == 0].sum() == pytest.approx(1 / PIXELS)


def test_rows_of_many_pixels_and_other_names() -> None:
    """As healpy writes them, 1024 to a row and in single precision."""
    table = fits.BinTableHDU.from_columns(
        [fits.Column("PROBABILITY", "1024E", array=uneven().astype("f4").reshape(-1, 1024))]
    )
    table.header["ORDERING"], table.header["NSIDE"] = "NESTED", NSIDE
    content = io.BytesIO()
    fits.HDUList([fits.PrimaryHDU(), table]).writeto(content)
    assert read_skymap(content.getvalue()).probability == pytest.approx(uneven(), rel=1e-6)


@pytest.mark.parametrize("ordering", ["RING", "NESTED"])
def test_a_part_of_the_sky_with_pixels_named(ordering: str) -> None:
    pixel = np.array([7, 300, 12])
    content = flat(ordering, {"INDXSCHM": "EXPLICIT"}, PIXEL=pixel, PROB=np.array([0.2, 0.5, 0.3]))
    skymap = read_skymap(content)
    lon, lat = healpix_to_lonlat(pixel, NSIDE, order=ordering.lower())
    assert skymap.probability[skymap.cell_at(lon.deg, lat.deg)] == pytest.approx([0.2, 0.5, 0.3])


def test_compressed_and_plain_are_the_same() -> None:
    assert same(read_skymap(gzip.compress(blob(10.0, 20.0, 5.0))), read_skymap(blob(10.0, 20.0, 5.0)))


def test_a_bomb_is_not_unpacked() -> None:
    bomb = gzip.compress(b"SIMPLE  =" + b" " * 30_000_000)
    assert len(bomb) < 40_000
    with pytest.raises(Permanent, match="more than the 1000000 bytes"):
        read_skymap(bomb, largest=1_000_000)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (flat("NUNIQ", PROB=EVEN), "no column UNIQ"),
        (flat("RING", UNIQ=np.arange(4, 16), PROBDENSITY=np.full(12, 1 / (4 * np.pi))), "belongs to NUNIQ"),
        (flat("SPIRAL", PROB=EVEN), "allowed: NUNIQ, NESTED, RING"),
        (flat(None, PROB=EVEN), "ORDERING is None"),
        (flat(header={"NSIDE": 32}, PROB=EVEN), "3072 pixels, yet NSIDE 32 has 12288"),
        (flat(header={"NSIDE": 15}, PROB=EVEN), "a power of two"),
        (flat(header={"NSIDE": "many"}, PROB=EVEN), "a power of two"),
        (flat(header={"INDXSCHM": "EXPLICIT"}, PROB=EVEN), "INDXSCHM is EXPLICIT"),
        (flat(header={"PIXTYPE": "GRID"}, PROB=EVEN), "only HEALPIX"),
        (flat(header={"COORDSYS": "G"}, PROB=EVEN), "only C"),
        (flat(SIGNIFICANCE=EVEN), "none of the columns"),
        (flat(PROB=EVEN * 2), "add up to 2"),
        (flat(PROB=-EVEN), "negative"),
        (flat(PROB=np.where(np.arange(PIXELS) == 5, np.nan, EVEN)), "not finite"),
        (flat(PROB=np.where(np.arange(PIXELS) == 5, -1.6375e30, EVEN)), "negative"),
        (flat(header={"INDXSCHM": "EXPLICIT"}, PIXEL=[3, 3], PROB=[0.5, 0.5]), "names a pixel twice"),
        (flat(header={"INDXSCHM": "EXPLICIT"}, PIXEL=[3, 9999], PROB=[0.5, 0.5]), "does not have"),
        (flat(header={"TSCAL1": 2.0}, PROB=EVEN), "scaled"),
    ],
)
def test_what_contradicts_itself_is_refused_in_words(content: bytes, said: str) -> None:
    with pytest.raises(Permanent, match=said):
        read_skymap(content)


def test_a_map_is_read_once() -> None:
    cache = SkymapCache(most=2)
    first = cache.read(blob(10.0, 20.0, 5.0))
    assert cache.read(blob(10.0, 20.0, 5.0)) is first
    cache.read(blob(20.0, 20.0, 5.0))
    cache.read(blob(30.0, 20.0, 5.0))
    assert cache.read(blob(10.0, 20.0, 5.0)) is not first


def test_the_expected_distance_is_the_one_of_the_header() -> None:
    """A real flat map at nside 512, multi-order when it was made: its 3 million pixels become 19 200 cells again."""
    folder = os.environ.get("TOROS_SAMPLE_DATA")
    if not folder:
        pytest.skip("TOROS_SAMPLE_DATA does not name the folder of sample data")
    skymap = read_skymap((Path(folder) / "alerts" / "skymaps" / "flat_nside512.fits.gz").read_bytes())
    assert skymap.start.size == 19200
    assert skymap.distance_in(skymap.region(1.1)) == pytest.approx((147.54, 40.0), rel=1e-4)
    assert skymap.area(skymap.region(0.9)) == pytest.approx(1176.5, abs=0.1)
