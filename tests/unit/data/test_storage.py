"""The storage: whole files under their hash, the same in a folder, an S3 server and any other file system."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from threading import Thread
from uuid import uuid4

import pytest
from pydantic import ValidationError

from tests.support.s3 import ObjectStore
from toros.config import StorageSettings
from toros.data.storage import Storage, suffix_of
from toros.errors import OrderCancelled, OutsideRoots, Permanent, Temporary

CONTENTS = b"SIMPLE  =                    T" * 1000
SHA256 = hashlib.sha256(CONTENTS).hexdigest()
KEY = f"{SHA256[:2]}/{SHA256[2:4]}/{SHA256}.fits"


@pytest.fixture(params=["folder", "s3", "memory", "file_url"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Storage]:
    if request.param == "s3":
        store: ObjectStore = request.getfixturevalue("object_store")
        return Storage(store.bucket(), store.options, largest=100_000)
    urls = {"folder": f"{tmp_path}/storage", "memory": f"memory://{uuid4()}", "file_url": f"file://{tmp_path}/storage"}
    return Storage(urls[request.param], largest=100_000)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "frame.fits"
    path.write_bytes(CONTENTS)
    return path


def test_a_file_is_kept_and_found_by_its_hash(storage: Storage, file: Path) -> None:
    said: list[float] = []
    assert storage.find(SHA256) is None
    assert storage.put(file, SHA256, suffix=".fits", progress=said.append) == KEY
    assert storage.find(SHA256) == KEY and storage.exists(KEY) and storage.size(KEY) == len(CONTENTS)
    assert said[-1] == 1.0
    with storage.open(KEY) as kept:
        assert kept.read() == CONTENTS
    with storage.local(KEY) as path:
        assert path.read_bytes() == CONTENTS and path.suffix == ".fits"
    assert storage.digest(KEY) == SHA256
    assert list(storage.keys()) == [KEY]


def test_the_same_contents_under_another_name_are_kept_once(storage: Storage, file: Path) -> None:
    storage.put(file, SHA256, suffix=".fits")
    said: list[float] = []
    assert storage.put(file, SHA256, suffix=".fit", progress=said.append) == KEY
    assert said == [] and list(storage.keys()) == [KEY]


def test_what_was_damaged_is_written_anew(file: Path, tmp_path: Path) -> None:
    storage = Storage(f"{tmp_path}/storage")
    storage.put(file, SHA256, suffix=".fits")
    kept = tmp_path / "storage" / KEY
    kept.chmod(0o600)
    kept.write_bytes(CONTENTS[:100])
    assert storage.digest(KEY) != SHA256
    storage.put(file, SHA256, suffix=".fits")
    assert storage.digest(KEY) == SHA256


def test_removing_is_done_once_and_again(storage: Storage, file: Path) -> None:
    storage.put(file, SHA256, suffix=".fits")
    storage.remove(KEY)
    storage.remove(KEY)
    assert storage.find(SHA256) is None and list(storage.keys()) == []
    with pytest.raises(Permanent, match="is not there|does not have"), storage.open(KEY):
        pass


def test_nothing_appears_where_the_contents_are_others(storage: Storage, file: Path) -> None:
    with pytest.raises(Permanent, match="changed while it was copied"):
        storage.put(file, "ab" * 32, suffix=".fits")
    assert list(storage.keys()) == [] and storage.find("ab" * 32) is None


def test_nothing_appears_where_the_copying_is_ended(storage: Storage, file: Path) -> None:
    def cancelled(_: float) -> None:
        raise OrderCancelled("it was cancelled while it ran")

    with pytest.raises(OrderCancelled):
        storage.put(file, SHA256, suffix=".fits", progress=cancelled)
    assert list(storage.keys()) == [] and not storage.exists(KEY)


def test_nothing_unfinished_is_left_in_a_folder(file: Path, tmp_path: Path) -> None:
    storage = Storage(f"{tmp_path}/storage")
    with pytest.raises(Permanent):
        storage.put(file, "ab" * 32)
    storage.put(file, SHA256)
    assert [path.name for path in (tmp_path / "storage").rglob("*") if path.is_file()] == [SHA256]


def test_a_large_file_is_refused_before_it_is_read(storage: Storage, tmp_path: Path) -> None:
    huge = tmp_path / "huge.fits"
    with huge.open("wb") as file:
        file.truncate(2_000_000_001)
    with pytest.raises(Permanent, match=r"huge.fits has 2000000001 bytes; at most 100000 .*storage.largest_file"):
        storage.put(huge, SHA256)


@pytest.mark.parametrize(
    "key", ["../../etc/passwd", "/etc/passwd", f"{SHA256}", f"00/00/{SHA256}", f"{KEY}/../x", f"{KEY}\n", "ab/cd/x", ""]
)
def test_nothing_but_keys_is_opened(storage: Storage, key: str) -> None:
    for ask in (storage.exists, storage.size, storage.remove, storage.digest):
        with pytest.raises(OutsideRoots):
            ask(key)


def test_a_link_out_of_the_folder_is_not_followed(file: Path, tmp_path: Path) -> None:
    storage, secret = Storage(f"{tmp_path}/storage"), tmp_path / "elsewhere"
    (secret / SHA256[2:4]).mkdir(parents=True)
    (secret / SHA256[2:4] / f"{SHA256}.fits").write_bytes(b"secret")
    (tmp_path / "storage").mkdir()
    (tmp_path / "storage" / SHA256[:2]).symlink_to(secret)
    with pytest.raises(OutsideRoots), storage.open(KEY):
        pass
    with pytest.raises(OutsideRoots):
        storage.put(file, SHA256, suffix=".fits")
    assert (secret / SHA256[2:4] / f"{SHA256}.fits").read_bytes() == b"secret"


def test_eight_copies_at_once_are_one_file(storage: Storage, file: Path) -> None:
    keys: list[str] = []
    threads = [Thread(target=lambda: keys.append(storage.put(file, SHA256, suffix=".fits"))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert keys == [KEY] * 8 and list(storage.keys()) == [KEY] and storage.digest(KEY) == SHA256


def test_no_secret_is_in_what_is_said(object_store: ObjectStore, file: Path) -> None:
    nowhere = Storage(
        "s3://AKIDNEVERSHOWN:SECRETNEVERSHOWN@no-such-bucket/x?token=SECRETNEVERSHOWN", object_store.options
    )
    away = Storage(object_store.bucket(), {"endpoint_url": "http://127.0.0.1:9", "connect_timeout": 1})
    for storage in (nowhere, away):
        with pytest.raises((Permanent, Temporary)) as caught:
            storage.put(file, SHA256)
        assert "NEVERSHOWN" not in str(caught.value) and "s3://" in str(caught.value)
        assert caught.value.__cause__ is None and caught.value.__suppress_context__


@pytest.mark.parametrize(
    "settings",
    [
        {"options": {"secret": "x"}},
        {"options": {"aws_access_key_id": "x"}},
        {"url": "s3://user:password@bucket/x"},
        {"largest_file": 0},
    ],
)
def test_settings_hold_no_secrets(settings: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        StorageSettings.model_validate(settings)


@pytest.mark.parametrize(
    ("name", "suffix"),
    [
        ("night/frame.FITS", ".fits"),
        ("frame.fits.fz", ".fits.fz"),
        ("notes", ""),
        ("sn.2026.csv", ".csv"),
        ("folder.d/notes", ""),
        ("x.a-very-long-one", ""),
        ("Jörg.csv", ".csv"),
    ],
)
def test_suffixes(name: str, suffix: str) -> None:
    assert suffix_of(name) == suffix
