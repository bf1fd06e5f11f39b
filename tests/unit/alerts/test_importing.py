"""Catalogues as they are published become stores."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import numpy as np
import pytest
from astropy.table import Table

from toros.alerts.galaxies import Galaxies, open_store
from toros.alerts.galaxies.columns import FOUND
from toros.alerts.galaxies.glade import COLUMNS
from toros.alerts.galaxies.importing import import_catalogue
from toros.cli import main
from toros.cli.codes import ExitCode
from toros.errors import TorosError


def glade(**known: object) -> str:
    """Return a row of GLADE+, `null` where nothing is said."""
    values = {"GLADE_no": 1, "type": "G", "RA": 10.0, "Dec": 20.0, "dist_flag": 0, "z_flag": 0} | known
    assert set(values) <= set(COLUMNS)
    return " ".join(str(values.get(name, "null")) for name in COLUMNS)


ROWS = (
    glade(GWGC="NGC4993", PGC=45657, RA=197.4487, Dec=-23.3839, B=13.3, z_cmb=0.0108, d_L=40.7, d_L_err=2.4,
          dist_flag=2, Mstar=4.5),
    glade(PGC=45658, RA=10.0, Dec=-80.0, B=15.0, z_cmb=0.02, z_flag=1, v_err=0.0005, d_L=87.0, d_L_err=1.0,
          dist_flag=3),
    glade(RA=200.0, Dec=80.0, WISExSCOS="12345678.51-423156.6", z_cmb=0.2, d_L=980.0, dist_flag=1),
    glade(GLADE_no=77, RA=300.0, Dec=1.0, z_cmb=0.0003, d_L=1.3, dist_flag=3),
    glade(type="Q", RA=100.0, Dec=1.0, z_cmb=2.0, d_L=15000.0, dist_flag=3),
    glade(RA="null"),
)  # fmt: skip


def by_name(galaxies: Galaxies) -> dict[str, dict[str, float]]:
    names = galaxies.names(slice(None))
    return {name: {key: col[k] for key, col in galaxies.columns.items()} for k, name in enumerate(names)}


def test_glade(tmp_path: Path) -> None:
    (tmp_path / "GLADE+.txt").write_text("\n".join([*ROWS, "a row of four words"]) + "\n")
    store = tmp_path / "stores" / "glade.galaxies"
    told = import_catalogue(tmp_path / "GLADE+.txt", store, "glade+")
    assert told == {
        "rows": 7, "galaxies": 4,
        "left_out": {"of another number of columns": 1, "quasars": 1, "without a position": 1},
    }  # fmt: skip
    galaxies = open_store(store)
    assert (np.diff(galaxies.columns["pixel"]) >= 0).all()
    found = by_name(galaxies)
    host, spectroscopic = found["NGC4993"], found["PGC 45658"]
    photometric, near = found["WISE J12345678.51-423156.6"], found["GLADE 77"]
    assert (host["distance"], host["distance_error"]) == pytest.approx((40.7, 2.4))
    assert host["mass"] == pytest.approx(np.log10(4.5e10))
    assert host["luminosity"] == pytest.approx(10 ** (0.4 * (5.44 + 5 * np.log10(40.7e5) - 13.3) - 10), rel=1e-5)
    assert spectroscopic["distance_error"] == pytest.approx(np.hypot(1.0, 0.0005 * 299792.458 / 70), rel=1e-5)
    assert photometric["distance_error"] > 100.0
    assert np.isnan(near["distance"])
    assert [FOUND[int(row["found"])].split()[-2] for row in (host, spectroscopic, photometric)] == [
        "a", "spectroscopic", "photometric",
    ]  # fmt: skip
    assert list(store.parent.iterdir()) == [store]


def test_ned_lvs(tmp_path: Path) -> None:
    Table({
        "objname": ["NGC 4993", "WISEA J1", "WISEA J2", "nowhere"], "ra": [197.4487, 10.0, 20.0, np.nan],
        "dec": [-23.3839, 5.0, 6.0, 0.0], "z": [0.0098, 0.05, 0.0, 0.1], "z_unc": [1e-5, 0.01, np.nan, 0.0],
        "z_tech": ["SPEC", "PHOT", "", "SPEC"], "ziDist": [40.7, 0.0, np.nan, 0.0],
        "ziDist_unc": [2.4, 0.0, np.nan, 0.0],
        "DistMpc": [40.7, 220.0, 0.0, 450.0], "Mstar": [4e10, np.nan, 0.0, 1e9],
    }).write(tmp_path / "nedlvs.fits")  # fmt: skip
    told = import_catalogue(tmp_path / "nedlvs.fits", tmp_path / "ned.galaxies", "nedlvs")
    assert (told["galaxies"], told["left_out"]) == (3, {"without a position": 1})
    found = by_name(open_store(tmp_path / "ned.galaxies"))
    assert found["NGC 4993"]["distance"] == pytest.approx(40.7)
    assert FOUND[int(found["NGC 4993"]["found"])].startswith("measured")
    assert found["WISEA J1"]["distance"] == pytest.approx(222.0, rel=0.01)
    assert found["WISEA J1"]["distance_error"] > 40.0
    assert FOUND[int(found["WISEA J1"]["found"])] == "from a photometric redshift"
    assert np.isnan(found["WISEA J2"]["distance"])
    assert found["NGC 4993"]["mass"] == pytest.approx(np.log10(4e10))
    assert np.isnan(found["WISEA J2"]["mass"])


@pytest.mark.parametrize("ending", ["csv", "csv.gz", "fits", "vot", "ecsv"])
def test_any_table_with_a_map_of_columns(tmp_path: Path, ending: str) -> None:
    table = Table({"Id": ["a", "b"], "RAJ2000": [10.0, 20.0], "DEJ2000": [-5.0, 5.0], "Dist": [30.0, 60.0],
                   "redshift": [0.01, 0.02], "Bmag": [12.0, 13.0]})  # fmt: skip
    file = tmp_path / f"near.{ending}"
    if ending.startswith("csv"):
        table.write(tmp_path / "near.csv", overwrite=True)
        file.write_bytes((gzip.compress if ending.endswith("gz") else bytes)((tmp_path / "near.csv").read_bytes()))
    else:
        table.write(file, **({"format": "votable"} if ending == "vot" else {}))
    columns = {"name": "Id", "ra": "RAJ2000", "dec": "DEJ2000", "distance": "Dist", "magnitude": "Bmag"}
    assert import_catalogue(file, tmp_path / "s", "table", columns=columns)["galaxies"] == 2
    found = by_name(open_store(tmp_path / "s"))
    assert (found["a"]["distance"], found["b"]["magnitude"]) == pytest.approx((30.0, 13.0))
    assert FOUND[int(found["a"]["found"])] == "as its catalogue gives it"


def test_what_cannot_be_imported_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("ra,dec\n10,far\n")
    (tmp_path / "b.csv").write_text("x,y\n1,2\n")
    (tmp_path / "c.txt").write_text("no GLADE\n")
    (tmp_path / "d.fits").write_text("no FITS\n")
    for name, form, said in (("a.csv", "table", "far"), ("b.csv", "table", "no column 'ra'"),
                             ("c.txt", "glade+", "no galaxy"),
                             ("d.fits", "nedlvs", "d.fits"), ("a.csv", "gwgc", "allowed")):  # fmt: skip
        with pytest.raises(TorosError, match=said):
            import_catalogue(tmp_path / name, tmp_path / "out" / "s", form)
    assert list((tmp_path / "out").iterdir()) == []


def test_from_the_command_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOROS_STATE", str(tmp_path / "state"))
    (tmp_path / "near.csv").write_text("name,RAJ2000,dec,distance\nA,10,20,30\nB,11,20,40\n")
    assert main(["galaxies", "import", str(tmp_path / "near.csv"), "--column", "ra=RAJ2000", "--json"]) == ExitCode.OK
    assert json.loads(capsys.readouterr().out)["galaxies"] == 2
    assert main(["galaxies", "show", "near", "--verify"]) == ExitCode.OK
    assert "near: 2 galaxies" in capsys.readouterr().out
    assert main(["galaxies", "show", "--json"]) == ExitCode.OK
    assert json.loads(capsys.readouterr().out)["galaxies"] == 10791
    for words, said in ((["show", "nothing"], "cannot be read"), (["show", "../x"], "is no name"),
                        (["import", str(tmp_path / "near.csv"), "--column", "ra"], "OURS=THEIRS"),
                        (["import", str(tmp_path / "near.csv"), "--name", "openngc"], "comes with TOROS")):  # fmt: skip
        assert main(["galaxies", *words]) != ExitCode.OK
        assert said in " ".join(capsys.readouterr().err.replace("│", " ").split())
