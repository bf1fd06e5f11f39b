"""Making a product: the recipe carried out, measured, pictured, and put in its place in one movement."""

from __future__ import annotations

import hashlib
import os
import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from toros.reduction.provenance import carry_out
from toros.reduction.recipe import OWN_CARDS, Recipe
from toros.reduction.section import read_sections
from toros.reduction.structure import Limits

if TYPE_CHECKING:
    import io

    from astropy.io.fits import Header
    from ccdproc import CCDData

__all__ = ["Job", "Made", "is_still_there", "make_product"]

THUMBNAIL = 512  # pixels
# what describes the raw file and not the product: its storage, its check sums, its sections
_DROPPED = re.compile(
    r"^(SIMPLE|XTENSION|BITPIX|NAXIS\d*|EXTEND|PCOUNT|GCOUNT|GROUPS|BSCALE|BZERO|BLANK|CHECKSUM|DATASUM|EXTNAME|EXTVER"
    r"|INHERIT|BIASSEC|TRIMSEC|DATASEC|CCDSEC|DETSEC|ZIMAGE|ZCMPTYPE|ZBITPIX|ZNAXIS\d*|ZTILE\d+|ZNAME\d+|ZVAL\d+"
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
    """

    recipe: Recipe
    paths: Mapping[str, str]
    output: str
    cards: Mapping[str, Any] = field(default_factory=dict)
    marks: tuple[str, ...] = ()
    thumbnails: Mapping[str, str] = field(default_factory=dict)
    limits: Limits = Limits()


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
    from toros.reduction.quality import measure

    output = Path(job.output)
    output.parent.mkdir(parents=True, exist_ok=True)
    made, first = carry_out(job.recipe, lambda name, _: Path(job.paths[name]), scratch=output.parent, limits=job.limits)
    quality = measure(made, counts=job.recipe.product == "calibrated")
    if "RNOISADU" in made.meta:
        quality["read_noise_adu"] = float(made.meta["RNOISADU"])
    _draw(job, made)
    digest, size = _write(_hdus(made, _header(job, made, first, quality)), output)
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
        if key in _QUALITY_CARDS and isinstance(value, (int, float)):
            header[_QUALITY_CARDS[key][0]] = (value, _QUALITY_CARDS[key][1])
    job.recipe.write(header)
    names = ("toros", "ccdproc", "astropy", "numpy", "astroscrappy")
    header["TSOFT"] = ", ".join(f"{name} {version(name)}" for name in names)
    for n, mark in enumerate(job.marks, 1):
        header[f"TMARK{n}"] = mark.encode("ascii", "replace").decode().replace("&", "and")
    return header


_QUALITY_CARDS = {
    "background": ("TBACKGR", "median of the sky, in BUNIT"),
    "noise": ("TNOISE", "deviation of the sky, in BUNIT"),
    "sources": ("TSOURCES", "groups of pixels above 5 x noise"),
    "masked_fraction": ("TMASKED", "part of the pixels that are masked"),
}


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


def _hdus(made: CCDData, header: Header) -> Any:
    """Return the file: the image, its uncertainty in UNCERT and its mask in MASK, as CCDData.read expects them."""
    import numpy as np
    from astropy.io import fits

    hdus = fits.HDUList([fits.PrimaryHDU(made.data, header)])
    if made.uncertainty is not None:
        planes = fits.ImageHDU(made.uncertainty.array, name="UNCERT")
        planes.header["UTYPE"] = "StdDevUncertainty"
        hdus.append(planes)
    hdus.append(fits.ImageHDU(made.mask.astype(np.uint8), name="MASK"))
    return hdus


def _write(hdus: Any, output: Path) -> tuple[str, int]:
    """Write, sync, hash and rename, so that under its name the product is always whole."""
    part = output.with_name(f".{output.name}.{os.getpid()}.part")
    try:
        with part.open("w+b") as file:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # comments of raw cards that are too long are cut, as before
                hdus.writeto(file, output_verify="silentfix")
            file.flush()
            os.fsync(file.fileno())
            size = file.seek(0, 2)
            file.seek(0)
            digest = hashlib.file_digest(cast("io.BufferedReader", file), "sha256").hexdigest()
        part.replace(output)
    finally:
        part.unlink(missing_ok=True)
    _sync_folder(output.parent)
    return digest, size


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _draw(job: Job, made: CCDData) -> None:
    """Draw the frame before and after."""
    from toros.reduction.frame import read_frame
    from toros.sky.thumbnail import thumbnail

    for which, path in job.thumbnails.items():
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        first = Path(job.paths[job.recipe.frames[0].name])
        image = made.data if which == "after" else read_frame(first, job.limits).pixels
        thumbnail(image, Path(path), THUMBNAIL)
