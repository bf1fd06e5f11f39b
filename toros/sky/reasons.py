"""Why a target cannot be observed, in a sentence."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from toros.sky.limits import Limits, Margins, margins
from toros.sky.span import Span, Where
from toros.sky.times import datetime_of

__all__ = ["why_not"]

Array = NDArray[np.float64]


def why_not(span: Span, where: Where, limits: Limits | None = None, name: str = "The target") -> str | None:
    """Return why one target cannot be observed in a span, as a sentence; None if it can.

    Parameters
    ----------
    span : Span
    where : tuple of float, or function
        As in `windows`.
    limits : Limits, optional
    name : str
        What the target is called in the sentence.
    """
    asked = limits or Limits()
    where = span.positions(where)
    inside = margins(span, where, asked)
    if np.any(inside.least >= 0.0):
        return None
    return f"{name} {_reason(span, where, asked, inside)}."


def _reason(span: Span, where: Where, limits: Limits, inside: Margins) -> str:
    height, altitude = np.atleast_2d(inside.height)[0], np.atleast_2d(inside.altitude)[0]
    low = f"{max(limits.lowest, span.site.lowest_horizon):.3g} degrees"
    low = f"the horizon of {span.site.words}" if isinstance(span.site.horizon, tuple) else f"{low} at {span.site.words}"
    if inside.declination.ndim and np.all(inside.declination < 0.0):
        dec = float(np.ravel(np.asarray(span.positions(where)[1]))[0])
        least, most = limits.declination
        return f"has the declination {dec:+.1f}, outside of the limits {least:+g} to {most:+g}"
    dark = inside.darkness >= 0.0
    if not dark.any():
        return (
            f"has no darkness at {span.site.words}: the sun does not go below {limits.sun_altitude:g} degrees, "
            f"its lowest is {span.sun_altitude.min():.1f}"
        )
    if np.all(height < 0.0):
        return f"never rises above {low}: its highest is {altitude.max():.1f}"
    good = dark & (height >= 0.0)
    if not good.any():
        top = int(np.argmax(np.where(dark, altitude, -np.inf)))
        when = f"{altitude[top]:.1f}, at {datetime_of(span.mjd[top]):%Y-%m-%d %H:%M} UTC"
        best = f"its highest in the dark is {when}" if altitude[top] > 0.0 else "in the dark it is below the horizon"
        return f"is above {low} only while the sun is above {limits.sun_altitude:g} degrees: {best}"
    for row, words in (
        (inside.declination, "its declination is outside of the limits"),
        (inside.hour_angle, f"its hour angle is beyond {limits.hour_angle:g} hours"),
    ):
        good = good & (np.atleast_2d(row)[0] >= 0.0)
        if not good.any():
            return f"is dark and high enough only while {words}"
    apart = np.atleast_2d(span.moon_separation(where))[0][good]
    return (
        f"is nearer to the moon than {limits.moon_separation:g} degrees whenever it could be observed: "
        f"{apart.min():.0f} to {apart.max():.0f}"
    )
