"""The stars of a frame: all that stand out from the sky, and the brightest good ones with their shapes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from toros.reduction.background import Background, subtract_background

if TYPE_CHECKING:
    import numpy as np
    from ccdproc import CCDData
    from numpy.typing import NDArray

__all__ = ["STAR", "bright_stars", "find_sources", "stars_of"]

# x, y: pixels, counted from 0; flux, peak: above the sky, unit of the image; fwhm: pixels; angle: degrees
STAR = [(name, "<f4") for name in ("x", "y", "flux", "peak", "fwhm", "ellipticity", "angle")]
SOURCE = [("x", "<f8"), ("y", "<f8"), ("flux", "<f4"), ("peak", "<f4")]  # what is used of those of `sep.extract`
THRESHOLD = 5.0  # standard deviations
FEWEST = 4  # pixels of a source
LEVELS, CONTRAST = 16, 0.005  # of deblending: thresholds, and the part of the light that makes a second star
PILE = 1000  # sources that are looked at together, the brightest first
MOST = 200  # stars whose shape is measured
CLEAR = 10.0  # standard deviations that the peak of such a star has at least
ALONE = 3.0  # widths within which it has no neighbour
RIVAL = 0.03  # part of its light that makes something a neighbour
CROWDED = 20  # where fewer stars are alone, those with neighbours are taken too
FULL = 0.9  # part of the saturation from which a star is not measured
APERTURE = 2.0  # widths; radius that the flux is summed in, and that no bad pixel may lie in
LIGHT = 1.25  # of a star over its peak and its width squared: 1.13 for a Gaussian, more for what has wings


def stars_of(ccd: CCDData, *, saturation: float | None = None) -> NDArray[Any]:
    """Return the brightest stars of a frame that are neither saturated nor blended: at most 200.

    Parameters
    ----------
    ccd : CCDData
        A calibrated frame.
    saturation : float, optional
        Where pixels are full; unit of the image.

    Returns
    -------
    structured array, brightest first
        x, y : pixels along columns and rows, the first pixel's centre at 0; flux : within a radius of two widths;
        peak : of the fitted profile; fwhm : pixels; ellipticity : 1 - minor / major axis; angle : of the major axis,
        degrees from x towards y.
    """
    sky = subtract_background(ccd.data, ccd.mask)
    if sky is None:
        return _no_stars()
    return bright_stars(sky, find_sources(sky), saturation=saturation)


def find_sources(sky: Background) -> NDArray[Any] | None:
    """Return what stands out from the sky: at least four pixels above five times the noise, parted where it is double.

    Returns
    -------
    structured array or None
        As `sep.extract` gives it; None where the frame is too full for it.
    """
    import numpy as np
    import sep

    if not sky.noise > 0:  # a frame of one value
        return np.empty(0, dtype=SOURCE)
    # "clean" compares every source with every other, and single hot pixels, which a filter would spread, are no stars
    options = {"mask": sky.bad, "minarea": FEWEST, "filter_kernel": None, "clean": False, "deblend_nthresh": LEVELS}
    for pixels, contrast in _stacks(sky.flat.size).items():
        sep.set_extract_pixstack(pixels)
        try:
            found: NDArray[Any] = sep.extract(sky.flat, THRESHOLD * sky.noise, deblend_cont=contrast, **options)
            return found
        except Exception as error:  # noqa: BLE001 - sep has no class of its own for a frame that overflows its stacks
            if "overflow" not in str(error) and "full" not in str(error):
                raise
    return None


def _stacks(size: int) -> dict[int, float]:
    """Return for how many pixels of sources there is room, tried one after another, and the contrast then.

    The room is taken at once, 40 bytes a pixel; most frames need little.
    """
    return {max(300_000, size // 128): CONTRAST, max(300_000, size // 32): CONTRAST, max(300_001, size // 2): 1.0}


def bright_stars(sky: Background, sources: NDArray[Any] | None, *, saturation: float | None = None) -> NDArray[Any]:
    """Return the brightest good stars among the sources, with their shapes, as `stars_of` does."""
    import numpy as np

    if sources is None:
        return _no_stars()
    clear = sources[sources["peak"] > CLEAR * sky.noise]
    if not len(clear):
        return _no_stars()
    width = _width(clear)
    stamps = _chosen(sky, clear, width, saturation)
    if not len(stamps.pixels):
        return _no_stars()
    stars = _measured(sky, stamps, width)
    return stars[np.argsort(-stars["flux"], kind="stable")]


def _no_stars() -> NDArray[Any]:
    import numpy as np

    return np.empty(0, dtype=STAR)


def _width(sources: NDArray[Any]) -> float:
    """Return about the full width of the stars at half their height: what their light and their peak make of it."""
    import numpy as np

    return float(np.clip(math.sqrt(np.median(sources["flux"] / sources["peak"]) / LIGHT), 1.5, 20.0))


def _chosen(sky: Background, sources: NDArray[Any], width: float, saturation: float | None) -> _Stamps:
    """Return the pixels around the brightest sources that are whole, clear, not full, and alone."""
    import numpy as np

    order = np.argsort(-sources["flux"], kind="stable")
    if saturation is not None:
        order = order[sources["peak"][order] + sky.level < FULL * saturation]
    half, kept = int(np.clip(math.ceil(APERTURE * width), 3, 25)), order[:0]
    for start in range(0, len(order), PILE):
        pile = order[start : start + PILE]
        kept = np.append(kept, pile[_stamps(sky, sources[pile], half).whole(APERTURE * width)])
        if len(kept) >= PILE:
            break
    alone = _are_alone(sources, kept, ALONE * width)
    return _stamps(sky, sources[kept[alone] if alone.sum() >= CROWDED else kept][:MOST], half)


def _are_alone(sources: NDArray[Any], which: NDArray[np.intp], radius: float) -> NDArray[np.bool_]:
    import numpy as np
    from scipy.spatial import cKDTree  # type: ignore[import-untyped]

    places, flux = np.column_stack([sources["x"], sources["y"]]), sources["flux"]
    if not len(which):
        return np.zeros(0, dtype=bool)
    beside = cKDTree(places).query_ball_point(places[which], radius)
    return np.array([(flux[near] > RIVAL * flux[me]).sum() <= 1 for me, near in zip(which, beside, strict=True)])


def _measured(sky: Background, stamps: _Stamps, width: float) -> NDArray[Any]:
    """Return the table of the stars that a profile fits."""
    import numpy as np
    import sep

    from toros.reduction.profiles import fit_profiles

    found = fit_profiles(stamps.pixels, stamps.good.astype(np.float64), width)
    stars: NDArray[Any] = np.zeros(len(stamps.pixels), dtype=STAR)
    stars["x"], stars["y"] = stamps.columns + found.x, stamps.rows + found.y
    stars["peak"] = found.height
    stars["fwhm"] = np.sqrt(found.major * found.minor)
    stars["ellipticity"], stars["angle"] = 1 - found.minor / found.major, found.angle
    stars = stars[np.isfinite(stars["fwhm"])]
    if not len(stars):
        return stars
    places = stars["x"].astype(np.float64), stars["y"].astype(np.float64)
    stars["flux"] = sep.sum_circle(sky.flat, *places, APERTURE * float(np.median(stars["fwhm"])))[0]
    lit: NDArray[Any] = stars[stars["flux"] > 0]
    return lit


@dataclass(frozen=True)
class _Stamps:
    """Pixels around sources, which of them are good, and the columns and rows of their centres."""

    pixels: NDArray[np.float64]
    good: NDArray[np.bool_]
    columns: NDArray[np.intp]
    rows: NDArray[np.intp]

    def whole(self, radius: float) -> NDArray[np.bool_]:
        """Tell which have no bad pixel, and no edge of the frame, within a radius."""
        import numpy as np

        reach = np.arange(self.good.shape[1]) - self.good.shape[1] // 2
        near = np.hypot(reach[:, None], reach) <= radius
        return np.asarray((self.good | ~near).all(axis=(1, 2)))


def _stamps(sky: Background, sources: NDArray[Any], half: int) -> _Stamps:
    import numpy as np

    columns, rows = (np.round(sources[axis]).astype(np.intp) for axis in ("x", "y"))
    reach = np.arange(-half, half + 1)
    r, c = rows[:, None, None] + reach[:, None], columns[:, None, None] + reach
    inside = (r >= 0) & (r < sky.flat.shape[0]) & (c >= 0) & (c < sky.flat.shape[1])
    r, c = r.clip(0, sky.flat.shape[0] - 1), c.clip(0, sky.flat.shape[1] - 1)
    return _Stamps(sky.flat[r, c].astype(np.float64), inside & ~sky.bad[r, c], columns, rows)
