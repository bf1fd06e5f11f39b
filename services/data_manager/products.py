"""Products: any file, checked against itself and recorded with what it came from; found, and deleted."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from services.data_manager.hooks import calls_of
from services.data_manager.processing import photometry_of
from services.data_manager.reading import check_readable
from services.data_manager.resources import storage_in
from services.data_manager.viewers import viewer_of
from toros.clock import iso
from toros.data.deletion import bury_product, series_of_product, switch_off_product, switch_off_spectra
from toros.data.finding import FILTERS, find_products, the_product
from toros.data.ingestion import find_product, record_inputs, record_product, size_of
from toros.data.permissions import may_see_product
from toros.data.processors.registry import processors
from toros.data.storage import suffix_of
from toros.data.tables import DataProduct
from toros.data.targets.fields import load_sky
from toros.data.verification import identify_file, size_of_file, verify_file
from toros.errors import Permanent
from toros.network.service import Answer, Context, Outcome
from workorders.data import ProcessProduct

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sqlalchemy.orm import Session

    from toros.data.permissions import Viewer
    from workorders import WorkOrder
    from workorders.data import DeleteProduct, FindProducts, IngestDataProduct

__all__ = ["answer_find_products", "delete_product", "ingest_data_product", "keep_copy"]

CHUNK = 500  # inputs recorded in one transaction, so that none is long
READ = 0.8  # of the progress is the reading
MOST_TWINS = 20  # products with the same contents that are told


def ingest_data_product(order: IngestDataProduct, context: Context) -> Outcome:
    """See for ourselves what the file is, keep a copy where that is asked for, and record it.

    What reads it, and the hooks that follow, are orders of their own, which begin when the product is safe.
    """
    check_readable(order.file_location, order, context)
    for location in order.thumbnails.values():
        context.files.path(location, must_exist=False)
        check_readable(location, order, context, field="thumbnails")
    path = context.files.path(order.file_location, must_exist=False)
    if order.store:
        storage_in(context).check_size(size_of_file(path, name=order.file_location), order.file_location)
    order = _identified(order, path, context)
    read_by = order.process and bool(processors(order.product_type))
    if read_by:
        photometry_of(order.target, order.file_location, order.options)
    begins = context.read(partial(_begins, order=order))
    if order.dry_run:
        return Outcome({"dry_run": True, "new": begins, "sha256": order.sha256, "size": str(size_of(order))})
    if order.target is not None:
        load_sky()
    record = partial(
        _record, order=order, recorded=iso(context.clock.now()), viewer=viewer_of(order, context),
        match_radius=context.config.targets.match_radius,
        processing="waiting" if read_by and begins else None,
    )  # fmt: skip
    for start in range(0, len(order.inputs) - CHUNK, CHUNK):
        context.write(partial(record_inputs, inputs=order.inputs[start : start + CHUNK]))
    if order.store:
        record = partial(record, stored=keep_copy(order, path, record, context))
    onward: list[WorkOrder] = []
    if begins:
        assert order.sha256 is not None
        reading = ProcessProduct(file_location=order.file_location, sha256=order.sha256)
        onward = [*([reading] if read_by else []), *calls_of("product_ingested", order, context)]
    return Outcome(record=record, orders=onward)


def delete_product(order: DeleteProduct, context: Context) -> Outcome:
    """Mark the product as deleted, switch off what came from it where that is asked for, and remove our copy."""
    viewer, storage = viewer_of(order, context), storage_in(context)
    bury = partial(bury_product, number=order.product, viewer=viewer, who=order.user, reason=order.reason,
                   deleted=iso(context.clock.now()))  # fmt: skip
    if order.dry_run:
        product = context.read(lambda session: the_product(session, order.product, viewer))
        return Outcome({"dry_run": True, "file_location": product.location})
    with storage.lock:
        key = context.write(bury)
        if key is not None:
            storage.remove(key)
    told: dict[str, Any] = {"product": order.product, "copy_removed": key is not None}
    if order.switch_off:
        switched = context.write(lambda session: switch_off_spectra(session, order.product))
        for series, target in context.read(lambda session: series_of_product(session, order.product)):
            switched += context.write(partial(switch_off_product, product=order.product, series=series, target=target))
        told["switched_off"] = switched
    return Outcome(told)


def answer_find_products(question: FindProducts, context: Context) -> Answer:
    """Return a page of products with their parentage."""
    asked: dict[str, Any] = question.model_dump(include={*FILTERS, "deleted", "limit", "after", "before"})
    return context.read(lambda session: find_products(session, viewer=viewer_of(question, context), **asked))


def _identified(order: IngestDataProduct, path: Path, context: Context) -> IngestDataProduct:
    """Return the order with the size and hash of its file, which are those that it told, if it told any."""

    def progress(done: float) -> None:
        context.progress(READ * done, "reading the file")

    if order.sha256 is not None and order.size is not None:
        verify_file(path, size_of(order), order.sha256, name=order.file_location, progress=progress)
        return order
    size, sha256 = identify_file(path, name=order.file_location, progress=progress)
    for field, told, found in (("size", order.size, size), ("sha256", order.sha256, sha256)):
        if told is not None and told != found:
            raise Permanent(f"{field}: {order.file_location} has {found}, the order says {told}: it is another file")
    return order.model_copy(update={"size": size, "sha256": sha256})


def _begins(session: Session, order: IngestDataProduct) -> bool:
    """Return whether a product is new: not recorded yet, but by an earlier try at this very order."""
    assert order.sha256 is not None
    known = find_product(session, order.sha256, order.file_location)
    return known is None or known.ingested_by == order.id or (known.deleted is not None and order.restore)


def keep_copy(order: IngestDataProduct, path: Path, record: Callable[..., Any], context: Context) -> str:
    """Copy the file into the storage, record that we need it there, and return its key."""
    storage = storage_in(context)
    assert order.sha256 is not None
    while True:
        key = storage.put(path, order.sha256, suffix=suffix_of(path.name),
                          progress=lambda done: context.progress(READ + (1 - READ) * done, "copying it"))  # fmt: skip
        with storage.lock:  # a deletion of the same contents may have removed it between the copy and the record
            context.write(partial(record, stored=key))
            if storage.exists(key):
                return key


def _record(session: Session, *, order: IngestDataProduct, viewer: Viewer, **more: Any) -> dict[str, Any]:
    """Record the product, and tell of others with the same contents."""
    number = record_product(session, order, viewer=viewer, **more)
    query = select(DataProduct.number).where(
        DataProduct.sha256 == order.sha256, DataProduct.number != number, DataProduct.deleted.is_(None),
        may_see_product(viewer),
    )  # fmt: skip
    twins = session.scalars(query.order_by(DataProduct.number).limit(MOST_TWINS)).all()
    return {"product": number, **({"same_contents": list(twins)} if twins else {})}
