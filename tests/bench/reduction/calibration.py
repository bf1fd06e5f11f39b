"""One frame in memory to calibrated image, uncertainty and mask, on one core.

The floor is to copy once as many bytes as go in and come out: half of them read, half of them written. ccdproc does
the same steps by its own functions, on float32, its faster way.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import ccdproc
import numpy as np
from astropy import units as u
from astropy.nddata import CCDData

from tests.bench.measure import Goal
from tests.bench.reduction.memory import beyond
from toros.reduction.bands import CalibratedRows
from toros.reduction.chain import Planes, chain_of
from toros.reduction.planes import ArrayRows
from toros.reduction.recipe import Step

GAIN, NOISE, SCALE = 1.5, 8.0, 2.0
ROUNDS = 7


@dataclass
class Situation:
    """A raw frame of many amplifiers, side by side in one array, with its masters."""

    raw: Any
    strips: list[str]
    places: list[list[str]]
    bias: Any
    dark: Any
    flat: Any

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of the sky."""
        rows, columns = self.bias.shape
        return rows, columns

    def steps(self, method: str) -> list[Step]:
        """Return what is done."""
        return [
            Step("mask_pixels", {"saturation": 60000.0}),
            Step("subtract_overscan", {"sections": self.strips, "method": method}),
            Step("mosaic_amplifiers", {"amplifiers": self.places}),
            Step("subtract_bias"),
            Step("create_deviation", {"gain": GAIN, "read_noise": NOISE}),
            Step("subtract_dark", {"data_exposure": 60.0, "dark_exposure": 30.0, "scale": True}),
            Step("flat_correct", {"norm_value": 1.0}),
        ]


def situation(high: int, wide: int, rows: int, columns: int, over: int) -> Situation:
    """Return a frame of `high` times `wide` amplifiers of `rows` times `columns` pixels and `over` of overscan each."""
    rng = np.random.default_rng(1)
    raw = rng.integers(900, 1100, (high * rows, wide * (columns + over)), dtype=np.uint16)
    strips, places = [], []
    for k in range(high * wide):
        up, right = divmod(k, wide)
        left, bottom = right * (columns + over), up * rows
        span = f"{bottom + 1}:{bottom + rows}"
        strips.append(f"[{left + columns + 1}:{left + columns + over},{span}]")
        data = f"[{left + 1}:{left + columns},{span}]"
        places.append([data, f"[{right * columns + 1}:{(right + 1) * columns},{span}]", ""])
    shape = (high * rows, wide * columns)
    bias, dark = (rng.normal(0, 2, shape).astype("f4") for _ in range(2))
    return Situation(raw, strips, places, bias, dark, rng.uniform(0.8, 1.2, shape).astype("f4"))


def ours(s: Situation, method: str) -> tuple[Callable[[], None], tuple[Any, Any, Any]]:
    """Return what calibrates the frame, and where it puts image, standard deviation and flags."""
    made = tuple(np.ones(s.shape, kind) for kind in ("f4", "f4", "u1"))
    masters = {role: Planes(ArrayRows(getattr(s, role))) for role in ("bias", "dark", "flat")}
    rows = CalibratedRows(chain_of(s.steps(method), s.raw.shape), Planes(ArrayRows(s.raw)), masters)
    return lambda: rows.fill(0, s.shape[0], *made), made


