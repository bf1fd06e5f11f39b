"""The named roots of a node: a location is `root:path`, and nothing outside a root is ever reached.

Every step from a root to a file is taken by the kernel under `openat2(RESOLVE_BENEATH)`, so that a link or a folder
that is swapped while we look cannot lead outside. Where the kernel is too old, each step is opened by itself and links
are refused altogether.
"""

from __future__ import annotations

import ctypes
import errno
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from toros.errors import OutsideRoots, Permanent, Temporary

__all__ = ["Roots", "open_beneath"]

SYS_OPENAT2 = 437  # the same number on every architecture
RESOLVE_NO_MAGICLINKS = 0x02
RESOLVE_BENEATH = 0x08
RACES = 8  # tries while somebody renames folders under our feet
LEFT_ROOT = (errno.EXDEV, errno.ELOOP)


class _How(ctypes.Structure):
    """The kernel's `struct open_how`."""

    _fields_ = [("flags", ctypes.c_uint64), ("mode", ctypes.c_uint64), ("resolve", ctypes.c_uint64)]


class Roots:
    """The named roots of a node.

    Parameters
    ----------
    roots : mapping of str to Path
        Folder of each name; relative ones are below `state`, and what is below `state` is made when first used.
    state : Path
        The folder for what the node remembers.
    """

    def __init__(self, roots: Mapping[str, Path], state: Path) -> None:
        base = state.expanduser().absolute()
        self._folders = {name: base / folder.expanduser() for name, folder in roots.items()}
        self._own = {name for name, folder in self._folders.items() if folder.is_relative_to(base)}

    def root(self, name: str) -> Path:
        """Return the folder of a root, its links followed.

        Raises
        ------
        OutsideRoots
            No root has this name.
        Temporary
            The folder is not there: a disk that is not mounted, perhaps.
        """
        folder = self._folders.get(name)
        if folder is None:
            raise OutsideRoots(f"{name!r} is not a root of this node; it has {', '.join(sorted(self._folders))}")
        if name in self._own:
            folder.mkdir(parents=True, exist_ok=True)
        if not folder.is_dir():
            raise Temporary(f"the root {name} is not there: {folder} is not a folder; is its disk mounted?")
        return folder.resolve()

    def path(self, location: str, *, must_exist: bool = True) -> Path:
        """Return the absolute path of a location, free of links.

        The path is inside the root at the moment of the answer. Whoever must be sure also against somebody who
        swaps folders afterwards opens the location with `open`.

        Parameters
        ----------
        location : str
            `root:path`, the path relative and with forward slashes.
        must_exist : bool
            False for what is about to be written; the part that exists is checked.

        Raises
        ------
        OutsideRoots
            The location leaves its root, or names none.
        Permanent
            There is no such file.
        """
        name, parts = _split(location)
        folder = self.root(name)
        missing: list[str] = []
        while True:
            try:
                return _real(folder, parts, location).joinpath(*missing)
            except FileNotFoundError:
                if must_exist or not parts:
                    raise Permanent(f"{location} does not exist") from None
                missing.insert(0, parts.pop())
            except NotADirectoryError:
                raise Permanent(f"{location} goes through something that is not a folder") from None

    def location(self, path: Path) -> str:
        """Return `root:path` of a file inside a root; the innermost root where they are nested.

        Raises
        ------
        OutsideRoots
            The file is in none of them.
        """
        path = Path(os.path.normpath(path.expanduser().absolute()))
        spelled = [(name, folder) for name, folder in self._folders.items()]
        resolved = [(name, folder.resolve()) for name, folder in spelled]
        inside = [(folder, name) for name, folder in spelled + resolved if path.is_relative_to(folder)]
        if not inside:
            raise OutsideRoots(f"{path.name} lies outside the roots {', '.join(sorted(self._folders))}")
        folder, name = max(inside, key=lambda pair: len(pair[0].parts))
        relative = path.relative_to(folder).as_posix()
        location = f"{name}:{'' if relative == '.' else relative}"
        self.path(location, must_exist=False)
        return location

    @contextmanager
    def open(self, location: str) -> Iterator[BinaryIO]:
        """Open a file for reading, safe also against folders that are swapped meanwhile."""
        name, parts = _split(location)
        try:
            number = open_beneath(self.root(name), "/".join(parts) or ".", os.O_RDONLY | os.O_NONBLOCK)
        except FileNotFoundError:
            raise Permanent(f"{location} does not exist") from None
        except NotADirectoryError:
            raise Permanent(f"{location} goes through something that is not a folder") from None
        with os.fdopen(number, "rb") as stream:
            yield stream


