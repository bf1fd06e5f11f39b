"""Finding and replacing cosmic rays: LA Cosmic (van Dokkum 2001, PASP 113, 1420), only where there may be any."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

__all__ = ["CosmicRays", "find_cosmic_rays"]

SAMPLE = 1 << 16  # pixels that tell the level of an image


@dataclass(frozen=True)
class CosmicRays:
    """What was found.

    Attributes
    ----------
    cleaned : array (rows, columns), float32
        The image with its cosmic rays replaced; all other pixels are as they were.
    mask : array (rows, columns), bool
        True where a pixel was replaced.
    rounds : int
        How many times the image was gone through; the last one may have found nothing.
    count : int
        Pixels that were replaced.
    """

    cleaned: NDArray[np.float32]
    mask: NDArray[np.bool_]
    rounds: int
    count: int


def find_cosmic_rays(
    image: NDArray[np.float32],
    *,
    mask: NDArray[np.bool_] | None = None,
    gain: float = 1.0,
    read_noise: float,
    sigma_clip: float = 4.5,
    sigma_fraction: float = 0.3,
    object_limit: float = 5.0,
    rounds: int = 4,
    saturation: float | None = None,
    variance: NDArray[np.float32] | None = None,
    background: float = 0.0,
    in_place: bool = False,
) -> CosmicRays:
    """Return an image without its cosmic rays, and where they were.

    A cosmic ray has edges sharper than the seeing allows: its Laplacian stands out of the noise, and out of the fine
    structure of the image, which a star has as well. The answer is that of ``astroscrappy.detect_cosmics`` with
    separable medians and the mean of good neighbours in place of a hit, except within a few pixels of the image's
    edges, where that finds nothing and this goes on as if there were a mirror, and where no finite value is: that
    does not spread.

    Parameters
    ----------
    image : array (rows, columns), float32
        Sky and stars; NaN where a pixel has no value.
    mask : array (rows, columns), bool, optional
        Pixels that neither are cosmic rays, nor are their neighbours; nor do they replace any.
    gain : float
        Electrons for each unit of the image.
    read_noise : float
        Electrons.
    sigma_clip : float
        How many times the noise the Laplacian of a cosmic ray has to exceed.
    sigma_fraction : float
        Which part of that is enough beside a cosmic ray.
    object_limit : float
        How many times the fine structure the Laplacian has to exceed; greater spares undersampled stars.
    rounds : int
        How many times to go through the image at most: where a hit was replaced, what it hid can be found.
    saturation : float, optional
        In the image's units; stars that reach it are left alone, with the pixels around them.
    variance : array (rows, columns), optional
        In the image's units, squared. Without it, it follows from the image, the gain and the read noise.
    background : float
        What was subtracted from the image before, in its units; it makes noise too.
    in_place : bool
        Write to `image` instead of to a copy.

    Returns
    -------
    CosmicRays

    Raises
    ------
    ValueError
        Shapes differ, a number is out of range, or an image to be written to is not float32 in C order.
    """
    import numpy as np

    from toros.reduction.cosmic_repair import HIT, fill_holes, mark_bad

    _check(image, mask, variance, gain, read_noise, in_place)
    cleaned = image if in_place else np.array(image, dtype=np.float32, order="C")
    spread = np.empty((0, 0), np.float32) if variance is None else np.array(variance, dtype=np.float32, order="C")
    masked = np.empty((0, 0), np.bool_) if mask is None else np.ascontiguousarray(mask, dtype=np.bool_)
    flags = np.zeros(cleaned.shape, np.uint8)
    any_hole = mark_bad(cleaned, spread, masked, np.float32(np.inf if saturation is None else saturation), flags)
    levels = _level(cleaned, flags), _level(spread, flags)
    if any_hole:
        holes = np.flatnonzero(~np.isfinite(cleaned))
        nothing = cleaned.flat[holes]
        fill_holes(cleaned, flags, levels[0])
        fill_holes(spread, flags, levels[1])
    limits = np.float32(sigma_clip), np.float32(sigma_fraction * sigma_clip), np.float32(object_limit)
    scale = np.float32(gain), np.float32(background * gain + read_noise**2)
    done, count = _go_through(cleaned, spread, flags, scale, limits, levels, rounds)
    if any_hole:
        cleaned.flat[holes] = nothing
    flags //= HIT  # 1 where there is a hit, 0 elsewhere: a mask, without another array
    return CosmicRays(cleaned, flags.view(np.bool_), done, count)


def _go_through(
    image: NDArray[np.float32],
    variance: NDArray[np.float32],
    flags: NDArray[np.uint8],
    scale: tuple[np.float32, np.float32],
    limits: tuple[np.float32, np.float32, np.float32],
    levels: tuple[np.float32, np.float32],
    rounds: int,
) -> tuple[int, int]:
    """Find and replace until nothing is new; after the first round only where something has been replaced.

    Returns
    -------
    int, int
        The rounds, and the pixels that were replaced.
    """
    import numpy as np

    from toros.reduction.cosmic_kernels import CELL, MARGIN, examine_cells
    from toros.reduction.cosmic_repair import replace_hits

    cells = np.ones((-(-flags.shape[0] // CELL), -(-flags.shape[1] // CELL)), np.bool_)
    count = 0
    for done in range(1, rounds + 1):
        new = examine_cells(image, variance, flags, cells, *scale, limits)
        if not new:
            return done, count
        count += new
        replace_hits(image, variance, flags, cells, levels, CELL, MARGIN)
    return max(0, rounds), count


def _check(
    image: NDArray[np.float32],
    mask: ArrayLike | None,
    variance: ArrayLike | None,
    gain: float,
    read_noise: float,
    in_place: bool,
) -> None:
    import numpy as np

    if image.ndim != 2 or not image.size:
        raise ValueError(f"an image has rows and columns; this one has the shape {image.shape}")
    for name, other in (("mask", mask), ("variance", variance)):
        if other is not None and np.shape(other) != image.shape:
            raise ValueError(f"the {name} has the shape {np.shape(other)}, its image {image.shape}")
    if not gain > 0 or not read_noise >= 0:
        raise ValueError(f"a gain is above 0 and a read noise at least 0; these are {gain} and {read_noise}")
    if in_place and (image.dtype != np.float32 or not image.flags.c_contiguous or not image.flags.writeable):
        raise ValueError("only a float32 image in C order that may be written to can be cleaned in place")


def _level(values: NDArray[np.float32], flags: NDArray[np.uint8]) -> np.float32:
    """Return the median of good pixels, evenly spread; 0 without any."""
    import numpy as np

    step = max(1, int((values.size / SAMPLE) ** 0.5))
    good = values[::step, ::step][flags[::step, ::step] == 0] if values.size else values[0:0, 0:0]
    return np.float32(np.median(good)) if good.size else np.float32(0)
