"""Carrying out a recipe: for a new product, and again for an old one from what its header says."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from toros.errors import BadFrame
from toros.reduction.bands import CalibratedRows
from toros.reduction.chain import Planes, chain_of
from toros.reduction.combine import combine_rows, frame_noise
from toros.reduction.descriptors import allow_open_files
from toros.reduction.fits_file import Parked
from toros.reduction.flags import Flag
from toros.reduction.frame import open_frame
from toros.reduction.masks import STEP, carry_out_mask
from toros.reduction.recipe import Input, Recipe, Step
from toros.reduction.steps import Shelf, chained, do_step, write_cards
from toros.reduction.structure import Limits

if TYPE_CHECKING:
    from astropy.io.fits import Header
    from ccdproc import CCDData

    from toros.reduction.frame import OpenFrame

__all__ = ["Resolve", "carry_out", "rerun"]

Resolve = Callable[[str, str], Path]
SAMPLE = 4 << 20  # pixels that tell the level of a flat; of a smaller one, all


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
    with open_frame(product, limits) as frame:
        recipe = Recipe.read(frame.header)
    made, _ = carry_out(recipe, resolve, scratch=product.parent, limits=limits)
    return made


def carry_out(
    recipe: Recipe, resolve: Resolve, *, scratch: Path, limits: Limits | None = None, error: Parked | None = None
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
    error : Parked, optional
        Where the standard deviation of a single frame goes, instead of into memory: what is made has no uncertainty.

    Returns
    -------
    made : CCDData
        Pixels and uncertainty float32, mask bool, flags uint8 (`toros.reduction.flags.Flag`); its header has
        ccdproc's cards of each step, nothing else. A combined one has the number of frames used per pixel as `count`.
    first : Header
        Of the first frame, as it was read.

    Raises
    ------
    BadFrame
        An input cannot be used, or is not the file that the recipe means.
    """
    if recipe.steps and recipe.steps[0].name == STEP:
        with ExitStack() as files:
            opener = _Opener(resolve, limits, scratch)
            return carry_out_mask(recipe, lambda item: opener(item, files))
    if not recipe.frames:
        raise BadFrame("its recipe names no frame")
    names = [step.name for step in recipe.steps]
    masters = [item for item in recipe.inputs if item.role != "frame"]
    with ExitStack() as files:
        opened = _Opener(resolve, limits, scratch)
        shelf = Shelf(masters, opened, files, with_errors="combine" not in names)
        if "combine" in names:
            return _combined(recipe, names.index("combine"), opened, shelf, files)
        return _calibrated(recipe, opened(recipe.frames[0], files), shelf, error)


@dataclass(frozen=True)
class _Opener:
    """Opens an input, and makes sure that it is the very file that the recipe means."""

    resolve: Resolve
    limits: Limits | None
    scratch: Path

    def __call__(self, item: Input, files: ExitStack) -> OpenFrame:
        path = self.resolve(item.name, item.sha256)
        try:
            frame = files.enter_context(open_frame(path, self.limits, scratch=self.scratch))
        except BadFrame as error:
            raise BadFrame(f"{item.name}: {error}") from None
        if frame.sha256 != item.sha256:
            raise BadFrame(f"{item.name} is not the file any more that was meant: its SHA-256 is another")
        return frame


def _rows(frame: OpenFrame, steps: Sequence[Step], shelf: Shelf, position: int) -> CalibratedRows:
    """Return the rows of a frame after the steps that go over rows."""
    chain = chain_of(steps, frame.shape, position)
    return CalibratedRows(chain, Planes(frame.image, frame.uncertainty, frame.mask), shelf.planes(chain.roles))


