"""The jail: a location never leads outside its root, whoever swaps what meanwhile."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toros import files
from toros.errors import OutsideRoots, Permanent, Temporary
from toros.files import Roots, open_beneath

SECRET = "not for you"


@pytest.fixture
def roots(tmp_path: Path) -> Roots:
    (tmp_path / "state/raw/night/batch").mkdir(parents=True)
    (tmp_path / "state/raw/night/batch/light.fits").write_text("light")
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/light.fits").write_text(SECRET)
    return Roots({"raw": Path("raw"), "products": Path("products"), "far": tmp_path / "far"}, tmp_path / "state")


@pytest.fixture(params=["openat2", "step by step"])
def kernel(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "step by step":
        monkeypatch.setattr(files, "_openat2", files._step_by_step)
    return str(request.param)


def test_a_location_is_found(roots: Roots, tmp_path: Path, kernel: str) -> None:
    assert roots.path("raw:night/batch") == tmp_path / "state/raw/night/batch"
    assert roots.path("raw:night//./batch/") == tmp_path / "state/raw/night/batch"
    assert roots.path("raw:") == tmp_path / "state/raw"
    with roots.open("raw:night/batch/light.fits") as stream:
        assert stream.read() == b"light"


@pytest.mark.parametrize(
    "location",
    [
        "raw:../outside", "raw:night/../../../outside", "raw:..", "raw:/etc/passwd", "raw://etc/passwd", "/etc/passwd",
        "file:///etc/passwd", "\\\\server\\share", "//server/share", "raw:\\..\\outside", "raw:night\0/../..",
        "raw:night\nx", "raw:~root", "nowhere:x", ":x", "", "raw", "http://127.0.0.1/x", "raw:night/..", "RAW:night",
    ],
)  # fmt: skip
def test_whatever_leaves_the_roots_is_refused(roots: Roots, location: str, kernel: str) -> None:
    with pytest.raises(OutsideRoots):
        roots.path(location)
    with pytest.raises(OutsideRoots):
        roots.path(location, must_exist=False)
    with pytest.raises(OutsideRoots), roots.open(location):
        pass


@pytest.mark.parametrize("target", ["../../outside", "{tmp}/outside", "/etc", "/proc/self/root/etc"])
def test_links_that_lead_outside_are_refused(roots: Roots, tmp_path: Path, target: str, kernel: str) -> None:
    (tmp_path / "state/raw/link").symlink_to(target.format(tmp=tmp_path))
    for location in ("raw:link/light.fits", "raw:link", "raw:link/new/file"):
        with pytest.raises(OutsideRoots):
            roots.path(location, must_exist=False)
    with pytest.raises(OutsideRoots), roots.open("raw:link/light.fits"):
        pass


def test_links_inside_a_root_are_followed(roots: Roots, tmp_path: Path) -> None:
    (tmp_path / "state/raw/tonight").symlink_to("night")
    assert roots.path("raw:tonight/batch") == tmp_path / "state/raw/night/batch"


def test_what_is_about_to_be_written_need_not_exist(roots: Roots, tmp_path: Path, kernel: str) -> None:
    assert roots.path("products:a/b/c.fits", must_exist=False) == tmp_path / "state/products/a/b/c.fits"
    with pytest.raises(Permanent, match="does not exist"):
        roots.path("products:a/b/c.fits")
    with pytest.raises(Permanent, match="not a folder"):
        roots.path("raw:night/batch/light.fits/x", must_exist=False)


def test_a_root_on_a_disk_that_is_not_mounted_is_worth_another_try(roots: Roots) -> None:
    with pytest.raises(Temporary, match="mounted"):
        roots.path("far:x")


def test_location_is_the_inverse_of_path(roots: Roots, tmp_path: Path) -> None:
    for location in ("raw:night/batch/light.fits", "products:new/file.fits", "raw:"):
        assert roots.location(roots.path(location, must_exist=False)) == location
    with pytest.raises(OutsideRoots):
        roots.location(tmp_path / "outside/light.fits")
    with pytest.raises(OutsideRoots):
        roots.location(tmp_path / "state/raw/../../outside/light.fits")


def test_the_innermost_root_names_a_file(tmp_path: Path) -> None:
    (tmp_path / "all/raw").mkdir(parents=True)
    roots = Roots({"all": tmp_path / "all", "raw": tmp_path / "all/raw"}, tmp_path)
    assert roots.location(tmp_path / "all/raw/x") == "raw:x"


@given(st.text(alphabet="ab./\\:~\0 ", max_size=24))
def test_no_spelling_escapes(spelling: str) -> None:
    base = Path("/tmp").resolve()  # noqa: S108 - nothing is written
    with suppress(OutsideRoots, Permanent, Temporary):
        path = Roots({"raw": base}, base).path(f"raw:{spelling}", must_exist=False)
        assert path.is_relative_to(base)


def _swapping(stop: threading.Event, first: Callable[[], None], then: Callable[[], None]) -> threading.Thread:
    def swap() -> None:
        while not stop.is_set():
            first()
            then()

    thread = threading.Thread(target=swap)
    thread.start()
    return thread


def test_nothing_escapes_while_somebody_swaps_the_folder(roots: Roots, tmp_path: Path, kernel: str) -> None:
    """A folder becomes a link to the outside and a folder again, as fast as it goes, while 500 files are opened."""
    raw = tmp_path / "state/raw"
    (raw / "trap").symlink_to("../../outside")
    stop = threading.Event()

    def exchange() -> None:  # each name is always there: now the folder, now the link
        (raw / "night/batch").rename(raw / "aside")
        (raw / "trap").rename(raw / "night/batch")

    def back() -> None:
        (raw / "night/batch").rename(raw / "trap")
        (raw / "aside").rename(raw / "night/batch")

    thread = _swapping(stop, exchange, back)
    read = escaped = refused = 0
    try:
        for _ in range(500):
            try:
                with roots.open("raw:night/batch/light.fits") as stream:
                    read += 1
                    escaped += SECRET.encode() in stream.read()
            except (OutsideRoots, Permanent, Temporary):
                refused += 1
    finally:
        stop.set()
        thread.join()
    assert read + refused == 500
    assert escaped == 0
    assert read > 0
    assert refused > 0


def test_a_device_or_pipe_does_not_hang_the_reader(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    number = open_beneath(tmp_path, "pipe", os.O_RDONLY | os.O_NONBLOCK)
    os.close(number)
