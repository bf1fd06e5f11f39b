"""Making a product: the recipe carried out, measured, pictured, and put in its place in one movement."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from toros.reduction.fits_file import Parked, write_fits
from toros.reduction.flags import Flag
from toros.reduction.memory import BARE, Need
from toros.reduction.provenance import carry_out
from toros.reduction.quality import QUALITY_CARDS, inspect
from toros.reduction.recipe import OWN_CARDS, Recipe
from toros.reduction.section import read_sections
from toros.reduction.structure import Limits

if TYPE_CHECKING:
    from astropy.io.fits import Header
    from ccdproc import CCDData

__all__ = ["Job", "Made", "is_still_there", "make_product"]

THUMBNAIL = 512  # pixels
# what describes the raw file and not the product: its storage, its check sums, its sections
_DROPPED = re.compile(
    r"^(SIMPLE|XTENSION|BITPIX|NAXIS\d*|EXTEND|PCOUNT|GCOUNT|GROUPS|BSCALE|BZERO|BLANK|CHECKSUM|DATASUM|EXTNAME|EXTVER"
    r"|INHERIT|(BIAS|TRIM|DATA|CCD|DET|AMP)SEC[0-9A-D]{0,2}|[ABCDT]SEC[0-9]{2}"
    r"|ZIMAGE|ZCMPTYPE|ZBITPIX|ZNAXIS\d*|ZTILE\d+|ZNAME\d+|ZVAL\d+"
    r"|ZQUANTIZ|ZDITHER0|ZBLANK|ZSCALE|ZZERO|TFIELDS|TTYPE\d+|TFORM\d+|BUNIT|END|)$"
)


@dataclass(frozen=True)
class Job:
    """One product to make.

    Attributes
    ----------
    recipe : Recipe
    paths : mapping of str to str
        Where each input lies, by its name.
    output : str
        Absolute path of the product.
    cards : mapping
        Header cards that say in TOROS's words what the frame is.
    marks : tuple of str
        What was guessed, ignored or gone without; written into the header.
    thumbnails : mapping of {"before", "after"} to str
        Absolute paths of the pictures.
    limits : Limits
    compress : bool
        Whether the product's images are compressed.
    pixel_scale : float or None
        Arcseconds of one pixel, binned as the frame is.
    need : Need
        The memory that it takes.
    saturation : float or None
        Where pixels are full; unit of the product.
    """

    recipe: Recipe
    paths: Mapping[str, str]
    output: str
    cards: Mapping[str, Any] = field(default_factory=dict)
    marks: tuple[str, ...] = ()
    thumbnails: Mapping[str, str] = field(default_factory=dict)
    limits: Limits = Limits()
    compress: bool = False
    pixel_scale: float | None = None
    need: Need = BARE
    saturation: float | None = None


@dataclass(frozen=True)
class Made:
    """A product that is in its place.

    Attributes
    ----------
    path, sha256 : str
    size : int
        Bytes.
    quality : dict
        Numbers measured on it.
    """

    path: str
    sha256: str
    size: int
    quality: dict[str, Any] = field(default_factory=dict)


def make_product(job: Job) -> Made:
    """Make one product; to be run where a FITS file may be opened: in a child process.

    Raises
    ------
    BadFrame
        An input cannot be used.
    OSError
        The product cannot be written; nothing of it is left behind.
    """
    output = Path(job.output)
    output.parent.mkdir(parents=True, exist_ok=True)
    error = Parked(output.parent)
    made, first = carry_out(
        job.recipe, lambda name, _: Path(job.paths[name]), scratch=output.parent, limits=job.limits, error=error
    )
    if job.recipe.product == "master_bad_pixels":
        return _put_mask(job, made, first)
    _draw(job, made)
    # measuring takes most memory: meanwhile all planes wait on the disk, and it writes over the image and its mask
    saturated = round(_part(made.flags, Flag.SATURATED), 6)
    image, planes = Parked(output.parent).add(made.data), _planes(made, error, output.parent)
    light = job.recipe.product == "calibrated"
    quality, stars = inspect(
        made, counts=light, saturation=job.saturation, pixel_scale=job.pixel_scale, in_place=True
    )  # fmt: skip
    quality["saturated_fraction"] = saturated
    if "RNOISADU" in made.meta:
        quality["read_noise_adu"] = float(made.meta["RNOISADU"])
    header = _header(job, made, first, quality)
    digest, size = write_fits(output, header, image, planes, compress=job.compress, stars=stars if light else None)
    return Made(job.output, digest, size, quality)


def is_still_there(path: str, sha256: str) -> bool:
    """Tell whether a product that was made before is whole."""
    try:
        with Path(path).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == sha256
    except OSError:
        return False


def _header(job: Job, made: CCDData, first: Header, quality: Mapping[str, Any]) -> Header:
    """Return the product's header: the first frame's, what changed, ccdproc's steps, the recipe and the marks."""
    from astropy.io.fits import Header

    header = Header()
    for card in first.cards:
        if not (_DROPPED.match(card.keyword) or OWN_CARDS.match(card.keyword)):
            header.append(card, end=True)
    _shift_reference_pixel(header, job.recipe)
    for key, value in job.cards.items():
        header[key] = value
    header.extend(made.meta, update=True)
    if str(made.unit):
        header["BUNIT"] = made.unit.to_string()
    for key, value in quality.items():
        if key in QUALITY_CARDS and isinstance(value, (int, float)):
            header[QUALITY_CARDS[key][0]] = (value, QUALITY_CARDS[key][1])
    for flag in Flag if made.mask is not None else ():
        header[f"TMASK{int(flag)}"] = (flag.name, f"what {int(flag)} means in the plane MASK")
    job.recipe.write(header)
    names = ("toros", "ccdproc", "astropy", "numpy", "numba")
    header["TSOFT"] = ", ".join(f"{name} {version(name)}" for name in names)
    for n, mark in enumerate(job.marks, 1):
        header[f"TMARK{n}"] = mark.encode("ascii", "replace").decode().replace("&", "and")
    return header


