"""Finding products: by batch, type, target, event, night or observation, a page at a time."""

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
    Exposure,
    FileBatch,
    combination_combination,
    combination_exposure,
)
from toros.data.targets.names import is_name, known_names

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

__all__ = ["find_products"]

MOST_INPUTS = 5000  # in one answer; a page ends early rather than grow beyond, but always holds a product
LARGEST_INT = 2**31 - 1  # on the wire; larger numbers travel as text
COLUMNS = (
    "number", "sha256", "product_type", "night", "target", "target_number", "event", "observation", "ra", "dec",
    "date_obs", "exposure_time", "filter", "thumbnails", "marks", "quality", "recorded",
)  # fmt: skip


def find_products(
    session: Session,
    *,
    viewer: Viewer | None = None,
    batch: str | None = None,
    product_type: str | None = None,
    target: str | None = None,
    event: str | None = None,
    night: str | None = None,
    observation: str | None = None,
    limit: int = 100,
    after: int = 0,
    before: int | None = None,
) -> dict[str, Any]:
    """Return a page of products, the first recorded first, each with the frames that it came from.

    Parameters
    ----------
    viewer : Viewer, optional
        Who asks; somebody whom nothing is hidden from where absent.
    batch, product_type, target, event, night, observation : str, optional
        Only products of these; the target by any of its names.
    limit : int
        Most products to answer.
    after : int
        Only products with a larger number than this: the last one of the page before.
    before : int, optional
        Only products with a smaller number than this, the latest first.

    Returns
    -------
    dict
        `products`, a list of plain rows with what is not known left out, and `more`, true where there are others
        after the last one.
    """
    asked = {"product_type": product_type, "event": event, "night": night,
             "observation": observation}  # fmt: skip
    query = select(DataProduct).where(DataProduct.number > after).options(joinedload(DataProduct.batch))
    query = query.where(may_see_product(viewer or Viewer.all_seeing()))
    for name, value in asked.items():
        if value is not None:
            query = query.where(getattr(DataProduct, name) == value)
    if target is not None:
        query = query.where(_of_target(session, target))
    if batch is not None:
        query = query.join(DataProduct.batch).where(FileBatch.name == batch)
    order = DataProduct.number.asc()
    if before is not None:
        query, order = query.where(DataProduct.number < before), DataProduct.number.desc()
    found = session.scalars(query.order_by(order).limit(limit + 1)).all()
    page = _page(session, found[:limit])
    inputs = _inputs(session, [each.combination_number for each in page if each.combination_number is not None])
    products = [_row(each, inputs.get(each.combination_number or 0, [])) for each in page]
    return {"products": products, "more": len(found) > len(page)}


def _of_target(session: Session, name: str) -> ColumnElement[bool]:
    """Return the condition that a product's order named this target, or one that is the same."""
    known = known_names(session, [name]) if is_name(name) else {}
    return or_(DataProduct.target == name, *[DataProduct.target_number == number for number in known.values()])


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
            "batch": product.batch.name,
            "batch_location": product.batch.location,
            "inputs": inputs,
        }
    )


def _present(row: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out what is not known: absent fields are absent on the wire."""
    return {name: value for name, value in row.items() if value is not None}
