"""What the sender of a file may say about it, where the file itself is silent or wrong."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["LARGEST", "PhotometryOptions", "TimeFormat"]

TimeFormat = Literal["mjd", "jd", "iso"]
LARGEST = 500_000_000  # bytes


@dataclass(frozen=True)
class PhotometryOptions:
    """What is known beside the file.

    Attributes
    ----------
    layout : str or None
        The processor to read it with; recognised from the file where None.
    quantity : str or None
        Which columns are taken where a file has both: magnitudes by default.
    time_format : str or None
        Of a column that does not say it itself: MJD by default.
    time_offset : float
        Added to the times as they stand; days.
    time_scale, time_reference : str or None
        Where the file does not say it: "utc", "observatory".
    band, system, unit, facility, observer, source, method : str or None
        For rows that do not say it themselves.
    mjd : float or None
        Mid-exposure of a catalogue of one frame; UTC.
    ra, dec : float or None
        The target, to be found in a catalogue of stars; ICRS, degrees.
    radius : float
        Within which a star of a catalogue is the target; arcseconds.
    largest : int
        Largest file that is opened; bytes.
    """

    layout: str | None = None
    quantity: Literal["magnitude", "flux"] | None = None
    time_format: TimeFormat | None = None
    time_offset: float = 0.0
    time_scale: str | None = None
    time_reference: str | None = None
    band: str | None = None
    system: str | None = None
    unit: str | None = None
    facility: str | None = None
    observer: str | None = None
    source: str | None = None
    method: str | None = None
    mjd: float | None = None
    ra: float | None = None
    dec: float | None = None
    radius: float = 2.0
    largest: int = LARGEST
