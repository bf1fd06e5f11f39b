"""Somebody who guesses: names of targets, numbers, locations of files; they learn nothing and change nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from services.data_manager import SERVICE
from services.data_manager.resources import make_resources
from tests.unit.services.rehearsal import Rehearsal, rehearsing
from tests.unit.services.test_people import SAFE, TOM
from tests.unit.services.test_targets import do
from toros.errors import Permanent

PLACE = {"ra": 10.0, "dec": 20.0}
MANUAL: dict[str, Any] = {
    "facility": "manual", "parameters": {"observer": "ann", "filters": ["r"], "exposure_time": 60.0},
}  # fmt: skip


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Rehearsal]:
    with rehearsing(tmp_path, "data_manager", SERVICE.tables, make_resources, security=SAFE) as desk:
        do(desk, "add_target", name="Secret", access="private", user="ann", **PLACE)
        do(desk, "add_target", name="Known", ra=50.0, dec=0.0, user="ann")
        yield desk


def file(desk: Rehearsal, path: str, contents: str = TOM.format(magnitude=15)) -> str:
    """Write a file and return its location."""
    written = desk.files.path(f"products:{path}", must_exist=False)
    written.parent.mkdir(parents=True, exist_ok=True)
    written.write_text(contents)
    return f"products:{path}"


def product(desk: Rehearsal, location: str, user: str, **fields: Any) -> int:
    told = do(desk, "ingest_data_product", file_location=location, product_type="document", user=user, **fields)
    return int(told["product"])


@pytest.mark.parametrize("batch", [{}, {"batch": "raw:2026-11-20", "batch_location": "raw:2026-11-20"}])
@pytest.mark.parametrize("place", [{}, PLACE])
@pytest.mark.parametrize("name", ["Secret", "secret"])
def test_no_product_comes_to_a_private_target_by_its_name(
    desk: Rehearsal, batch: dict[str, str], place: dict[str, float], name: str
) -> None:
    location = file(desk, "uploads/x.txt")
    try:
        product(desk, location, "bob", target=name, **batch, **place)
    except Permanent as refusal:
        assert str(refusal) in (f"target: there is no target {name!r}", f"name: {name!r} is taken")
    assert do(desk, "find_products", user="ann", target="Secret")["products"] == [] or all(
        "target_number" not in each for each in do(desk, "find_products", user="ann", target="Secret")["products"]
    )
    assert len(do(desk, "find_changes", user="ann", target="Secret")["changes"]) == 1


@pytest.mark.parametrize(
    "request_name", ["ingest_photometry", "ingest_spectrum", "ingest_data_product", "import_targets"]
)
@pytest.mark.parametrize("path", ["frames/x.csv", "uploads/private.csv", "uploads/../frames/x.csv", "uploads/link.csv"])
def test_nobody_has_a_file_read_that_is_not_theirs(desk: Rehearsal, request_name: str, path: str) -> None:
    file(desk, "frames/x.csv")
    product(desk, file(desk, "uploads/private.csv"), "ann", access="private")
    link = desk.files.root("products") / "uploads" / "link.csv"
    link.symlink_to("../frames/x.csv")
    fields = {
        "ingest_photometry": {"target": "Known"}, "ingest_spectrum": {"target": "Known"},
        "ingest_data_product": {"product_type": "document"},
        "import_targets": {},
    }[request_name]  # fmt: skip
    with pytest.raises(Permanent) as refusal:
        do(desk, request_name, file_location=f"products:{path}", user="bob", **fields)
    assert "15" not in str(refusal.value)


def test_a_refusal_is_the_same_whether_the_file_is_there(desk: Rehearsal) -> None:
    file(desk, "frames/x.csv")
    told = set()
    for name in ("x", "y"):
        with pytest.raises(Permanent) as refusal:
            do(desk, "ingest_photometry", target="Known", file_location=f"products:frames/{name}.csv", user="bob")
        told.add(str(refusal.value).replace(f"{name}.csv", ""))
    assert len(told) == 1


def test_daemons_read_the_roots_and_people_what_they_may_see(desk: Rehearsal) -> None:
    location = file(desk, "frames/x.csv")
    asked = {"target": "Known", "file_location": location}
    assert do(desk, "ingest_photometry", user="preprocessor", **asked)["new"] == 1
    product(desk, location, "telescope", access="public")
    assert do(desk, "ingest_photometry", user="ann", **asked)["same"] == 1
    with pytest.raises(Permanent, match="not yours to read"):
        product(desk, file(desk, "uploads/y.txt"), "bob", thumbnails={"small": file(desk, "frames/z.png")})


def test_points_cannot_be_hung_on_a_product_that_is_not_seen(desk: Rehearsal) -> None:
    number = product(desk, file(desk, "uploads/private.csv"), "ann", access="private")
    said = set()
    for guess in (number, 4711):
        with pytest.raises(Permanent) as refusal:
            do(desk, "ingest_photometry", target="Known", file_location=file(desk, "uploads/b.csv"), product=guess,
               user="bob")  # fmt: skip
        said.add(str(refusal.value).replace(str(guess), "N"))
    assert said == {"product: there is no product N"}


def test_nobody_replaces_a_file_that_is_not_theirs(desk: Rehearsal) -> None:
    location = file(desk, "frames/raw.csv", "precious")
    for request, fields in (("export_photometry", {"target": "Known", "replace": True}), ("export_targets", {})):
        with pytest.raises(Permanent, match="not yours to replace"):
            do(desk, request, file_location=location, user="bob", **fields)
    assert desk.files.path(location).read_text() == "precious"


def test_of_a_name_that_is_taken_nothing_else_is_told(desk: Rehearsal) -> None:
    for request, fields in (
        ("add_target", {"name": "secret", "ra": 1.0, "dec": 1.0}),
        ("add_target", {"name": "secret", "ra": 1.0, "dec": 1.0, "dry_run": True}),
        ("add_target", {"name": "New", "ra": 1.0, "dec": 1.0, "aliases": ["secret"]}),
        ("update_target", {"target": "Mine", "name": "secret"}),
    ):
        do(desk, "add_target", name="Mine", ra=80.0, dec=1.0, user="bob")
        with pytest.raises(Permanent, match=r"^(name|aliases): 'secret' is taken$"):
            do(desk, request, user="bob", **fields)
    assert do(desk, "add_target", name="Beside", user="bob", **PLACE)["made"]  # a place tells nothing either


def test_products_and_changes_of_an_observation_are_those_that_one_may_see(desk: Rehearsal) -> None:
    asked = do(desk, "request_observation", target="Known", user="ann", facility_id="M-1", **MANUAL)
    location = file(desk, "uploads/night.txt")
    number = product(desk, location, "ann", access="private", target="Known", observation="M-1")
    do(desk, "delete_product", product=number, user="ann", reason="tried")
    product(desk, location, "ann", access="private", target="Known", observation="M-1", restore=True)
    for user, count in (("ann", 1), ("bob", 0), ("carl", 0)):
        (row,) = do(desk, "find_observations", user=user)["observations"]
        shown = do(desk, "show_observation", number=asked["observation"], user=user)["observation"]
        assert (row["products"], len(shown["products"])) == (count, count)
        tables = {each["table"] for each in do(desk, "find_changes", target="Known", user=user)["changes"]}
        assert ("data_product" in tables) == bool(count)
        assert ("tell" in row, "tell" in shown) == (user == "ann", user == "ann")


def test_what_becomes_of_an_observation_is_written_down(desk: Rehearsal) -> None:
    number = do(desk, "request_observation", target="Secret", user="ann", id="asked", **MANUAL)["observation"]
    do(desk, "cancel_observation", number=number, user="ann", id="taken-back")
    changes = do(desk, "find_changes", target="Secret", user="ann")["changes"]
    assert [(row["order_id"], row["by"], row["action"]) for row in changes if row["table"] == "observation"] == [
        ("taken-back", "ann", "changed"), ("asked", "ann", "made"),
    ]  # fmt: skip
    assert "status" in changes[0]["fields"]
    for request, fields in (("cancel_observation", {"number": number}), ("show_observation", {"number": number}),
                            ("update_observation", {"number": number, "status": "COMPLETED"})):  # fmt: skip
        with pytest.raises(Permanent, match=f"there is no observation {number}"):
            do(desk, request, user="bob", **fields)
    do(desk, "save_template", template="T", user="ann", id="template", **MANUAL)
    do(desk, "save_proposal", proposal="P", hours=1.0, user="operator", id="granted")
    tables = {row["order_id"]: row["table"] for row in do(desk, "find_changes", user="operator")["changes"]}
    assert (tables["template"], tables["granted"]) == ("observation_template", "proposal")


def test_a_proposal_is_shown_to_those_who_may_spend_it(desk: Rehearsal) -> None:
    do(desk, "save_proposal", proposal="All", hours=1.0, user="operator")
    do(desk, "save_proposal", proposal="Hers", hours=1.0, investigator="ann", members=["eva"], user="operator")
    do(desk, "request_observation", target="Known", user="ann", proposal="Hers", **MANUAL)
    for user, seen in (("ann", 2), ("eva", 2), ("bob", 1), ("ev", 1), ("operator", 2), ("anonymous", 0)):
        assert len(do(desk, "find_proposals", user=user)["proposals"]) == seen, user
        (row,) = do(desk, "find_observations", user=user)["observations"] or [{}]
        assert ("proposal" in row) == (seen == 2)
    with pytest.raises(Permanent, match="there is no proposal 'Hers'"):
        do(desk, "find_observations", user="bob", proposal="Hers")
    with pytest.raises(Permanent, match="there is no proposal 'Hers'"):
        do(desk, "request_observation", target="Known", user="bob", proposal="Hers", **MANUAL)
