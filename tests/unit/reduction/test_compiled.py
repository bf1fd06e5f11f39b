"""Kernels work wherever they run: with a cache, without any, on a full disk; importing the room compiles nothing."""

from __future__ import annotations

import subprocess
import sys

import numba
import pytest

from toros.reduction.compiled import compiled

PROGRAM = """
import sys
import toros.reduction.batch, toros.reduction.bands, toros.reduction.steps
print(sorted({"numba", "astropy", "ccdproc", "scipy", "sep"} & set(sys.modules)))
"""


def kernel_without_a_home() -> object:
    """Return a function that no file holds: numba has no place for its machine code."""
    names: dict[str, object] = {}
    exec("def twice(x):\n    return 2 * x", names)
    return names["twice"]


def test_a_kernel_that_cannot_be_kept_is_compiled_all_the_same() -> None:
    kernel = compiled(kernel_without_a_home())  # type: ignore[type-var]
    assert kernel(21) == 42  # type: ignore[operator]
    assert kernel.signatures  # type: ignore[attr-defined]


def thrice(x: float) -> float:
    """Return three times x."""
    return 3 * x


def test_a_full_disk_does_not_stop_a_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*args: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(numba.core.caching.IndexDataCacheFile, "save", full)
    monkeypatch.setattr(numba.core.caching.IndexDataCacheFile, "load", lambda *args: None)
    kernel = compiled(thrice)
    assert kernel(14) == 42


def test_importing_the_room_loads_no_heavy_library() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"
