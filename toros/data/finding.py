"""Finding products by what is known of them, a page at a time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.orm import joinedload

from toros.data.permissions import Viewer, may_see_product
from toros.data.tables import (
    Combination,
    DataProduct,
    DataProductGroup,
    DataProductObserver,
    DataProductTag,
    Exposure,
    FileBatch,
    combination_combination,
    combination_exposure,
)
from toros.data.targets.names import is_name, known_names
from toros.errors import Permanent

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

__all__ = ["FILTERS", "find_products", "the_product"]

MOST_INPUTS = 5000  # in one answer; a page ends early rather than grow beyond, but always holds a product
LARGEST_INT = 2**31 - 1  # on the wire; larger numbers travel as text
COLUMNS = (
    "number", "sha256", "product_type", "night", "target", "target_number", "event", "observation", "ra", "dec",
    "date_obs", "exposure_time", "filter", "thumbnails", "marks", "quality", "recorded", "observatory", "description",
    "owner", "stored", "processing", "report", "deleted", "deleted_by", "deleted_reason",
)  # fmt: skip
USUAL: Mapping[str, Any] = {"observers": [], "options": {}, "access": "open"}  # told where they are anything else
PLAIN = ("product_type", "event", "night", "observation", "sha256", "observatory", "filter", "owner", "processing")
FILTERS = (*PLAIN, "batch", "target", "product", "observer", "tag")


def find_products(
    session: Session,
    *,
    viewer: Viewer | None = None,
    deleted: bool = False,
    limit: int = 100,
    after: int = 0,
    before: int | None = None,
    **asked: Any,
) -> dict[str, Any]:
    """Return a page of products, the first recorded first, each with the frames that it came from.

    Parameters
    ----------
    viewer : Viewer, optional
        Who asks; somebody whom nothing is hidden from where absent.
    deleted : bool
        Those that were deleted, instead.
    limit : int
        Most products to answer.
    after : int
        Only products with a larger number than this: the last one of the page before.
    before : int, optional
        Only products with a smaller number than this, the latest first.
    **asked : str or int or None
        Only products of these; of `FILTERS`, None for any.

    Returns
    -------
    dict
        `products`, a list of plain rows with what is not known left out, and `more`, true where there are others
        after the last one.
    """
    query = select(DataProduct).where(DataProduct.number > after).options(joinedload(DataProduct.batch))
    query = query.where(may_see_product(viewer or Viewer.all_seeing()))
    query = query.where(DataProduct.deleted.is_not(None) if deleted else DataProduct.deleted.is_(None))
    query = _filtered(session, query, {name: value for name, value in asked.items() if value is not None})
    order = DataProduct.number.asc()
    if before is not None:
        query, order = query.where(DataProduct.number < before), DataProduct.number.desc()
    found = session.scalars(query.order_by(order).limit(limit + 1)).all()
    page = _page(session, found[:limit])
    inputs = _inputs(session, [each.combination_number for each in page if each.combination_number is not None])
    tags = _words(session, DataProductTag, "tag", page)
    groups = _words(session, DataProductGroup, "group_name", page)
    products = [
        _row(each, inputs.get(each.combination_number or 0, [])) | _some(tags=tags[each.number],
                                                                         groups=groups[each.number])
        for each in page
    ]  # fmt: skip
    return {"products": products, "more": len(found) > len(page)}


def the_product(session: Session, number: int, viewer: Viewer, *, field: str = "product") -> DataProduct:
    """Return a product by its number; raise Permanent where there is none, or none that the viewer may see."""
    product = session.scalar(select(DataProduct).where(DataProduct.number == number, may_see_product(viewer)))
    if product is None:
        raise Permanent(f"{field}: there is no product {number}")
    return product


def _filtered(session: Session, query: Select[Any], asked: Mapping[str, Any]) -> Select[Any]:
    """Narrow a query of products; raise TypeError for what is no filter."""
    for name, value in asked.items():
        if name in PLAIN:
            query = query.where(getattr(DataProduct, name) == value)
        elif name == "product":
            query = query.where(DataProduct.number == value)
        elif name == "batch":
            query = query.join(DataProduct.batch).where(FileBatch.name == value)
        elif name == "target":
            query = query.where(_of_target(session, value))
        elif name == "tag":
            tagged = select(DataProductTag.product).where(DataProductTag.tag == value)
            query = query.where(DataProduct.number.in_(tagged))
        elif name == "observer":
            taken = select(DataProductObserver.product).where(DataProductObserver.observer == value)
            query = query.where(DataProduct.number.in_(taken))
        else:
            raise TypeError(f"{name} is no filter of products; there are {', '.join(FILTERS)}")
    return query


def _of_target(session: Session, name: str) -> ColumnElement[bool]:
    """Return the condition that a product's order named this target, or one that is the same."""
    known = known_names(session, [name]) if is_name(name) else {}
    return or_(DataProduct.target == name, *[DataProduct.target_number == number for number in known.values()])


