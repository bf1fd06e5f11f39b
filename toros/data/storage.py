"""The storage: copies of files under their hash, in a folder or wherever fsspec reaches.

A file lies at `ab/cd/<sha256>.<suffix>`, so that the same contents are kept once, and a file can always be checked
against its own name. It appears under that name in one step, when all of it is written.
"""

from __future__ import annotations

import hashlib
import os
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, BinaryIO
from urllib.parse import urlsplit

from toros.errors import OutsideRoots, Permanent, Temporary, TorosError
from toros.files import open_beneath

if TYPE_CHECKING:
    from toros.config import Config

__all__ = ["Storage", "storage_of", "suffix_of"]

PIECE = 4 * 1024 * 1024  # bytes read at once
KEY = re.compile(r"([0-9a-f]{2})/([0-9a-f]{2})/(\1\2[0-9a-f]{60})((?:\.[a-z0-9]{1,8}){0,2})", re.ASCII)
PAIR = re.compile("[0-9a-f]{2}")
SUFFIX = re.compile(r"((?:\.[a-z][a-z0-9]{0,7}){1,2})$", re.ASCII)
INCOMING = "incoming"  # where files lie until they are whole
AT_ONCE = ("s3", "s3a", "gcs", "gs", "abfs", "az")  # an object appears there when it is closed, or never

Progress = Callable[[float], None]


def storage_of(config: Config) -> Storage:
    """Return the storage that a configuration names."""
    return Storage(config.storage.url, config.storage.options, largest=config.storage.largest_file)


def suffix_of(name: str) -> str:
    """Return the end of a file's name that says what it is: ".fits", ".fits.gz"; empty where there is none."""
    found = SUFFIX.search(name.rpartition("/")[2].lower())
    return found[1] if found else ""