def _calibrated(recipe: Recipe, frame: OpenFrame, shelf: Shelf, parked: Parked | None) -> tuple[CCDData, Header]:
    """Return one frame after all its steps."""
    import numpy as np
    from astropy.io.fits import Header
    from astropy.nddata import CCDData, StdDevUncertainty  # ccdproc's own class, without importing the rest of it

    by_row, after = chained(recipe.steps)
    rows = _rows(frame, by_row, shelf, 0)
    data, flags = np.empty(rows.shape, np.float32), np.empty(rows.shape, np.uint8)
    error = np.empty(rows.shape if parked is None else (0, rows.shape[1]), np.float32)
    for start, stop in rows.bands():
        if parked is None:
            rows.fill(start, stop, data[start:stop], error[start:stop], flags[start:stop])
            continue
        if len(error) < stop - start:
            error = np.empty((stop - start, rows.shape[1]), np.float32)
        rows.fill(start, stop, data[start:stop], error[: stop - start], flags[start:stop])
        if rows.has_errors:
            parked.add(error[: stop - start])
    made = CCDData(
        data, unit=_unit(frame, by_row), mask=flags != 0, flags=flags, meta=Header(),
        uncertainty=StdDevUncertainty(error, copy=False) if rows.has_errors and parked is None else None,
    )  # fmt: skip
    for step in after:
        made = do_step(made, step)
    write_cards(made.meta, recipe.steps, shelf)
    return made, frame.header


def _combined(recipe: Recipe, where: int, opened: _Opener, shelf: Shelf, files: ExitStack) -> tuple[CCDData, Header]:
    """Return the frames combined, each after its own steps, a few rows of all in memory at a time."""
    from astropy.io.fits import Header

    options, by_row = recipe.steps[where].options, recipe.steps[:where]
    allow_open_files(len(recipe.inputs))
    frames = [opened(item, files) for item in recipe.frames]
    sources = [_rows(frame, by_row, shelf, n) for n, frame in enumerate(frames)]
    scales = [1.0] * len(sources)
    if options.get("scale") == "median":
        scales = [_scale(source, item) for source, item in zip(sources, recipe.frames, strict=True)]
    found = combine_rows(sources, {**options, "scales": scales})
    made = found.to_ccd(_unit(frames[0], by_row))
    made.meta = Header()
    write_cards(made.meta, by_row, shelf)
    made.meta["NCOMBINE"] = (found.frames, "frames combined")
    noise = frame_noise(sources, scales) if recipe.product == "master_bias" else 0.0
    if noise > 0:
        made.meta["RNOISADU"] = (round(noise, 4), "read noise of one frame, in BUNIT")
    made.flags = found.mask.astype("u1")
    made.flags *= int(Flag.NO_VALUE)  # the flag itself is a number of 64 bits to numpy
    made.count = found.count
    if options.get("scale") == "median":
        _normalise(made)
    return made, frames[0].header


def _unit(frame: OpenFrame, steps: Sequence[Step]) -> Any:
    """Return the unit of a frame after its steps."""
    from astropy import units as u

    electron = str(frame.header.get("BUNIT", "")).strip().lower() in ("electron", "electrons", "e-")
    return u.electron if electron or any(step.name == "gain_correct" for step in steps) else u.adu


def _scale(source: CalibratedRows, item: Input) -> float:
    """Return one over the median of a flat's pixels; of a large one, of rows spread over it."""
    import numpy as np

    rows, columns = source.shape
    step = max(1, rows * columns // SAMPLE)
    sample = np.concatenate([source.rows(row, row + 1)[0] for row in range(step // 2, rows, step)])
    good = sample[np.isfinite(sample)]
    middle = float(np.median(good)) if good.size else math.nan
    if not middle > 0:
        raise BadFrame(f"{item.name}: is a flat without light, {middle:g} counts above bias and dark")
    return 1.0 / middle


def _normalise(flat: CCDData) -> None:
    """Divide a combined flat by its mean over good pixels; mask pixels that saw no light."""
    import numpy as np
    from astropy import units as u

    with np.errstate(invalid="ignore"):
        dark = ~(flat.data > 0)
    flat.mask |= dark
    flat.flags[dark] |= int(Flag.NO_LIGHT)
    mean = np.float32(np.mean(flat.data, dtype=np.float64, where=~flat.mask))
    flat.data /= mean
    flat.uncertainty.array /= mean
    flat.unit = u.dimensionless_unscaled
