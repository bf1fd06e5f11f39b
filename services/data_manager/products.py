"""Products: what the reduction made, checked against the file itself and recorded with what it came from."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from services.data_manager.viewers import viewer_of
from toros.clock import iso
from toros.data.finding import find_products
from toros.data.ingestion import record_inputs, record_product, size_of
from toros.data.targets.fields import load_sky
from toros.data.verification import verify_file
from toros.network.service import Answer, Context, Outcome

if TYPE_CHECKING:
    from workorders.data import FindProducts, IngestDataProduct

__all__ = ["answer_find_products", "ingest_data_product"]

CHUNK = 500  # inputs recorded in one transaction, so that none is long


def ingest_data_product(order: IngestDataProduct, context: Context) -> Outcome:
    """See for ourselves that the file is what the order says, then record it."""
    size = size_of(order)
    for location in order.thumbnails.values():
        context.files.path(location, must_exist=False)
    path = context.files.path(order.file_location, must_exist=False)
    verify_file(path, size, order.sha256, name=order.file_location,
                progress=lambda done: context.progress(0.8 * done, "reading the file"))  # fmt: skip
    for start in range(0, len(order.inputs) - CHUNK, CHUNK):
        context.write(partial(record_inputs, inputs=order.inputs[start : start + CHUNK]))
    if order.target is not None:
        load_sky()
    now, radius = iso(context.clock.now()), context.config.targets.match_radius
    return Outcome(
        record=lambda session: {"product": record_product(session, order, recorded=now, match_radius=radius)}
    )


def answer_find_products(question: FindProducts, context: Context) -> Answer:
    """Return a page of products with their parentage."""
    asked: dict[str, Any] = question.model_dump(
        include={"batch", "product_type", "target", "event", "night", "observation", "limit", "after", "before"}
    )
    viewer = viewer_of(question, context)
    return context.read(lambda session: find_products(session, viewer=viewer, **asked))
