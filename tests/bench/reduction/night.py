"""A night of frames through the preprocessor's daemon: two cores against one, and what memory all its processes take.

The daemon is real, and so are its children; masters are finished ones. With one core the daemon and its only child
share it; with two, each child has its own. Each product takes nine bytes a pixel of the disk until its run is over.
"""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import psutil
from astropy.io import fits

from tests.bench.measure import Goal
from tests.bench.reduction.whole_frame import write_frames
from tests.support.daemons import FINISHED, Daemon, Network, eventually

__all__ = ["measure"]

FRAMES, SIDE = 24, 4096
DISTINCT = 6  # files; the others are links to them
EVERY = 1.0  # seconds between two looks at the memory; each look takes time from what is measured
MEBIBYTES = 6144  # what all frames under way may take; the default


@dataclass
class Watched:
    """What was seen of a daemon and its children while they worked.

    Attributes
    ----------
    totals : list of (float, float)
        Time, and the memory of all processes, shared pages counted once; seconds, MB.
    peaks : dict of int to float
        The highest resident memory of each process, shared pages and all; MB.
    seconds : float
        From the order's start to its end.
    busy : list of float
        Processor time of the daemon, then of each child; seconds.
    """

    totals: list[tuple[float, float]] = field(default_factory=list)
    peaks: dict[int, float] = field(default_factory=dict)
    seconds: float = 0.0
    busy: list[float] = field(default_factory=list)

    @property
    def peak(self) -> float:
        """The most that all processes took together; MB."""
        return max(total for _, total in self.totals)

    @property
    def longest(self) -> float:
        """The processor time of the busiest core, the daemon's shared between them: what others cannot lengthen; s."""
        daemon, *children = self.busy
        return max(children) + daemon / len(children)

    def growth(self) -> float:
        """The peak of the second half of the time over that of the first."""
        middle = (self.totals[0][0] + self.totals[-1][0]) / 2
        halves = ([t for at, t in self.totals if at <= middle], [t for at, t in self.totals if at > middle])
        return max(halves[1]) / max(halves[0])


def measure(small: bool, frames: int | None = None) -> list[Goal]:
    """Return what was measured; of `frames` lights, or the default number."""
    number, side = frames or FRAMES, 512 if small else SIDE
    cores = sorted(os.sched_getaffinity(0))[-2:]
    with TemporaryDirectory(prefix="toros-bench-") as name:
        folder = Path(name)
        _write_night(folder / "raw" / "2026-11-20", number, side)
        _write_night(folder / "raw" / "2026-11-21", 4, 128)
        one = _reduced(folder / "one", folder / "raw", number, side, cores[-1:])
        two = _reduced(folder / "two", folder / "raw", number, side, cores)
    rate, unhindered = one.seconds / two.seconds, one.longest / two.longest
    name = f"{number} frames of {side} x {side}"
    told = [
        f"{word} {number / run.seconds:.2f} a second, {sum(run.busy) / number:.2f} s of the processor each"
        for word, run in (("one", one), ("two", two))
    ]
    highest = max(one.peak, two.peak)
    apart = max(sum(run.peaks.values()) for run in (one, two))
    growth = max(one.growth(), two.growth())
    return [
        Goal(f"{name}: rate of two cores over that of one", told[1], told[0], rate, least=1.8),
        Goal(f"{name}: the same by processor time", f"busiest of two {two.longest:.1f} s",
             f"one {one.longest:.1f} s", unhindered, least=1.8),
        Goal(f"{name}: MB of all processes at their peak", f"{highest:.0f} MB",
             f"each one's own peak: {apart:.0f} MB", highest, most=2000),
        Goal(f"{name}: peak of the second half over the first", f"{growth:.3f}", "", growth, most=1.05),
    ]  # fmt: skip


