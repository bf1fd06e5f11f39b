"""A catalogue in one file: written whole or not at all, opened at once, and every damage told."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.unit.alerts.catalogues import many_columns
from toros.alerts.galaxies import Galaxies, open_store
from toros.alerts.galaxies.completeness import EDGES, LIGHT_DENSITY, Shells
from toros.alerts.galaxies.cosmology import comoving_distance, luminosity_distance, redshift_distance
from toros.alerts.galaxies.store import sorted_galaxies, verify_store, write_store
from toros.errors import TorosError
from toros.sky.healpix import cone_ranges, separations


@pytest.fixture(scope="module")
def galaxies() -> Galaxies:
    return sorted_galaxies(many_columns(5000), "made up")


@pytest.fixture
def store(galaxies: Galaxies, tmp_path: Path) -> Path:
    half = {name: column[:2000] for name, column in galaxies.columns.items()}
    rest = {name: column[2000:] for name, column in galaxies.columns.items()}
    write_store(tmp_path / "made.galaxies", 5000, 5, [half, rest], {"catalogue": "made up"})
    return tmp_path / "made.galaxies"


def test_what_was_written_is_read(galaxies: Galaxies, store: Path) -> None:
    kept = open_store(store)
    assert len(kept) == 5000
    assert kept.catalogue == "made up"
    for name, column in galaxies.columns.items():
        np.testing.assert_array_equal(kept.columns[name], column)
    assert kept.shells.galaxies == galaxies.shells.galaxies
    assert kept.shells.light == pytest.approx(galaxies.shells.light)
    assert kept.about["typical"] == pytest.approx(galaxies.about["typical"], rel=1e-3)
    assert verify_store(store) == []
    with pytest.raises(ValueError, match="read-only"):
        kept.columns["ra"][0] = 1.0


def test_galaxies_in_a_cone_are_found_by_ranges(store: Path) -> None:
    kept = open_store(store)
    start, end = np.array(cone_ranges(40.0, -60.0, 12.0)).T
    rows = np.concatenate([np.arange(a, b) for a, b in zip(*kept.rows_between(start, end), strict=True)])
    away = separations(40.0, -60.0, kept.columns["ra"], kept.columns["dec"])
    assert set(np.flatnonzero(away < 12.0)) <= set(rows.tolist())
    assert (away[rows] < 25.0).all()
    kept.release()
    assert kept.columns["ra"][7] >= 0


def test_damage_is_told(store: Path, tmp_path: Path) -> None:
    content = store.read_bytes()
    (tmp_path / "short").write_bytes(content[: len(content) // 2])
    (tmp_path / "header").write_bytes(content[:100] + b"x" + content[101:])
    (tmp_path / "version").write_bytes(content[:8] + b"\x09" + content[9:])
    (tmp_path / "other").write_text("no store of galaxies")
    for name, said in (("short", "shorter"), ("header", "damaged"), ("version", "version 9"), ("other", "is no store"),
                       ("nowhere", "cannot be read")):  # fmt: skip
        with pytest.raises(TorosError, match=said):
            open_store(tmp_path / name)
    middle = 16384 + 4096 * 12
    (tmp_path / "bits").write_bytes(content[:middle] + b"\xff" + content[middle + 1 :])
    assert len(verify_store(tmp_path / "bits")) == 1


def test_a_store_that_fails_half_way_leaves_the_older_one(galaxies: Galaxies, store: Path) -> None:
    before = store.read_bytes()
    with pytest.raises(ValueError, match="announced"):
        write_store(store, 4999, 5, [galaxies.columns], {"catalogue": "worse"})
    assert store.read_bytes() == before
    assert [path.name for path in store.parent.iterdir()] == [store.name]


def test_distances_from_redshifts_are_astropys() -> None:
    from astropy.cosmology import FlatLambdaCDM

    theirs = FlatLambdaCDM(70.0, 0.3, Tcmb0=0)
    z = np.array([0.001, 0.01, 0.1, 0.5, 2.0])
    assert luminosity_distance(z) == pytest.approx(theirs.luminosity_distance(z).value, rel=1e-4)
    assert comoving_distance(luminosity_distance(z)) == pytest.approx(theirs.comoving_distance(z).value, rel=1e-4)


def test_redshifts_that_say_nothing_give_no_distance() -> None:
    distance, error = redshift_distance([np.nan, -0.001, 0.0, 0.0006, 0.0007, 0.01, 5.0], [0, 0, 0, 0, 0, 0.001, 0])
    assert np.isfinite(distance).tolist() == [False, False, False, False, True, True, False]
    assert error[4] == pytest.approx(200 / 70)
    assert error[5] == pytest.approx(np.hypot(200 / 70, 299792.458 * 0.001 / 70), rel=0.02)


def test_completeness_of_a_universe_that_is_half_there() -> None:
    """Galaxies whose light adds up to half of what a Schechter function expects in each shell."""
    shells = Shells()
    edges = comoving_distance(np.array(EDGES, float))
    light = LIGHT_DENSITY * 4 / 3 * np.pi * np.diff(edges**3) / 2
    middles = (np.array(EDGES[1:]) + np.array(EDGES[:-1])) / 2
    shells.add({"distance": middles.astype("f4"), "luminosity": light.astype("f4")})
    assert shells.completeness == pytest.approx(0.5, rel=1e-4)
    assert pytest.approx(0.0141, rel=0.01) == LIGHT_DENSITY  # 1e10 of the sun's in Mpc³, for H0 = 70
    shells.add({"distance": np.array([np.nan, 1e5], "f4"), "luminosity": np.array([1.0, np.nan], "f4")})
    assert sum(shells.galaxies) == len(middles)
