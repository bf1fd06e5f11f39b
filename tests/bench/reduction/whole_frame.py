"""One raw file to its calibrated product on one core: cosmic rays, quality, uncertainty, mask, and what it takes.

The process has made a small product before, as the daemon's children have, and makes the same one three times (of
TOROS once): the time is that of the first, the peak that of all. The files are in the page cache. What the peers take
is told, and no goal: ccdproc's steps, astroscrappy and sep, each by its own calls.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from astropy.io import fits
from numpy.typing import NDArray

from tests.bench.measure import Goal
from tests.support.sky_scene import sky_scene
from toros.errors import BadFrame
from toros.reduction.batch import Batch
from toros.reduction.flags import Flag
from toros.reduction.product import Job, make_product

BIAS, GAIN, NOISE, DARK = 1000.0, 1.5, 6.5, 15.0  # counts, electrons per count, electrons, counts
EXPOSURE, SKY = 30.0, 200.0  # seconds, electrons


def measure(small: bool) -> list[Goal]:
    """Return what was measured."""
    goals = _of_a_frame("512 x 512" if small else "4096 x 4096", 512 if small else 4096, peers=True)
    return goals if small else [*goals, *_of_a_frame("TOROS, 12000 x 10600", 10560, amplifiers=True)]


def _of_a_frame(name: str, side: int, *, amplifiers: bool = False, peers: bool = False) -> list[Goal]:
    with TemporaryDirectory(prefix="toros-bench-") as folder:
        tiny = _job(Path(folder) / "tiny", 128)
        whole = _job(Path(folder) / "whole", side, amplifiers=amplifiers)
        runs = [_in_a_fresh_process(tiny, *[whole] * (1 if amplifiers else 3)) for _ in range(2)]
        peer = f"peers {_theirs(Path(folder) / 'whole'):.1f} s" if peers else ""
    seconds, peak = min(run[0] for run in runs), max(run[1] for run in runs)
    most, memory = (25.0, 1100) if amplifiers else (3.5, 400)
    return [
        Goal(f"{name}: processor time, s", f"{seconds:.2f} s", peer, seconds, most=most),
        Goal(f"{name}: MB at the peak", f"{peak:.0f} MB", "", peak, most=memory),
    ]


def _job(folder: Path, side: int, *, amplifiers: bool = False) -> Path:
    """Write a light and its masters, and return where the job of making the product lies, as a batch would plan it."""
    folder.mkdir()
    write_frames(folder, side, amplifiers=amplifiers)
    jobs: list[Job] = []

    def run(
        function: Callable[..., Any],
        arguments: Sequence[tuple[Any, ...]],
        width: int,  # noqa: ARG001
    ) -> Iterator[tuple[int, Any]]:
        for position, one in enumerate(arguments):
            if function is make_product:
                jobs.append(one[0])
                yield position, BadFrame("is planned only")
            else:
                yield position, function(*one)

    batch = Batch(output=folder / "out", run=run, cosmic_rays=True)
    inventory = batch.look([(path, f"raw:{path.name}") for path in sorted(folder.glob("*.fits"))])
    masters, _ = batch.make_masters(inventory)
    assert len(masters) == 3, batch.unusable
    batch.calibrate(inventory.light, masters)
    path = folder / "job.pickle"
    path.write_bytes(pickle.dumps(jobs[0]))
    return path


def write_frames(folder: Path, side: int, *, amplifiers: bool) -> None:
    """Write a light and its finished masters."""
    tile = next(n for n in (1056, 1024, 512, 128) if side % n == 0)
    scene = np.tile(sky_scene((tile, tile), gain=GAIN, read_noise=NOISE, sky=SKY).image, (side // tile, side // tile))
    raw = np.clip(np.round(scene + np.float32(BIAS + DARK)), 0, 65535).astype(np.uint16)
    if amplifiers:
        raw = _with_overscan(raw)
    camera = "TOROS" if amplifiers else "Made up"
    _write(folder / "light.fits", raw, "LIGHT", EXPOSURE, camera)
    level = 0.0 if amplifiers else BIAS
    # counts of several amplifiers are electrons before anything is subtracted, and so are their masters
    unit, per_count = ("electron", GAIN) if amplifiers else ("adu", 1.0)
    for kind, value, exposure in (("BIAS", level, 0.0), ("DARK", DARK * per_count, EXPOSURE), ("FLAT", 1.0, 2.0)):
        done = (
            {"BUNIT": unit}
            | ({"SUBOSCAN": "done"} if amplifiers else {})
            | ({} if kind == "BIAS" else {"SUBBIAS": "done"})
        )
        master = np.full((side, side), value, np.float32)
        _write(folder / f"{kind.lower()}.fits", master, kind, exposure, camera, COMBINED=True, **done)


def _write(path: Path, data: NDArray[Any], kind: str, exposure: float, camera: str, **more: Any) -> None:
    cards = {"IMAGETYP": kind, "EXPTIME": exposure, "INSTRUME": camera, "FILTER": "r", "GAIN": GAIN, "RDNOISE": NOISE}
    fits.PrimaryHDU(data, fits.Header({**cards, **more})).writeto(path)


def _with_overscan(sky: NDArray[np.uint16]) -> NDArray[np.uint16]:
    """Return sixteen amplifiers' sky as they are read, with overscan beside each and amid the frame."""
    raw = np.full((10600, 12000), BIAS, np.uint16)
    for n in range(8):
        columns, place = np.s_[1500 * n : 1500 * n + 1320], np.s_[1320 * n : 1320 * (n + 1)]
        raw[:5280, columns], raw[5320:, columns] = sky[:5280, place], sky[5280:, place]
    return raw


