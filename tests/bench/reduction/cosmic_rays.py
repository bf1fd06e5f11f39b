"""Cosmic rays: ours beside astroscrappy on one core, with the truth known, and what each takes in memory."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

from tests.bench.measure import Goal
from tests.bench.reduction.memory import beyond
from tests.support.sky_scene import Scene, Score, sky_scene

SEEINGS = (1.6, 2.2, 3.0, 4.5)  # FWHM, pixels
DETECTORS = ((1.0, 6.5, 200.0), (0.4, 3.0, 20.0), (2.5, 12.0, 3000.0))  # gain, read noise, sky
EDGE = 32  # pixels, where the two differ on purpose
Answer = tuple[NDArray[np.bool_], NDArray[np.float32]]


def measure(small: bool) -> list[Goal]:
    """Return what was measured."""
    side = 512 if small else 4096
    scene = sky_scene((side, side), full_well=65535)
    times = 3 if small else 1  # the same for both: the least of many runs beside a single one would flatter
    seconds = _seconds(_ours, scene, times), _seconds(_theirs, scene, times)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "image.npy"
        np.save(path, scene.image)
        mine, placed, other = (beyond(__name__, "prepare", who, str(path)) for who in ("ours", "in place", "theirs"))
    image = scene.image.nbytes / 1e6
    return [
        *_quality(256 if small else 1024),
        Goal(
            f"{side} x {side}, processor time", f"{seconds[0]:.3f} s", f"astroscrappy {seconds[1]:.2f} s",
            seconds[1] / seconds[0], least=10,
        ),
        Goal("memory beyond the image, in images", f"{mine:.0f} MB", f"{other:.0f} MB", mine / image, most=3),
        Goal("the same, in place", f"{placed:.0f} MB", "", placed / image, most=1),
    ]  # fmt: skip


def prepare(who: str, path: str) -> Callable[[], object]:
    """Return what looks for cosmic rays in the image of a file, ready and compiled, for measuring memory."""
    contender = _theirs if who == "theirs" else _ours
    contender(sky_scene((64, 64)))
    image = np.load(path)
    if who != "in place":
        return lambda: contender(_scene_of(image))
    from toros.reduction.cosmic_rays import find_cosmic_rays

    return lambda: find_cosmic_rays(image, read_noise=6.5, in_place=True)


def _scene_of(image: NDArray[np.float32]) -> Scene:
    """Return a scene with the image alone, as it comes by default."""
    return replace(sky_scene((1, 1)), image=image)


def _seconds(contender: Callable[[Scene], Answer], scene: Scene, times: int) -> float:
    """Return the least seconds of the processor, which others may be using too, after all has been compiled."""
    contender(sky_scene((64, 64)))
    taken = []
    for _ in range(times):
        started = time.process_time()
        contender(scene)
        taken.append(time.process_time() - started)
    return min(taken)


def _quality(side: int) -> list[Goal]:
    """Compare the answers with each other and with the truth, for seeings and detectors."""
    mine: list[Score] = []
    other: list[Score] = []
    apart = flagged = 0
    for number, (fwhm, (gain, read_noise, sky)) in enumerate(product(SEEINGS, DETECTORS)):
        scene = sky_scene((side, side), fwhm=fwhm, gain=gain, read_noise=read_noise, sky=sky, seed=number)
        masks = _ours(scene)[0], _theirs(scene)[0]
        mine.append(scene.score(masks[0]))
        other.append(scene.score(masks[1]))
        apart += int((masks[0] ^ masks[1])[EDGE:-EDGE, EDGE:-EDGE].sum())
        flagged += int(masks[1].sum())
    cores = [sum(score.core_pixels for score in scores) for scores in (mine, other)]
    return [
        *(_gain(name, mine, other) for name in ("completeness", "purity", "hits_found", "hits_true")),
        Goal("pixels within stars", f"{cores[0]}", f"{cores[1]}", cores[0] - cores[1], most=0),
        Goal("pixels that differ, of those flagged", f"{apart}", f"of {flagged}", apart / flagged, most=1e-3),
    ]


def _gain(name: str, mine: list[Score], other: list[Score]) -> Goal:
    """Return the goal for the mean over all scenes: in one, a few pixels at its edges decide."""
    a, b = (float(np.mean([getattr(score, name) for score in scores])) for scores in (mine, other))
    return Goal(f"{name.replace('_', ' ')}, mean of {len(mine)}", f"{a:.4f}", f"{b:.4f}", a - b, least=-0.002)


def _ours(scene: Scene) -> Answer:
    from toros.reduction.cosmic_rays import find_cosmic_rays

    found = find_cosmic_rays(scene.image, gain=scene.gain, read_noise=scene.read_noise)
    return found.mask, found.cleaned


def _theirs(scene: Scene) -> Answer:
    import astroscrappy

    answer: Answer = astroscrappy.detect_cosmics(
        scene.image, gain=scene.gain, readnoise=scene.read_noise, satlevel=np.inf
    )
    return answer
