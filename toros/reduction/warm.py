"""Compiling every kernel of the room once, so that the first frame of a night does not wait.

`python -m toros.reduction.warm` does it. What is compiled is kept on disk (see `toros.reduction.compiled`): on a new
machine it takes about a minute, later nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

__all__ = ["KERNELS", "warm"]


def warm(tell: Callable[[str], None] = lambda word: None) -> None:
    """Run every kernel on frames of a few pixels.

    Parameters
    ----------
    tell : callable
        Hears what is compiled next.
    """
    for name, run in KERNELS.items():
        tell(name)
        run()


def _reading() -> None:
    import numpy as np

    from toros.reduction.byte_kernels import floats_of_16, turn_32, turn_counts

    floats_of_16(np.zeros(2, np.uint16), np.float32(0), np.zeros(2, np.float32))
    turn_32(np.zeros(2, np.uint32), np.zeros(2, np.uint32))
    turn_counts(np.zeros(2, np.uint16))


def _calibrating() -> None:
    import numpy as np

    from toros.reduction.bands import CalibratedRows
    from toros.reduction.chain import Planes, chain_of
    from toros.reduction.planes import ArrayRows
    from toros.reduction.recipe import Step

    for kind in (np.uint16, np.float32):
        raw = np.ones((2, 4), kind)
        bad = Planes(ArrayRows(np.zeros((2, 4), np.float32)), mask=ArrayRows(np.zeros((2, 4), bool)))
        chain = chain_of([Step("mask_bad_pixels")], raw.shape)
        rows = CalibratedRows(chain, Planes(ArrayRows(raw)), {"bad_pixels": bad})
        data, error, flags = (np.empty((2, 4), kind) for kind in (np.float32, np.float32, np.uint8))
        rows.fill(0, 2, data, error, flags)
        rows.read(0, 2, data)


def _combining() -> None:
    import numpy as np

    from toros.reduction.combine import combine_rows
    from toros.reduction.planes import ArrayRows

    frames = [ArrayRows(np.full((8, 8), n, np.float32)) for n in range(5)]
    for frame in frames:
        frame.array[0, 0] = np.nan
    combine_rows(frames, {"method": "clip", "clip": 5.0, "floor": 1.0})


def _finding_cosmic_rays() -> None:
    import numpy as np

    from toros.reduction.cosmic_rays import find_cosmic_rays

    image = np.random.default_rng(1).normal(100, 5, (64, 64)).astype(np.float32)
    image[30, 30] = 5000
    image[5, 5] = np.nan
    find_cosmic_rays(image, mask=np.zeros((64, 64), bool), read_noise=5.0, in_place=True)


KERNELS: Mapping[str, Callable[[], None]] = {
    "reading": _reading,
    "calibrating": _calibrating,
    "combining": _combining,
    "finding cosmic rays": _finding_cosmic_rays,
}


if __name__ == "__main__":
    warm(lambda word: print(f"compiling: {word}", flush=True))
