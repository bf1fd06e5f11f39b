"""The migration makes the preprocessor's tables; steps are replaced and counted, masters are kept once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import MetaData, select, text
from sqlalchemy.orm import Session

from tests.unit.data.test_migrations import facts
from toros.errors import DatabaseError, Temporary
from toros.store import batches, upgrade
from toros.store.database import Database
from toros.store.schema import Order

NOW = "2026-11-20T02:00:00.000"
MASTER: dict[str, Any] = {
    "location": "products:2026-11-20/B1/masters/master_bias.fits", "sha256": "a" * 64, "kind": "bias", "batch": "B1",
    "camera": "Made up", "rows": 60, "columns": 80, "row_binning": 1, "column_binning": 1, "filter": "", "band": "",
    "unit": "adu", "readout_mode": "", "layout": "whole", "gain": 1.5, "exposure_time": 0.0, "temperature": None,
    "date_obs": NOW, "holds": ["overscan"], "level": 1000.0, "read_noise_adu": 5.3, "made": True, "size": 3_000_000_000,
}  # fmt: skip


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = Database(f"sqlite:///{tmp_path}/preprocessor.sqlite", service="preprocessor")
    database.prepare(batches.METADATA)
    database.write(lambda session: batches.begin_batch(session, "B1", "raw:2026-11-20/B1", NOW))
    yield database
    database.close()


def test_migrations_make_the_tables_of_the_code(database: Database) -> None:
    found = MetaData()

    def reflect(session: Session) -> None:
        found.reflect(session.connection(), only=list(batches.METADATA.tables), resolve_fks=False)

    database.read(reflect)
    assert facts(found) == facts(batches.METADATA)


def test_a_batch_begins_once_and_ends_with_its_result(database: Database) -> None:
    database.write(lambda session: batches.begin_batch(session, "B1", "raw:elsewhere", "2026-11-21T00:00:00.000"))
    database.write(lambda session: batches.finish_batch(session, "B1", {"lights": 2}, "2026-11-20", NOW))

    def row(session: Session) -> tuple[Any, ...]:
        batch = session.get_one(batches.BatchRow, "B1")
        return batch.location, batch.started, batch.state, batch.result, batch.night

    assert database.read(row) == ("raw:2026-11-20/B1", NOW, "done", {"lights": 2}, "2026-11-20")


def test_a_step_is_replaced_and_its_tries_counted(database: Database) -> None:
    def failed(session: Session) -> None:
        batches.record_step(session, "B1", "calibrated/a", "calibrate", NOW, state="failed", reason="its child died")

    def done(session: Session) -> None:
        batches.record_step(
            session, "B1", "calibrated/a", "calibrate", NOW, state="done", recipe="b" * 64, sha256="c" * 64,
            location="products:a", size=3_000_000_000, details={"noise": 8.5},
        )  # fmt: skip

    database.write(failed)
    database.write(done)

    def row(session: Session) -> tuple[Any, ...]:
        step = batches.step_of(session, "B1", "calibrated/a", "calibrate")
        assert step is not None
        return step.state, step.reason, step.tries, step.size, step.details

    assert database.read(row) == ("done", None, 2, 3_000_000_000, {"noise": 8.5})
    assert database.read(lambda session: len(batches.steps_of(session, "B1"))) == 1


def test_frames_take_the_place_of_what_an_earlier_try_found(database: Database) -> None:
    good = {"file": "a.fits", "kind": "light", "master": False, "sha256": "d" * 64, "state": "usable"}
    bad = {"file": "b.fits", "master": False, "state": "unusable", "reason": "is empty"}
    database.write(lambda session: batches.record_frames(session, "B1", [bad]))
    database.write(lambda session: batches.record_frames(session, "B1", [good, bad]))
    files = database.read(lambda session: list(session.scalars(select(batches.FrameRow.file))))
    assert sorted(files) == ["a.fits", "b.fits"]


def test_a_master_is_in_the_index_once(database: Database) -> None:
    for _ in range(2):
        database.write(lambda session: batches.record_master(session, **MASTER))
    assert database.read(lambda session: len(list(session.scalars(select(batches.MasterRow))))) == 1


def test_masters_are_found_by_shape_and_time(database: Database) -> None:
    others = [
        {"location": "products:early", "date_obs": "2026-10-01T00:00:00.000"},
        {"location": "products:later", "date_obs": "2026-11-20T03:00:00.000"},
        {"location": "products:large", "rows": 120},
        {"location": "products:when?", "date_obs": None},
    ]
    for changes in [{}, *others]:
        database.write(lambda session, changes=changes: batches.record_master(session, **{**MASTER, **changes}))

    def found(batch: str | None) -> list[str]:
        between = ("2026-11-01T00:00:00.000", "2026-11-30T00:00:00.000")
        return database.read(
            lambda session: [m.location for m in batches.masters_between(session, [(60, 80)], *between, batch=batch)]
        )

    assert found(None) == ["products:later", MASTER["location"]]
    assert sorted(found("B1")) == sorted(["products:early", "products:later", MASTER["location"], "products:when?"])


def test_the_newest_batch_of_a_folder_is_found(database: Database) -> None:
    later = "2026-11-21T00:00:00.000"
    database.write(lambda session: batches.begin_batch(session, "B2", "raw:2026-11-20/B1", later, replaces="B1"))
    database.write(lambda session: batches.begin_batch(session, "B3", "raw:2026-11-20/B", later, body={"a": 1}))

    def newest(session: Session) -> tuple[Any, ...]:
        row = batches.newest_batch(session, "raw:2026-11-20/B1")
        assert row is not None
        return row.name, row.replaces, row.body, batches.newest_batch(session, "raw:2026-11-20")

    assert database.read(newest) == ("B2", "B1", None, None)


def test_two_orders_never_work_on_one_batch_at_once(database: Database) -> None:
    def order(name: str, state: str) -> Order:
        return Order(
            id=name, request="calibrate_file_batch", lane="work", state="queued", priority=0.0, due="", hash="0" * 64,
            fields="{}", accepted=NOW, changed=NOW, tries=1, lease=1, beats=0, interrupted=False, owner="somebody",
        )  # fmt: skip

    database.write(lambda session: session.add(order("O1", "queued")))
    database.write(lambda session: batches.hold_batch(session, "B1", "O1"))
    database.write(lambda session: batches.hold_batch(session, "B1", "O1"))
    database.write(lambda session: setattr(session.scalars(select(Order)).one(), "state", "running"))
    with pytest.raises(Temporary, match="is being worked on by the order O1"):
        database.write(lambda session: batches.hold_batch(session, "B1", "O2"))
    database.write(lambda session: setattr(session.scalars(select(Order)).one(), "state", "queued"))
    database.write(lambda session: batches.hold_batch(session, "B1", "O2"))
    assert database.read(lambda session: session.get_one(batches.BatchRow, "B1").holder) == "O2"


def test_what_is_finished_is_published_and_a_failure_is_not(database: Database) -> None:
    def steps(session: Session) -> None:
        made = {"state": "done", "recipe": "b" * 64, "sha256": "c" * 64, "location": "products:a", "size": 1}
        batches.record_step(session, "B1", "calibrated/a", "calibrate", NOW, **made)
        batches.record_step(session, "B1", "calibrated/b", "calibrate", NOW, state="failed", reason="no")

    def published(session: Session) -> list[bool]:
        return [step.published for step in batches.steps_of(session, "B1")]

    database.write(steps)
    assert database.read(published) == [False, False]
    database.write(lambda session: batches.finish_batch(session, "B1", {}, None, NOW))
    assert database.read(published) == [True, False]


def test_late_frames_are_remembered_beside_the_others(database: Database) -> None:
    good = {"file": "a.fits", "kind": "light", "master": False, "sha256": "d" * 64, "state": "usable"}
    cut = {"file": "b.fits", "master": False, "state": "unusable", "reason": "is truncated"}
    whole = {"file": "b.fits", "kind": "light", "master": False, "sha256": "e" * 64, "state": "usable"}
    database.write(lambda session: batches.record_frames(session, "B1", [good, cut]))
    database.write(lambda session: batches.record_frames(session, "B1", [whole], keep=True))
    found = database.read(lambda s: [(f.file, f.state, f.reason) for f in batches.frames_of(s, "B1")])
    assert found == [("a.fits", "usable", None), ("b.fits", "usable", None)]


@pytest.mark.parametrize("dialect", ["sqlite", "postgresql"])
def test_a_database_of_the_first_version_is_brought_up(
    dialect: str, tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"sqlite:///{tmp_path}/old/preprocessor.sqlite"
    if dialect == "postgresql":
        url = request.getfixturevalue("postgres").url()
    first = {**upgrade.heads("preprocessor"), "preprocessor": 1}
    old = Database(url, service="preprocessor")
    with monkeypatch.context() as patched:
        patched.setattr(upgrade, "heads", lambda service: first)
        old.prepare(batches.METADATA)
    old.write(_first_rows)
    old.close()
    new = Database(url, service="preprocessor")
    new.prepare(batches.METADATA)
    try:
        steps = new.read(lambda session: {s.batch: s.published for s in session.scalars(select(batches.StepRow))})
        assert steps == {"NEW": False, "OLD": True}
        assert new.read(lambda session: session.get_one(batches.BatchRow, "OLD").body) is None
        new.write(lambda session: batches.record_master(session, **{**MASTER, "batch": "OLD", "kind": "bad_pixels"}))
    finally:
        new.close()


def _first_rows(session: Session) -> None:
    for name, state in (("OLD", "done"), ("NEW", "open")):
        session.execute(
            text("INSERT INTO batches (name, location, state, started) VALUES (:name, 'raw:x', :state, :now)"),
            {"name": name, "state": state, "now": NOW},
        )
        session.execute(
            text(
                "INSERT INTO steps (batch, product, step, state, location, sha256, details, tries, changed) "
                "VALUES (:name, 'calibrated/a', 'calibrate', 'done', 'products:a', :hash, '{}', 1, :now)"
            ),
            {"name": name, "hash": "0" * 64, "now": NOW},
        )


@pytest.mark.parametrize(
    "row",
    [
        batches.FrameRow(batch="B1", file="a", master=False, state="unusable"),
        batches.FrameRow(batch="B1", file="a", master=False, state="usable", reason="why then?"),
        batches.FrameRow(batch="nobody", file="a", master=False, state="usable"),
        batches.StepRow(
            batch="B1", product="a", step="x", state="done", details={}, tries=1, changed=NOW, published=False
        ),
        batches.StepRow(
            batch="B1", product="a", step="x", state="perhaps", details={}, tries=1, changed=NOW, published=False
        ),
        batches.MasterRow(**{**MASTER, "kind": "light"}),
    ],
)
def test_the_database_states_the_law(row: Any, database: Database) -> None:
    with pytest.raises(Exception) as caught:
        database.write(lambda session: session.add(row))
    assert not isinstance(caught.value, AssertionError)
    assert isinstance(caught.value, DatabaseError) or "constraint" in str(caught.value).lower()