def _split(location: str) -> tuple[str, list[str]]:
    """Return root name and path components; raise OutsideRoots for anything that is not plainly `root:path`."""
    name, colon, path = location.partition(":")
    if not colon or not name:
        raise OutsideRoots(f"{location[:200]!r} names no root; a location is root:path, such as raw:2026-11-20")
    if any(ord(character) < 32 or ord(character) == 127 for character in location) or "\\" in location:
        raise OutsideRoots(f"{location[:200]!r} holds a character that no location may have")
    if path.startswith(("/", "~")):
        raise OutsideRoots(f"{location[:200]!r} is not relative to its root")
    parts = [part for part in path.split("/") if part not in ("", ".")]
    if ".." in parts:
        raise OutsideRoots(f"{location[:200]!r} goes up; a location only goes down")
    return name, parts


def _real(folder: Path, parts: list[str], location: str) -> Path:
    """Return where the parts lead below the folder, as the kernel sees it."""
    number = open_beneath(folder, "/".join(parts) or ".", os.O_PATH)
    try:
        real = Path(f"/proc/self/fd/{number}").readlink()
    finally:
        os.close(number)
    if not real.is_relative_to(folder):
        raise OutsideRoots(f"{location} leaves its root")
    return real


def open_beneath(folder: Path, relative: str, flags: int = os.O_RDONLY) -> int:
    """Open what lies below a folder and return its descriptor; links may be followed, but not out of the folder.

    Parameters
    ----------
    folder : Path
        The folder that must not be left.
    relative : str
        Path below it.
    flags : int
        As for `os.open`.

    Raises
    ------
    OutsideRoots
        A link on the way leads outside.
    OSError
        As for `os.open`.
    """
    base = os.open(folder, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        return _openat2(base, relative, flags | os.O_CLOEXEC)
    except OSError as error:
        if error.errno in LEFT_ROOT:
            raise OutsideRoots(f"{relative} is or goes through a link that leaves its root") from None
        if error.errno != errno.ENOSYS:
            raise
        return _step_by_step(base, relative, flags | os.O_CLOEXEC)
    finally:
        os.close(base)


def _openat2(base: int, relative: str, flags: int) -> int:
    """Open below `base` in one system call that refuses to leave it."""
    how = _How(flags, 0, RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS)
    call = ctypes.CDLL(None, use_errno=True).syscall
    for _ in range(RACES):
        number = int(
            call(
                ctypes.c_long(SYS_OPENAT2), ctypes.c_long(base), os.fsencode(relative),
                ctypes.byref(how), ctypes.c_size_t(ctypes.sizeof(how)),
            )
        )  # fmt: skip
        if number >= 0:
            return number
        if ctypes.get_errno() != errno.EAGAIN:  # EAGAIN: something was renamed while the kernel looked
            break
    code = ctypes.get_errno()
    if code == errno.EAGAIN:
        raise Temporary(f"{relative} is being moved about")
    if code == errno.EPERM:  # what a sandbox answers for a call that it does not know
        code = errno.ENOSYS
    raise OSError(code, os.strerror(code), relative)


def _step_by_step(base: int, relative: str, flags: int) -> int:
    """Open each component by itself, following no link at all: for kernels without `openat2`."""
    number = os.dup(base)
    parts = [part for part in relative.split("/") if part not in ("", ".")] or ["."]
    for position, part in enumerate(parts):
        last = position == len(parts) - 1
        wanted = flags if last else os.O_PATH | os.O_DIRECTORY
        try:
            following = os.open(part, wanted | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=number)
        except OSError as error:
            if error.errno in (errno.ENOTDIR, errno.ELOOP) and _is_link(part, number):
                raise OutsideRoots(f"{relative} goes through a link") from None
            raise
        finally:
            os.close(number)
        number = following
        if last and flags & os.O_PATH and _is_link("", number):
            os.close(number)
            raise OutsideRoots(f"{relative} is a link")
    return number


def _is_link(part: str, folder: int) -> bool:
    """True when the entry is a symbolic link."""
    try:
        os.readlink(part, dir_fd=folder)
    except OSError:
        return False
    return True
