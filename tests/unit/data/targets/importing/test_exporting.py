"""What was written into a table and read again is the same, in every format."""

from __future__ import annotations

import string
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete

from tests.unit.data.targets.importing.tables import export, import_file
from tests.unit.data.targets.room import CERES, Room
from toros.data.tables import METADATA
from toros.errors import Permanent

SAID = (
    "name", "kind", "ra", "dec", "epoch", "pm_ra", "pm_dec", "parallax", "importance", "cadence", "classification",
    "description", "access", "groups", "aliases", "tags", "extras", *CERES,
)  # fmt: skip
PLAIN = st.characters(exclude_categories=["Cc", "Cs"], exclude_characters="\ufffe\uffff", max_codepoint=0xFFFF)
WORDS = st.text(PLAIN, min_size=1, max_size=12).filter(lambda text: text == text.strip())
TRICKY = st.sampled_from(
    ["007", "1e5", "true", "NaN", "-3.5", "ra", "name", "name1", "groups", "host_name", "ra (h)", "extra:x:number",
     "alias:Y:1", "a,b", 'say "so"', "a;b|c\td".replace("\t", " "), "permissions", "# 1", "x:text", "'", "ZTF"]
)  # fmt: skip
TEXTS = st.one_of(WORDS, TRICKY)
TIMES = (
    st.datetimes()
    .filter(lambda moment: 1800 <= moment.year < 2200)
    .map(lambda moment: moment.isoformat("T", "milliseconds"))
)
PHASES = [Phase.explicit, Phase.reuse, Phase.generate]  # shrinking takes minutes with a database
NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
EXTRAS = st.dictionaries(TEXTS, st.one_of(TEXTS, NUMBERS, st.booleans(), TIMES), max_size=4)
FREE = st.text(PLAIN, min_size=1, max_size=30).filter(lambda text: text == text.strip())


def _between(least: float, most: float) -> st.SearchStrategy[float | None]:
    return st.none() | st.floats(least, most)


FIXED = st.fixed_dictionaries(
    {"ra": st.floats(0, 360, exclude_max=True), "dec": st.floats(-90, 90), "epoch": _between(1900, 2100),
     "pm_ra": _between(-1e4, 1e4), "pm_dec": _between(-1e4, 1e4), "parallax": _between(0, 1000)}
)  # fmt: skip
MOVING = st.just({**CERES})
ABOUT = st.fixed_dictionaries(
    {"importance": _between(0.001, 10), "cadence": _between(0.001, 100), "classification": st.none() | WORDS,
     "description": st.none() | FREE, "access": st.sampled_from(["open", "public", "private"]),
     "groups": st.lists(TEXTS, max_size=2, unique=True), "tags": st.lists(TEXTS, max_size=3, unique=True),
     "extras": EXTRAS, "sources": st.lists(st.none() | TEXTS, max_size=3)}
)  # fmt: skip
TARGETS = st.lists(st.tuples(st.one_of(FIXED, MOVING), ABOUT), min_size=1, max_size=4)


def _filled(room: Room, told: list[tuple[dict[str, Any], dict[str, Any]]]) -> None:
    for number, (place, about) in enumerate(told):
        sources = about.pop("sources")
        aliases = [{"name": f"alias {number} {i}"} | ({"source": s} if s else {}) for i, s in enumerate(sources)]
        said = {**place, **{key: value for key, value in about.items() if value is not None}, "aliases": aliases}
        room.add(f"Target {string.ascii_letters[number]}{number}", said.pop("ra", None), said.pop("dec", None),
                 **said, on_match="new")  # fmt: skip


def _told(room: Room) -> list[dict[str, Any]]:
    def said(name: str) -> dict[str, Any]:
        shown = room.show(name)
        shown["aliases"] = sorted(shown["aliases"], key=lambda alias: str(alias["name"]))
        return {key: shown.get(key) for key in SAID}

    return [said(name) for name in sorted(room.names())]


def _emptied(room: Room) -> None:
    def empty(session: Any) -> None:
        for table in reversed(METADATA.sorted_tables):
            session.execute(delete(table))

    room.database.write(empty)


@pytest.fixture
def emptied(full_room: Room) -> Iterator[Room]:
    _emptied(full_room)
    yield full_room


@pytest.mark.parametrize("kind", ["csv", "ecsv", "xml"])
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck), phases=PHASES)
@given(told=TARGETS)
def test_what_is_written_is_read_again(full_room: Room, tmp_path: Path, kind: str, told: list[Any]) -> None:
    _emptied(full_room)
    _filled(full_room, [(dict(place), dict(about)) for place, about in told])
    before = _told(full_room)
    path = export(full_room, tmp_path / f"targets.{kind}")
    again = import_file(full_room, path, on_match="new")
    assert again.counts == {"same": len(told)}
    _emptied(full_room)
    read = import_file(full_room, path, on_match="new")
    assert (read.counts, read.problems) == ({"new": len(told)}, [])
    assert _told(full_room) == before


def test_the_table_is_one_that_the_tom_toolkit_reads(emptied: Room, tmp_path: Path) -> None:
    emptied.add(
        "M31", 10.6847, 41.269, aliases=["NGC 224", "Andromeda", {"name": "ZTF18x", "source": "ZTF"}], access="open",
        groups=["em", "gw"], extras={"redshift": -0.001, "host": "Local Group", "seen": True},
    )  # fmt: skip
    emptied.add("Ceres", **CERES)
    path = export(emptied, tmp_path / "targets.csv")
    lines = path.read_text().splitlines()
    assert lines[0] == (
        "name,type,ra,dec,epoch,scheme,epoch_of_elements,inclination,lng_asc_node,arg_of_perihelion,eccentricity,"
        "mean_anomaly,semimajor_axis,permissions,groups,ZTF_name,redshift,extra:seen:truth,host,name1,name2"
    )
    assert lines[1].startswith("M31,SIDEREAL,10.6847,41.269,2000.0,")
    assert '"em,gw",ZTF18x,-0.001,true,Local Group,Andromeda,NGC 224' in lines[1]
    assert lines[2].startswith("Ceres,NON_SIDEREAL,,,,MPC_MINOR_PLANET,60600.0,")


def test_only_what_is_asked_for_is_written(emptied: Room, tmp_path: Path) -> None:
    emptied.add("a", 1.0, 2.0, tags=["x"])
    emptied.add("b", 10.0, 2.0)
    assert export(emptied, tmp_path / "x.csv", tags=["x"]).read_text().splitlines()[1:] == [
        "a,SIDEREAL,1.0,2.0,2000.0,PUBLIC,x"
    ]
    assert export(emptied, tmp_path / "y.csv", tags=["y"]).read_text().splitlines() == ["name,type,ra,dec"]
    with pytest.raises(Permanent, match="'fits' is not written"):
        export(emptied, tmp_path / "y.fits")
