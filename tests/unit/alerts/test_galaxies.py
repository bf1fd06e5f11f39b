from __future__ import annotations

import sqlite3
from pathlib import Path

import numpy as np
import pytest

from toros.alerts.galaxies import open_ngc
from toros.errors import TorosError
from toros.sky.coordinates import separation

GALAXIES = open_ngc()


def test_the_catalogue_is_whole() -> None:
    assert len(GALAXIES.name) == len(set(GALAXIES.name)) == 9941
    assert np.isfinite(GALAXIES.magnitude).sum() == 9918
    assert (GALAXIES.distance > 0).all()
    assert (GALAXIES.distance < 50).sum() == pytest.approx(3030, abs=20)
    assert ((GALAXIES.ra >= 0) & (GALAXIES.ra < 360)).all()
    assert (np.abs(GALAXIES.dec) <= 90).all()


def test_positions_are_degrees_and_distances_follow_hubble() -> None:
    row = GALAXIES.row("NGC4993")
    assert separation(GALAXIES.ra[row], GALAXIES.dec[row], 197.4487, -23.3839) < 1 / 3600
    assert GALAXIES.distance[row] == pytest.approx(299792.458 * 0.009787 / 70)
    assert GALAXIES.magnitude[row] == 13.45


@pytest.mark.parametrize("name", ["NGC0253", "NGC 253", "ngc253", "NGC253"])
def test_names_are_found_however_they_are_written(name: str) -> None:
    assert GALAXIES.name[GALAXIES.row(name)] == "NGC0253"


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
    assert open_ngc(copy).name == GALAXIES.name


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
