"""The steps that frames go through, each a thin cover of ccdproc's own; a recipe names them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from toros.errors import BadFrame

if TYPE_CHECKING:
    from ccdproc import CCDData

    from toros.reduction.recipe import Input, Step

__all__ = ["Shelf", "do_step"]


class Shelf:
    """The masters of a recipe, each read when it is asked for: a frame and one master fit where four would not.

    Parameters
    ----------
    inputs : iterable of Input
        The recipe's masters.
    read : callable
        Returns the CCDData of an input.
    keep : bool
        Whether a master stays in memory: many frames ask for it.
    """

    def __init__(self, inputs: Iterable[Input], read: Callable[[Input], CCDData], *, keep: bool) -> None:
        self._inputs = {item.role: item for item in inputs}
        self._read = read
        self._keep = keep
        self._kept: dict[str, CCDData] = {}

    def take(self, role: str) -> CCDData:
        """Return the master of a role; whoever takes it must leave it as it is."""
        if role in self._kept:
            return self._kept[role]
        if role not in self._inputs:
            raise BadFrame(f"its recipe asks for a master {role} and names none")
        master = self._read(self._inputs[role])
        if self._keep:
            self._kept[role] = master
        return master

    def card(self, role: str) -> str:
        """Return what the header says about the master of a role."""
        item = self._inputs[role]
        return f"master={item.name.encode('ascii', 'replace').decode()}, sha256={item.sha256[:16]}"


def do_step(ccd: CCDData, step: Step, shelf: Shelf, position: int) -> CCDData:
    """Return the frame after one step.

    Parameters
    ----------
    ccd : CCDData
        The frame; counts (adu) until "gain_correct".
    step : Step
        What to do.
    shelf : Shelf
        The masters.
    position : int
        Which of the recipe's frames this is, from 0; for options that differ from frame to frame.
    """
    function = _STEPS.get(step.name)
    if function is None:
        raise BadFrame(f"its recipe has a step {step.name!r}, which this version does not know")
    return function(ccd, step.options, shelf, position)


def _mask_pixels(ccd: CCDData, options: Mapping[str, Any], shelf: Shelf, position: int) -> CCDData:  # noqa: ARG001
    """Mark pixels without a value, and those at or above saturation (counts)."""
    import numpy as np

    bad = ~np.isfinite(ccd.data)
    if options.get("saturation") is not None:
        bad |= ccd.data >= options["saturation"]
    ccd.mask = bad if ccd.mask is None else ccd.mask | bad
    return ccd


def _subtract_overscan(ccd: CCDData, options: Mapping[str, Any], shelf: Shelf, position: int) -> CCDData:  # noqa: ARG001
    """Subtract the median of the overscan, row by row (column by column where it lies along the rows)."""
    import ccdproc

    section = options["section"]
    return ccdproc.subtract_overscan(
        ccd,
        fits_section=section,
        overscan_axis=None,
        median=True,
        add_keyword={"subtract_overscan": f"fits_section={section}, median=True"},
    )


def _trim_image(ccd: CCDData, options: Mapping[str, Any], shelf: Shelf, position: int) -> CCDData:  # noqa: ARG001
    import ccdproc

    section = options["section"]
    return ccdproc.trim_image(ccd, fits_section=section, add_keyword={"trim_image": f"fits_section={section}"})


def _subtract_bias(ccd: CCDData, options: Mapping[str, Any], shelf: Shelf, position: int) -> CCDData:  # noqa: ARG001
    import ccdproc

    return ccdproc.subtract_bias(ccd, shelf.take("bias"), add_keyword={"subtract_bias": shelf.card("bias")})


def _create_deviation(ccd: CCDData, options: Mapping[str, Any], shelf: Shelf, position: int) -> CCDData:  # noqa: ARG001
    """Add photon and read noise to the uncertainty.

    It comes after the bias: photons make noise, the bias level does not. What the bias brought along is kept:
    the variances add.

    Options
    -------
    gain : float
        Electrons per count.
    read_noise : float
        Electrons.
    """
    import ccdproc
    import numpy as np
    from astropy import units as u
    from astropy.nddata import StdDevUncertainty

    gain = options["gain"] * (u.electron / u.adu if ccd.unit == u.adu else u.dimensionless_unscaled)
    made = ccdproc.create_deviation(
        ccd,
        gain=gain,
        readnoise=options["read_noise"] * u.electron,
        disregard_nan=True,
        add_keyword={"create_deviation": f"gain={options['gain']}, readnoise={options['read_noise']}"},
    )
    noise = made.uncertainty.array.astype(np.float32, copy=False)
    if ccd.uncertainty is not None:
        noise = np.hypot(noise, ccd.uncertainty.array)
    made.uncertainty = StdDevUncertainty(noise)
    return made


def _subtract_dark(ccd: CCDData, options: Mapping[str, Any], shelf: Shelf, position: int) -> CCDData:
    """Subtract the dark, scaled by exposure time where asked.

    Options
    -------
    dark_exposure : float
        Seconds.
    data_exposure : float or list of float
        Seconds; a list has one for each frame.
    scale : bool
    without_bias : bool
        The dark still holds the bias: that is taken out of it first.
    """
    import ccdproc
    import numpy as np
    from astropy import units as u

    dark = shelf.take("dark")
    if options.get("without_bias"):
        dark = ccdproc.subtract_bias(dark, shelf.take("bias"), add_keyword=False)
    exposure = options["data_exposure"]
    exposure = exposure[position] if isinstance(exposure, list) else exposure
    if options["scale"]:
        # ccdproc's own scaling makes everything float64: twice the memory for nothing (ccdproc issue 1013)
        dark = dark.multiply(np.float32(exposure / options["dark_exposure"]))
    said = (
        f"{shelf.card('dark')}, dark_exposure={options['dark_exposure']}, data_exposure={exposure}, "
        f"scale={options['scale']}"
    )
    return ccdproc.subtract_dark(
        ccd,
        dark,
        dark_exposure=options["dark_exposure"] * u.second,
        data_exposure=exposure * u.second,
        scale=False,
        add_keyword={"subtract_dark": said},
    )


def _flat_correct(ccd: CCDData, options: Mapping[str, Any], shelf: Shelf, position: int) -> CCDData:  # noqa: ARG001
    """Divide by the flat; where it has no light the pixel is masked.

    Options
    -------
    norm_value : float
        What the flat is divided by first.
    """
    import ccdproc
    import numpy as np

    flat = shelf.take("flat").copy()
    dead = ~(flat.data > 0)
    flat.mask = dead if flat.mask is None else flat.mask | dead
    flat.data[flat.mask] = options["norm_value"]  # NaN would survive as the masked pixel's value
    return ccdproc.flat_correct(
        ccd,
        flat,
        norm_value=np.float32(options["norm_value"]) * flat.unit,
        add_keyword={"flat_correct": f"{shelf.card('flat')}, norm_value={options['norm_value']}"},
    )


def _gain_correct(ccd: CCDData, options: Mapping[str, Any], shelf: Shelf, position: int) -> CCDData:  # noqa: ARG001
    import ccdproc
    import numpy as np
    from astropy import units as u

    gain = np.float32(options["gain"]) * u.electron / u.adu
    return ccdproc.gain_correct(ccd, gain, add_keyword={"gain_correct": f"gain={options['gain']}"})


def _cosmicray_lacosmic(ccd: CCDData, options: Mapping[str, Any], shelf: Shelf, position: int) -> CCDData:  # noqa: ARG001
    """Replace cosmic rays and mask them (van Dokkum 2001, PASP 113, 1420; astroscrappy).

    Options
    -------
    sigclip, objlim : float
    niter : int
    read_noise : float
        In the frame's own unit.
    """
    import ccdproc
    import numpy as np
    from astropy import units as u

    holes = ~np.isfinite(ccd.data)
    if holes.any():
        ccd.data[holes] = np.median(ccd.data[~holes])  # one NaN would spread through every median
    noise = options["read_noise"]
    cleaned = ccdproc.cosmicray_lacosmic(
        ccd.data.astype(np.float32),
        sigclip=options["sigclip"],
        objlim=options["objlim"],
        niter=options["niter"],
        gain=1.0 * u.dimensionless_unscaled,
        readnoise=noise * u.dimensionless_unscaled,
        satlevel=float("inf"),
        gain_apply=False,
    )
    ccd.data, found = np.asarray(cleaned[0], dtype=np.float32), np.asarray(cleaned[1], dtype=bool)
    ccd.data[holes] = np.nan
    ccd.mask = found if ccd.mask is None else ccd.mask | found
    ccd.meta["LACOSMIC"] = (int(found.sum()), "pixels replaced as cosmic rays")
    return ccd


_STEPS: Mapping[str, Callable[[CCDData, Mapping[str, Any], Shelf, int], CCDData]] = {
    "mask_pixels": _mask_pixels,
    "subtract_overscan": _subtract_overscan,
    "trim_image": _trim_image,
    "subtract_bias": _subtract_bias,
    "create_deviation": _create_deviation,
    "subtract_dark": _subtract_dark,
    "flat_correct": _flat_correct,
    "gain_correct": _gain_correct,
    "cosmicray_lacosmic": _cosmicray_lacosmic,
}
