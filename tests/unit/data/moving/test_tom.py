"""The tables of a TOM Toolkit are read alike from SQLite and PostgreSQL, and never written."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.support.tom_toolkit import fill
from toros.data.moving.source import Source
from toros.data.moving.tom import TomDatabase
from toros.data.moving.tom_measurements import TomReducedData
from toros.data.targets.importing.rows import Row


@pytest.fixture(params=["sqlite", "postgresql"])
def source(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Source]:
    url = f"sqlite:///{tmp_path}/db.sqlite3"
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres").url()
    fill(url.replace("postgresql:", "postgresql+psycopg:"))
    source = Source.of_url(url)
    yield source
    source.close()


def test_targets_lists_and_points(source: Source) -> None:
    tom = TomDatabase(source)
    found = list(tom.targets())
    rows = [each for each in found if isinstance(each, Row)]
    assert [row.order.name for row in rows] == ["M31", "AT 2017gfo", "1 Ceres", "m-31"]
    assert [each.line for each in found if not isinstance(each, Row)] == [2, 3]
    assert rows[1].order.groups == ["gw"] and rows[1].order.access == "private"
    assert list(tom.lists()) == [("Tonight", []), ("Tonight", [1, 2, 3]), ("Empty", [])]
    reduced = TomReducedData(source)
    assert list(reduced.targets(0)) == [2, 3, 7]
    ((points, problems),) = list(reduced.points(2))
    assert (len(points), [each.line for each in problems]) == (6, [5, 15])
    assert points[0].mjd == pytest.approx(61041 + (3 * 3600 + 4 * 60 + 5.5) / 86400, abs=1e-9)
    assert tom.count() == 5


def test_nothing_is_written(source: Source) -> None:
    with pytest.raises(sa.exc.DBAPIError), source._engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM tom_targets_basetarget")
