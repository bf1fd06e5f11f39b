"""The header cards in which a product says what it is, in TOROS's words, whatever its raw frame called it."""

from __future__ import annotations

from typing import Any

from toros.reduction.inventory import Seen

__all__ = ["cards_of"]

_IMAGETYP = {
    "master_bias": "Master Bias",
    "master_dark": "Master Dark",
    "master_flat": "Master Flat",
    "master_bad_pixels": "Bad Pixel Mask",
    "calibrated": "Light Frame",
}


def cards_of(seen: Seen, product: str) -> dict[str, Any]:
    """Return the cards for a product made from this frame, or from a pile that begins with it.

    Parameters
    ----------
    seen : Seen
        The light, or the first frame of a master.
    product : {"master_bias", "master_dark", "master_flat", "master_bad_pixels", "calibrated"}
    """
    frame = seen.frame
    cards: dict[str, Any] = {"IMAGETYP": (_IMAGETYP[product], "kind of frame")}
    if product != "calibrated":
        cards["COMBINED"] = (True, "made of several frames")
    if frame.exposure_time is not None:
        cards["EXPTIME"] = (frame.exposure_time, "time that the shutter was open; seconds")
    if frame.date_obs is not None:
        cards["DATE-OBS"] = (frame.date_obs, "start of the exposure; UTC")
        cards["TIMESYS"] = ("UTC", "time scale of DATE-OBS")
    if frame.filter:
        cards["FILTER"] = (_ascii(frame.filter), "name of the filter")
    if frame.gain is not None and product == "calibrated" and frame.unit == "adu" and "gain" not in frame.done:
        cards["GAIN"] = (1.0, "electrons per unit of the image: gain is applied")
        cards["EGAIN"] = (1.0, "electrons per unit of the image: gain is applied")
        if frame.saturation is not None:
            cards["SATURATE"] = (round(frame.saturation * frame.gain, 1), "electrons, the bias among them")
    if frame.ra is not None and frame.dec is not None:
        cards["RA"] = (round(frame.ra, 7), "pointing; degrees")
        cards["DEC"] = (round(frame.dec, 7), "pointing; degrees")
    cards["TCAMERA"] = (_ascii(frame.settings.name), "file that describes the camera")
    cards["TBIN"] = (f"{frame.binning[1]} {frame.binning[0]}", "binning of columns and rows")
    return cards


def _ascii(text: str) -> str:
    return text.encode("ascii", "replace").decode()
