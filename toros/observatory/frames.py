"""Raw frames as FITS files, with everything that their readers look for in a header."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import toros
from toros.durable import write_durably
from toros.observatory.exposure import CameraModel, Exposure, Site
from toros.sky.coordinates import airmass, altitude, declination_text, right_ascension_text
from toros.sky.night import night_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["frame_header", "tangent_wcs", "write_frame"]

OBSTYPE = {"bias": "BIAS", "dark": "DARK", "flat": "SKYFLAT", "light": "EXPOSE"}  # LCO's words
CARD = 80  # characters
MJD_EPOCH = datetime(1858, 11, 17, tzinfo=UTC)


def write_frame(
    pixels: Callable[[], NDArray[np.uint16]], exposure: Exposure, camera: CameraModel, site: Site, path: Path
) -> int:
    """Make a frame and write it so that it is there whole or not at all; for a child process.

    Parameters
    ----------
    pixels : callable
        Gives the pixels; shape (rows, columns), ADU.
    exposure, camera, site : Exposure, CameraModel, Site
        What the header tells.
    path : Path
        The FITS file.

    Returns
    -------
    int
        Size of the file; bytes.

    Raises
    ------
    OSError
        It could not be written.
    """
    import astropy.io.fits as fits

    hdu = fits.PrimaryHDU(pixels(), header=frame_header(exposure, camera, site))
    hdu.add_checksum(when=_fits_time(exposure.end))
    content = io.BytesIO()
    hdu.writeto(content)
    write_durably(path, content.getvalue())
    return content.tell()


def frame_header(exposure: Exposure, camera: CameraModel, site: Site) -> Any:
    """Return the header of a raw frame, as an astropy Header.

    Both dialects of the kind of frame are written (IMAGETYP and OBSTYPE), positions both in degrees and in
    sexagesimal text, and times as start, middle and end.
    """
    import astropy.io.fits as fits

    header = fits.Header()
    cards = _what(exposure) + _when(exposure, site) + _instrument(exposure, camera) + _where(site)
    pointed = exposure.kind == "light" and exposure.ra is not None and exposure.dec is not None
    if pointed:
        cards += _pointing(exposure, site, exposure.ra or 0.0, exposure.dec or 0.0)
    for key, value, comment in cards:
        if value is not None:
            room = CARD - len("KEYWORD = '' / ") - len(str(value))
            header[key] = (value, comment) if len(comment) <= room else value
    if pointed:
        header.update(tangent_wcs(exposure.ra or 0.0, exposure.dec or 0.0, camera).to_header())
    return header


def tangent_wcs(ra: float, dec: float, camera: CameraModel) -> Any:
    """Return a camera's tangential projection as an astropy WCS: north is up, east to the left.

    Parameters
    ----------
    ra, dec : float
        The middle of the frame; ICRS, degrees.
    camera : CameraModel
        Its size and scale.
    """
    from astropy.wcs import WCS

    wcs = WCS(naxis=2)
    wcs.wcs.ctype = ["RA---TAN", "DEC--TAN"]
    wcs.wcs.cunit = ["deg", "deg"]
    wcs.wcs.crval = [ra, dec]
    wcs.wcs.crpix = [(camera.columns + 1) / 2, (camera.rows + 1) / 2]
    wcs.wcs.cdelt = [-camera.pixel_scale / 3600, camera.pixel_scale / 3600]
    wcs.wcs.radesys = "ICRS"
    return wcs


Cards = list[tuple[str, Any, str]]


def _what(exposure: Exposure) -> Cards:
    return [
        ("IMAGETYP", exposure.kind.upper(), "kind of frame: BIAS, DARK, FLAT or LIGHT"),
        ("OBSTYPE", OBSTYPE[exposure.kind], "kind of frame, as LCO says it"),
        ("OBJECT", _ascii(exposure.target if exposure.kind == "light" else exposure.kind), "what it is of"),
        ("EVENT", _ascii(exposure.event), "alert's event that this follows up"),
        ("ORDER", exposure.order, "work order that asked for it"),
        ("FRAMENUM", exposure.number, "number of its kind in the batch"),
        ("FILTER", _ascii(exposure.filter), "filter"),
        ("EXPTIME", exposure.seconds, "[s] exposure time"),
    ]


def _when(exposure: Exposure, site: Site) -> Cards:
    days = (exposure.start - MJD_EPOCH).total_seconds() / 86400
    return [
        ("TIMESYS", "UTC", "time scale of all times here"),
        ("DATE-OBS", _fits_time(exposure.start), "start of the exposure"),
        ("DATE-AVG", _fits_time(exposure.middle), "middle of the exposure"),
        ("DATE-END", _fits_time(exposure.end), "end of the exposure"),
        ("MJD-OBS", days, "[d] start of the exposure"),
        ("DAY-OBS", night_of(exposure.start, site.longitude), "evening of the night, local date"),
    ]


def _instrument(exposure: Exposure, camera: CameraModel) -> Cards:
    return [
        ("TELESCOP", camera.telescope, "telescope"),
        ("INSTRUME", camera.name, "camera"),
        ("SIMULATE", True if camera.simulated else None, "the pixels are simulated"),
        ("GAIN", camera.gain, "[electron/adu] gain"),
        ("RDNOISE", camera.read_noise, "[electron] read noise"),
        ("SATURATE", camera.saturation, "[adu] full from here on"),
        ("BUNIT", "adu", "unit of the pixels"),
        ("CCDSUM", "1 1", "binning in x and y"),
        ("CCD-TEMP", camera.temperature, "[deg C] temperature of the sensor"),
        ("PIXSCALE", camera.pixel_scale, "[arcsec/pixel] scale"),
        ("DOMESHUT", exposure.dome, "what the dome's sensor says of its shutter"),
        ("CREATOR", f"TOROS {toros.__version__}", "software that wrote this file"),
    ]


def _where(site: Site) -> Cards:
    return [
        ("OBSERVAT", _ascii(site.name), "observatory"),
        ("SITELAT", site.latitude, "[deg] latitude, north positive"),
        ("SITELONG", site.longitude, "[deg] longitude, east positive"),
        ("SITEELEV", site.elevation, "[m] elevation"),
    ]


def _pointing(exposure: Exposure, site: Site, ra: float, dec: float) -> Cards:
    height = altitude(ra, dec, exposure.middle, site.longitude, site.latitude)
    mass = airmass(height)
    return [
        ("RA", ra, "[deg] right ascension of the telescope, ICRS"),
        ("DEC", dec, "[deg] declination of the telescope, ICRS"),
        ("OBJCTRA", right_ascension_text(ra), "right ascension of the object, ICRS"),
        ("OBJCTDEC", declination_text(dec), "declination of the object, ICRS"),
        ("OBJCTALT", round(height, 3), "[deg] altitude in the middle of the exposure"),
        ("AIRMASS", round(mass, 4) if mass else None, "airmass in the middle of the exposure"),
    ]


def _fits_time(moment: datetime) -> str:
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds")


def _ascii(text: str | None) -> str | None:
    """Return a text as a FITS card can hold it: printable ASCII, and not longer than one card."""
    return None if text is None else "".join(c if " " <= c <= "~" else "?" for c in text)[:68]