def _write_night(folder: Path, number: int, side: int) -> None:
    """Write finished masters and lights, few of which are files of their own."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.mkdir()
    write_frames(folder, side, amplifiers=False)
    first = folder / "light.fits"
    for n in range(number):
        path = folder / f"light-{n:04d}.fits"
        if n >= DISTINCT:
            os.link(folder / f"light-{n % DISTINCT:04d}.fits", path)
            continue
        shutil.copyfile(first, path)
        with fits.open(path, mode="update") as hdus:
            hdus[0].data = np.roll(hdus[0].data, n, axis=1)
    first.unlink()


def _reduced(folder: Path, raw: Path, number: int, side: int, cores: Sequence[int]) -> Watched:
    """Reduce the night with a child on each of the cores, and return what was seen."""
    products = folder / "products"
    products.mkdir(parents=True)
    settings = {
        "files": {"roots": {"raw": str(raw), "products": str(products)}},
        "engine": {"processes": len(cores), "recycle": 1_000_000},  # a new child would hide what an old one keeps
        "reduction": {"memory": MEBIBYTES, "cosmic_rays": True},
    }
    ours = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)  # what is started from here on inherits it
    with Network(folder, ["preprocessor"], settings, forked=False) as network:
        os.sched_setaffinity(0, ours)
        desk = network["preprocessor"]
        _finish(desk, "2026-11-21")  # the children are there, their kernels loaded
        _pin(desk, cores)
        with _watching(desk) as seen:
            seen.seconds = _finish(desk, "2026-11-20")
    _check(list((products / "2026-11-20").rglob("calibrated/light-*.fits")), number, side)
    shutil.rmtree(products)
    return seen


def _finish(desk: Daemon, night: str) -> float:
    """Have a night reduced, and return the seconds from its start to its end."""
    order = desk.submit("calibrate_file_batch", file_location=f"raw:{night}")
    ended = eventually(lambda: (s := desk.status(order))["state"] in FINISHED and s, 7200, 0.5)
    assert ended["state"] == "done", ended
    assert ended["result"]["calibrated"] == ended["result"]["lights"] > 0, ended["result"]
    started, finished = (datetime.fromisoformat(ended[key]) for key in ("started", "finished"))
    return (finished - started).total_seconds()


def _check(products: Sequence[Path], number: int, side: int) -> None:
    """See that every light has its product, with all its planes and cosmic rays taken out."""
    assert len(products) == number, f"{len(products)} products of {number} lights"
    for path in products:
        with fits.open(path) as hdus:
            assert [hdu.name for hdu in hdus] == ["PRIMARY", "UNCERT", "MASK", "STARS"]
            assert all(hdu.shape == (side, side) for hdu in hdus[:3])
            steps = " ".join(str(value) for value in hdus[0].header["TSTEP*"].values())
            assert all(step in steps for step in ("subtract_bias", "subtract_dark", "flat_correct", "cosmic"))


def _pin(desk: Daemon, cores: Sequence[int]) -> None:
    """Give each child a core of its own."""
    children = psutil.Process(desk.pid).children()
    assert len(children) == len(cores), f"{len(children)} children for {len(cores)} cores"
    for child, core in zip(children, cores, strict=True):
        for thread in child.threads():
            os.sched_setaffinity(thread.id, {core})


@contextmanager
def _watching(desk: Daemon) -> Iterator[Watched]:
    """Look at the processes' memory while the block runs."""
    seen, over = Watched(), threading.Event()
    family = [psutil.Process(desk.pid), *psutil.Process(desk.pid).children()]
    before = _busy(family)

    def look() -> None:
        while not over.wait(EVERY):
            now = [process.pid for process in (family[0], *family[0].children())]
            seen.totals.append((time.monotonic(), sum(_memory(pid, "smaps_rollup", "Pss:") for pid in now)))
            seen.peaks |= {pid: _memory(pid, "status", "VmHWM:") for pid in now}

    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        yield seen
        seen.busy = [after - earlier for after, earlier in zip(_busy(family), before, strict=True)]
    finally:
        over.set()
        watcher.join()


def _memory(process: int, file: str, name: str) -> float:
    """Return a number of a process's own account of its memory; MB, 0 where it has ended."""
    with suppress(OSError):
        for line in Path(f"/proc/{process}/{file}").read_text(encoding="ascii").splitlines():
            if line.startswith(name):
                return int(line.split()[1]) * 1024 / 1e6
    return 0.0


def _busy(family: Sequence[psutil.Process]) -> list[float]:
    """Return the processor time of each process so far; seconds."""
    return [sum(process.cpu_times()[:2]) for process in family]
