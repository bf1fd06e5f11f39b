"""Tables of targets become targets: good rows are kept, wrong ones reported by line, the same again changes nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.data.targets.importing.tables import import_file, import_text
from tests.unit.data.targets.room import Room
from toros.data.permissions import Viewer
from toros.errors import Permanent

TOM = """name,type,ra,dec,epoch,pm_ra,pm_dec,permissions,groups,name1,name2,redshift,seen,discovered,note
M31,SIDEREAL,10.6847,41.269,2000,,,OPEN,,NGC 224,Andromeda Galaxy,-0.001,true,,bright
AT 2017gfo,SIDEREAL,13:09:48.09,-23:22:53.3,,1.5,-2,PRIVATE,"gw, em",SSS17a,,0.0098,False,2017-08-17T23:33:00Z,007x
1 Ceres,NON_SIDEREAL,,,,,,,,,,,,,
"""
BHTOM = """name;ra;dec;importance;cadence;priority;ZTF_name;gaia_alert_name;calib_server_name;maglast;Sun_separation
Gaia24abc;271.1;-30.5;9.5;1;3.2;ZTF24aaa;Gaia24abc alert;ivo://x;17.25;99
"""


def test_the_columns_of_the_tom_toolkit(room: Room, tmp_path: Path) -> None:
    told = import_text(room, tmp_path, TOM)
    assert told.counts == {"new": 2, "refused": 1}
    assert [(each["line"], each["field"]) for each in told.problems] == [(4, "scheme")]
    m31 = room.show("ngc224")
    assert m31 | {"name": "M31", "ra": 10.6847, "dec": 41.269, "access": "open", "constellation": "And",
                  "extras": {"redshift": -0.001, "seen": True, "note": "bright"}} == m31  # fmt: skip
    assert sorted(alias["name"] for alias in m31["aliases"]) == ["Andromeda Galaxy", "NGC 224"]
    gfo = room.show("sss17a")
    assert gfo["ra"] == pytest.approx(197.450375) and gfo["dec"] == pytest.approx(-23.381472, abs=1e-6)
    assert (gfo["pm_ra"], gfo["pm_dec"], gfo["access"], gfo["groups"]) == (1.5, -2.0, "private", ["em", "gw"])
    assert gfo["extras"] == {
        "redshift": 0.0098, "seen": False, "discovered": "2017-08-17T23:33:00.000", "note": "007x",
    }  # fmt: skip


def test_the_columns_of_bhtom(room: Room, tmp_path: Path) -> None:
    assert import_text(room, tmp_path, BHTOM).counts == {"new": 1}
    told = room.show("gaia24abc")
    assert (told["importance"], told["cadence"], told["last_magnitude"], told["extras"]) == (9.5, 1.0, 17.25, {})
    assert {alias["source"]: alias["name"] for alias in told["aliases"]} == {
        "ZTF": "ZTF24aaa", "GAIA_ALERTS": "Gaia24abc alert", "CPCS": "ivo://x",
    }  # fmt: skip
    import_text(room, tmp_path, "name,ra,dec,priority\nx,1,2,7\n")
    assert room.show("x")["importance"] == 7.0


@pytest.mark.parametrize("text", [TOM, BHTOM])
def test_the_same_file_again_changes_nothing(room: Room, tmp_path: Path, text: str) -> None:
    first = import_text(room, tmp_path, text, tags=["a"], target_list="L")
    before = [room.show(name) for name in room.names()]
    again = import_text(room, tmp_path, text, tags=["a"], target_list="L")
    assert again.counts == {"same": first.counts["new"]} | (
        {"refused": first.counts["refused"]} if "refused" in first.counts else {}
    )
    assert [room.show(name) for name in room.names()] == before


@pytest.mark.parametrize(
    ("row", "field", "value", "words"),
    [
        ("x,10,95,", "dec", "95.0", "out of range"),
        ("x,400,5,", "ra", "400.0", "out of range"),
        ("x,nan,5,", "ra", "nan", "not a finite number"),
        ("x,ten,5,", "ra", "ten", "not an angle"),
        ("x,13.2h,5,", "ra", "13.2h", "in hours"),
        ("x,13:70:00,5,", "ra", "13:70:00", "not an angle"),
        ("x,10,,", "dec", None, "without dec"),
        (",10,5,", "name", None, "needs name"),
        ("x,10,5,eleven", "importance", "eleven", "wrong type"),
        ("x,10,5,11", "importance", "11.0", "out of range"),
        ("x,10,5,1e-320", "importance", "1e-320", "out of range"),
        ("x,10", "", None, "has 2 cells and the header 4"),
        ("x;10;5;3", "", None, "has 1 cells and the header 4"),
        ("() -,10,5,", "name", None, "neither letters nor digits"),
        ('x,10,5,"3', "", None, "cannot be read"),
    ],
)
def test_a_wrong_row_is_reported_and_the_good_ones_are_kept(
    room: Room, tmp_path: Path, row: str, field: str, value: str | None, words: str
) -> None:
    last = "" if '"' in row else "last,50,60,\n"
    told = import_text(room, tmp_path, f"name,ra,dec,importance\nfirst,10,20,5\n{row}\n{last}")
    (problem,) = told.problems
    assert (problem["line"], problem.get("field", ""), problem.get("value")) == (3, field, value)
    assert words in problem["message"]
    assert room.names() == ["first"] + (["last"] if last else [])


@pytest.mark.parametrize("header", ["name,ra (hours),dec", "name,RA [h],Dec", "name,RA_hours,dec"])
def test_a_column_of_hours_is_refused_with_the_hint(room: Room, tmp_path: Path, header: str) -> None:
    with pytest.raises(Permanent, match="in hours; allowed: degrees .15 times the hours.*13:09:48.1"):
        import_text(room, tmp_path, f"{header}\nx,13.2,5\n")


def test_a_julian_date_is_refused_with_the_hint(room: Room, tmp_path: Path) -> None:
    elements = "inclination,lng_asc_node,arg_of_perihelion,eccentricity,mean_anomaly,semimajor_axis"
    header = f"name,scheme,epoch_of_elements,{elements}"
    row = "Ceres,MPC_MINOR_PLANET,{},10.588,80.249,73.299,0.0794,145.84,2.7666"
    told = import_text(room, tmp_path, f"{header}\n{row.format('2460600.5')}\n")
    assert "as MJD it is 60600.000000" in told.problems[0]["message"]
    assert import_text(room, tmp_path, f"{header}\n{row.format('60600')}\n").counts == {"new": 1}
    assert import_text(room, tmp_path, f"{header}\n{row.format('60600')}\n").counts == {"same": 1}
    assert room.show("ceres")["kind"] == "non_sidereal"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("ra,dec\n1,2\n", "name: the table needs a column"),
        ("name,ra,dec,RA\nx,1,2,3\n", "ra: the table has this column twice"),
        ("", "no line with the names"),
        ("# only a comment\n", "no line with the names"),
        ("name,ra,dec\n" + "x" * 1_100_000, "is longer than"),
    ],
)
def test_a_file_that_is_no_table_of_targets_is_refused(room: Room, tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(Permanent, match=words):
        import_text(room, tmp_path, text)


def test_bytes_that_are_no_text_are_refused(room: Room, tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_bytes(b"name,ra,dec\nx,1,2\n\xff\xfe\x00\n")
    with pytest.raises(Permanent, match="not UTF-8"):
        import_file(room, tmp_path / "x.csv")


def test_each_thing_becomes_a_target_once_by_name_and_by_place(room: Room, tmp_path: Path) -> None:
    room.add("ours", 359.9999, 89.99)
    rows = ["OURS,359.9999,89.99", "theirs,0.001,89.9901", "first,10,5", "second,10,5.0005", "FIRST,10,5.0001"]
    text = "\n".join(["name,ra,dec", *rows, "first,11,5"])
    told = import_text(room, tmp_path, text)
    assert told.counts == {"new": 1, "same": 2, "changed": 2, "refused": 1}
    assert "degrees from there" in told.problems[0]["message"]
    assert room.number("theirs") == room.number("ours") and room.number("second") == room.number("first")
    assert room.count() == 2


@pytest.mark.parametrize("chunk", [1, 2, 250])
def test_it_does_not_matter_how_rows_are_cut_into_transactions(room: Room, tmp_path: Path, chunk: int) -> None:
    rows = [f"T{i},{i % 7 * 0.0005},0,A{i % 5}" for i in range(40)]
    told = import_text(room, tmp_path, "name,ra,dec,name1\n" + "\n".join(rows), chunk=chunk, target_list="all")
    by_hand = Room(room.database)
    assert sum(told.counts.get(name, 0) for name in ("new", "same", "changed", "refused")) == 40
    assert told.records == 40
    assert len(by_hand.names(target_list="all")) == room.count()


def test_a_dry_run_tells_what_would_be_and_changes_nothing(room: Room, tmp_path: Path) -> None:
    rows = [f"T{i % 30},{i % 30},0,tag{i % 2}" for i in range(40)] + ["bad,1000,0,"]
    text = "name,ra,dec,tags\n" + "\n".join(rows)
    told = import_text(room, tmp_path, text, chunk=7, dry_run=True, target_list="L")
    assert room.count() == room.count("target_list") == 0
    real = import_text(room, tmp_path, text, chunk=7, target_list="L")
    assert {**told.counts, "listed": 30} == real.counts == {"new": 30, "same": 10, "refused": 1, "listed": 30}
    assert told.problems == real.problems


def test_values_are_changed_only_when_asked(room: Room, tmp_path: Path) -> None:
    import_text(room, tmp_path, "name,ra,dec,importance,redshift,tags\nx,10,5,1,0.1,a\ny,20,5,1,0.1,a\n")
    other = "name,ra,dec,importance,redshift,tags,classification\nX,10.0001,5,2,0.2,b,SN Ia\ny,20,5,1,0.1,a,\n"
    assert import_text(room, tmp_path, other).counts == {"changed": 1, "same": 1}
    assert (room.show("x")["importance"], room.show("x")["tags"]) == (1.0, ["a", "b"])
    dry = import_text(room, tmp_path, other, on_match="update", dry_run=True)
    assert dry.counts == {"changed": 1, "same": 1} and room.show("x")["importance"] == 1.0
    assert import_text(room, tmp_path, other, on_match="update").counts == {"changed": 1, "same": 1}
    told = room.show("x")
    assert (told["ra"], told["importance"], told["extras"], told["classification"]) == (
        10.0001, 2.0, {"redshift": 0.2}, "SN Ia",
    )  # fmt: skip
    assert import_text(room, tmp_path, other, on_match="update").counts == {"same": 2}


def test_a_new_target_is_made_at_the_same_place_when_asked(room: Room, tmp_path: Path) -> None:
    room.add("ours", 10.0, 5.0)
    assert import_text(room, tmp_path, "name,ra,dec\ntheirs,10,5\n", on_match="new").counts == {"new": 1}
    assert import_text(room, tmp_path, "name,ra,dec\ntheirs,10,5\n", on_match="new").counts == {"same": 1}
    assert room.count() == 2


def test_what_somebody_may_not_see_is_not_matched(room: Room, tmp_path: Path) -> None:
    room.add("hers", 10.0, 5.0, viewer=Viewer.of("ann"), access="private")
    told = import_text(room, tmp_path, "name,ra,dec\nhers,10,5\nhis,10,5\n", viewer=Viewer.of("bob"))
    assert told.counts == {"new": 1, "refused": 1} and "taken" in told.problems[0]["message"]
    room.add("shown", 50.0, 5.0, viewer=Viewer.of("ann"), access="private", groups=["em"])
    told = import_text(
        room, tmp_path, "name,ra,dec,importance\nshown,50,5,3\n", viewer=Viewer.of("bob", ["em"]), on_match="update"
    )
    assert "only its owner changes it" in told.problems[0]["message"]


class _Stopped(RuntimeError):
    pass


def test_it_goes_on_where_it_stopped(room: Room, tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    rows = [f"T{i},{i},0" if i % 10 else f"T{i},{i},99" for i in range(100)]
    path.write_text("name,ra,dec\n" + "\n".join(rows))

    def stop(rows: int) -> None:
        if rows > 50:
            raise _Stopped

    with pytest.raises(_Stopped):
        import_file(room, path, journal=tmp_path / "journal", chunk=9, tell=stop)
    assert 45 < room.count() < 60
    told = import_file(room, path, journal=tmp_path / "journal", chunk=9)
    assert told.counts == {"new": 90, "refused": 10} and told.records == 100
    assert [each["line"] for each in told.problems] == [i + 2 for i in range(0, 100, 10)]
    assert import_file(room, path, journal=tmp_path / "journal").counts == told.counts
    path.write_text("name,ra,dec\nother,1,80\n")
    assert import_file(room, path, journal=tmp_path / "journal").counts == {"new": 1}
