"""A daemon that was started by a supervisor ends with it, even where the supervisor is killed without a word."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import threading
import time

__all__ = ["SUPERVISOR", "end_with_supervisor"]

SUPERVISOR = "TOROS_SUPERVISOR"  # environment variable: the supervisor's process id
PR_SET_PDEATHSIG = 1  # linux/prctl.h


def end_with_supervisor(sign: signal.Signals = signal.SIGTERM) -> bool:
    """Ask to be sent `sign` when the supervisor named in the environment ends; False where none is named.

    On Linux the kernel sends it; elsewhere a thread looks once a second whether the parent is still the same.
    A supervisor that is gone already counts as one that ends now.
    """
    named = os.environ.pop(SUPERVISOR, "")  # our own children are not the supervisor's
    if not named.isdigit():
        return False
    supervisor = int(named)
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, int(sign), 0, 0, 0)
    else:
        threading.Thread(target=_watch, args=(supervisor, sign), name="supervisor-watch", daemon=True).start()
    if os.getppid() != supervisor:
        os.kill(os.getpid(), sign)
    return True


def _watch(supervisor: int, sign: signal.Signals) -> None:
    while os.getppid() == supervisor:
        time.sleep(1.0)
    os.kill(os.getpid(), sign)
