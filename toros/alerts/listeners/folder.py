"""A watched folder: every file that has become still is an alert, and goes to done/ once it is safe."""

from __future__ import annotations

import contextlib
import logging
import os
import stat
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from toros.alerts.listeners.message import ConnectionLost, Message

__all__ = ["FolderListener"]

DONE, REFUSED = "done", "too_large"
UNFINISHED = (".tmp", ".part", ".partial", ".crdownload", ".filepart")
EVERY = 0.5  # seconds between two looks

log = logging.getLogger("toros.alerts.listeners")


class FolderListener:
    """Alerts that somebody puts into a folder.

    Parameters
    ----------
    name : str
        What the listener is called in logs and status.
    folder : Path
        Made where it is missing. Sub-folders, links, hidden files and those that end like unfinished ones are left.
    still : float
        A file is read once its size and time have not changed for so long; seconds.
    largest : int
        Larger files go to too_large/, unread, and an error is logged; bytes.
    """

    kind = "folder"

    def __init__(self, name: str, folder: Path, *, still: float, largest: int) -> None:
        self.name = name
        self.silence = 0.0
        self._folder = folder
        self._still = still
        self._largest = largest
        self._seen: dict[str, tuple[tuple[int, int, int], float]] = {}

    @property
    def where(self) -> str:
        """The folder."""
        return str(self._folder)

    def lag(self) -> int | None:
        """Return how many files wait to become still."""
        return len(self._seen)

    def open(self, offsets: Mapping[tuple[str, int], int]) -> None:
        """Make the folder; raise ConnectionLost where it cannot be reached."""
        del offsets
        try:
            for folder in (self._folder, self._folder / DONE):
                folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ConnectionLost(f"{self._folder} cannot be made: {error.strerror}") from None
        self._seen.clear()

    def positions(self) -> Mapping[tuple[str, int], int]:
        """Return nothing: there are no offsets here."""
        return {}

    def close(self) -> None:
        """Nothing is held."""

    def receive(self, timeout: float) -> Message | None:
        """Return the oldest file that is still, or None where there was none in so many seconds."""
        until = time.monotonic() + timeout
        while True:
            for path in self._still_files():
                message = self._read(path)
                if message is not None:
                    return message
            left = until - time.monotonic()
            if left <= 0:
                return None
            time.sleep(min(left, EVERY))

    def settle(self, message: Message) -> None:
        """Move a file that is safe out of the way."""
        if message.file is not None:
            self._move(message.file, DONE)

    def _still_files(self) -> Iterator[Path]:
        """Yield the files whose size and time have not changed for long enough, the oldest first."""
        now, seen = time.monotonic(), {}
        for name, marks in self._marks().items():
            known = self._seen.get(name)
            seen[name] = known if known is not None and known[0] == marks else (marks, now)
        self._seen = seen
        for name, (_marks, since) in sorted(seen.items(), key=lambda item: (item[1][0][0], item[0])):
            if now - since >= self._still:
                yield self._folder / name

    def _marks(self) -> dict[str, tuple[int, int, int]]:
        """Return time, size and inode of each file that may be an alert."""
        marks = {}
        try:
            with os.scandir(self._folder) as entries:
                for entry in entries:
                    if entry.name.startswith(".") or entry.name.lower().endswith(UNFINISHED):
                        continue
                    with contextlib.suppress(FileNotFoundError):
                        found = entry.stat(follow_symlinks=False)
                        if stat.S_ISREG(found.st_mode):
                            marks[entry.name] = (found.st_mtime_ns, found.st_size, found.st_ino)
        except OSError as error:
            raise ConnectionLost(f"{self._folder} cannot be read: {error.strerror}") from None
        return marks

    def _read(self, path: Path) -> Message | None:
        """Return a file as a message; None where it is gone, too large or not readable by us."""
        try:
            number = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
            with os.fdopen(number, "rb") as file:
                content = file.read(self._largest + 1)
        except FileNotFoundError:
            return None
        except OSError as error:
            self._wait_again(path, f"cannot be read: {error.strerror}")
            return None
        if len(content) > self._largest:
            log.error("%s: %s is larger than %d bytes: moved to %s/ unread", self.name, path, self._largest, REFUSED)
            self._move(path, REFUSED)
            return None
        return Message(content, name=path.name, file=path)

    def _wait_again(self, path: Path, why: str) -> None:
        """Say once what is wrong with a file, and look at it again when it has changed."""
        marks, _since = self._seen[path.name]
        self._seen[path.name] = (marks, float("inf"))
        log.error("%s: %s %s", self.name, path, why)

    def _move(self, path: Path, folder: str) -> None:
        """Rename a file into a folder beside it, under a name that is free there."""
        try:
            aside = path.parent / folder
            aside.mkdir(exist_ok=True)
            path.rename(_free(aside / path.name))
        except FileNotFoundError:
            return  # somebody took it away: it is safe all the same
        except OSError as error:
            self._wait_again(path, f"cannot be moved to {folder}/: {error.strerror}")
            return
        self._seen.pop(path.name, None)


def _free(path: Path) -> Path:
    number, free = 1, path
    while free.exists():
        number += 1
        free = path.with_name(f"{path.stem}-{number}{path.suffix}")
    return free
