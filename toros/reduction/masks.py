"""Masks of bad pixels: made of a night's darks and flats, and those that a camera's file brings along."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from toros.errors import BadFrame
from toros.reduction.bad_pixels import Thresholds, find_bad_pixels
from toros.reduction.choice import Rules, choose
from toros.reduction.dialect import Description
from toros.reduction.frame import open_frame
from toros.reduction.inventory import Seen
from toros.reduction.masters import Master
from toros.reduction.recipe import Input, Recipe, Step

if TYPE_CHECKING:
    import numpy as np
    from astropy.io.fits import Header
    from ccdproc import CCDData
    from numpy.typing import NDArray

    from toros.reduction.cameras.camera import Camera
    from toros.reduction.frame import OpenFrame
    from toros.reduction.planes import Rows
    from toros.reduction.structure import Limits

__all__ = ["STEP", "Mask", "camera_mask", "carry_out_mask", "look_at_mask", "mask_path", "masks_for", "masks_to_make"]

STEP = "find_bad_pixels"
FEWEST = 3  # frames of a dark or a flat; of fewer, a cosmic ray looks like a hot pixel
MOST = 0.1  # of the pixels; a mask of more says something of the frames and not of the detector


@dataclass(frozen=True)
class Mask:
    """A mask to be made, and what it is made of."""

    recipe: Recipe
    dark: Master
    flat: Master


def masks_to_make(
    masters: Sequence[Master], frames: Mapping[str, int], rules: Rules | None = None, known: Iterable[Master] = ()
) -> list[Mask]:
    """Return the masks that masters allow: one for each state of a camera of which there are both darks and flats.

    Each is made of the flat of most frames and of the longest dark without bias.

    Parameters
    ----------
    masters : sequence of Master
        All that there are.
    frames : mapping of str to int
        Of how many frames each was made, by name; those that are not named are not asked.
    rules : Rules, optional
        How far a dark may be from a flat.
    known : iterable of Master
        Masks that were made before.
    """
    wanted = [m for m in masters if m.like.frame.settings.steps.get("bad_pixels", True)]
    told = [m for m in wanted if frames.get(m.name, 0) >= FEWEST]
    darks = [m for m in told if m.kind == "dark" and "bias" not in m.holds and m.exposure_time]
    there = list(known)
    planned: list[Mask] = []
    for flat in sorted((m for m in told if m.kind == "flat"), key=lambda m: -frames[m.name]):
        fitting = choose(darks, flat.like, rules=rules)
        if not fitting or choose([*there, *(m.dark for m in planned)], flat.like, rules=rules):
            continue
        dark = max(fitting, key=lambda m: m.exposure_time or 0.0)
        options = {"exposure_time": dark.exposure_time, **asdict(Thresholds())}
        planned.append(Mask(Recipe("master_bad_pixels", (dark.input, flat.input), (Step(STEP, options),)), dark, flat))
    return planned


def masks_for(light: Seen, masks: Sequence[Master], rules: Rules | None, marks: list[str]) -> list[Master]:
    """Return the masks that a light's bad pixels are taken from: the one that suits it best, and its camera's own.

    Parameters
    ----------
    light : Seen
    masks : sequence of Master
        All that there are.
    rules : Rules or None
        How far one may be.
    marks : list of str
        Says which were taken where the camera brings its own; added to.
    """
    if not light.frame.settings.steps.get("bad_pixels", True):
        return []
    found = choose([m for m in masks if m.origin != "camera"], light, rules=rules)[:1]
    path = mask_path(light.frame.settings)
    for own in (m for m in masks if m.origin == "camera" and m.path == str(path)):
        if own.shape == light.image_shape:
            found.append(own)
            marks.append(f"bad pixels were taken from {' and from '.join(m.name for m in found)}")
        else:
            (rows, columns), (high, wide) = own.shape, light.image_shape
            marks.append(f"{own.name} has {columns} x {rows} pixels and the frame {wide} x {high}: not used")
    return found


def mask_path(camera: Camera) -> Path | None:
    """Return where a camera's own mask lies, or None where it has none."""
    return camera.folder / camera.bad_pixels if camera.bad_pixels and camera.folder else None


