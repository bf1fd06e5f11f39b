"""Recording products: once each, in whatever order their orders arrive."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert, select

from toros.data.permissions import Viewer
from toros.data.tables import (
    Combination,
    DataProduct,
    DataProductGroup,
    DataProductObserver,
    DataProductTag,
    Exposure,
    FileBatch,
    batch_exposure,
    combination_combination,
    combination_exposure,
)
from toros.data.tables.frame import Frame
from toros.data.targets.names import number_of
from toros.data.targets.observed import target_of
from toros.errors import Permanent
from workorders import DESKS
from workorders.data import FRAMES

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from workorders.data import FrameInput, IngestDataProduct

__all__ = ["find_product", "record_inputs", "record_product", "size_of"]

CHUNK = 400  # hashes in one query; SQLite's oldest limit is 999 values
LARGEST = 2**63 - 1  # bytes; what a 64 bit column holds
Key = tuple[str, str]  # sha256, location


def size_of(order: IngestDataProduct) -> int:
    """Return the stated size in bytes; raise Permanent where it is not one."""
    text = str(order.size)
    if not (text.isascii() and text.isdigit() and len(text) <= 19 and int(text) <= LARGEST):
        raise Permanent(f"size: {text[:40]!r} is not a number of bytes (0 to {LARGEST})")
    return int(text)


def find_product(session: Session, sha256: str, location: str) -> DataProduct | None:
    """Return the product with these contents at this place, deleted or not; None where there is none."""
    return session.scalar(select(DataProduct).where(DataProduct.sha256 == sha256, DataProduct.location == location))


def record_product(
    session: Session,
    order: IngestDataProduct,
    *,
    recorded: str,
    match_radius: float = 3.0,
    viewer: Viewer | None = None,
    stored: str | None = None,
    processing: str | None = None,
) -> int:
    """Record a product with its batch and parentage, and return its number; the same product again changes little.

    A product of more inputs than an order carries comes in several orders: each adds those that it names. Tags and a
    copy in the storage may come later, too; everything else stays as it was told first.

    Orders may arrive in any order: a master that an input names before its own order came gets a row by its hash,
    which that order completes. The target that a reduction names is made where we have none of this name and the
    order says where it looked.

    Parameters
    ----------
    session : Session
        Inside a transaction.
    order : IngestDataProduct
        What is told about the product; with its hash and size.
    recorded : str
        The time now; UTC, ISO 8601.
    match_radius : float
        A target within this distance is the one that the order names; arcseconds.
    viewer : Viewer, optional
        Who brings it; a daemon where absent.
    stored : str, optional
        Its key in the storage.
    processing : str, optional
        "waiting" where a processor is going to read it.

    Raises
    ------
    Permanent
        The order contradicts itself or what is recorded already, names no target that is known, or the product was
        deleted.
    """
    assert order.sha256 is not None and order.size is not None
    viewer = viewer or Viewer.all_seeing()
    known = find_product(session, order.sha256, order.file_location)
    if known is not None:
        _revive(known, order)
        known.stored = known.stored or stored
        known.processing = known.processing or processing
        if known.target_number is None:
            known.target_number = _target(session, order, viewer, recorded=recorded, match_radius=match_radius)
        _link_inputs(session, order, known.batch_number, known.combination_number)
        _link_words(session, DataProductTag, "tag", known.number, order.tags)
        return known.number
    batch = frame = None
    raw = order.product_type == "raw"
    if order.batch is not None:
        batch = _batch(session, order, recorded)
    if order.product_type in FRAMES:
        frame = _frame(session, order, recorded)
    _link_inputs(session, order, batch, None if raw else frame)
    if raw and batch is not None and frame is not None:
        _link_batch(session, batch, [frame])
    product = DataProduct(
        location=order.file_location,
        size=size_of(order),
        batch_number=batch,
        combination_number=None if raw else frame,
        exposure_number=frame if raw else None,
        target_number=_target(session, order, viewer, recorded=recorded, match_radius=match_radius),
        owner=None if viewer.name in DESKS else viewer.name,
        stored=stored,
        processing=processing,
        ingested_by=order.id,
        recorded=recorded,
        **{name: getattr(order, name) for name in _SHARED},
    )
    session.add(product)
    session.flush()
    _link_words(session, DataProductTag, "tag", product.number, order.tags)
    _link_words(session, DataProductGroup, "group_name", product.number, order.groups)
    _link_words(session, DataProductObserver, "observer", product.number, order.observers)
    return product.number


def _target(session: Session, order: IngestDataProduct, viewer: Viewer, **how: Any) -> int | None:
    """Return the number of the product's target: one that is known, or of a reduction one that is made."""
    if order.batch is not None or order.target is None:
        return target_of(session, order, viewer=viewer, **how)
    number = number_of(session, order.target, viewer)
    if number is None:
        raise Permanent(f"target: there is no target {order.target!r}")
    return number


def _revive(product: DataProduct, order: IngestDataProduct) -> None:
    """Take a deleted product in again where that is meant; raise Permanent where it is not said."""
    if product.deleted is None:
        return
    if not order.restore:
        raise Permanent(
            f"file_location: {product.location} was deleted on {product.deleted} by {product.deleted_by} "
            f"({product.deleted_reason}); say restore to take it in again"
        )
    product.deleted = product.deleted_by = product.deleted_reason = product.stored = None
    product.ingested_by = order.id


