"""The orders that have the data manager record what was made."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from services.preprocessor.report import kept_marks
from toros.reduction.batch_product import Product
from toros.reduction.inventory import Seen
from workorders.data import FrameInput, IngestDataProduct

if TYPE_CHECKING:
    from services.preprocessor.reduction import Asked
    from toros.network.service import Context

__all__ = ["ingestions"]

LONGEST = 7200.0  # seconds of exposure that an order can carry
MOST_INPUTS = 500  # of one order: a thousand with long names would not pass the desk's door


def ingestions(
    asked: Asked, batch: str, folder: str, product: Product, night: str | None, context: Context
) -> list[IngestDataProduct]:
    """Return the orders for one product: one, or several that share out a long list of inputs.

    Parameters
    ----------
    asked : WorkOrder
        The order that began the batch.
    batch, folder : str
        The batch's name, and where its raw frames are; root:path.
    product : Product
    night : str or None
        Evening of the night.
    context : Context
        Of the order.
    """
    sky = product.seen.frame
    light = product.kind == "calibrated"
    inputs = _inputs(product)
    about: dict[str, Any] = {}
    if light:
        about = {
            "target": (getattr(asked, "target", None) or sky.object[:128] or None), "ra": sky.ra, "dec": sky.dec,
        }  # fmt: skip
    return [
        IngestDataProduct(
            priority=asked.priority,
            file_location=product.name,
            sha256=product.made.sha256,
            size=product.made.size,
            product_type=cast(Any, product.kind),
            batch=batch,
            batch_location=folder,
            night=night,
            inputs=inputs[start : start + MOST_INPUTS],
            thumbnails={which: context.files.location(Path(path)) for which, path in product.thumbnails.items()},
            event=getattr(asked, "event", None),
            observation=getattr(asked, "observation", None),
            marks=kept_marks(product.marks),
            quality=product.made.quality,
            **about,
            **_shutter(product.seen),
        )
        for start in range(0, max(1, len(inputs)), MOST_INPUTS)
    ]


def _inputs(product: Product) -> list[FrameInput]:
    """Return what a product was made from: raw frames, and the masters that were used on them."""
    raw = [
        FrameInput(location=s.name, sha256=s.sha256, role="exposure", kind=cast(Any, s.frame.kind), **_shutter(s))
        for s in product.frames
    ]
    made = [
        FrameInput(
            location=m.name, sha256=m.sha256, role="combination", kind=cast(Any, f"master_{m.kind}"), **_shutter(m.like)
        )
        for m in product.masters
        if m.origin != "camera"  # a camera's own mask is part of its description, not a product
    ]
    return [*raw, *made]


def _shutter(seen: Seen) -> dict[str, Any]:
    """Return when, for how long and through what a frame was exposed, as far as an order can say it."""
    frame = seen.frame
    time = frame.exposure_time if frame.exposure_time is not None and frame.exposure_time <= LONGEST else None
    return {"date_obs": frame.date_obs, "exposure_time": time, "filter": frame.filter[:32] or None}