def look_at_mask(path: str, limits: Limits | None = None) -> tuple[str, int, tuple[int, int]]:
    """Return hash, size in bytes, and shape of a camera's own mask; to be run in a child process.

    Raises
    ------
    BadFrame
        It cannot be used.
    """
    with open_frame(Path(path), limits) as mask:
        return mask.sha256, mask.size, mask.shape


def camera_mask(camera: Camera, path: Path, looked: tuple[str, int, tuple[int, int]]) -> Master:
    """Return a camera's own mask as a master, after `look_at_mask`."""
    sha256, size, shape = looked
    name = f"camera:{path.name}"
    what = Description(kind="bad_pixels", master=True, settings=camera)
    like = Seen(name, str(path), sha256, size, "", shape, 0.0, 0.0, what)
    return Master(
        kind="bad_pixels", name=name, path=str(path), sha256=sha256, size=size, like=like, shape=shape, made=False,
        origin="camera",
    )  # fmt: skip


def carry_out_mask(recipe: Recipe, opened: Callable[[Input], OpenFrame]) -> tuple[CCDData, Header]:
    """Make a mask as its recipe says, from masters that are read some rows at a time.

    Parameters
    ----------
    recipe : Recipe
        Of one step, "find_bad_pixels".
    opened : callable
        Opens an input.

    Returns
    -------
    made : CCDData
        Bits of `toros.reduction.bad_pixels.Defect`, uint8; its header has how many pixels have each.
    first : Header
        Of the dark.

    Raises
    ------
    BadFrame
        An input cannot be used, or most of the detector would be bad.
    """
    from astropy import units as u
    from astropy.io.fits import Header
    from ccdproc import CCDData

    options = dict(recipe.steps[0].options)
    exposure_time = options.pop("exposure_time")
    inputs = [(item.role, opened(item)) for item in recipe.inputs]
    darks = [_Good(one) for role, one in inputs if role == "dark"]
    flats = [_Good(one) for role, one in inputs if role == "flat"]
    found = find_bad_pixels(darks[0], exposure_time, flats, Thresholds(**options))
    if found.bad > MOST * found.mask.size:
        raise BadFrame(f"{found}, which says more of the frames than of the detector")
    meta = Header()
    meta["HIERARCH FIND_BAD_PIXELS"] = ("badpixel", "Shortened name for ccdproc command")
    names = ", ".join(f"{item.role}={item.name}" for item in recipe.inputs)
    meta["BADPIXEL"] = names.encode("ascii", "replace").decode()
    meta["TBAD"] = (found.bad, "pixels that are bad")
    for defect, number in found.counts.items():
        meta[f"TBAD{int(defect)}"] = (number, f"pixels with the bit {int(defect)}: {(defect.name or '').lower()}")
    return CCDData(found.mask, unit=u.dimensionless_unscaled, flags=found.mask, meta=meta), inputs[0][1].header


class _Good:
    """The pixels of a master that are not masked; the others have no value."""

    def __init__(self, master: OpenFrame) -> None:
        self.shape = master.shape
        self._image: Rows = master.image
        self._mask: Rows | None = master.mask

    def read(self, start: int, stop: int, out: NDArray[np.float32]) -> None:
        """Fill `out` with these rows."""
        import numpy as np

        self._image.read(start, stop, out)
        if self._mask is not None:
            out[self._mask.rows(start, stop) != 0] = np.nan

    def rows(self, start: int, stop: int) -> NDArray[np.float32]:
        """Return these rows."""
        import numpy as np

        out = np.empty((stop - start, self.shape[1]), dtype=np.float32)
        self.read(start, stop, out)
        return out
