"""Deleting products: the row stays and says who, when and why."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, select, update

from toros.data.finding import the_product
from toros.data.measurements.latest import update_latest
from toros.data.permissions import Viewer
from toros.data.tables import DataProduct, Measurement, Series, Spectrum
from toros.errors import Permanent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session

__all__ = ["bury_product", "series_of_product", "switch_off_product", "switch_off_spectra"]

SOMEBODY = "somebody"  # where nobody has to say who they are


def bury_product(
    session: Session, number: int, *, viewer: Viewer, who: str | None, reason: str, deleted: str
) -> str | None:
    """Mark a product as deleted, and return the key of a copy in the storage that nobody needs any more.

    Parameters
    ----------
    session : Session
        Inside a transaction.
    number : int
        Of the product.
    viewer : Viewer
        Who deletes it: its owner, or somebody who may do everything.
    who : str or None
        What that person is called.
    reason : str
    deleted : str
        The time now; UTC, ISO 8601.

    Raises
    ------
    Permanent
        There is none, or it is somebody else's.
    """
    product = the_product(session, number, viewer)
    if not viewer.everything and (viewer.name is None or product.owner != viewer.name):
        whose = product.owner or "the observatory"
        raise Permanent(f"product: {number} belongs to {whose}; only its owner and daemons may delete it")
    if product.deleted is None:
        product.deleted, product.deleted_by, product.deleted_reason = deleted, who or SOMEBODY, reason
    key = product.stored
    session.flush()
    if key is None:
        return None
    others = select(func.count()).where(
        DataProduct.sha256 == product.sha256, DataProduct.stored == key, DataProduct.deleted.is_(None)
    )
    return None if session.scalar(others) else key


def series_of_product(session: Session, number: int) -> Sequence[tuple[int, int]]:
    """Return number and target of every series that has points of a product."""
    target = select(DataProduct.target_number).where(DataProduct.number == number).scalar_subquery()
    points = select(Measurement.series).where(Measurement.series == Series.number, Measurement.product == number)
    query = select(Series.number, Series.target).where(Series.target == target, points.exists())
    return [(series, owner) for series, owner in session.execute(query)]


def switch_off_product(session: Session, product: int, series: int, target: int) -> int:
    """Switch off the points of one series that came from a product; return how many."""
    points = update(Measurement).where(
        Measurement.series == series, Measurement.product == product, Measurement.active
    )  # fmt: skip
    switched = int(session.execute(points.values(active=False)).rowcount)  # type: ignore[attr-defined]
    if switched:
        update_latest(session, target)
    return switched


def switch_off_spectra(session: Session, product: int) -> int:
    """Switch off the spectra that came from a product; return how many."""
    spectra = update(Spectrum).where(Spectrum.product == product, Spectrum.active).values(active=False)
    return int(session.execute(spectra).rowcount)  # type: ignore[attr-defined]
