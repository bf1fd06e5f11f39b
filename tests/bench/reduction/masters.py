"""A master of 20 frames of 4096 x 4096 pixels from disk, sigma-clipped, on one core.

The floor is to read all frames once, some rows at a time, and to write a master. ccdproc combines the same files; it is
given a part of the rows, where all would take minutes, and its time is scaled to all of them.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import ccdproc
import numpy as np
from astropy.io import fits
from astropy.nddata import CCDData

from tests.bench.measure import Goal
from tests.bench.reduction.calibration import best
from tests.bench.reduction.memory import beyond
from toros.reduction.combine import combine_rows
from toros.reduction.frame import open_frame
from toros.reduction.planes import ArrayRows, MaskedRows

FRAMES, CLIP, PART = 20, 5.0, 512  # frames; standard deviations; rows that ccdproc is given
SIGMA = 1.482602218505602


def write_frames(folder: Path, side: int) -> list[Path]:
    """Write bias frames with a few hits."""
    paths = []
    for n in range(FRAMES):
        rng = np.random.default_rng(n)
        frame = rng.normal(1000, 8, (side, side))
        frame[rng.integers(0, side, 500), rng.integers(0, side, 500)] += 3000
        paths.append(folder / f"bias-{n:02d}.fits")
        fits.PrimaryHDU(np.round(frame).astype(np.uint16)).writeto(paths[-1])
    return paths


def opened(paths: list[Path], files: ExitStack) -> list[Any]:
    """Return the open images."""
    return [files.enter_context(open_frame(path)).image for path in paths]


def streaming(paths: list[Path], side: int, output: Path) -> Callable[[], None]:
    """Return what reads every byte of the frames once, and writes as many as a master has."""
    rows = np.zeros(64 * side, np.uint16)
    image = np.zeros((side, side), np.float32)

    def run() -> None:
        for path in paths:
            with path.open("rb", buffering=0) as file:
                while file.readinto(rows):
                    pass
        image.tofile(output)

    return run


def theirs(paths: list[Path], rows: int) -> CCDData:
    """Return the first rows combined by ccdproc."""

    def spread(values: Any, axis: int) -> Any:
        middle = np.expand_dims(np.nanmedian(values, axis=axis), axis)
        return np.fmax(SIGMA * np.nanmedian(np.abs(values - middle), axis=axis), 8.0)

    frames = [CCDData(fits.getdata(path)[:rows], unit="adu") for path in paths]
    return ccdproc.combine(
        frames, method="average", sigma_clip=True, sigma_clip_low_thresh=CLIP, sigma_clip_high_thresh=CLIP,
        sigma_clip_func=np.nanmedian, sigma_clip_dev_func=spread, dtype=np.float32,
    )  # fmt: skip


def measure(small: bool) -> list[Goal]:
    """Measure; frames of 512 x 512 to try the bench."""
    side, part = (512, 64) if small else (4096, PART)
    with tempfile.TemporaryDirectory() as folder, ExitStack() as files:
        paths = write_frames(Path(folder), side)
        started = time.perf_counter()
        sources = opened(paths, files)
        hashing = time.perf_counter() - started
        bad = np.random.default_rng(99).random((side, side)) < 1e-3
        masked = [MaskedRows(rows, ArrayRows(bad)) for rows in sources]
        options = {"clip": CLIP, "floor": 1.0}
        made = combine_rows(sources, options)
        started = time.process_time()
        right = theirs(paths, part)
        peer = (time.process_time() - started) * side / part
        agree = np.abs(made.data[:part] - right.data) <= 4 * np.finfo("f4").eps * 5000
        assert agree.mean() > 0.9999, "but for values at the very limit, the master is that of ccdproc"
        floor = best(streaming(paths, side, Path(folder) / "master"), 5)
        plain, with_masks = (best(lambda s=s: combine_rows(s, options), 5) for s in (sources, masked))
        extra = beyond("tests.bench.reduction.masters", "combine_once", folder)
    said = f"{plain:.2f} s, with masks {with_masks:.2f} s"
    name, slow = f"{FRAMES} frames of {side} x {side}", f"ccdproc.combine {peer:.1f} s ({part} rows, scaled)"
    return [
        Goal(f"{name}: times the streaming pass", said, f"read and write {floor:.2f} s", with_masks / floor, most=5),
        Goal(f"{name}: times faster", said, slow, peer / with_masks, least=50),
        Goal(f"{name}: MB beyond the master", f"{extra:.0f} MB", f"(hashing them: {hashing:.2f} s)", extra, most=100),
    ]


def combine_once(folder: str) -> Callable[[], None]:
    """Open the frames and return what combines them, for measuring memory; what comes out is taken off again."""
    files = ExitStack()
    sources = opened(sorted(Path(folder).glob("bias-*.fits")), files)
    rows, columns = sources[0].shape
    reserve = np.ones(rows * columns * (4 + 4 + 1 + 1), "u1")  # as large as what comes out, and already in memory
    small = [MaskedRows(s, ArrayRows(np.zeros(s.shape, bool))) for s in sources[:3]]
    combine_rows([_Few(s) for s in small], {"clip": CLIP, "floor": 1.0})  # the kernels are loaded

    def run() -> None:
        nonlocal reserve
        del reserve
        combine_rows(sources, {"clip": CLIP, "floor": 1.0})
        files.close()

    return run


class _Few:
    """The first rows of an image."""

    def __init__(self, rows: Any) -> None:
        self._rows, self.shape = rows, (8, rows.shape[1])

    def read(self, start: int, stop: int, out: Any) -> None:
        self._rows.read(start, stop, out)
