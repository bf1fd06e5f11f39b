"""The migration makes the preprocessor's tables; steps are replaced and counted, masters are kept once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import MetaData, select
from sqlalchemy.orm import Session

from tests.unit.data.test_migrations import facts
from toros.errors import DatabaseError
from toros.store import batches
from toros.store.database import Database

NOW = "2026-11-20T02:00:00.000"
MASTER: dict[str, Any] = {
    "location": "products:2026-11-20/B1/masters/master_bias.fits", "sha256": "a" * 64, "kind": "bias", "batch": "B1",
    "camera": "Made up", "rows": 60, "columns": 80, "row_binning": 1, "column_binning": 1, "filter": "",
    "exposure_time": 0.0, "temperature": None, "date_obs": NOW, "made": True,
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


@pytest.mark.parametrize(
    "row",
    [
        batches.FrameRow(batch="B1", file="a", master=False, state="unusable"),
        batches.FrameRow(batch="B1", file="a", master=False, state="usable", reason="why then?"),
        batches.FrameRow(batch="nobody", file="a", master=False, state="usable"),
        batches.StepRow(batch="B1", product="a", step="x", state="done", details={}, tries=1, changed=NOW),
        batches.StepRow(batch="B1", product="a", step="x", state="perhaps", details={}, tries=1, changed=NOW),
        batches.MasterRow(**{**MASTER, "kind": "light"}),
    ],
)
def test_the_database_states_the_law(row: Any, database: Database) -> None:
    with pytest.raises(Exception) as caught:
        database.write(lambda session: session.add(row))
    assert not isinstance(caught.value, AssertionError)
    assert isinstance(caught.value, DatabaseError) or "constraint" in str(caught.value).lower()
