"""One daemon's database: opened, refused, read, written."""

from __future__ import annotations

import re
import stat
import threading
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from tests.support.postgres import PostgresServer
from tests.unit.store.conftest import Opened
from tests.unit.store.desk import Desk
from toros.config import Config, DatabaseSettings
from toros.errors import ConfigurationError, DatabaseError
from toros.store import upgrade
from toros.store.database import Database, database_url
from toros.store.schema import Base, CancelNote


def note(name: str) -> CancelNote:
    return CancelNote(id=name, reason="r", written="w")


def count(database: Database) -> int:
    return database.read(lambda s: s.execute(sa.select(sa.func.count()).select_from(CancelNote)).scalar_one())


def test_what_was_written_is_read(opened: Opened) -> None:
    database = opened()
    database.write(lambda session: session.add(note("a")))
    assert count(database) == 1


def test_a_change_that_raises_leaves_nothing_behind(opened: Opened) -> None:
    database = opened()

    def change(session: Session) -> None:
        session.add(note("a"))
        session.flush()
        raise KeyError("x")

    with pytest.raises(KeyError):
        database.write(change)
    assert count(database) == 0


def test_changes_of_many_threads_are_all_kept(opened: Opened) -> None:
    database = opened()

    def work(name: str) -> None:
        for n in range(10):
            database.write(lambda session, n=n: session.add(note(f"{name}{n}")))  # type: ignore[misc]

    threads = [threading.Thread(target=work, args=(name,)) for name in "abcdef"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert count(database) == 60


def test_reading_cannot_write(opened: Opened) -> None:
    database = opened()
    with pytest.raises((sa.exc.DBAPIError, DatabaseError)):
        database.read(lambda session: session.execute(sa.insert(CancelNote).values(id="a", reason="r", written="w")))
    assert count(database) == 0


def test_a_change_that_waits_for_another_change_is_a_defect_that_is_told(opened: Opened) -> None:
    database = opened()
    with pytest.raises(RuntimeError, match="wait for itself"):
        database.write(lambda session: database.write(lambda inner: None))


def test_a_second_daemon_on_the_same_database_is_refused(opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("toros.store.database.PATIENCE", 0.2)
    first = opened()
    with pytest.raises(DatabaseError, match="in use by another daemon"):
        opened()
    first.write(lambda session: session.add(note("a")))
    first.close()
    assert count(opened()) == 1


def test_daemons_of_one_postgresql_do_not_see_each_other(postgres: PostgresServer) -> None:
    url = postgres.url()
    databases = [Database(url, service=service) for service in ("telescope", "preprocessor")]
    for database in databases:
        database.prepare()
    databases[0].write(lambda session: session.add(note("a")))
    assert [count(database) for database in databases] == [1, 0]
    for database in databases:
        database.close()


def test_a_database_of_a_newer_version_is_refused(opened: Opened) -> None:
    database = opened()
    database.write(lambda s: s.execute(sa.text("UPDATE alembic_version SET version_num = 'ledger_0042' "
                                               "WHERE version_num LIKE 'ledger%'")))  # fmt: skip
    database.close()
    with pytest.raises(DatabaseError, match=r"written by a newer version of TOROS .* revision 42, this version knows"):
        opened()


def test_an_upgrade_that_was_done_is_not_done_again(opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    opened().close()
    monkeypatch.setattr(upgrade, "_run", lambda *_: pytest.fail("nothing was to be done"))
    opened()


def test_migrations_make_exactly_the_tables_of_the_code(opened: Opened, tmp_path: Path) -> None:
    database = opened("alert_robot")
    if database.dialect == "sqlite":
        other = sa.create_engine(f"sqlite:///{tmp_path}/code.sqlite")
        Base.metadata.create_all(other)
        with Session(other) as session:
            assert database.read(_statements) == _statements(session)
        other.dispose()
    else:
        assert database.read(_differences) == []


def _statements(session: Session) -> dict[str, str]:
    """Return how SQLite remembers that each of our tables and indexes was made."""
    names = [*Base.metadata.tables, *(index.name for table in Base.metadata.sorted_tables for index in table.indexes)]
    rows = session.execute(sa.text("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL"))
    return {name: re.sub(r"[\s\"]+", "", sql) for name, sql in rows if name in names}


def _differences(session: Session) -> list[object]:
    """Return what alembic would have to do to our tables."""
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    def ours(thing: Any, name: str | None, kind: str, reflected: bool, other: object) -> bool:
        return (name if kind == "table" else thing.table.name) in Base.metadata.tables

    options = {"compare_type": True, "include_object": ours}
    return compare_metadata(MigrationContext.configure(session.connection(), opts=options), Base.metadata)


def test_a_service_without_migrations_gets_its_tables(tmp_path: Path) -> None:
    tables = sa.MetaData()
    toys = sa.Table("toys", tables, sa.Column("number", sa.Integer, primary_key=True))
    database = Database(f"sqlite:///{tmp_path}/toy.sqlite", service="toy")
    database.prepare(tables)
    database.write(lambda session: session.execute(toys.insert().values(number=1)))
    database.close()


def test_everything_is_synced_before_it_is_acknowledged(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/a.sqlite", service="preprocessor")
    database.prepare()
    settings = database.write(
        lambda s: [s.execute(sa.text(f"PRAGMA {name}")).scalar() for name in ("journal_mode", "synchronous")]
    )
    assert settings == ["wal", 2]
    database.close()


def test_nobody_else_may_read_the_file(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/a.sqlite", service="preprocessor")
    database.prepare()
    database.close()
    for file in tmp_path.iterdir():
        assert stat.S_IMODE(file.stat().st_mode) & 0o077 == 0, file.name


def test_a_folder_that_cannot_be_used_is_told_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(DatabaseError, match="cannot be made"):
        Database(f"sqlite:///{tmp_path}/file/a.sqlite", service="preprocessor")


def test_a_postgresql_that_is_not_there_is_told_in_a_sentence(tmp_path: Path) -> None:
    pytest.importorskip("psycopg")
    database = Database(f"postgresql://anna:secret@/toros?host={tmp_path}", service="preprocessor")
    with pytest.raises(DatabaseError, match="cannot be used now") as error:
        database.prepare()
    assert "secret" not in str(error.value)


def test_passwords_are_taken_from_a_file_or_the_environment_and_never_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "password").write_text("s3cret\n")
    settings = DatabaseSettings(url="postgresql://toros@db/{service}", password_file=tmp_path / "password")
    url = database_url(Config(database=settings), "telescope")
    assert (url.password, url.database) == ("s3cret", "telescope")
    assert "s3cret" not in f"{url} {url!r} {Database(url, service='telescope')!r}"
    monkeypatch.setenv("TOROS_DATABASE_PASSWORD", "from-the-environment")
    url = database_url(Config(database=DatabaseSettings(url="postgresql://toros@db/x")), "telescope")
    assert url.password == "from-the-environment"


def test_the_default_is_a_file_for_each_service(tmp_path: Path) -> None:
    url = database_url(Config(state=tmp_path), "portal")
    assert (url.get_backend_name(), url.database) == ("sqlite", f"{tmp_path}/portal.sqlite")


def test_what_is_no_url_and_a_password_that_cannot_be_read_are_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="allowed"):
        database_url(Config(database=DatabaseSettings(url="postgresql://db:port/x")), "portal")
    settings = DatabaseSettings(url="postgresql://db/x", password_file=tmp_path / "none")
    with pytest.raises(ConfigurationError, match="password_file cannot be read"):
        database_url(Config(database=settings), "portal")


def test_changes_of_statements_alone_and_of_sessions_share_a_commit(desk: Desk) -> None:
    first = desk.database.submit(lambda session: session.add(note("a")))
    second = desk.ledger.accept(desk.batch())
    third = desk.database.submit(lambda session: session.add(note("a")))
    fourth = desk.ledger.accept(desk.batch())
    assert [type(future.exception(10)) for future in (first, second, third, fourth)] == [
        type(None), type(None), sa.exc.IntegrityError, type(None),
    ]  # fmt: skip
    assert desk.ledger.figures()["counts"]["queued"] == 2