def _put_mask(job: Job, made: CCDData, first: Header) -> Made:
    """Write a mask of bad pixels, which has no planes and no sky."""
    bad = int(made.meta["TBAD"])
    quality = {"bad_pixels": bad, "bad_fraction": round(bad / made.data.size, 6)}
    for keyword in (*(keyword for keyword, _ in QUALITY_CARDS.values()), "NCOMBINE", "RNOISADU"):
        first.remove(keyword, ignore_missing=True)  # of the dark, whose header this begins with
    digest, size = write_fits(Path(job.output), _header(job, made, first, {}), made.data, {}, compress=job.compress)
    return Made(job.output, digest, size, quality)


def _shift_reference_pixel(header: Header, recipe: Recipe) -> None:
    """Keep the header's world coordinates true after trimming."""
    for step in recipe.steps:
        if step.name != "trim_image":
            continue
        section = read_sections(None, step.options["section"], (1 << 30, 1 << 30))[1]
        if section is not None:
            for key, offset in (("CRPIX1", section.left - 1), ("CRPIX2", section.bottom - 1)):
                if isinstance(header.get(key), (int, float)):
                    header[key] = header[key] - offset


def _part(flags: Any, flag: Flag) -> float:
    """Return the part of the pixels that have a flag."""
    return float(sum((row & int(flag) != 0).sum() for row in flags) / flags.size)


def _planes(made: CCDData, error: Parked, folder: Path) -> dict[str, Parked]:
    """Take uncertainty, flags and count out of a product; return them by the names that CCDData.read expects."""
    planes: dict[str, Parked] = {}
    if made.uncertainty is not None:
        error.add(made.uncertainty.array)
    if error.shape[0]:
        planes["UNCERT"] = error
    planes["MASK"] = Parked(folder).add(made.flags)
    if hasattr(made, "count"):
        planes["COUNT"] = Parked(folder).add(made.count)
        del made.count
    made.uncertainty = made.flags = None
    return planes


def _draw(job: Job, made: CCDData) -> None:
    """Draw the frame before and after."""
    from toros.reduction.frame import open_frame
    from toros.reduction.planes import RowSlices
    from toros.sky.thumbnail import thumbnail

    for which, path in job.thumbnails.items():
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        if which == "after":
            thumbnail(made.data, Path(path), THUMBNAIL)
            continue
        with open_frame(Path(job.paths[job.recipe.frames[0].name]), job.limits) as raw:
            thumbnail(RowSlices(raw.image), Path(path), THUMBNAIL)
