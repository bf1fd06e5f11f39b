"""Reducing a folder in one call: for notebooks and scripts, with no daemon, no configuration and no database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from toros.errors import BadFrame
from toros.reduction.batch import Batch
from toros.reduction.inventory import list_files
from toros.reduction.night_sky import FieldTrend, compare_lights

if TYPE_CHECKING:
    from toros.reduction.batch_product import Product
    from toros.reduction.cameras.camera import Camera
    from toros.reduction.inventory import Unusable

__all__ = ["Reduced", "reduce_folder"]


@dataclass(frozen=True)
class Reduced:
    """What became of a folder.

    Attributes
    ----------
    masters, lights : list of Product
        `product.made.path` is the file, `product.made.quality` what was measured on it.
    unusable : list of Unusable
        Files that were set aside, each with its reason.
    marks : list of str
        What a person should know.
    trends : list of FieldTrend
        How clear the sky was, field by field.
    """

    masters: list[Product]
    lights: list[Product]
    unusable: list[Unusable]
    marks: list[str]
    trends: list[FieldTrend] = field(default_factory=list)


def reduce_folder(
    folder: Path | str, output: Path | str, *, cosmic_rays: bool = False, cameras: Sequence[Camera] | None = None
) -> Reduced:
    """Make the masters of a folder and calibrate its lights, as the preprocessor does.

    Parameters
    ----------
    folder : path
        Of raw frames; nothing in it is changed.
    output : path
        Folder of the products.
    cosmic_rays : bool
        Whether cosmic rays are found, replaced and masked.
    cameras : sequence of Camera, optional
        From `load_cameras`; those that come with TOROS by default.

    Raises
    ------
    BadFrame
        The folder holds no FITS file.
    """
    files, marks = list_files(Path(folder).resolve())
    if not files:
        raise BadFrame(f"{folder} holds no FITS file")
    batch = Batch(output=Path(output).resolve(), cosmic_rays=cosmic_rays, cameras=cameras)
    inventory = batch.look([(path, str(path)) for path in files], marks)
    masters, products = batch.make_masters(inventory)
    lights = batch.calibrate(inventory.light, masters)
    trends = compare_lights(lights)
    batch.marks.extend(mark for one in trends for mark in one.marks())
    return Reduced(products, lights, batch.unusable, batch.marks, trends)
