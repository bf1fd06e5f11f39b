from __future__ import annotations

import sqlite3
from pathlib import Path

import numpy as np
import pytest

from toros.alerts.galaxies import open_ngc
from toros.alerts.galaxies.columns import FOUND
from toros.errors import TorosError
from toros.sky.coordinates import separation

GALAXIES = open_ngc()


def test_the_catalogue_is_whole() -> None:
    columns, known = GALAXIES.columns, np.isfinite(GALAXIES.columns["distance"])
    assert len(GALAXIES) == len(set(GALAXIES.names(slice(None)))) == 10791
    assert (np.diff(columns["pixel"]) >= 0).all()
    assert known.sum() == pytest.approx(9900, abs=50)
    assert (columns["distance"][known] > 0).all()
    assert (columns["distance"] < 50).sum() == pytest.approx(2966, abs=20)
    assert ((columns["ra"] >= 0) & (columns["ra"] < 360)).all()
    assert (np.abs(columns["dec"]) <= 90).all()


def test_positions_are_degrees_and_distances_follow_hubble() -> None:
    row = GALAXIES.row("NGC4993")
    galaxy = {name: column[row] for name, column in GALAXIES.columns.items()}
    assert separation(galaxy["ra"], galaxy["dec"], 197.4487, -23.3839) < 1 / 3600
    assert galaxy["distance"] == pytest.approx(299792.458 * 0.009787 / 70, rel=0.01)
    assert galaxy["distance_error"] == pytest.approx(200 / 70)
    assert galaxy["magnitude"] == pytest.approx(13.45)
    assert FOUND[galaxy["found"]] == "from a redshift"


@pytest.mark.parametrize("name", ["NGC0253", "NGC 253", "ngc253", "NGC253"])
def test_names_are_found_however_they_are_written(name: str) -> None:
    assert GALAXIES.names([GALAXIES.row(name)]) == ["NGC0253"]


@pytest.mark.parametrize("name", ["NGC9999", "", "NGC0224"])  # M 31 comes towards us: no Hubble distance
def test_galaxies_that_are_not_there(name: str) -> None:
    with pytest.raises(KeyError, match="no galaxy"):
        GALAXIES.row(name)


def test_the_file_is_never_written(tmp_path: Path) -> None:
    import pyongc

    source = Path(pyongc.__file__).with_name("ongc.db")
    before = source.stat().st_mtime_ns, sorted(source.parent.glob("ongc.db*"))
    open_ngc()
    assert (source.stat().st_mtime_ns, sorted(source.parent.glob("ongc.db*"))) == before
    copy = tmp_path / "copy ? #.db"
    copy.write_bytes(source.read_bytes())
    copy.chmod(0o400)
    assert open_ngc(copy).names(slice(None)) == GALAXIES.names(slice(None))


def test_a_missing_or_foreign_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(TorosError, match="nowhere.db"):
        open_ngc(tmp_path / "nowhere.db")
    assert list(tmp_path.iterdir()) == []
    sqlite3.connect(tmp_path / "empty.db").execute("CREATE TABLE a (b)").connection.close()
    with pytest.raises(TorosError, match="empty.db"):
        open_ngc(tmp_path / "empty.db")
    (tmp_path / "text.db").write_text("no database " * 100)
    with pytest.raises(TorosError, match="text.db"):
        open_ngc(tmp_path / "text.db")
