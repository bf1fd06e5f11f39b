"""Each point is taken once; what changes is revised with its history; a switch survives."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from tests.unit.data.measurements.curves import LATER, NOW, R, curve, ingest, night, reading
from toros.data.measurements.barycentric import barycentric_of
from toros.data.measurements.chunk import CHUNK, Taken, record_points, record_series
from toros.data.measurements.ingestion import preview_reading
from toros.data.measurements.lightcurve import Selection
from toros.data.measurements.switching import count_points, switch_series
from toros.data.permissions import Viewer
from toros.data.processors.reading import About
from toros.data.tables import Measurement, MeasurementHistory, Series, Target
from toros.errors import Permanent
from toros.sky.site import Site
from toros.store.database import Database


def rows(database: Database, table: Any) -> list[Any]:
    return database.read(lambda session: list(session.scalars(select(table)).all()))


def test_the_same_file_again_changes_nothing(database: Database) -> None:
    what = night(2 * CHUNK + 7)
    assert ingest(database, what).taken == Taken(new=2 * CHUNK + 7)
    before = curve(database)
    assert ingest(database, what, recorded=LATER).taken == Taken(same=2 * CHUNK + 7)
    assert (curve(database).value == before.value).all() and len(rows(database, MeasurementHistory)) == 0
    assert len(rows(database, Series)) == 1


def test_a_changed_value_or_error_revises_the_point_and_keeps_what_it_was(database: Database) -> None:
    ingest(database, reading((59000.25, 18.0, 0.1), (59001.25, 18.1, 0.1), (59002.25, 18.2, np.nan)))
    changed = reading((59000.25, 18.0, 0.2), (59001.25, 18.1, 0.1), (59002.25, 18.5, np.nan), (59003.25, 18, 0.1))
    assert ingest(database, changed, recorded=LATER).taken == Taken(new=1, same=1, revised=2)
    assert curve(database).value.tolist() == [18.0, 18.1, 18.5, 18.0]
    history = rows(database, MeasurementHistory)
    assert [(each.revision, each.value, each.recorded, each.replaced) for each in history] == [
        (1, 18.0, NOW, LATER), (1, 18.2, NOW, LATER),
    ]  # fmt: skip
    assert sorted(each.revision for each in rows(database, Measurement)) == [1, 1, 2, 2]


def test_what_is_switched_off_stays_off_when_it_comes_again_even_revised(database: Database) -> None:
    ingest(database, reading((59000.25, 18.0, 0.1), (59001.25, 18.1, 0.1)))

    def switch(active: bool, **more: Any) -> int:
        return database.write(lambda s: switch_series(s, 1, 1, active=active, selection=Selection(), **more))

    assert switch(False, times=[59000.25]) == 1
    assert switch(False, times=[59000.25]) == 0
    ingest(database, reading((59000.25, 18.7, 0.1), (59001.25, 18.1, 0.1)), recorded=LATER)
    assert curve(database).active.tolist() == [False, True]
    assert curve(database, active_only=True).value.tolist() == [18.1]
    assert database.read(lambda s: count_points(s, 1, active=False, selection=Selection())) == 1
    assert switch(True) == 1
    assert curve(database, active_only=True).value.tolist() == [18.7, 18.1]


def test_a_dry_run_says_what_would_be_done_and_does_nothing(database: Database) -> None:
    ingest(database, reading((59000.25, 18.0, 0.1), (59001.25, 18.1, 0.1)))
    what = reading((59000.25, 18.0, 0.1), (59001.25, 18.9, 0.1), (59002.25, 18.9, 0.1))
    assert preview_reading(database.read, 1, what).taken == Taken(new=1, same=1, revised=1)
    other = reading((59000.25, 18.0, 0.1), about=About(band="g"))
    assert preview_reading(database.read, 1, other).taken == Taken(new=1)
    assert curve(database).value.tolist() == [18.0, 18.1] and len(rows(database, Series)) == 1


def test_a_file_that_contradicts_itself(database: Database) -> None:
    what = reading((59000.25, 18.0, 0.1), (59000.25, 18.0, 0.1), (59000.25, 19.0, 0.1), (59001.25, 18, 0.1))
    ingestion = ingest(database, what)
    assert ingestion.taken == Taken(new=2, same=1)
    assert str(ingestion.problems.first[0]) == (
        "line 4: value '19 of MJD 59000.250000' is another value at a time and in a series that the file has already"
    )
    assert ingestion.summary()["refused"] == 1


def test_atomic_takes_nothing_where_a_row_is_refused(database: Database) -> None:
    what = reading((59000.25, 18.0, 0.1))
    what.problems.add(3, "magnitude", "bright", "is not a number")
    with pytest.raises(Permanent, match="nothing was taken: 1 row cannot be; the first: line 3: magnitude 'bright'"):
        ingest(database, what, atomic=True)
    assert len(curve(database)) == 0
    assert ingest(database, what).taken == Taken(new=1)


def test_what_tells_series_apart(database: Database) -> None:
    for about in (R, About(band="r"), About(band="r", source="ATLAS"), About(band="r", kind="flux", unit="uJy")):
        ingest(database, reading((59000.25, 18.0, 0.1), about=about))
    assert len(rows(database, Series)) == 4 and len(curve(database)) == 4
    assert len(curve(database, kinds=["flux"])) == 1 and len(curve(database, facilities=["CTMO"])) == 1
    assert len(curve(database, sources=["ATLAS"], bands=["g"])) == 0


def test_the_target_knows_its_latest_brightness(database: Database) -> None:
    def latest() -> tuple[float | None, float | None]:
        target = database.read(lambda session: session.get_one(Target, 1))
        return target.last_mjd, target.last_magnitude

    ingest(database, reading((59000.25, 18.0, 0.1), (59001.25, 18.5, 0.1), (59002.25, 19.0, np.nan), limits=(2,)))
    assert latest() == (59001.25, 18.5)
    ingest(database, reading((59005.0, -8, 0.1), about=About(band="r", system="instrumental")))
    assert latest() == (59001.25, 18.5)
    database.write(lambda s: switch_series(s, 1, 1, active=False, selection=Selection(since=59001.0)))
    assert latest() == (59000.25, 18.0)


def test_whoever_may_not_see_the_target_sees_no_points(database: Database) -> None:
    ingest(database, reading((59000.25, 18.0, 0.1)), target=2)
    assert len(curve(database, target=2)) == 1
    assert len(curve(database, target=2, viewer=Viewer.of("eva"))) == 1
    assert len(curve(database, target=2, viewer=Viewer.of("max"))) == 0
    assert len(curve(database, target=2, viewer=Viewer())) == 0


def test_bjd_is_derived_where_the_site_is_known(database: Database) -> None:
    sites = {"CTMO": Site(-97.568956, 25.995789, 12.0)}
    derived = barycentric_of(150.0, 20.0, sites)
    ingest(database, reading((59000.25, 18.0, 0.1)), barycentric=derived)
    ingest(database, reading((59000.25, 18.0, 0.1), about=About(band="r", facility="elsewhere")), barycentric=derived)
    already = About(band="r", time_scale="tdb", time_reference="barycentre")
    ingest(database, reading((59000.25, 18.0, 0.1), about=already), barycentric=derived)
    ours, elsewhere, tdb = (float(each) for each in curve(database).bjd)
    assert abs(ours - 2459000.75) < 600 / 86400 and ours != 2459000.75
    assert np.isnan(elsewhere) and tdb == 2459000.75


def test_times_are_exact_to_the_microsecond_and_come_back_as_they_went(database: Database) -> None:
    given = [59000.123456789, 58863.35146989999, 60000.5]
    ingest(database, reading(*[(mjd, 18.0, 0.1) for mjd in given]))
    found = curve(database).mjd.tolist()
    assert found == pytest.approx(sorted(given), rel=0, abs=1e-11)
    assert ingest(database, reading(*[(mjd, 18.0, 0.1) for mjd in found])).taken == Taken(same=3)


def test_eight_connections_that_take_the_same_points_at_once_record_them_once(database: Database) -> None:
    what = night(500).points
    what_changed = night(500, seed=2).points
    import sqlalchemy as sa

    from toros.store import connection as connections

    engine = connections.writing(database.url)

    def record(points: Any) -> Taken:
        with Session(engine) as session, session.begin():
            return record_points(session, record_series(session, 1, R), points, recorded=NOW)

    database.write(lambda session: None)
    with ThreadPoolExecutor(8) as pool:
        taken = sum(pool.map(record, [what] * 8), Taken())
        assert taken == Taken(new=500, same=3500)
        taken = sum(pool.map(record, [what_changed] * 8), Taken())
        assert taken == Taken(same=3500, revised=500)
    engine.dispose()
    count = database.read(lambda session: session.scalar(select(func.count()).select_from(sa.table("measurement"))))
    assert count == 500 and len(rows(database, MeasurementHistory)) == 500


def test_points_are_found_by_their_key_and_nothing_is_scanned(database: Database) -> None:
    if database.dialect != "sqlite":  # which plan PostgreSQL takes depends on how many rows there are
        keys_of = text("SELECT indexdef FROM pg_indexes WHERE tablename = 'measurement'")
        keys = database.read(lambda session: session.scalars(keys_of).all())
        assert any("(series, " in key for key in keys)
        return
    plan = database.read(
        lambda s: s.execute(text("EXPLAIN QUERY PLAN SELECT * FROM measurement WHERE series IN (1, 2) AND time > 5"))
        .all()
    )  # fmt: skip
    assert "SEARCH measurement USING PRIMARY KEY (series=? AND time>?)" in str(plan)
    plan = database.read(lambda s: s.execute(text("EXPLAIN QUERY PLAN SELECT * FROM series WHERE target = 1")).all())
    assert "SEARCH series USING" in str(plan) and "(target=?)" in str(plan)
