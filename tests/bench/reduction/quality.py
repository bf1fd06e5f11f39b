"""Sky, noise, stars and their shapes, measured on a whole frame."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import sep
from ccdproc import CCDData
from numpy.typing import NDArray

from tests.bench.measure import Goal
from tests.unit.reduction.made_stars import drawn, strewn
from toros.reduction.quality import measure as measure_quality
from toros.sky.thumbnail import shrunk

FWHM = 3.06
FRAMES = {4096: 10_000, 10560: 65_000}  # stars


def measure(small: bool) -> list[Goal]:
    """Return the goals; correctness is checked before the time is taken."""
    goals = []
    for side, stars in {1024: 600}.items() if small else FRAMES.items():
        image = drawn(strewn(stars, side, seed=1, faint=4000.0, bright=3e6), side, fwhm=FWHM)
        frame = CCDData(image, unit="electron", mask=image > 60_000, copy=False)
        found = measure_quality(frame, counts=True)
        assert abs(found["fwhm_pixels"] / FWHM - 1) < 0.01, found
        assert abs(found["sources"] / stars - 1) < 0.05, found
        ours = _least(lambda frame=frame: measure_quality(frame, counts=True))
        goals += [
            _time(side, ours, small),
            _beside_sep(side, image, ours),
            _memory(side, frame),
            _thumbnail(side, image),
        ]
    return goals


def _least(work: Callable[[], Any], times: int = 4) -> float:
    """Return the shortest time of several; seconds of the processor, since others may work beside."""
    taken = []
    for _ in range(times):
        began = time.process_time()
        work()
        taken.append(time.process_time() - began)
    return min(taken)


def _time(side: int, ours: float, small: bool) -> Goal:
    most = 1.0 if small else {4096: 0.9, 10560: 10.0}[side]
    return Goal(f"quality of {side} x {side}, seconds", f"{ours:.2f} s", "", ours, most=most)


def _beside_sep(side: int, image: NDArray[np.float32], ours: float) -> Goal:
    """Compare with what a notebook does: background and extraction by sep as they come, without shapes."""

    def theirs() -> None:
        sky = sep.Background(image)
        sep.set_extract_pixstack(image.size // 8)
        sep.extract(image - sky.back(), 5.0, err=sky.globalrms)

    taken = _least(theirs, 1 if side > 5000 else 3)
    return Goal("  its time over that of sep's defaults", f"{ours:.2f} s", f"{taken:.2f} s", ours / taken, most=1.0)


def _memory(side: int, frame: CCDData) -> Goal:
    """Return the goal of memory: the peak beyond the frame itself, in copies of its image."""
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
    before = _peak()
    measure_quality(frame, counts=True)
    used = (_peak() - before) / frame.data.nbytes
    return Goal("  memory beyond the frame, copies of the image", f"{used:.2f}", "", used, most=2.0)


def _peak() -> float:
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    return float(line.split()[1]) * 1024


def _thumbnail(side: int, image: NDArray[np.float32]) -> Goal:
    """Compare shrinking for a picture with reading the frame's pixels once."""
    ours, once = _least(lambda: shrunk(image, 512)), _least(lambda: image.sum())
    return Goal("  a thumbnail's time over summing the frame", f"{ours:.3f} s", f"{once:.3f} s", ours / once, most=12.0)
