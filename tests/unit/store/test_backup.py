"""A damaged file is refused in one sentence, and the last backup is put in its place."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.unit.store.desk import Desk
from toros.config import Config
from toros.errors import DatabaseError
from toros.store import backup, health
from toros.store.database import Database

PAGE = 4096


def open_(file: Path) -> Desk:
    database = Database(f"sqlite:///{file}", service="preprocessor")
    database.prepare()
    return Desk(database)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A database with some orders, closed in good order, with its backup."""
    file = tmp_path / "preprocessor.sqlite"
    desk = open_(file)
    for number in range(300):
        desk.ledger.accept(desk.batch(id=f"N-{number}"))
    desk.accept(desk.batch(id="last"))
    backup.backup(file)
    desk.database.close()
    return file


def truncate(file: Path) -> None:
    os.truncate(file, file.stat().st_size // 2 // PAGE * PAGE)


def cut_short(file: Path) -> None:
    os.truncate(file, file.stat().st_size - 100)


def flip(file: Path) -> None:
    """Turn every byte of a page in the middle."""
    content = bytearray(file.read_bytes())
    middle = len(content) // 2 // PAGE * PAGE
    content[middle : middle + PAGE] = bytes(byte ^ 0xFF for byte in content[middle : middle + PAGE])
    file.write_bytes(content)


def zero_head(file: Path) -> None:
    file.write_bytes(bytes(PAGE) + file.read_bytes()[PAGE:])


def empty(file: Path) -> None:
    os.truncate(file, 0)


@pytest.mark.parametrize("damage", [truncate, cut_short, flip, zero_head, empty, Path.unlink])
def test_a_damaged_file_is_refused_and_restored(file: Path, damage: Callable[[Path], None]) -> None:
    damage(file)
    with pytest.raises(DatabaseError) as error:
        open_(file)
    sentence = str(error.value)
    assert str(file) in sentence
    assert "--restore" in sentence
    assert "\n" not in sentence
    backup.restore(file)
    desk = open_(file)
    assert desk.ledger.status("last")["state"] == "queued"
    assert desk.ledger.figures()["counts"]["queued"] == 301
    desk.database.close()


def test_every_page_may_be_the_one_that_is_damaged(file: Path) -> None:
    """No page that holds anything can be turned over without the daemon noticing at its start."""
    sound = file.read_bytes()
    unnoticed = []
    for start in range(0, len(sound), PAGE):
        page = bytes(byte ^ 0xFF for byte in sound[start : start + PAGE])
        file.write_bytes(sound[:start] + page + sound[start + PAGE :])
        try:
            health.check(file)
        except DatabaseError:
            continue
        unnoticed.append(start // PAGE)
    assert unnoticed == []


def test_a_text_file_is_no_database(tmp_path: Path) -> None:
    file = tmp_path / "a.sqlite"
    file.write_text("orders: none\n" * 1000)
    with pytest.raises(DatabaseError, match="damaged"):
        open_(file)


def test_what_was_damaged_is_kept(file: Path) -> None:
    flip(file)
    damaged = file.read_bytes()
    aside = backup.restore(file)
    assert aside.read_bytes() == damaged


def test_a_backup_is_made_at_the_first_start_and_when_the_last_is_old(tmp_path: Path) -> None:
    file = tmp_path / "a.sqlite"
    assert backup.age(file) == float("inf")
    open_(file).database.close()
    assert backup.age(file) < 60
    os.utime(backup.backup_of(file), (0, 0))
    open_(file).database.close()
    assert backup.age(file) < 60


def test_a_backup_of_a_working_daemon_is_sound(tmp_path: Path) -> None:
    file = tmp_path / "a.sqlite"
    desk = open_(file)
    stop = threading.Event()
    accepted: list[str] = []

    def work() -> None:
        while not stop.is_set():
            accepted.append(desk.accept().id)

    thread = threading.Thread(target=work)
    thread.start()
    counts = []
    for _ in range(5):
        before = len(accepted)
        backup.backup(file)
        copy = tmp_path / f"copy{len(counts)}.sqlite"
        copy.write_bytes(backup.backup_of(file).read_bytes())
        other = open_(copy)
        counts.append((before, other.ledger.figures()["counts"]["queued"]))
        other.database.close()
    stop.set()
    thread.join()
    desk.database.close()
    assert all(held >= before for before, held in counts), counts


def test_nothing_is_restored_under_a_daemon_or_from_nothing(file: Path, tmp_path: Path) -> None:
    desk = open_(file)
    with pytest.raises(DatabaseError, match="in use by another daemon"):
        backup.restore(file)
    desk.database.close()
    with pytest.raises(DatabaseError, match="no backup"):
        backup.restore(tmp_path / "other.sqlite")


def test_a_damaged_backup_is_not_put_in_place(file: Path) -> None:
    flip(backup.backup_of(file))
    sound = file.read_bytes()
    with pytest.raises(DatabaseError, match="damaged"):
        backup.restore(file)
    assert file.read_bytes() == sound


def test_the_operator_is_told_what_was_done(file: Path) -> None:
    flip(file)
    told = backup.restore_backup(Config(state=file.parent), "preprocessor")
    assert str(file) in told
    assert "UTC" in told
    assert ".damaged-" in told
