"""Given a running data manager, `toros target` keeps targets: added, shown, found, changed, merged, listed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support.daemons import Network
from tests.support.tom_toolkit import fill
from tests.unit.cli.terminal import Terminal
from toros.cli import main
from toros.cli.codes import ExitCode
from toros.cli.conditions import conditions
from workorders import Refusal

GROUP = ("target",)
COMMANDS = ("add", "show", "find", "update", "merge", "list", "import", "write", "ephemeris")


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_examples(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["target", command, "--help"]) == 0
    said = capsys.readouterr().out
    assert f"toros target {command}" in said.split("Examples:")[1]
    assert "--json" in said


def test_a_target_from_the_first_word_to_the_last(toros: Terminal) -> None:
    code, said = toros("add", "AT 2017gfo", "--ra", "13:09:48.09", "--dec", "-23:22:53.3", "--tag", "gw",
                       "--alias", "SSS17a", "--extra", "redshift=0.0098", "importance=9.5", "cadence=0.5")  # fmt: skip
    assert (code, "done" in said) == (ExitCode.OK, True)
    again = toros.plain("add", "at2017gfo", "--ra", "197.450375", "--dec", "-23.381472")
    assert (again["state"], again["result"]["made"]) == ("done", False)
    shown = toros.plain("show", "sss17A")
    assert (shown["name"], shown["constellation"], shown["extras"]) == ("AT 2017gfo", "Hya", {"redshift": 0.0098})
    code, said = toros("show", "sss17A")
    assert "AT 2017gfo" in said and "redshift=0.0098" in said
    toros("update", "sss17a", "classification=kilonova", "--tag", "followed", "--untag", "gw", "--rename", "GW170817")
    shown = toros.plain("show", "gw 170817")
    assert (shown["name"], shown["classification"], shown["tags"]) == ("GW170817", "kilonova", ["followed"])
    toros("add", "DLT17ck", "--ra", "197.46", "--dec", "-23.38", "--new")
    assert toros.plain("merge", "GW170817", "dlt17ck", "--dry-run")["result"]["dry_run"] is True
    assert toros("merge", "GW170817", "dlt17ck")[0] == ExitCode.OK
    assert toros.plain("show", "DLT17ck")["number"] == shown["number"]


def test_targets_are_found_by_place_and_field(toros: Terminal) -> None:
    for name, ra, importance in (("Q 1", "10", "3"), ("Q 2", "10.5", "8"), ("Q 3", "50", "9")):
        toros("add", name, "--ra", ra, "--dec", "-40", f"importance={importance}")
    by_place = toros.plain("find", "--around", "10,-40", "--radius", "1")
    assert sorted(row["name"] for row in by_place["targets"]) == ["Q 1", "Q 2"]
    by_target = toros.plain("find", "--around", "q1", "--radius", "1", "--where", "importance>=5")
    assert [row["name"] for row in by_target["targets"]] == ["Q 2"]
    ranked = toros.plain("find", "q*", "--sort", "importance", "--descending", "--limit", "2")
    assert [row["name"] for row in ranked["targets"]][:1] == ["Q 3"] and ranked["more"]
    code, said = toros("find", "Q*", "--limit", "2")
    assert code == ExitCode.OK and "Q 1" in said and "more: --after" in said
    assert toros("find", "nobody") == (ExitCode.OK, "no targets\n")


def test_lists_are_kept(toros: Terminal) -> None:
    toros("add", "B 1", "--ra", "100", "--dec", "5")
    code, said = toros("list", "Tonight", "--add", "b1")
    assert code == ExitCode.OK and "B 1" in said
    assert [row["name"] for row in toros.plain("list", "tonight")["targets"]] == ["B 1"]
    code, said = toros("list", "Tonight", "--remove", "B 1")
    assert "no targets" in said
    code, said = toros("list", "Nowhere")
    assert code == ExitCode.FAILED and "there is no list 'Nowhere'" in said


def test_tables_are_read_and_written(toros: Terminal, tmp_path: Path) -> None:
    table = tmp_path / "candidates.csv"
    table.write_text("name,ra,dec,redshift\nZ 1,200,10,0.1\nZ 2,201,95,\nZ 3,202,10,0.3\n")
    code, said = toros("import", str(table), "--list", "Candidates", "--dry-run")
    assert code == ExitCode.OK and "2 would be new" in said and "line 3" in said and "dec is out of range" in said
    assert toros("find", "Z 1")[1] == "no targets\n"
    told = toros.plain("import", str(table), "--list", "Candidates", "--tag", "new")
    assert (told["new"], told["refused"], told["listed"]) == (2, 1, 2)
    assert Path(told["report_file"]).read_text().startswith("line,field,value")
    again = toros("import", str(table), "--list", "Candidates", "--tag", "new")[1]
    assert "0 are new, 0 changed, 2 the same, 1 refused" in again
    out = tmp_path / "out.csv"
    code, said = toros("write", str(out), "--list", "Candidates")
    assert code == ExitCode.OK and "2 targets" in said
    assert out.read_text().splitlines()[1].startswith("Z 1,SIDEREAL,200.0,10.0,2000.0")
    code, said = toros("write", str(tmp_path / "out.doc"))
    assert code == ExitCode.FAILED and "allowed: csv, ecsv, votable" in said


def test_the_database_of_a_tom_toolkit_moves_in(
    network: Network, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fill(f"sqlite:///{tmp_path}/db.sqlite3")
    words = ["data", "move-in", "tom", str(tmp_path / "db.sqlite3"), "--config", str(network.file)]
    assert main([*words, "--dry-run"]) == ExitCode.OK
    said = capsys.readouterr().out
    assert re.search(r"^targets: \d new, \d the same, 0 changed$", said, re.MULTILINE)
    assert "row 3: dec is out of range (value '95.0'; allowed: a" in said
    assert "other reduced data that were not moved: 1" in said and "dry run: nothing was changed" in said
    assert "allowed: )" not in said
    assert "observations: 3 new, 0 the same, 0 revised, 4 refused" in said
    assert main([*words, "--dry-run", "--no-observations", "--user", "ada"]) == ExitCode.USAGE
    assert "'ada' is not THEIRS=OURS" in capsys.readouterr().err
    assert main([*words, "--dry-run", "--folder", str(tmp_path.parent)]) == ExitCode.USAGE
    assert main(["data", "move-in", "--help"]) == ExitCode.OK
    assert "Examples:" in capsys.readouterr().out


def test_what_is_refused_says_why(toros: Terminal) -> None:
    code, said = toros("add", "C 1", "--ra", "10", "--dec", "95")
    assert code == ExitCode.FAILED and "dec is out of range" in said
    code, said = toros("add", "C 1", "--ra", "10")
    assert code == ExitCode.FAILED and "gives a position without dec" in said
    code, said = toros("show", "C 1")
    assert code == ExitCode.FAILED and "there is no target 'C 1'" in said
    code, said = toros("find", "--where", "colour=1")
    assert code == ExitCode.FAILED and "has no field 'colour'" in said


def test_conditions_as_people_type_them() -> None:
    typed = ["importance>=5", "importance <= 9.5", "classification=SN Ia", "seen=true"]
    assert conditions(typed) == {"importance": {"min": 5, "max": 9.5}, "classification": "SN Ia", "seen": True}
    for wrong in (["importance"], ["a=1", "a>=1"], ["a>=1", "a>=2"], ["a>=1", "a=2"], ["=1"]):
        with pytest.raises(Refusal):
            conditions(wrong)


def test_the_room_of_the_data_manager_loads_nothing_heavy(tmp_path: Path) -> None:
    import subprocess
    import sys

    code = (
        "import sys, services.data_manager; print(sorted({'astropy', 'numpy', 'astropy_healpix'} & set(sys.modules)))"
    )
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert loaded.stdout.strip() == "[]"


def test_how_a_target_stands_in_the_sky(toros: Terminal) -> None:
    elements = ("epoch_of_elements=60600", "inclination=10.588", "lng_asc_node=80.249", "arg_of_perihelion=73.299",
                "eccentricity=0.0794", "mean_anomaly=145.84", "semimajor_axis=2.7666")  # fmt: skip
    toros("add", "1 Ceres", "scheme=mpc_minor_planet", *elements, "--extra", "H=3.33")
    code, said = toros("show", "1ceres", "--at", "2026-11-20T23:30")
    assert code == ExitCode.OK
    assert all(words in said for words in ("moon separation", "distance", "magnitude", "visible from", "UTC; best at"))
    assert "sky" not in toros.plain("show", "1ceres")
    when = ("--from", "2026-11-20T23:00", "--to", "2026-11-21T01:10", "--step", "30")
    rows = toros.plain("ephemeris", "1ceres", *when)
    assert [row["time"][11:16] for row in rows] == ["23:00", "23:30", "00:00", "00:30", "01:00"]
    assert rows[1] == {key: value for key, value in toros.plain("show", "1ceres", "--at", "2026-11-20T23:30")[
        "sky"].items() if key in rows[1]}  # fmt: skip
    code, said = toros("ephemeris", "1ceres", *when)
    assert (code, said.count("2026-11-2")) == (ExitCode.OK, 5)
    assert "sun alt" in said


def test_times_that_are_none_are_refused_with_what_is_allowed(toros: Terminal) -> None:
    toros("add", "M 31", "--ra", "10.6847", "--dec", "41.269")
    for words in (("--from", "tomorrow"), ("--from", "2026-11-20", "--to", "2026-11-19"), ("--step", "0")):
        code, said = toros("ephemeris", "M31", *words)
        assert code != ExitCode.OK and "allowed" in said
