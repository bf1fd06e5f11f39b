"""Given a running data manager, a light curve goes in, comes out, and is drawn, from the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.daemons import Network
from tests.unit.cli.terminal import Terminal
from toros.cli.codes import ExitCode

GROUP = ("target",)
NIGHT = (
    "MJD;Magnitude;Error;Facility;Filter;Observer\n59000.25;15.58;0.01;CTMO;r;J. Doe\n59001.25;17.1;-1;CTMO;r;J. Doe\n"
)


@pytest.fixture(scope="module", autouse=True)
def target(network: Network) -> None:
    """A target with a light curve to come."""
    desk = network["data_manager"]
    desk.wait_for(desk.submit("add_target", name="SN 2026abc", ra=150.0, dec=20.0), "done")


def test_in_out_and_drawn(toros: Terminal, tmp_path: Path) -> None:
    file = tmp_path / "night.csv"
    file.write_text(NIGHT + "59002.25;bright;0.01;CTMO;r;J. Doe\n")
    code, said = toros("ingest", "sn2026abc", str(file), "--dry-run")
    assert (code, "layout BHTOM: 2 points would be new, 0 revised, 0 known already, 1 rows refused" in said) == (
        0,
        True,
    )
    code, said = toros("ingest", "sn2026abc", str(file), "system=AB")
    assert "2 points are new" in said and "line 4: Magnitude 'bright' is not a number" in said
    code, said = toros("ingest", "sn2026abc", str(file), "system=AB")
    assert "0 points are new, 0 revised, 2 known already" in said

    spectrum = tmp_path / "spectrum.csv"
    spectrum.write_text("wavelength,flux\n4000,1.5\n4001,1.6\n")
    code, said = toros("ingest", "sn2026abc", str(spectrum), "--spectrum", "mjd=59002.5")
    assert code == ExitCode.OK and "1 spectra are new" in said

    assert toros("export", "SN 2026abc") == (0, NIGHT)
    for format_ in ("csv", "ecsv", "votable"):
        copy = tmp_path / f"copy.{format_}"
        assert toros("export", "SN 2026abc", "--format", format_, "-o", str(copy))[0] == ExitCode.OK
        assert "0 points are new, 0 revised, 2 known already" in toros("ingest", "sn2026abc", str(copy))[1]

    counted = tmp_path / "counts.csv"
    counted.write_text("mjd,flux,band\n59003.5,812,clear\n")
    assert "1 points are new" in toros("ingest", "sn2026abc", str(counted), "unit=counts")[1]
    code, said = toros("export", "SN 2026abc", "-o", str(tmp_path / "bhtom.csv"))
    assert (code, "bhtom.csv: 2 points" in said, "left out 1 that are no magnitudes" in said) == (0, True, True)
    assert "3 points" in toros("export", "SN 2026abc", "--format", "csv", "-o", str(tmp_path / "all.csv"))[1]

    code, said = toros("plot", "SN 2026abc", "-o", str(tmp_path / "curve.png"))
    assert (code, said) == (0, f"wrote {tmp_path / 'curve.png'}: 3 points\n")
    assert (tmp_path / "curve.png").read_bytes().startswith(b"\x89PNG")


def test_what_cannot_be_done_is_said_in_a_sentence(toros: Terminal, tmp_path: Path) -> None:
    file = tmp_path / "night.csv"
    file.write_text("nothing\n")
    code, said = toros("ingest", "sn2026abc", str(file))
    assert code == ExitCode.FAILED and "Traceback" not in said
    file.write_text("mjd,mag,band\n198.4,15,r\n")
    code, said = toros("ingest", "sn2026abc", str(file))
    assert code == ExitCode.FAILED and "0 points are new" in said and "say time_offset" in said
    code, said = toros("plot", "nobody")
    assert code == ExitCode.FAILED and "there is no target 'nobody'" in said
    code, said = toros("export", "sn2026abc", "--format", "xls")
    assert code != ExitCode.OK and "'xls' is not a format" in said
