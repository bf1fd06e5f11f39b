"""A calibrated image: how bright its target is in it, in the image's own unit.

The place is the target's, not that of the nearest star: where nothing is seen, the measurement is a limit. It is found
by the coordinates in the header, which are believed; a frame that has none is not measured.
"""

from __future__ import annotations

import warnings
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from toros.data.processors.options import PhotometryOptions
from toros.data.processors.reading import MICROSECONDS_A_DAY, About, Points, Problems, Reading
from toros.errors import Permanent

if TYPE_CHECKING:
    from astropy.io.fits import HDUList, Header

    from toros.sky.aperture import Aperture

__all__ = ["read"]

FWHM = 3.0  # pixels, where the header does not tell how wide stars are
RADIUS = 1.5  # of the circle, in widths of a star: nearly all of its light, and not much of the sky
SKY = 4.0, 7.0  # where the sky is taken, in the same
NARROWEST = 2.0  # pixels; of the circle
SEEN = 3.0  # errors above the sky; below, the measurement is a limit


class _Unmeasured(Exception):
    """A frame says nothing of its target; the text says why."""


def read(path: Path, options: PhotometryOptions) -> Reading | dict[str, Any]:
    """Return the target's brightness in a frame, or the reason why it is not measured.

    Raises
    ------
    Permanent
        It is no FITS file.
    """
    from astropy.io import fits

    try:
        with fits.open(path, lazy_load_hdus=True) as units:
            return _measured(units, options)
    except _Unmeasured as why:
        return {"measured": 0, "not_measured": str(why)}
    except (OSError, ValueError, TypeError) as error:
        raise Permanent(f"{path.name} is no FITS file that can be read: {error}") from None


def _measured(units: HDUList, options: PhotometryOptions) -> Reading:
    import numpy as np

    unit = next((each for each in units if each.is_image and each.header.get("NAXIS") == 2), None)
    if unit is None:
        raise _Unmeasured("the file holds no image of two dimensions")
    header = unit.header
    exposure = _number(header, "EXPTIME")
    if exposure is None or exposure <= 0:
        raise _Unmeasured("the header does not say how long the exposure was (EXPTIME)")
    aperture = _aperture(units, unit, options)
    seen = aperture.flux >= SEEN * aperture.error
    value = aperture.flux if seen else SEEN * aperture.error
    points = Points(
        time=np.array([round(_middle(header, exposure, options) * MICROSECONDS_A_DAY)], np.int64),
        value=np.array([value / exposure]), error=np.array([aperture.error / exposure if seen else np.nan]),
        upper_limit=np.array([not seen]), flags=np.array([aperture.flags], np.int64), line=np.ones(1, np.int64),
        series=np.zeros(1, np.int32), about=(_about(header, options),),
    )  # fmt: skip
    return Reading(points, Problems(), "calibrated image", ("measured where the header's coordinates put the target",))


def _aperture(units: HDUList, unit: Any, options: PhotometryOptions) -> Aperture:
    """Return the light at the target's place; only the part of the frame around it is read."""
    import numpy as np

    from toros.sky.aperture import aperture_sum

    width = _number(unit.header, "TFWHM") or FWHM
    radius, sky = max(NARROWEST, RADIUS * width), (SKY[0] * width, SKY[1] * width)
    x, y = _place(unit.header, options)
    rows, columns = unit.shape
    reach = int(sky[1]) + 2
    if not (radius <= x <= columns - 1 - radius and radius <= y <= rows - 1 - radius):
        raise _Unmeasured(f"the target lies outside of the image, at column {x:.0f} and row {y:.0f}")
    left, low = max(0, round(x) - reach), max(0, round(y) - reach)
    part = slice(low, round(y) + reach + 1), slice(left, round(x) + reach + 1)

    def plane(name: str, kind: type) -> Any:
        same = name in units and units[name].shape == unit.shape
        return units[name].section[part].astype(kind) if same else None

    image, error, mask = unit.section[part].astype(np.float64), plane("UNCERT", np.float64), plane("MASK", np.uint8)
    if mask is None:
        mask = np.zeros(image.shape, np.uint8)
    found = aperture_sum(image, error, mask, x - left, y - low, radius=radius, sky=sky)
    if found is None:
        raise _Unmeasured("pixels at the target's place have no value")
    return found


def _place(header: Header, options: PhotometryOptions) -> tuple[float, float]:
    """Return column and row of the target, from 0."""
    from astropy.wcs import WCS, NoConvergence

    if options.ra is None or options.dec is None:
        raise _Unmeasured("the product has no target with a position")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # old keywords are put right silently
        wcs = WCS(header)
        if not wcs.has_celestial:
            raise _Unmeasured("the header has no coordinates of the sky (CTYPE1, CRVAL1 and so on)")
        try:
            x, y = wcs.celestial.all_world2pix(options.ra, options.dec, 0)
        except NoConvergence:
            raise _Unmeasured("the target lies outside of the image") from None
    return float(x), float(y)


def _middle(header: Header, exposure: float, options: PhotometryOptions) -> float:
    """Return the middle of the exposure; MJD, UTC."""
    from toros.sky.times import mid_exposure, mjd_of

    if options.mjd is not None:
        return options.mjd
    for key, stamp in (("DATE-AVG", "mid"), ("DATE-OBS", "start")):
        try:
            moment = datetime.fromisoformat(str(header.get(key, "")).strip())
        except ValueError:
            continue
        return float(mid_exposure(mjd_of(moment.replace(tzinfo=UTC)), exposure, stamp))  # type: ignore[arg-type]
    raise _Unmeasured("the header does not say when the exposure was (DATE-OBS)")


def _about(header: Header, options: PhotometryOptions) -> About:
    def said(*keys: str) -> str:
        return next((text for key in keys if (text := str(header.get(key, "")).strip())), "")[:64]

    band = options.band or said("FILTER")
    if not band:
        raise _Unmeasured("the header does not name the filter (FILTER)")
    return About(
        band=band, kind="counts", unit=f"{said('BUNIT') or 'adu'}/s", source=options.source or "frames",
        facility=options.facility or said("OBSERVAT", "TELESCOP"), observer=options.observer or said("OBSERVER"),
        method=options.method or "aperture",
    )  # fmt: skip


def _number(header: Header, key: str) -> float | None:
    value = header.get(key)
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
