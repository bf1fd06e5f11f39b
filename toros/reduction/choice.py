"""Which master suits a frame: alike in all that matters, near in time and temperature, the batch's own first."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from toros.reduction.masters import Dark, Master
from toros.reduction.opening import unit_in_use

if TYPE_CHECKING:
    from toros.reduction.cameras.camera import Camera
    from toros.reduction.dialect import Description
    from toros.reduction.inventory import Seen

__all__ = [
    "ORIGINS",
    "Rules",
    "choose",
    "dark_for",
    "layout_of",
    "nearest_dark",
    "other_counts",
    "said_of",
    "same_exposure",
]

ORIGINS = ("batch", "folder", "earlier")
"""Where a master comes from, the best first: made of this batch's frames, found finished, of another night."""

SAME = 0.01  # part by which exposure times and gains may differ
A_YEAR = 3.2e7  # seconds; how far a frame is taken to be of which nobody knows when it was taken
DAY = 86400.0
NIGHT = 0.5  # days; what was taken closer together may be of one night
MOST_SAID = 3  # masters that are named as not used


@dataclass(frozen=True)
class Rules:
    """How far a master may be from a frame; the camera's file may ask for less.

    Attributes
    ----------
    validity : float
        Days between a frame and a master of another night; 0 for none of them.
    temperature_tolerance : float
        Degrees Celsius.
    dark_scaling : bool
        Whether a dark may be scaled to another exposure time.
    insisted : frozenset of str
        Names of rules that hold whatever the camera's file says: somebody asked for them.
    """

    validity: float = 365.0
    temperature_tolerance: float = 5.0
    dark_scaling: bool = True
    insisted: frozenset[str] = field(default_factory=frozenset)

    def days(self, kind: str, camera: Camera) -> float:
        """Return the days for which a master of a kind may be used."""
        if "validity" in self.insisted:
            return self.validity
        return min(self.validity, camera.validity.get(kind, self.validity))

    def degrees(self, camera: Camera) -> float:
        """Return the degrees Celsius by which a master may be warmer or colder."""
        if "temperature_tolerance" in self.insisted:
            return self.temperature_tolerance
        return min(self.temperature_tolerance, camera.temperature_tolerance)

    def scales(self, camera: Camera) -> bool:
        """Tell whether a camera's darks may be scaled."""
        return self.dark_scaling and ("dark_scaling" in self.insisted or camera.dark_scaling)


def choose(masters: Iterable[Master], seen: Seen, *, filter: bool = False, rules: Rules | None = None) -> list[Master]:
    """Return the masters that may be used for a frame, the best first.

    They agree in shape, part of the detector, binning, readout mode, gain, unit, camera, and filter where asked; what
    one of the two does not say does not part them. Those of another night are near in time and in temperature. Those
    of the batch come before finished ones that were found, and these before those of other nights; then the nearest
    in time. One of the batch at another temperature is the last resort.

    Parameters
    ----------
    masters : iterable of Master
        Of one kind.
    seen : Seen
        The frame.
    filter : bool
        Whether the filter matters.
    rules : Rules, optional
        How far a master may be.
    """
    rules = rules or Rules()
    fitting = [m for m in masters if _alike(m, seen, filter) and _near(m, seen, rules)]
    return sorted(fitting, key=lambda m: (*_tier(m, seen, rules), _apart(m.like.frame, seen.frame)))


def other_counts(masters: Iterable[Master], seen: Seen, *, rules: Rules | None = None) -> list[str]:
    """Return what parts masters from a frame that they would suit otherwise: another unit, or another gain.

    Parameters
    ----------
    masters : iterable of Master
        Biases or darks.
    seen : Seen
        A frame that none of them may be used for.
    rules : Rules, optional
        How far a master may be.
    """
    said = []
    for one in masters:
        if not (_shows_the_same(one, seen, filter=False) and _near(one, seen, rules or Rules())):
            continue
        its, mine = unit_in_use(one.like), unit_in_use(seen)
        if its != mine:
            said.append(f"the {one.kind} {one.name} is in {_unit(its)} and the frame in {_unit(mine)}: not used")
        elif not _same_gain(one.like.frame.gain, seen.frame.gain):
            gains = f"{one.like.frame.gain:g} electrons per count and the frame of {seen.frame.gain:g}"
            said.append(f"the {one.kind} {one.name} is of {gains}: not used")
    return said[:MOST_SAID]


