"""Carrying out a recipe: for a new product, and again for an old one from what its header says."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from toros.errors import BadFrame
from toros.reduction.combine import Stack, combine, frame_noise
from toros.reduction.frame import Frame, read_frame
from toros.reduction.recipe import Input, Recipe, Step
from toros.reduction.steps import Shelf, do_step
from toros.reduction.structure import Limits

if TYPE_CHECKING:
    from astropy.io.fits import Header
    from ccdproc import CCDData

__all__ = ["Resolve", "carry_out", "rerun"]

Resolve = Callable[[str, str], Path]


def rerun(product: Path, resolve: Resolve, limits: Limits | None = None) -> CCDData:
    """Make a product again from what its header says, and return it; nothing is written.

    Parameters
    ----------
    product : Path
        A file that TOROS made.
    resolve : callable
        `resolve(name, sha256)` returns where the input of this name lies; its hash is checked.
    limits : Limits, optional
        For reading the files.

    Returns
    -------
    CCDData
        The same pixels, uncertainty and mask, bit for bit, with the same versions of the libraries (card TSOFT).

    Raises
    ------
    BadFrame
        The product was not made by TOROS, or an input is not the file that it was made from.
    """
    recipe = Recipe.read(read_frame(product, limits).header)
    made, _ = carry_out(recipe, resolve, scratch=product.parent, limits=limits)
    return made


def carry_out(
    recipe: Recipe, resolve: Resolve, *, scratch: Path, limits: Limits | None = None
) -> tuple[CCDData, Header]:
    """Do what a recipe says.

    Parameters
    ----------
    recipe : Recipe
        Inputs and steps.
    resolve : callable
        Where an input lies, from its name and hash.
    scratch : Path
        Folder for a large stack of frames.
    limits : Limits, optional
        For reading the files.

    Returns
    -------
    made : CCDData
        Pixels and uncertainty float32, mask bool; its header has ccdproc's cards of each step, nothing else.
    first : Header
        Of the first frame, as it was read.

    Raises
    ------
    BadFrame
        An input cannot be used, or is not the file that the recipe means.
    """
    if not recipe.frames:
        raise BadFrame("its recipe names no frame")
    names = [step.name for step in recipe.steps]
    combining = "combine" in names

    def read_master(item: Input) -> CCDData:
        master = _ccd(_read(item, resolve, limits), dimensionless=item.role == "flat")
        if combining:  # the scatter of the frames says it all, but for what is common to them
            master.uncertainty = None
        return master

    masters = [item for item in recipe.inputs if item.role != "frame"]
    shelf = Shelf(masters, read_master, keep=combining)
    if not combining:
        frame = _read(recipe.frames[0], resolve, limits)
        return _finished(_apply(_ccd(frame), recipe.steps, shelf, 0)), frame.header
    where = names.index("combine")
    made, first = _combined(recipe, where, resolve, shelf, scratch, limits)
    return _finished(_apply(made, recipe.steps[where + 1 :], shelf, 0)), first


def _combined(
    recipe: Recipe, where: int, resolve: Resolve, shelf: Shelf, scratch: Path, limits: Limits | None
) -> tuple[CCDData, Header]:
    """Return the frames combined, each after its own steps, one in memory at a time."""
    options = recipe.steps[where].options
    stack = Stack(len(recipe.frames), scratch)
    first: Header | None = None
    meta: Any = None
    try:
        for position, item in enumerate(recipe.frames):
            frame = _read(item, resolve, limits)
            ccd = _apply(_ccd(frame), recipe.steps[:where], shelf, position)
            stack.add(ccd, _scale(ccd, item) if options.get("scale") == "median" else 1.0)
            first = frame.header if first is None else first
            meta = ccd.meta if meta is None else meta
        made = combine(stack, options, ccd.unit)
        noise = frame_noise(stack)
    finally:
        stack.close()
    assert first is not None
    meta["NCOMBINE"] = (stack.count, "frames combined")
    if recipe.product == "master_bias" and noise > 0:
        meta["RNOISADU"] = (round(noise, 4), "read noise of one frame; counts")
    made.meta = meta
    if options.get("scale") == "median":
        _normalise(made)
    return made, first


def _apply(ccd: CCDData, steps: tuple[Step, ...], shelf: Shelf, position: int) -> CCDData:
    for step in steps:
        ccd = do_step(ccd, step, shelf, position)
    return ccd


def _read(item: Input, resolve: Resolve, limits: Limits | None) -> Frame:
    """Read an input, and make sure that it is the very file that the recipe means."""
    path = resolve(item.name, item.sha256)
    try:
        frame = read_frame(path, limits)
    except BadFrame as error:
        raise BadFrame(f"{item.name}: {error}") from None
    if frame.sha256 != item.sha256:
        raise BadFrame(f"{item.name} is not the file any more that was meant: its SHA-256 is another")
    return frame


def _ccd(frame: Frame, *, dimensionless: bool = False) -> CCDData:
    """Return a frame as CCDData without its header: world coordinates in it are never given to wcslib here."""
    from astropy import units as u
    from astropy.io.fits import Header
    from astropy.nddata import StdDevUncertainty
    from ccdproc import CCDData

    electron = str(frame.header.get("BUNIT", "")).strip().lower() in ("electron", "electrons", "e-")
    unit = u.dimensionless_unscaled if dimensionless else u.electron if electron else u.adu
    uncertainty = None if frame.uncertainty is None else StdDevUncertainty(frame.uncertainty)
    return CCDData(frame.pixels, unit=unit, mask=frame.mask, uncertainty=uncertainty, meta=Header())


def _scale(ccd: CCDData, item: Input) -> float:
    """Return one over the middle of a flat's pixels."""
    import numpy as np

    good = ccd.data if ccd.mask is None else ccd.data[~ccd.mask]
    middle = float(np.nanmedian(good)) if good.size else math.nan
    if not middle > 0:
        raise BadFrame(f"{item.name}: is a flat without light, {middle:g} counts above bias and dark")
    return 1.0 / middle


def _normalise(flat: CCDData) -> None:
    """Divide a combined flat by its mean over good pixels; mask pixels that saw no light."""
    import numpy as np
    from astropy import units as u

    flat.mask |= ~(flat.data > 0)
    mean = np.float32(np.mean(flat.data[~flat.mask], dtype=np.float64))
    flat.data /= mean
    flat.uncertainty.array /= mean
    flat.unit = u.dimensionless_unscaled


def _finished(ccd: CCDData) -> CCDData:
    """Return the product as it is stored: float32, and everything without a value masked."""
    import numpy as np

    ccd.data = np.ascontiguousarray(ccd.data, dtype=np.float32)
    bad = ~np.isfinite(ccd.data)
    ccd.mask = bad if ccd.mask is None else np.asarray(ccd.mask, dtype=bool) | bad
    if ccd.uncertainty is not None:
        ccd.uncertainty.array = np.ascontiguousarray(ccd.uncertainty.array, dtype=np.float32)
    return ccd