def _link_words(session: Session, table: Any, column: str, product: int, words: Sequence[str]) -> None:
    if not words:
        return
    there = set(session.scalars(select(getattr(table, column)).where(table.product == product)))
    _insert(session, table, [{"product": product, column: word} for word in sorted(set(words) - there)])


def record_inputs(session: Session, inputs: Sequence[FrameInput]) -> tuple[dict[Key, int], dict[Key, int]]:
    """Make rows for the frames that something was made from, where they are missing; again changes nothing.

    Returns
    -------
    tuple of dict
        Numbers of the exposures and of the combinations, each by hash and location.
    """
    exposures = _numbers(session, Exposure, [each for each in inputs if each.role == "exposure"])
    combinations = _numbers(session, Combination, [each for each in inputs if each.role == "combination"])
    return exposures, combinations


_SHARED = (
    "sha256", "product_type", "night", "target", "event", "observation", "ra", "dec", "date_obs", "exposure_time",
    "filter", "thumbnails", "marks", "quality", "observatory", "observers", "description", "access", "options",
)  # fmt: skip
_OF_BATCH = ("night", "observation", "target", "event")
_OF_FRAME = ("date_obs", "exposure_time", "filter")


def _batch(session: Session, order: IngestDataProduct, recorded: str) -> int:
    """Return the number of the product's batch; what earlier products left open is filled in."""
    batch = session.scalar(select(FileBatch).where(FileBatch.name == order.batch))
    if batch is None:
        batch = FileBatch(name=order.batch, location=order.batch_location, recorded=recorded)
        session.add(batch)
    if batch.location != order.batch_location:
        raise Permanent(f"batch_location: {order.batch} is recorded with its frames in {batch.location}, "
                        f"not in {order.batch_location}")  # fmt: skip
    for name in _OF_BATCH:
        if getattr(batch, name) is None:
            setattr(batch, name, getattr(order, name))
    session.flush()
    return batch.number


def _frame(session: Session, order: IngestDataProduct, recorded: str) -> int:
    """Return the number of the frame that the file holds: an exposure where raw, else a combination, completed."""
    noun: type[Frame] = Exposure if order.product_type == "raw" else Combination
    known = select(noun).where(noun.sha256 == order.sha256, noun.location == order.file_location)
    frame = session.scalar(known) or noun(sha256=order.sha256, location=order.file_location)
    for name in _OF_FRAME:
        if getattr(order, name) is not None:
            setattr(frame, name, getattr(order, name))
    if isinstance(frame, Combination):
        frame.kind = order.product_type
        frame.recorded = recorded
    session.add(frame)
    session.flush()
    return frame.number


def _link_inputs(session: Session, order: IngestDataProduct, batch: int | None, combination: int | None) -> None:
    """Connect a batch, and the combination that was made, with the inputs that an order names."""
    if batch is None:
        return
    exposures, combinations = record_inputs(session, order.inputs)
    if (order.sha256, order.file_location) in {**exposures, **combinations}:
        raise Permanent(f"inputs: {order.file_location} names itself as what it was made from")
    _link_batch(session, batch, exposures.values())
    if combination is not None:
        _link(session, combination_exposure, combination, "exposure", exposures.values())
        _link(session, combination_combination, combination, "input", combinations.values())


def _numbers(session: Session, noun: type[Frame], inputs: Sequence[FrameInput]) -> dict[Key, int]:
    """Return the numbers of these frames, making rows for those not known yet."""
    wanted = {(each.sha256, each.location): each for each in inputs}
    numbers: dict[Key, int] = {}
    for chunk in _chunks(list({sha256 for sha256, _ in wanted})):
        for frame in session.scalars(select(noun).where(noun.sha256.in_(chunk))):
            key = (frame.sha256, frame.location)
            if key in wanted:
                numbers[key] = frame.number
                _fill(frame, wanted[key])
    missing = [_row(each) for key, each in wanted.items() if key not in numbers]
    if missing:
        made = insert(noun).returning(noun.number, noun.sha256, noun.location)
        numbers.update({(row.sha256, row.location): row.number for row in session.execute(made, missing)})
    return numbers


def _row(frame: FrameInput) -> dict[str, Any]:
    return {name: getattr(frame, name) for name in ("location", "sha256", "kind", *_OF_FRAME)}


def _fill(frame: Frame, told: FrameInput) -> None:
    """Fill in what nobody has told about the frame so far."""
    for name in ("kind", *_OF_FRAME):
        if getattr(frame, name) is None and getattr(told, name) is not None:
            setattr(frame, name, getattr(told, name))


def _link_batch(session: Session, batch: int, exposures: Iterable[int]) -> None:
    there = set(session.scalars(select(batch_exposure.c.exposure).where(batch_exposure.c.batch == batch)))
    _insert(session, batch_exposure, [{"batch": batch, "exposure": each} for each in set(exposures) - there])


def _link(session: Session, table: Any, combination: int, column: str, numbers: Iterable[int]) -> None:
    there = set(session.scalars(select(table.c[column]).where(table.c.combination == combination)))
    _insert(session, table, [{"combination": combination, column: number} for number in set(numbers) - there])


def _insert(session: Session, table: Any, rows: Sequence[Mapping[str, Any]]) -> None:
    if rows:
        session.execute(insert(table), rows)


def _chunks(values: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(values), CHUNK):
        yield values[start : start + CHUNK]