def layout_of(seen: Seen) -> str:
    """Return a name for the part of the detector that a frame shows after trimming; empty where nobody knows."""
    frame = seen.frame
    if frame.amplifiers:
        places = ";".join(f"{a.data}>{a.place}{a.flip_rows:d}{a.flip_columns:d}" for a in frame.amplifiers)
        return hashlib.sha256(places.encode()).hexdigest()[:32]
    if frame.master:
        return ""
    return "whole" if frame.trim is None or frame.trim.shape == seen.shape else str(frame.trim)


def said_of(master: Master, seen: Seen, rules: Rules | None = None) -> list[str]:
    """Return what a person should know about a master that is used for a frame."""
    said = []
    its, mine = master.like.frame, seen.frame
    if master.origin == "earlier" and its.date_obs:
        days = _seconds(its.date_obs, mine.date_obs) / DAY
        whence = "night" if abs(days) >= NIGHT else "batch"
        age = f"{abs(days):.1f} days" if abs(days) >= NIGHT else f"{24 * abs(days):.1f} hours"
        when = f"{its.date_obs[:10]}, {age} {'earlier' if days > 0 else 'later'}"
        said.append(f"the {_word(master.kind)} is of another {whence}, {when}: {master.name}")
    if _far(master, seen, rules or Rules()):
        said.append(
            f"the {_word(master.kind)} was taken at {its.temperature:g} deg C, the frame at {mine.temperature:g}"
        )
    return said


def nearest_dark(darks: Sequence[Master], exposure_time: float) -> list[Master]:
    """Return darks by how near their exposure time is, as a ratio; the order among equals is kept."""

    def ratio(dark: Master) -> float:
        its, wanted = max(dark.exposure_time or 0.0, 1e-3), max(exposure_time, 1e-3)
        return max(its / wanted, wanted / its)

    return sorted(darks, key=ratio)


def dark_for(
    darks: Iterable[Master],
    frames: Sequence[Seen],
    bias: Master | None,
    bias_gone: bool,
    marks: list[str],
    rules: Rules | None = None,
) -> Dark | None:
    """Return the dark for a frame (or for each of a group), used so that the bias goes exactly once.

    Parameters
    ----------
    darks : iterable of Master
        All that there are.
    frames : sequence of Seen
        One light, or the flats of one master.
    bias : Master or None
        The bias that would be subtracted.
    bias_gone : bool
        The frames came without the bias.
    marks : list of str
        Says what could not be done; added to.
    rules : Rules, optional
        How far a dark may be, and whether it may be scaled.
    """
    rules = rules or Rules()
    one = frames[0]
    fitting = choose(darks, one, rules=rules)
    if not fitting:
        return None
    known = [f.frame.exposure_time for f in frames if f.frame.exposure_time is not None]
    if len(known) < len(frames):
        marks.append("the exposure time is not known: no dark was subtracted")
        return None
    scaled = rules.scales(one.frame.settings)
    for tier in dict.fromkeys(_tier(m, one, rules) for m in fitting):
        candidates = nearest_dark([m for m in fitting if _tier(m, one, rules) == tier], max(known))
        if not scaled:
            candidates = [m for m in candidates if same_exposure(m.exposure_time, *known)]
        used = _used(candidates[0], known, bias, bias_gone, marks) if candidates else None
        if used is not None:
            return used
    if not scaled and not any(same_exposure(m.exposure_time, *known) for m in fitting):
        marks.append(f"there is no dark of {max(known):g} s, and darks are not scaled here: none was subtracted")
    return None