class Storage:
    """A place for files under their hash.

    Parameters
    ----------
    url : str
        A folder, or what fsspec knows: s3://bucket/prefix, sftp://host/folder.
    options : mapping
        For fsspec: `endpoint_url` of an S3 server and so on. Keys and passwords come from the environment.
    largest : int
        Larger files are refused; bytes.
    """

    def __init__(self, url: str, options: Mapping[str, Any] | None = None, *, largest: int = 2_000_000_000) -> None:
        self.url = url
        self.largest = largest
        self.lock = threading.Lock()  # between "nobody needs this file" and its removal, nobody may begin to need it
        self._options = dict(options or {})
        self._folder = None if "://" in url else Path(url)

    @property
    def where(self) -> str:
        """What to call it in a sentence; without user, password and query."""
        if self._folder is not None:
            return f"the storage {self._folder}"
        parts = urlsplit(self.url)
        return f"the storage {parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"

    def put(self, path: Path, sha256: str, *, suffix: str = "", progress: Progress = lambda _: None) -> str:
        """Keep a copy of a file and return its key; what is there already is not written again.

        Parameters
        ----------
        path : Path
            The file, inside the roots.
        sha256 : str
            What it holds.
        suffix : str
            See `suffix_of`.
        progress : callable
            Told the fraction that was copied; what it raises ends the copying.

        Raises
        ------
        Permanent
            It is larger than the storage takes, or holds something else.
        Temporary
            The storage cannot be reached, or is full.
        """
        key = f"{sha256[:2]}/{sha256[2:4]}/{sha256}{suffix}"
        _check(key)
        with path.open("rb") as source:
            size = os.fstat(source.fileno()).st_size
            self.check_size(size, path.name)
            known = self.find(sha256)
            if known is not None and self.size(known) == size:
                return known
            with self._telling(f"cannot take {path.name}"):
                self._copy(source, known or key, sha256, size, progress)
        return known or key

    def check_size(self, size: int, name: str) -> None:
        """Raise Permanent where a file is larger than the storage takes."""
        if size > self.largest:
            raise Permanent(f"{name} has {size} bytes; at most {self.largest} are taken (storage.largest_file)")

    def find(self, sha256: str) -> str | None:
        """Return the key of a file by its hash; None where it is not kept."""
        folder = f"{sha256[:2]}/{sha256[2:4]}"
        with self._telling("cannot be looked into"):
            return next((key for key in self._in(folder) if key[6:70] == sha256), None)

    def exists(self, key: str) -> bool:
        """Return whether a file is there."""
        _check(key)
        with self._telling(f"cannot look for {key}"):
            return bool(self._fs.isfile(self._at(key)))

    def size(self, key: str) -> int:
        """Return the size of a file in bytes; raise Permanent where it is not there."""
        _check(key)
        with self._telling(f"cannot look for {key}"):
            return int(self._fs.size(self._at(key)))

    @contextmanager
    def open(self, key: str) -> Iterator[BinaryIO]:
        """Open a file for reading; raise Permanent where it is not there."""
        _check(key)
        with self._telling(f"cannot read {key}"):
            if self._folder is not None:
                opened: Any = os.fdopen(open_beneath(self._folder, key), "rb")
            else:
                opened = self._fs.open(self._at(key), "rb")
        with opened:
            yield opened

    def digest(self, key: str, progress: Progress = lambda _: None) -> str:
        """Return the SHA-256 of what a file holds."""
        digest = hashlib.sha256()
        with self.open(key) as file, self._telling(f"cannot read {key}"):
            for piece in iter(lambda: file.read(PIECE), b""):
                digest.update(piece)
                progress(len(piece))
        return digest.hexdigest()

    @contextmanager
    def local(self, key: str) -> Iterator[Path]:
        """Give a file of this machine with the contents; of a storage elsewhere, a copy that is removed afterwards."""
        if self._folder is not None:
            if not self.exists(key):
                raise Permanent(f"{self.where} does not have {key}")
            yield self._folder / key
            return
        with TemporaryDirectory(prefix="toros-") as folder:
            path = Path(folder) / key.rpartition("/")[2]
            with self.open(key) as source, path.open("wb") as copy, self._telling(f"cannot read {key}"):
                for piece in iter(lambda: source.read(PIECE), b""):
                    copy.write(piece)
            yield path

    def remove(self, key: str) -> None:
        """Remove a file; one that is not there is no trouble."""
        if self.exists(key):
            with self._telling(f"cannot remove {key}"):
                self._fs.rm_file(self._at(key))

    def keys(self) -> Iterator[str]:
        """Yield the key of every file."""
        with self._telling("cannot be looked into"):
            for first in (name for name in self._names("") if PAIR.fullmatch(name)):
                for second in (name for name in self._names(first) if PAIR.fullmatch(name)):
                    yield from self._in(f"{first}/{second}")

    @cached_property
    def _fs(self) -> Any:
        """The file system, which has no types; loaded when it is first needed."""
        import fsspec

        with self._telling("cannot be used"):
            if self._folder is not None:
                self._folder.mkdir(parents=True, exist_ok=True)
                return fsspec.filesystem("file")
            options = {"skip_instance_cache": True, "use_listings_cache": False, **self._options}
            return fsspec.core.url_to_fs(self.url, **options)[0]

    def _at(self, key: str) -> str:
        return f"{str(self._fs._strip_protocol(self.url)).rstrip('/')}/{key}".rstrip("/")

    def _names(self, folder: str) -> list[str]:
        try:
            found = self._fs.ls(self._at(folder), detail=False)
        except FileNotFoundError:
            return []
        return sorted(each.rstrip("/").rpartition("/")[2] for each in found)

    def _in(self, folder: str) -> list[str]:
        keys = (f"{folder}/{name}" for name in self._names(folder))
        return [key for key in keys if KEY.fullmatch(key)]

    def _copy(self, source: BinaryIO, key: str, sha256: str, size: int, progress: Progress) -> None:
        """Write a file so that it appears whole or not at all, and only with the contents that its name tells."""
        if self._folder is not None:
            self._copy_here(source, key, sha256, size, progress)
        elif urlsplit(self.url).scheme in AT_ONCE:
            copy = self._fs.open(self._at(key), "wb", autocommit=False)
            try:
                _pour(source, copy, sha256, size, progress)
                copy.close()
                copy.commit()
            except BaseException:
                copy.discard()
                copy.closed = True  # or it would try to upload what it has when it is collected
                raise
        else:
            unfinished = self._at(f"{INCOMING}/{sha256}.{os.getpid()}.{threading.get_ident()}")
            self._fs.makedirs(unfinished.rpartition("/")[0], exist_ok=True)
            self._fs.makedirs(self._at(key).rpartition("/")[0], exist_ok=True)
            try:
                with self._fs.open(unfinished, "wb") as copy:
                    _pour(source, copy, sha256, size, progress)
                self._fs.mv(unfinished, self._at(key))
            except BaseException:
                if self._fs.exists(unfinished):
                    self._fs.rm_file(unfinished)
                raise

    def _copy_here(self, source: BinaryIO, key: str, sha256: str, size: int, progress: Progress) -> None:
        """Write into a folder of this machine, durably."""
        assert self._folder is not None
        final = self._folder / key
        incoming = self._folder / INCOMING
        incoming.mkdir(parents=True, exist_ok=True)
        final.parent.mkdir(parents=True, exist_ok=True)
        if not final.parent.resolve().is_relative_to(self._folder.resolve()):
            raise OutsideRoots(f"{final.parent.name} is a link that leaves {self.where}")
        unfinished = incoming / f"{sha256}.{os.getpid()}.{threading.get_ident()}"
        try:
            with unfinished.open("wb") as copy:
                _pour(source, copy, sha256, size, progress)
                copy.flush()
                os.fsync(copy.fileno())
            unfinished.chmod(0o440)
            unfinished.replace(final)
        finally:
            unfinished.unlink(missing_ok=True)
        for folder in (final.parent, final.parent.parent, self._folder):
            number = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
            try:
                os.fsync(number)
            finally:
                os.close(number)

    @contextmanager
    def _telling(self, what: str) -> Iterator[None]:
        """Turn what a file system raises into our words: its own may quote keys and signed addresses."""
        try:
            yield
        except TorosError:
            raise
        except FileNotFoundError:
            raise Permanent(f"{self.where} {what}: it is not there") from None
        except PermissionError:
            raise Permanent(f"{self.where} {what}: this daemon has not the permission") from None
        except (ImportError, ValueError) as error:
            needs = f"it needs {error.name}" if isinstance(error, ImportError) else "its URL or options are not right"
            raise Permanent(f"{self.where} {what}: {needs}; see storage.url") from None
        except Exception as error:  # noqa: BLE001 - each file system has exceptions of its own
            reason = os.strerror(error.errno) if isinstance(error, OSError) and error.errno else type(error).__name__
            raise Temporary(f"{self.where} {what}: {reason}") from None


def _check(key: str) -> None:
    if not KEY.fullmatch(key):
        raise OutsideRoots(f"{key[:100]!r} is no key of the storage; one is ab/cd/<sha256>.<suffix>")


def _pour(source: BinaryIO, copy: Any, sha256: str, size: int, progress: Progress) -> None:
    """Copy all bytes; raise Permanent where they are not those that the hash tells."""
    digest, done = hashlib.sha256(), 0
    for piece in iter(lambda: source.read(PIECE), b""):
        digest.update(piece)
        copy.write(piece)
        done += len(piece)
        progress(min(1.0, done / max(1, size)))
    if digest.hexdigest() != sha256:
        raise Permanent("the file changed while it was copied: its contents are not those that were told")