def _words(session: Session, table: Any, column: str, products: Sequence[DataProduct]) -> Mapping[int, list[str]]:
    """Return the tags, or the groups, of each product."""
    found: dict[int, list[str]] = defaultdict(list)
    query = select(table.product, getattr(table, column)).where(table.product.in_([each.number for each in products]))
    for product, word in session.execute(query.order_by(getattr(table, column))):
        found[product].append(word)
    return found


def _some(**values: list[str]) -> dict[str, list[str]]:
    return {name: value for name, value in values.items() if value}


def _page(session: Session, products: Sequence[DataProduct]) -> Sequence[DataProduct]:
    """Return as many of the products as have few enough inputs for one answer."""
    counts: dict[int, int] = defaultdict(int)
    numbers = [each.combination_number for each in products]
    for table in (combination_exposure, combination_combination):
        query = select(table.c.combination, func.count()).where(table.c.combination.in_(numbers))
        for combination, count in session.execute(query.group_by(table.c.combination)):
            counts[combination] += count
    total = 0
    for i, product in enumerate(products):
        total += counts[product.combination_number or 0]
        if total > MOST_INPUTS:
            return products[: max(1, i)]
    return products


def _inputs(session: Session, combinations: Sequence[int]) -> Mapping[int, list[dict[str, Any]]]:
    """Return the frames that each combination came from: exposures, then combinations, by location."""
    found: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for role, query in (("exposure", _exposures_of(combinations)), ("combination", _combinations_of(combinations))):
        for combination, frame, product in session.execute(query):
            known = {
                "role": role, "location": frame.location, "sha256": frame.sha256, "kind": frame.kind,
                "date_obs": frame.date_obs, "exposure_time": frame.exposure_time, "filter": frame.filter,
                "product": product,
            }  # fmt: skip
            found[combination].append(_present(known))
    return found


def _exposures_of(combinations: Sequence[int]) -> Select[Any]:
    link = combination_exposure.c
    return (
        select(link.combination, Exposure, DataProduct.number)
        .join(Exposure, Exposure.number == link.exposure)
        .outerjoin(DataProduct, DataProduct.exposure_number == Exposure.number)
        .where(link.combination.in_(combinations))
        .order_by(Exposure.location, Exposure.number)
    )


def _combinations_of(combinations: Sequence[int]) -> Select[Any]:
    link = combination_combination.c
    return (
        select(link.combination, Combination, DataProduct.number)
        .join(Combination, Combination.number == link.input)
        .outerjoin(DataProduct, DataProduct.combination_number == Combination.number)
        .where(link.combination.in_(combinations))
        .order_by(Combination.location, Combination.number)
    )


def _row(product: DataProduct, inputs: list[dict[str, Any]]) -> dict[str, Any]:
    return _present(
        {
            **{name: getattr(product, name) for name in COLUMNS},
            "file_location": product.location,
            "size": product.size if product.size <= LARGEST_INT else str(product.size),
            "batch": product.batch.name if product.batch else None,
            "batch_location": product.batch.location if product.batch else None,
            **{name: value for name, usual in USUAL.items() if (value := getattr(product, name)) != usual},
            "inputs": inputs,
        }
    )


def _present(row: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out what is not known: absent fields are absent on the wire."""
    return {name: value for name, value in row.items() if value is not None}
