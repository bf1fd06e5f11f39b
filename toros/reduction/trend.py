"""How clear the sky was from frame to frame: the zero points of the frames of one field, against one another."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from toros.reduction.field import Place

__all__ = ["Sighting", "ZeroPoint", "trend"]

FEWEST = 5  # stars that tell a zero point
ROUNDS = 10
CLIP = 3.0  # standard deviations
NORMAL = 1.4826  # standard deviation over median absolute deviation of a normal distribution
LEAST = 0.002  # magnitudes; no star is measured better, so that none is clipped for less
CLEAR = 0.1  # magnitudes; frames this close to the clearest say how many sources there are


@dataclass(frozen=True)
class Sighting:
    """What one frame saw of the field.

    Attributes
    ----------
    stars : structured array, brightest first
        As `toros.reduction.stars.stars_of` returns it; x, y and flux are used.
    sources : int or None
        How many sources were counted.
    exposure_time : float
        Seconds.
    """

    stars: NDArray[Any]
    sources: int | None = None
    exposure_time: float = 1.0


@dataclass(frozen=True)
class ZeroPoint:
    """How much of the light came through, against the clearest frame.

    Attributes
    ----------
    magnitudes, error : float or None
        Of the frame's zero point: 0 for the clearest, below 0 behind clouds; None where its stars were not found again.
    transparency : float or None
        The same as a part of the light.
    stars : int
        How many stars tell it.
    star_ratio : float or None
        Sources counted over the median of the clear frames of the same exposure time.
    shift : (float, float) or None
        Pixels along columns and rows to add to places on this frame for those on the frame that has most stars.
    turned : bool
        The frame lies upside down, as when a mount flips at the meridian: its places count backwards before the shift.
    """

    magnitudes: float | None
    error: float | None
    transparency: float | None
    stars: int
    star_ratio: float | None
    shift: tuple[float, float] | None
    turned: bool = False


def trend(frames: Sequence[Sighting]) -> list[ZeroPoint]:
    """Return the zero point of each frame of one field and filter.

    The pattern of bright stars is found again on each frame, wherever the telescope pointed by then. Then each star has
    one magnitude and each frame one zero point, fitted together (the ensemble of Honeycutt 1992, PASP 104, 435) with
    what lies far out clipped: variable stars, blends, stars near the edge.

    Parameters
    ----------
    frames : sequence of Sighting
        In the order of time: a field that drifts is followed from frame to frame. Fluxes in one unit.

    Returns
    -------
    list of ZeroPoint
        One for each frame, in their order.
    """
    import numpy as np

    from toros.reduction.field import follow

    places = follow([frame.stars for frame in frames])
    points, errors, stars = _ensemble(_magnitudes(frames, places))
    if np.isfinite(points).any():
        points = points - np.nanmax(points)
    return [
        ZeroPoint(
            magnitudes=_rounded(points[n]), error=_rounded(errors[n]), transparency=_rounded(10 ** (0.4 * points[n])),
            stars=int(stars[n]), star_ratio=_star_ratio(n, frames, points), shift=place.shift if place else None,
            turned=place is not None and place.turned,
        )
        for n, place in enumerate(places)
    ]  # fmt: skip


def _rounded(value: float) -> float | None:
    return round(float(value), 4) if math.isfinite(value) else None


def _star_ratio(n: int, frames: Sequence[Sighting], points: NDArray[np.float64]) -> float | None:
    import numpy as np

    clear = [
        frame.sources
        for frame, point in zip(frames, points, strict=True)
        if point >= -CLEAR and frame.sources is not None and frame.exposure_time == frames[n].exposure_time
    ]
    sources = frames[n].sources
    return None if sources is None or not any(clear) else _rounded(sources / float(np.median(clear)))


def _magnitudes(frames: Sequence[Sighting], places: Sequence[Place | None]) -> NDArray[np.float64]:
    """Return the instrumental magnitude of each star on each frame, shape (frames, stars); NaN where it is not."""
    import numpy as np

    most = max((int(place.stars.max(initial=-1)) for place in places if place), default=-1)
    table = np.full((len(frames), most + 1), np.nan)
    for row, frame, place in zip(table, frames, places, strict=True):
        if place:
            row[place.stars] = -2.5 * np.log10(frame.stars["flux"] / (frame.exposure_time or 1.0))
    return table


def _ensemble(
    magnitudes: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.intp]]:
    """Return zero points, their errors, and the number of stars that tell each; NaN where these are too few."""
    import numpy as np

    seen = np.isfinite(magnitudes)
    kept = seen & (seen.sum(axis=0) >= 2)
    kept &= (kept.sum(axis=1) >= FEWEST)[:, None]
    kept &= kept.sum(axis=0) >= 2
    common, values = kept.copy(), np.where(seen, magnitudes, 0.0)
    points, spread = np.zeros(len(values)), np.zeros(len(values))
    for _ in range(ROUNDS if kept.any() else 0):
        points, rest = _fit(values, kept)
        middle, spread = _middle_and_spread(np.where(common, rest, np.nan))
        before, kept = kept, common & (np.abs(rest - middle[:, None]) <= CLIP * spread[:, None])
        kept &= kept.sum(axis=0) >= 2
        if (before == kept).all():
            break
    stars = kept.sum(axis=1)
    used = int(kept.sum())
    free = used / max(1, used - int(kept.any(axis=0).sum()) - int((stars > 0).sum()) + 1)
    told = stars >= FEWEST
    errors = np.where(told, spread * math.sqrt(free) / np.sqrt(np.maximum(stars, 1)), np.nan)
    return np.where(told, points, np.nan), errors, stars


def _fit(values: NDArray[np.float64], kept: NDArray[np.bool_]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the zero points by least squares, the stars' own magnitudes eliminated, and what is left of each value."""
    import numpy as np

    weights = kept.astype(np.float64)
    often = np.maximum(weights.sum(axis=0), 1.0)
    mean = (weights * values).sum(axis=0) / often
    normal = np.diag(weights.sum(axis=1)) - (weights / often) @ weights.T
    points = np.linalg.lstsq(normal, -(weights * (values - mean)).sum(axis=1), rcond=1e-9)[0]
    own = (weights * (values + points[:, None])).sum(axis=0) / often
    return points, values + points[:, None] - own


def _middle_and_spread(rest: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the median and the robust standard deviation of each frame's stars; 0 where there are none."""
    import numpy as np

    middle, spread = np.zeros(len(rest)), np.zeros(len(rest))
    for n, row in enumerate(rest):
        row = row[np.isfinite(row)]
        if row.size:
            middle[n] = np.median(row)
            spread[n] = max(LEAST, NORMAL * float(np.median(np.abs(row - middle[n]))))
    return middle, spread