def theirs(s: Situation) -> CCDData:
    """Return the frame as ccdproc's functions make it, amplifier by amplifier up to the mosaic."""
    mosaic = np.empty(s.shape, "f4")
    whole = CCDData(s.raw.astype("f4"), unit="adu")
    for strip, (data, place, _) in zip(s.strips, s.places, strict=True):
        rows, columns = _slice(data)
        over_rows, over_columns = _slice(strip)
        amplifier = CCDData(whole.data[rows, columns.start : over_columns.stop], unit="adu")
        size = columns.stop - columns.start
        strip_here = CCDData(whole.data[over_rows, over_columns], unit="adu")
        less = ccdproc.subtract_overscan(amplifier, overscan=strip_here, overscan_axis=1, median=True)
        mosaic[_slice(place)] = less.data[:, :size]
    ccd = CCDData(mosaic, unit="adu", mask=np.zeros(s.shape, bool))
    ccd = ccdproc.subtract_bias(ccd, CCDData(s.bias, unit="adu"))
    ccd = ccdproc.create_deviation(
        ccd, gain=GAIN * u.electron / u.adu, readnoise=NOISE * u.electron, disregard_nan=True
    )
    dark = CCDData(s.dark, unit="adu").multiply(np.float32(SCALE))
    ccd = ccdproc.subtract_dark(ccd, dark, data_exposure=60 * u.s, dark_exposure=30 * u.s, scale=False)
    return ccdproc.flat_correct(ccd, CCDData(s.flat, unit="adu"), norm_value=np.float32(1.0) * u.adu)


def _slice(section: str) -> tuple[slice, slice]:
    left, right, bottom, top = (int(n) for n in section.strip("[]").replace(",", ":").split(":"))
    return slice(bottom - 1, top), slice(left - 1, right)


def best(work: Callable[[], Any], rounds: int = ROUNDS) -> float:
    """Return the shortest of several times; seconds of the processor, so that others on the machine do not count."""
    times = []
    for _ in range(rounds):
        started = time.process_time()
        work()
        times.append(time.process_time() - started)
    return min(times)


def copying(s: Situation, made: tuple[Any, ...]) -> Callable[[], None]:
    """Return what copies as many bytes as go in and come out."""
    size = sum(a.nbytes for a in (s.raw, s.bias, s.dark, s.flat, *made)) // 2
    source, target = np.ones(size, "u1"), np.zeros(size, "u1")
    return lambda: np.copyto(target, source)


def measure(small: bool) -> list[Goal]:
    """Measure a TOROS frame; a small one of as many amplifiers to try the bench."""
    s = situation(2, 8, 300, 330, 45) if small else situation(2, 8, 5300, 1320, 180)
    name = f"{s.raw.shape[1]} x {s.raw.shape[0]}, 16 amplifiers"
    goals = []
    times = {}
    for method in ("trimmed_mean", "median", "mean"):
        work, made = ours(s, method)
        work()  # compiled
        if method == "median":
            right = theirs(s)
            assert np.abs(made[0] - right.data).max() <= 4 * np.finfo("f4").eps * 2000
            assert np.abs(made[1] - right.uncertainty.array).max() <= 4 * np.finfo("f4").eps * 2000
            assert not made[2].any()
            del right
        times[method] = best(work)
    floor = best(copying(s, made))
    peer = best(lambda: theirs(s), 2)
    ours_ms = ", ".join(f"{m} {1e3 * t:.0f} ms" for m, t in times.items())
    goals.append(
        Goal(f"{name}: times the floor", ours_ms, f"copy {1e3 * floor:.0f} ms", times["trimmed_mean"] / floor, most=2.5)
    )
    goals.append(
        Goal(f"{name}: times faster", ours_ms, f"ccdproc {peer:.2f} s", peer / times["trimmed_mean"], least=25)
    )
    extra = beyond("tests.bench.reduction.calibration", "calibrate_once", "small" if small else "large")
    goals.append(Goal(f"{name}: MB beyond what goes in and comes out", f"{extra:.0f} MB", "", extra, most=64))
    return goals


def calibrate_once(size: str) -> Callable[[], None]:
    """Prepare a frame and return what calibrates it, for measuring memory."""
    s = situation(2, 8, 300, 330, 45) if size == "small" else situation(2, 8, 5300, 1320, 180)
    tiny = situation(1, 1, 8, 8, 4)
    ours(tiny, "trimmed_mean")[0]()  # the kernels are loaded
    return ours(s, "trimmed_mean")[0]