def _in_a_fresh_process(*jobs: Path) -> tuple[float, float]:
    """Return the seconds of the processor that the second job takes, and the peak of the process's memory, MB."""
    command = [sys.executable, "-m", "tests.bench.reduction.whole_frame", *map(str, jobs)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    seconds, peak = done.stdout.split()[-2:]
    return float(seconds), float(peak)


def _theirs(folder: Path) -> float:
    """Return the seconds of the processor that the peers take for the same steps, once."""
    import astroscrappy
    import ccdproc
    import sep
    from astropy import units as u

    started = time.process_time()
    ccd, bias, dark, flat = (
        ccdproc.CCDData.read(folder / f"{name}.fits", unit="adu") for name in ("light", "bias", "dark", "flat")
    )
    ccd = ccdproc.subtract_bias(ccd, bias)
    ccd = ccdproc.create_deviation(
        ccd, gain=GAIN * u.electron / u.adu, readnoise=NOISE * u.electron, disregard_nan=True
    )
    ccd = ccdproc.subtract_dark(ccd, dark, data_exposure=EXPOSURE * u.s, dark_exposure=EXPOSURE * u.s)
    ccd = ccdproc.gain_correct(ccdproc.flat_correct(ccd, flat), GAIN * u.electron / u.adu)
    ccd.mask, cleaned = astroscrappy.detect_cosmics(ccd.data, readnoise=NOISE, satlevel=np.inf)
    sky = sep.Background(cleaned)
    sep.extract(cleaned - sky.back(), 5.0, err=sky.globalrms)
    ccd.write(folder / "theirs.fits")
    return time.process_time() - started


def main() -> None:
    """Make the small product, then the whole ones, and print the seconds of the first of these and the peak of all."""
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    tiny, whole, *again = (pickle.loads(Path(path).read_bytes()) for path in sys.argv[1:])
    make_product(tiny)
    started = time.process_time()
    made = make_product(whole)
    seconds = time.process_time() - started
    for job in again:
        make_product(job)
    status = Path("/proc/self/status").read_text(encoding="ascii")
    peak = next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM"))
    assert abs(made.quality["background"] - SKY) < 0.02 * SKY, made.quality
    with fits.open(made.path) as hdus:
        assert (hdus["MASK"].data & Flag.COSMIC_RAY).any()
    print(seconds, int(peak) * 1024 / 1e6)


if __name__ == "__main__":
    main()
