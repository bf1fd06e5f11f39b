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
GRACE = 30.0  # for draining, which takes 20 at most; seconds
LOOK = 2.0  # between two looks at who our parent is; seconds


def end_with_supervisor(sign: signal.Signals = signal.SIGTERM, *, grace: float = GRACE) -> bool:
    """Ask to be sent `sign` when the supervisor named in the environment ends; False where none is named.

    On Linux the kernel sends it at once; elsewhere a thread that looks now and then does. A supervisor that is gone
    already counts as one that ends now. Who has not ended `grace` seconds later is killed.
    """
    named = os.environ.pop(SUPERVISOR, "")  # our own children are not the supervisor's
    if not named.isdigit():
        return False
    supervisor = int(named)
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, int(sign), 0, 0, 0)
    threading.Thread(target=_watch, args=(supervisor, sign, grace), name="supervisor-watch", daemon=True).start()
    if os.getppid() != supervisor:
        os.kill(os.getpid(), sign)
    return True


def _watch(supervisor: int, sign: signal.Signals, grace: float) -> None:
    while os.getppid() == supervisor:
        time.sleep(min(LOOK, grace))
    if sys.platform != "linux":
        os.kill(os.getpid(), sign)
    time.sleep(grace)
    os.kill(os.getpid(), signal.SIGKILL)
