"""What a star sends us: the light inside a circle, less that of the sky around it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Aperture", "aperture_sum"]

CLIP, ROUNDS = 3.0, 5  # of the sky's pixels: deviations beyond which one is left out, and how often that is done
MEDIAN = math.pi / 2  # variance of a median over that of a mean, of many normal values


@dataclass(frozen=True)
class Aperture:
    """Light inside a circle.

    Attributes
    ----------
    flux, error : float
        Above the sky; in the image's unit.
    sky : float
        Of one pixel.
    flags : int
        What the mask says of the circle's pixels, one bit each.
    """

    flux: float
    error: float
    sky: float
    flags: int


def aperture_sum(
    image: NDArray[np.float64], error: NDArray[np.float64] | None, mask: NDArray[np.uint8], x: float, y: float, *,
    radius: float, sky: tuple[float, float],
) -> Aperture | None:  # fmt: skip
    """Return the light inside a circle; None where a pixel of it has no value, or too little of the sky has one.

    Parameters
    ----------
    image, error, mask : ndarray, shape (rows, columns)
        Values, the deviation of each (from the sky's own scatter where None), and flags by bits; what is flagged takes
        no part in the sky.
    x, y : float
        The centre; the centre of the first pixel is 0, 0.
    radius : float
        Pixels; those on the edge count by the part that lies inside.
    sky : (float, float)
        Radii between which the sky is taken: the median, after what deviates by more than 3 times the scatter is left
        out. Pixels.

    Notes
    -----
    The error is that of the pixels inside, and of the sky's level in as many: a median of n normal values has
    pi / 2 / n of their variance.
    """
    import numpy as np
    import sep

    rows, columns = np.indices(image.shape)
    away = np.hypot(columns - x, rows - y)
    around = image[(away >= sky[0]) & (away <= sky[1]) & (mask == 0) & np.isfinite(image)]
    inside = away <= radius + math.sqrt(0.5)  # a pixel that the circle touches has its centre within that
    if around.size < math.pi * radius**2 or not np.isfinite(image[inside]).all():
        return None
    level, scatter, number = _sky(around)
    deviation = np.full(image.shape, scatter) if error is None else np.where(np.isfinite(error), error, scatter)
    above = np.where(inside, image - level, 0.0)
    (flux,), (of_pixels,), _ = sep.sum_circle(above, [x], [y], radius, err=deviation, subpix=0)
    of_sky = math.pi * radius**2 * scatter * math.sqrt(MEDIAN / number)
    flags = int(np.bitwise_or.reduce(mask[inside], initial=0))
    return Aperture(float(flux), math.hypot(float(of_pixels), of_sky), level, flags)


def _sky(values: NDArray[np.float64]) -> tuple[float, float, int]:
    """Return the level of a pixel, the scatter, and how many pixels say so."""
    import numpy as np
    from astropy.stats import sigma_clip

    kept = sigma_clip(values, sigma=CLIP, maxiters=ROUNDS, masked=False)
    return float(np.median(kept)), float(np.std(kept)), int(kept.size)
