"""People at the data manager's desk: made known, told to every node, and shown nothing that is not theirs to see."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.data_manager import SERVICE
from services.data_manager.auditing import audited
from services.data_manager.viewers import daemons_of, viewer_of
from tests.unit.data.orders import ingest
from tests.unit.services.rehearsal import Rehearsal, rehearsing
from tests.unit.services.test_targets import do
from toros.config import SecuritySettings
from toros.data.ingestion import record_product
from toros.errors import Permanent
from toros.network.service import Onward, Outcome
from workorders import DESKS, VOCABULARY, parse
from workorders.desk import SaveIdentities

HASH = "a" * 64
TOM = "time,filter,magnitude,error\n59000.25,r,{magnitude},0.01\n"
ACCESS, OWNERS, GROUPS = ("open", "public", "private"), ("ann", "bob"), ((), ("g1",), ("g1", "g2"))
SAFE = SecuritySettings(authentication=True)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Rehearsal]:
    with rehearsing(tmp_path, "data_manager", SERVICE.tables, security=SAFE) as desk:
        yield desk


def told_nodes(desk: Rehearsal, **fields: Any) -> list[Onward]:
    """Save a person as the operator and return what is sent to the nodes."""
    order = parse({"request": "save_user", "user": "operator", **fields}, "data_manager")
    outcome = SERVICE.handlers["save_user"].function(order, desk)
    assert isinstance(outcome, Outcome)
    return [each for each in outcome.orders if isinstance(each, Onward)]


def test_every_node_is_told_whom_it_may_let_in(desk: Rehearsal) -> None:
    told_nodes(desk, name="bob")
    sent = told_nodes(desk, name="ann", role="scientist", token_sha256=HASH, token_expires="2027-01-01")
    assert [onward.desk for onward in sent] == list(DESKS)
    assert len({onward.order.id for onward in sent}) == len(DESKS)
    for onward in sent:
        assert isinstance(onward.order, SaveIdentities) and onward.order.user == "data_manager"
        (person,) = onward.order.people
        assert (person.name, person.role, person.sha256, person.revoked) == ("ann", "scientist", HASH, False)
        assert parse(onward.order.body(), onward.desk) == onward.order
    assert told_nodes(desk, name="ann", disabled=True)[0].order.people[0].revoked  # type: ignore[attr-defined]


def test_a_rehearsal_and_a_node_without_authentication_tell_nobody(tmp_path: Path, desk: Rehearsal) -> None:
    assert told_nodes(desk, name="ann", token_sha256=HASH, dry_run=True) == []
    assert do(desk, "find_users", user="operator")["users"] == []
    with rehearsing(tmp_path / "open", "data_manager", SERVICE.tables) as other:
        assert told_nodes(other, name="ann", token_sha256=HASH) == []


def test_an_order_s_author_is_written_down_and_a_rehearsal_leaves_nothing(desk: Rehearsal) -> None:
    place = {"ra": 10.0, "dec": 20.0}
    do(desk, "add_target", name="A", user="ann", id="made", **place)
    do(desk, "update_target", target="A", user="bob", id="changed", importance=5.0)
    do(desk, "update_target", target="A", user="bob", id="tried", importance=6.0, dry_run=True)
    do(desk, "save_list", target_list="L", user="ann", id="listed")
    changes = do(desk, "find_changes", user="operator")["changes"]
    assert [(row["order_id"], row["by"], row["table"], row["action"]) for row in changes] == [
        ("listed", "ann", "target_list", "made"), ("changed", "bob", "target", "changed"),
        ("made", "ann", "target", "made"),
    ]  # fmt: skip
    assert [row["order_id"] for row in do(desk, "find_changes", user="carl", target="a")["changes"]] == [
        "changed", "made",
    ]  # fmt: skip


def test_every_order_is_written_down() -> None:
    again = audited(SERVICE.handlers)
    for name, handler in SERVICE.handlers.items():
        is_order = VOCABULARY[name].kind == "order"
        assert (getattr(handler.function, "func", None) is not None) == is_order, name
        assert (again[name] is handler) != is_order


@pytest.mark.parametrize(
    ("user", "everything"),
    [("operator", True), ("telescope", True), ("ctmo", True), ("root", True), ("ann", False), ("watcher", False),
     ("stranger", False), ("anonymous", False), ("disabled", False)],
)  # fmt: skip
def test_who_sees_everything(tmp_path: Path, user: str, everything: bool) -> None:
    services = {name: {"port": 9000 + i} for i, name in enumerate(DESKS)}
    services["telescope"]["name"] = "ctmo"  # type: ignore[assignment]
    with rehearsing(tmp_path, "data_manager", SERVICE.tables, security=SAFE, services=services) as desk:
        for name, more in (("root", {}), ("disabled", {"disabled": True})):
            do(desk, "save_user", name=name, role="admin", user="operator", **more)
        do(desk, "save_user", name="ann", role="scientist", user="root")
        do(desk, "save_user", name="watcher", role="observer", user="root")
        assert viewer_of(parse({"request": "find_targets", "user": user}), desk).everything is everything
        assert "ctmo" in daemons_of(desk) and "operator" not in daemons_of(desk)
        with pytest.raises(Permanent, match="daemon's name"):
            do(desk, "save_user", name="ctmo", user="root")


@dataclass
class World:
    """Targets of every access, owner and groups, each with all that can hang on one."""

    desk: Rehearsal
    targets: dict[str, tuple[str, str, tuple[str, ...]]] = field(default_factory=dict)
    observations: dict[str, int] = field(default_factory=dict)

    def fill(self) -> None:
        """Make them."""
        for i, (access, owner, groups) in enumerate(product(ACCESS, OWNERS, GROUPS)):
            name = f"Mark{i:02}"
            self.targets[name] = access, owner, groups
            do(self.desk, "add_target", name=name, ra=10.0 + i / 100, dec=20.0, aliases=[f"Alias{name}"], tags=["t"],
               extras={"redshift": 0.1}, description=f"about {name}", importance=5.0, access=access, user=owner,
               groups=list(groups))  # fmt: skip
            file = self.desk.files.root("products") / f"{name}.csv"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(TOM.format(magnitude=15 + i / 100))
            do(self.desk, "ingest_photometry", target=name, file_location=f"products:{name}.csv", user="operator")
            made = ingest(f"frame of {name}", "calibrated", target=name, ra=10.0 + i / 100, dec=20.0)
            self.desk.write(lambda session, made=made: record_product(  # type: ignore[misc]
                session, made, recorded="2026-11-20T03:00:00.000", match_radius=3.0
            ))  # fmt: skip
            told = do(self.desk, "request_observation", target=name, user="operator", facility="manual",
                      parameters={"observer": "ann", "filters": ["r"], "exposure_time": 60.0})  # fmt: skip
            self.observations[name] = told["observation"]
        do(self.desk, "save_list", target_list="all", access="open", user="operator")
        do(self.desk, "group_targets", target_list="all", targets=list(self.targets), user="operator")

    def seen_by(self, name: str | None, role: str, groups: set[str], disabled: bool) -> set[str]:
        """Return the targets that a person may see, said in another way than the program says it."""
        if role == "admin" and not disabled:
            return set(self.targets)
        named = name is not None and not disabled
        return {
            target
            for target, (access, owner, shared) in self.targets.items()
            if access == "open" or (named and (access == "public" or owner == name or groups & set(shared)))
        }


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("world")
    with rehearsing(folder, "data_manager", SERVICE.tables, security=SAFE) as desk:
        world = World(desk)
        world.fill()
        yield world


FINDERS: dict[str, dict[str, Any]] = {
    "all": {"request": "find_targets"},
    "beginning": {"request": "find_targets", "name": "mark*"},
    "alias": {"request": "find_targets", "name": "aliasmark*"},
    "cone": {"request": "find_targets", "cone": {"ra": 10.0, "dec": 20.0, "radius": 5.0}},
    "field": {"request": "find_targets", "where": {"importance": {"min": 1}}, "sort": "importance"},
    "tag": {"request": "find_targets", "tags": ["t"], "sort": "name", "descending": True},
    "extra": {"request": "find_targets", "extras": {"redshift": {"max": 1}}},
    "list": {"request": "find_targets", "target_list": "all"},
    "observations": {"request": "find_observations", "limit": 1000},
    "observations, latest first": {"request": "find_observations", "limit": 1000, "before": 10**6},
    "products": {"request": "find_products", "limit": 1000},
    "products, latest first": {"request": "find_products", "limit": 1000, "before": 10**6},
}


@given(
    name=st.sampled_from(["ann", "bob", "carl", None]),
    role=st.sampled_from(["observer", "scientist", "scientist", "admin"]),
    groups=st.sets(st.sampled_from(["g1", "g2", "g3"])),
    disabled=st.booleans(),
    some=st.sets(st.integers(0, len(ACCESS) * len(OWNERS) * len(GROUPS) - 1), min_size=2, max_size=2),
)
@settings(max_examples=25, deadline=None)
def test_nobody_is_shown_what_is_not_theirs_to_see(
    world: World, name: str | None, role: str, groups: set[str], disabled: bool, some: set[int]
) -> None:
    desk = world.desk
    asks = {} if name is None else {"user": name}
    if name is None:
        role, groups, disabled = "observer", set(), False
    else:
        do(desk, "save_user", name=name, role=role, groups=sorted(groups), disabled=disabled, user="operator")
    seen = world.seen_by(name, role, groups, disabled)
    for how, question in FINDERS.items():
        told = repr(do(desk, **question, **asks))
        shown = {target for target in world.targets if target in told}
        assert shown == seen, f"{how}: {sorted(shown ^ seen)}"
    for target in (f"Mark{i:02}" for i in sorted(some)):
        by_target = {
            "show_target": {"target": f"alias {target}"}, "find_measurements": {"target": target},
            "find_changes": {"target": target}, "find_targets": {"cone": {"target": target, "radius": 1e-4}},
            "export_photometry": {"target": target, "file_location": f"products:out/{target}.csv", "dry_run": True},
            "find_observations": {"target": target}, "show_observation": {"number": world.observations[target]},
        }  # fmt: skip
        for request, fields in by_target.items():
            if target in seen:
                assert do(desk, request, **fields, **asks)
            else:
                with pytest.raises(Permanent, match="there is no (target|observation)"):
                    do(desk, request, **fields, **asks)
        assert bool(do(desk, "find_products", target=target, **asks)["products"]) == (target in seen)


@pytest.mark.parametrize("request_name", ["update_target", "merge_targets", "group_targets", "switch_measurements",
                                          "ingest_photometry", "export_photometry", "request_observation",
                                          "cancel_observation", "update_observation"])  # fmt: skip
def test_nobody_changes_what_they_may_not_see(world: World, request_name: str) -> None:
    secret = next(name for name, said in world.targets.items() if said == ("private", "ann", ()))
    fields: dict[str, Any] = {
        "update_target": {"target": secret, "access": "open"},
        "merge_targets": {"primary": "Mark00", "secondary": secret},
        "group_targets": {"target_list": "mine", "targets": [secret]},
        "switch_measurements": {"target": secret, "active": False, "filters": ["r"]},
        "ingest_photometry": {"target": secret, "file_location": f"products:{secret}.csv"},
        "export_photometry": {"target": secret, "file_location": "products:stolen.csv"},
        "request_observation": {"target": secret},
        "cancel_observation": {"number": world.observations[secret]},
        "update_observation": {"number": world.observations[secret], "status": "COMPLETED"},
    }[request_name]
    for user in ({"user": "dora"}, {}):
        with pytest.raises(Permanent, match="there is no (target|observation)"):
            do(world.desk, request_name, **fields, **user)
    assert not (world.desk.files.root("products") / "stolen.csv").exists()
