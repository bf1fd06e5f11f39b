"""Numbers that say whether a frame is any good."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ccdproc import CCDData
    from numpy.typing import ArrayLike, NDArray

__all__ = ["QUALITY_CARDS", "inspect", "measure"]

OUTLIER = 3.0  # standard deviations from the middle at which a star's shape is not the frame's
ROUNDS = 5
COUNTS_SLOPE = 0.3  # decades of stars for one magnitude, far from the galactic plane at the magnitudes that we count

QUALITY_CARDS: Mapping[str, tuple[str, str]] = {  # name in `measure`: (keyword, comment)
    "background": ("TBACKGR", "level of the sky, in BUNIT"),
    "noise": ("TNOISE", "deviation of a pixel of the sky, in BUNIT"),
    "masked_fraction": ("TMASKED", "part of the pixels that are masked"),
    "saturated_fraction": ("TSATFRAC", "part of the pixels that are saturated"),
    "sources": ("TSOURCES", "sources of 4 pixels above 5 x noise"),
    "fwhm_pixels": ("TFWHM", "full width of stars at half maximum; pixels"),
    "fwhm_arcseconds": ("TFWHMSEC", "full width of stars at half maximum; arcsec"),
    "ellipticity": ("TELLIP", "of stars: 1 - minor / major axis"),
    "position_angle_degrees": ("TPOSANG", "of stars' major axis, x towards y; degrees"),
    "stars_measured": ("TSTARS", "stars that the shape was measured on"),
    "stars_expected": ("TSTARSEX", "sources expected under a clear sky"),
    "star_ratio": ("TSTARRAT", "sources found over sources expected"),
    "transparency": ("TTRANSP", "of the sky, guessed from TSTARRAT; 1 is clear"),
}


def measure(
    ccd: CCDData,
    *,
    counts: bool,
    saturation: float | None = None,
    saturated: ArrayLike | None = None,
    pixel_scale: float | None = None,
    stars_expected: float | None = None,
    in_place: bool = False,
) -> dict[str, Any]:
    """Return the quality of a product, as `inspect` does, without its stars."""
    return inspect(
        ccd, counts=counts, saturation=saturation, saturated=saturated, pixel_scale=pixel_scale,
        stars_expected=stars_expected, in_place=in_place,
    )[0]  # fmt: skip


def inspect(
    ccd: CCDData,
    *,
    counts: bool,
    saturation: float | None = None,
    saturated: ArrayLike | None = None,
    pixel_scale: float | None = None,
    stars_expected: float | None = None,
    in_place: bool = False,
) -> tuple[dict[str, Any], NDArray[Any]]:
    """Return the quality of a product, and its brightest stars.

    Parameters
    ----------
    ccd : CCDData
        The product.
    counts : bool
        Whether sources are counted and stars measured: on frames of the sky.
    saturation : float, optional
        Where pixels are full; unit of the image.
    saturated : array of bool, optional
        Which pixels are full, where they are known; goes before `saturation`.
    pixel_scale : float, optional
        Arcseconds on the sky of one pixel.
    stars_expected : float, optional
        How many sources such a frame has under a clear sky: the median of others of its field, filter and exposure.
    in_place : bool
        Whether the product's image and mask may be written over, which saves a copy of each.

    Returns
    -------
    quality : dict
        Plain numbers, rounded; only those that could be measured.

        background, noise : float
            Level of the sky, and standard deviation of its pixels, stars left out; unit of the image.
        masked_fraction, saturated_fraction : float
            Part of the pixels.
        sources : int
            Groups of at least four pixels above five times the noise, parted where they are double.
        fwhm_pixels, fwhm_arcseconds : float
            Median full width at half maximum of the brightest stars that are whole and alone; the pixel's own width
            is in it.
        ellipticity : float
            Median of 1 - minor / major axis of the same stars.
        position_angle_degrees : float
            Of their mean major axis, from x (columns) towards y (rows), -90 to 90.
        stars_measured : int
            How many these were.
        stars_expected, star_ratio, transparency : float
            What was given; sources over it; and what passes of the light, from `transparency_of`.
        remark : str
            What could not be measured, and why.
    stars : structured array
        As `stars_of` returns them.
    """
    import numpy as np

    from toros.reduction.background import subtract_background
    from toros.reduction.stars import STAR, bright_stars, find_sources

    stars: NDArray[Any] = np.empty(0, dtype=STAR)
    found = _full(ccd.data, saturation, saturated)
    sky = subtract_background(ccd.data, ccd.mask, in_place=in_place)
    if sky is None:
        found["masked_fraction"] = 1.0
    else:
        found |= {"background": sky.level, "noise": sky.noise, "masked_fraction": float(sky.bad.mean())}
    if sky is not None and counts:
        sources = find_sources(sky)
        stars = bright_stars(sky, sources, saturation=saturation)
        found |= _counted(sources, stars_expected) | _shape(stars, pixel_scale)
    return {k: round(v, 6) if isinstance(v, float) else v for k, v in found.items()}, stars


def transparency_of(star_ratio: float, slope: float = COUNTS_SLOPE) -> float:
    """Return what part of the light passes, guessed from how many of the expected stars were counted.

    Where log10 of the number of stars rises by `slope` for each magnitude, a loss of `m` magnitudes leaves
    10 ** (-slope m) of them. `trend` knows better wherever there is another frame of the field.

    Parameters
    ----------
    star_ratio : float
        Stars counted over stars expected.
    slope : float
        Decades for one magnitude; 0.6 where stars are spread evenly, about 0.3 at magnitudes 14 to 18 away from the
        galactic plane (Bahcall & Soneira 1980, ApJS 44, 73).
    """
    return math.pow(max(0.0, star_ratio), 0.4 / slope)


def _full(data: Any, saturation: float | None, saturated: ArrayLike | None) -> dict[str, Any]:
    import numpy as np

    if saturated is not None:
        return {"saturated_fraction": float(np.mean(np.asarray(saturated) != 0))}
    if saturation is not None:
        return {"saturated_fraction": int(np.count_nonzero(data >= saturation)) / data.size}
    return {}


def _counted(sources: NDArray[Any] | None, expected: float | None) -> dict[str, Any]:
    if sources is None:
        return {"remark": "too much of the frame stands out from its sky: the sources were not counted"}
    found: dict[str, Any] = {"sources": len(sources)}
    if expected is not None and expected > 0:
        ratio = len(sources) / expected
        found |= {"stars_expected": float(expected), "star_ratio": ratio, "transparency": transparency_of(ratio)}
    return found


def _shape(stars: NDArray[Any], pixel_scale: float | None) -> dict[str, Any]:
    """Return what the stars have in common, those that differ set aside: galaxies, blends, cosmic rays."""
    import numpy as np

    if not len(stars):
        return {}
    stars = stars[_alike(np.log(stars["fwhm"]))]
    stars = stars[_alike(stars["ellipticity"])]
    fwhm = float(np.median(stars["fwhm"]))
    twice = np.radians(2.0 * stars["angle"])
    angle = np.arctan2((stars["ellipticity"] * np.sin(twice)).mean(), (stars["ellipticity"] * np.cos(twice)).mean()) / 2
    found: dict[str, Any] = {
        "fwhm_pixels": fwhm,
        "ellipticity": float(np.median(stars["ellipticity"])),
        "position_angle_degrees": float(np.degrees(angle)),
        "stars_measured": len(stars),
    }
    if pixel_scale is not None:
        found["fwhm_arcseconds"] = fwhm * pixel_scale
    return found


def _alike(values: NDArray[Any]) -> NDArray[Any]:
    """Return which values are near the middle."""
    import numpy as np

    kept = np.ones(values.size, dtype=bool)
    for _ in range(ROUNDS):
        middle = np.median(values[kept])
        away = np.abs(values - middle)
        kept_now = away <= OUTLIER * 1.4826 * np.median(away[kept]) + 1e-9
        if (kept_now == kept).all():
            break
        kept = kept_now
    return kept