def _used(dark: Master, known: list[float], bias: Master | None, bias_gone: bool, marks: list[str]) -> Dark | None:
    """Return how this dark is subtracted, or None where it cannot be."""
    its = dark.exposure_time or 0.0
    same = same_exposure(its, *known)
    options: dict[str, Any] = {
        "dark_exposure": its,
        "data_exposure": known[0] if len(known) == 1 else known,
        "scale": not same,
    }
    if "bias" in dark.holds:
        if bias is not None:
            return Dark(dark, {**options, "without_bias": True})
        if bias_gone or not same:
            marks.append(f"the dark of {its:g} s still holds the bias and cannot be scaled: not used")
            return None
        return Dark(dark, options, takes_bias=True)
    if not same:
        marks.append(f"the dark of {its:g} s was scaled to {max(known):g} s")
    return Dark(dark, options)


def same_exposure(one: float | None, *others: float | None) -> bool:
    """Tell whether exposure times are the same within one per cent; one that is not known counts as none, 0 s."""
    its = one or 0.0
    return all(abs((other or 0.0) - its) <= SAME * its for other in others)


def _alike(master: Master, seen: Seen, filter: bool) -> bool:
    """Tell whether a master shows the same pixels of the same camera as a frame, in the same state and unit."""
    counted = master.kind in ("bias", "dark")  # in the frame's own counts: a flat is a ratio
    same = unit_in_use(master.like) == unit_in_use(seen) and _same_gain(master.like.frame.gain, seen.frame.gain)
    return _shows_the_same(master, seen, filter) and (same or not counted)


def _shows_the_same(master: Master, seen: Seen, filter: bool) -> bool:
    mine, its = seen.frame, master.like.frame
    same_camera = not its.camera or not mine.camera or its.camera == mine.camera
    same_mode = not its.readout_mode or not mine.readout_mode or its.readout_mode == mine.readout_mode
    layout = layout_of(seen)
    return (
        master.shape == seen.image_shape
        and its.binning == mine.binning
        and same_camera
        and same_mode
        and (not layout or not master.layout or master.layout == layout)
        and (not filter or _band(its) == _band(mine))
    )


def _same_gain(one: float | None, other: float | None) -> bool:
    return one is None or other is None or abs(one - other) <= SAME * max(one, other)


def _band(frame: Description) -> str:
    return frame.band or frame.filter.lower()


def _near(master: Master, seen: Seen, rules: Rules) -> bool:
    """Tell whether a master of another night is near enough; one of the batch always is."""
    if master.origin != "earlier":
        return True
    if master.like.frame.date_obs is None or seen.frame.date_obs is None:
        return False
    days = _apart(master.like.frame, seen.frame) / DAY
    return days <= rules.days(master.kind, seen.frame.settings) and not _far(master, seen, rules)


def _far(master: Master, seen: Seen, rules: Rules) -> bool:
    """Tell whether the detector was warmer or colder than it may be."""
    its, mine = master.like.frame.temperature, seen.frame.temperature
    return its is not None and mine is not None and abs(its - mine) > rules.degrees(seen.frame.settings)


def _tier(master: Master, seen: Seen, rules: Rules) -> tuple[bool, int]:
    return _far(master, seen, rules), ORIGINS.index(master.origin)


def _apart(one: Description, other: Description) -> float:
    """Return the seconds between two exposures; a year where one is not known."""
    return abs(_seconds(one.date_obs, other.date_obs))


def _seconds(earlier: str | None, later: str | None) -> float:
    if earlier is None or later is None:
        return A_YEAR
    return (datetime.fromisoformat(later) - datetime.fromisoformat(earlier)).total_seconds()


def _unit(unit: str) -> str:
    return "counts" if unit == "adu" else "electrons"


def _word(kind: str) -> str:
    return "bad-pixel mask" if kind == "bad_pixels" else kind
