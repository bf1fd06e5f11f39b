"""The sky of a frame: its level and its noise, and the frame with its sky taken away."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

__all__ = ["Background", "subtract_background"]

MESH = 64  # pixels; side of the boxes that the sky is measured in
FULL = 0.5  # part of the pixels, masked, from which a box tells nothing
BAND = 64  # rows that are worked on together, in the processor's cache
EVERY = 4  # rows; a box of 64 x 64 pixels knows its sky from a quarter of them well enough
SAMPLE = 200_000  # pairs of pixels that the noise is measured on
CLIP = 3.0  # standard deviations beyond which a pixel is no sky
CLIPPED = 1.0134  # what cutting a normal distribution there takes off its deviation
ROUNDS = 5
FEWEST = 100  # pairs of pixels that tell the noise
NORMAL = 1.482602218505602  # standard deviation over median absolute deviation of a normal distribution


@dataclass(frozen=True)
class Background:
    """A frame without its sky.

    Attributes
    ----------
    flat : float32 array, shape (rows, columns)
        The image minus its sky; 0 where it is bad.
    bad : bool array, shape (rows, columns)
        Masked, or not finite.
    level, noise : float
        The sky's median over the frame, and the standard deviation of one pixel; unit of the image.
    """

    flat: NDArray[np.float32]
    bad: NDArray[np.bool_]
    level: float
    noise: float


def subtract_background(
    image: ArrayLike, mask: NDArray[Any] | None = None, *, in_place: bool = False
) -> Background | None:
    """Return a frame without its sky; None where no pixel is good.

    The sky is the mode of boxes of 64 x 64 pixels, smoothed by a median over 3 x 3 boxes, with a spline between
    them (Bertin & Arnouts 1996, A&AS 117, 393, section 2, as `sep` does it).

    Parameters
    ----------
    image : array, shape (rows, columns)
        Any real type and byte order.
    mask : array of the same shape, optional
        True (or not 0) is bad.
    in_place : bool
        Whether a float32 image and a mask of bool may be written over, which saves a copy of each.
    """
    import numpy as np

    with np.errstate(over="ignore"):
        flat = np.array(image, dtype=np.float32, order="C", copy=None if in_place else True)
    if mask is None:
        bad = np.zeros(flat.shape, dtype=bool)
    else:
        bad = np.array(mask, dtype=bool, copy=None if in_place else True)
    for start in range(0, len(flat), BAND):
        bad[start : start + BAND] |= ~np.isfinite(flat[start : start + BAND])
    if bad.all():
        return None
    flat[bad] = 0.0
    level = _subtract_sky(flat, bad)
    flat[bad] = 0.0
    return Background(flat, bad, level, _noise(flat, bad))


def _subtract_sky(flat: NDArray[np.float32], bad: NDArray[np.bool_]) -> float:
    """Take the sky away in place and return its level."""
    import numpy as np
    import sep

    every = EVERY if min(flat.shape) >= 4 * MESH else 1
    rows, spoilt = np.ascontiguousarray(flat[::every]), np.ascontiguousarray(bad[::every])
    if spoilt.mean() >= FULL or _is_of_one_value(rows, spoilt):
        level = np.median(flat[~bad])
        flat -= level
        return float(level)
    sampled = sep.Background(rows, mask=spoilt, bw=MESH, bh=MESH // every)
    del rows, spoilt
    sky = sampled.back(dtype=np.float32)
    for start in range(0, len(sky), BAND):
        here, following = sky[start : start + BAND], sky[start + 1 : start + 1 + BAND]
        step = np.zeros_like(here)
        np.subtract(following, here[: len(following)], out=step[: len(following)])
        step /= np.float32(every)
        band = flat[start * every : (start + BAND) * every]
        for first in range(every):  # from one sampled row to the next the sky is a straight line
            part = band[first::every]
            part -= here[: len(part)]
            here += step
    return float(sampled.globalback)


def _is_of_one_value(rows: NDArray[np.float32], spoilt: NDArray[np.bool_]) -> bool:
    """Tell whether all good pixels, of which there is at least one, are equal."""
    first = rows.flat[int(spoilt.argmin())]
    return all(not ((row != first) & ~bad).any() for row, bad in zip(rows, spoilt, strict=True))


def _noise(flat: NDArray[np.float32], bad: NDArray[np.bool_]) -> float:
    """Return the standard deviation of a pixel of the sky.

    Of differences between pixels, so that neither a slope nor the steps of whole numbers are in it: two columns apart,
    which on a detector with a colour mask have the same colour. The pixel between them tells where there is starlight,
    and its own noise is not theirs.
    """
    import numpy as np

    step = max(1, flat.size // SAMPLE) | 1  # odd, so that it does not keep to a few columns of an even width
    middle = np.arange(1, flat.size - 1, step)
    values, spoilt, column = flat.ravel(), bad.ravel(), middle % flat.shape[1]
    middle = middle[(column > 0) & (column < flat.shape[1] - 1)]
    middle = middle[~(spoilt[middle - 1] | spoilt[middle] | spoilt[middle + 1])]
    if middle.size >= FEWEST:
        middle = middle[values[middle] <= np.median(values[middle])]
        return _sigma(np.abs(values[middle + 1] - values[middle - 1])) / math.sqrt(2)
    good = flat[~bad]
    return _sigma(np.abs(good - np.median(good)))


def _sigma(away: NDArray[np.float32]) -> float:
    """Return the root mean square without what lies far out; the median alone knows no parts of whole numbers."""
    import numpy as np

    sigma = NORMAL * float(np.median(away)) or float(away.mean())
    for _ in range(ROUNDS):
        near = away[away <= CLIP * sigma]
        if near.size < 2 or sigma == 0:
            break
        sigma = math.sqrt(float(np.mean(near.astype(np.float64) ** 2))) * CLIPPED
    return sigma
