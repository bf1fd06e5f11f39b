"""Which star is which on the frames of one field, by the pattern that the bright ones make."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Place", "follow"]

BRIGHT = 60  # stars of a frame whose pattern is looked for
NEAR = 2.0  # pixels; within which two stars are one
FEWEST = 5  # stars that must agree
SIGMAS = 6.0  # above what stars strewn at random would agree


@dataclass(frozen=True)
class Place:
    """How a frame lies on the field.

    Attributes
    ----------
    shift : (float, float)
        Pixels along columns and rows to add to a place on the frame.
    turned : bool
        Whether the frame lies upside down, so that its places count backwards.
    stars : int array
        Which star of the field each star of the frame is.
    """

    shift: tuple[float, float]
    turned: bool
    stars: NDArray[np.intp]


def follow(frames: Sequence[NDArray[Any]]) -> list[Place | None]:
    """Return where each frame lies, beginning with the one of most stars and going from frame to frame both ways.

    A frame that was found adds its stars to those of the field, so that the next may have drifted further.

    Parameters
    ----------
    frames : sequence of structured arrays
        Stars with x, y (pixels) and flux, the brightest first; frames in the order of time.

    Returns
    -------
    list of Place or None
        In the same order; None where the frame's stars were not found.
    """
    places: list[Place | None] = [None] * len(frames)
    if not frames:
        return places
    first = max(range(len(frames)), key=lambda n: len(frames[n]))
    stars = _Field()
    places[first] = stars.add(frames[first], (0.0, 0.0), turned=False)
    beginning = stars.last
    for way in (range(first + 1, len(frames)), range(first - 1, -1, -1)):
        stars.last = beginning
        for n in way:
            places[n] = stars.find(frames[n])
    return [place or stars.find(frame) for place, frame in zip(places, frames, strict=True)]


def _places(frame: NDArray[Any], turned: bool) -> NDArray[np.float64]:
    import numpy as np

    xy = np.column_stack([frame["x"], frame["y"]]).astype(np.float64)
    return -xy if turned else xy


def _no_places() -> NDArray[np.float64]:
    import numpy as np

    return np.empty((0, 2))


@dataclass
class _Field:
    """All stars that were seen so far.

    Attributes
    ----------
    xy : float64 array, shape (stars, 2)
        On the axes of the first frame.
    last : int array
        The stars of the frame that was found last, its brightest first.
    """

    xy: NDArray[np.float64] = field(default_factory=_no_places)
    last: Any = ()

    def find(self, frame: NDArray[Any]) -> Place | None:
        """Return how a frame lies on the field, and add its stars; None where no pattern agrees."""
        for known in self._patterns():
            for turned in (False, True):
                shift = _common_shift(known, _places(frame, turned)[:BRIGHT])
                if shift is not None:
                    return self.add(frame, shift, turned=turned)
        return None

    def _patterns(self) -> Iterator[NDArray[np.float64]]:
        """Yield the stars among which the frame's may be: the last frame's, then those that were seen first."""
        yield self.xy[self.last[:BRIGHT]]
        yield self.xy[: 2 * BRIGHT]

    def add(self, frame: NDArray[Any], shift: tuple[float, float], *, turned: bool) -> Place:
        """Return the frame's place, made exact by all its stars; those that are new are added to the field."""
        import numpy as np
        from scipy.spatial import cKDTree  # type: ignore[import-untyped]

        xy = _places(frame, turned) + shift
        number = np.full(len(xy), -1, dtype=np.intp)
        if len(self.xy) and len(xy):
            tree = cKDTree(self.xy)
            away, which = tree.query(xy, distance_upper_bound=NEAR)
            near = np.isfinite(away)
            xy = xy + np.median(self.xy[which[near]] - xy[near], axis=0)
            number = _one_to_one(*tree.query(xy, distance_upper_bound=NEAR))
        new = number < 0
        number[new] = len(self.xy) + np.arange(new.sum())
        self.xy = np.concatenate([self.xy, xy[new]])
        self.last = number
        moved = (xy - _places(frame, turned))[0] if len(xy) else shift
        return Place((round(float(moved[0]), 2), round(float(moved[1]), 2)), turned, number)


def _one_to_one(away: NDArray[np.float64], which: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return which star each one is, each at most once, the nearest first; -1 for none."""
    import numpy as np

    number = np.full(len(away), -1, dtype=np.intp)
    order = np.argsort(away, kind="stable")
    order = order[np.isfinite(away[order])]
    _, firsts = np.unique(which[order], return_index=True)
    number[order[firsts]] = which[order[firsts]]
    return number


def _common_shift(known: NDArray[np.float64], seen: NDArray[np.float64]) -> tuple[float, float] | None:
    """Return the shift that most pairs of stars agree on; None where as many would agree by chance."""
    import numpy as np
    from scipy.spatial import cKDTree

    if min(len(known), len(seen)) < FEWEST:
        return None
    shifts = (known[:, None] - seen[None]).reshape(-1, 2)
    tree = cKDTree(shifts)
    votes = tree.query_ball_point(shifts, NEAR, return_length=True)
    top = int(np.argmax(votes))
    # the densest place of shifts of stars strewn at random over a frame: all lie over each other
    area = float(np.prod(np.maximum(np.ptp(seen, axis=0), 1.0)))
    chance = len(shifts) * math.pi * NEAR**2 / area
    if votes[top] < FEWEST + chance + SIGMAS * math.sqrt(chance):
        return None
    shift = np.median(shifts[tree.query_ball_point(shifts[top], NEAR)], axis=0)
    return float(shift[0]), float(shift[1])
