"""Compiling a kernel on its first call, and remembering it on disk where that is possible.

Modules of kernels import this one at their top and are themselves imported late, inside the functions that need them:
numba takes longer to import than all the rest of the room.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, TypeVar

import numba

__all__ = ["compiled", "inner"]

F = TypeVar("F", bound=Callable[..., Any])
log = logging.getLogger(__name__)


def compiled(function: F) -> F:
    """Return a function compiled by numba, without Python's checks of division, and without its lock while it runs.

    The machine code is kept beside the module, else where `NUMBA_CACHE_DIR` or the user's own cache is; where none of
    these can be written, or the disk is full, each process compiles for itself. A kernel that calls another keeps it
    in its own module: numba renews what it kept only when that module's file changes.
    """
    # the default error model tests every divisor, and nothing is vectorised: three times the time
    made: Any = numba.njit(error_model="numpy", nogil=True)(function)
    kernel: F = made
    try:
        made.enable_caching()
    except RuntimeError as error:  # numba found no folder that it may write to
        log.debug("the kernel %s is not kept on disk: %s", function.__name__, error)
        return kernel
    keep = made._cache.save_overload

    def keep_if_possible(*args: Any) -> None:
        try:
            keep(*args)
        except OSError as error:
            log.debug("the kernel %s is not kept on disk: %s", function.__name__, error)

    made._cache.save_overload = keep_if_possible
    return kernel


def inner(function: F) -> F:
    """Return a function that only compiled ones of its own module call, built the same way.

    It has no entry from Python and no copy on disk, since its callers hold its code: a fifth less to compile. It is
    compiled for each type that it is called with; a plain number that is handed on can count as a type of its own.
    """
    without: dict[str, Any] = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}  # numba's stubs do not know them
    made: F = numba.njit(error_model="numpy", nogil=True, **without)(function)
    return made
