"""Reading products: each with the processor of its type, in a child process; what it finds is taken in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from services.data_manager.hooks import calls_of, changed
from services.data_manager.measurements import known_target, options_of, take_reading
from services.data_manager.reading import check_readable
from services.data_manager.resources import storage_in
from services.data_manager.viewers import viewer_of
from toros.clock import iso
from toros.data.ingestion import find_product
from toros.data.measurements.spectra import compare_spectrum, record_spectrum
from toros.data.permissions import may_see_product
from toros.data.processing import read_file, tell_product
from toros.data.processors.image import PICTURE
from toros.data.processors.options import PhotometryOptions
from toros.data.processors.reading import Reading, SpectrumReading
from toros.data.tables import DataProduct, Target
from toros.data.targets.updating import may_change
from toros.durable import write_durably
from toros.errors import ChildDied, Permanent, Temporary
from toros.network.service import Context, Outcome
from workorders.complaints import refusal_of
from workorders.measurements import IngestPhotometry, IngestSpectrum

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy.orm import Session

    from toros.data.permissions import Viewer
    from workorders.data import ProcessProduct

__all__ = ["ingest_spectrum", "photometry_of", "process_product"]


def process_product(order: ProcessProduct, context: Context) -> Outcome:
    """Read a product and take in what was found; where that fails the product says why, and its file stays."""
    product, target = context.read(partial(_meant, order=order, viewer=viewer_of(order, context)))
    tell = partial(tell_product, number=product.number)
    try:
        report = _report(order, product, target, context)
    except (Permanent, Temporary, ChildDied) as error:
        if not order.dry_run:
            context.write(partial(tell, processing="failed", report={"reason": str(error)}))
        raise
    picture = report.pop(PICTURE, None)
    told = {"product": product.number, "product_type": product.product_type, **report}
    if order.dry_run:
        return Outcome(told)
    if isinstance(picture, bytes):
        tell = partial(tell, thumbnail=_kept(picture, product, context))
    hooks = calls_of("measurements_added", order, context) if changed(report) else []
    return Outcome(told, orders=hooks, record=partial(_told, tell=tell, report=report))


def ingest_spectrum(order: IngestSpectrum, context: Context) -> Outcome:
    """Read the file in a child process, and record the spectrum."""
    target = context.read(partial(known_target, order=order, viewer=viewer_of(order, context)))
    check_readable(order.file_location, order, context)
    path = context.files.path(order.file_location)
    options = PhotometryOptions(
        mjd=order.mjd, unit=order.unit, facility=order.facility, largest=context.config.data.largest_table
    )
    found = context.engine.run(read_file, path, "spectroscopy", options)
    if not isinstance(found, SpectrumReading):
        raise Permanent(f"file_location: {order.file_location} is no spectrum")
    return Outcome(_spectrum(order, target, found, context))


def photometry_of(target: str | None, location: str, options: Mapping[str, Any], **more: Any) -> IngestPhotometry:
    """Return what `ingest_photometry` would be asked for a product; its options are the fields of that.

    Raises
    ------
    Permanent
        An option is none, or cannot be.
    """
    fields = {**options, "target": target or "-", "file_location": location, **more}
    try:
        return IngestPhotometry.model_validate(fields)
    except ValidationError as error:
        refusal = refusal_of(error, IngestPhotometry, "process_product", {})
        raise Permanent(f"options: {refusal.sentence()}") from None


def _meant(session: Session, order: ProcessProduct, viewer: Viewer) -> tuple[DataProduct, Target | None]:
    """Return the product and its target; raise Permanent where it is not there, or nothing may come of it."""
    product = find_product(session, order.sha256, order.file_location)
    seen = product is not None and session.query(DataProduct.number).where(
        DataProduct.number == product.number, may_see_product(viewer)
    ).first()  # fmt: skip
    if product is None or not seen:
        raise Permanent(f"file_location: there is no product {order.file_location} with these contents")
    if product.deleted is not None:
        raise Permanent(f"file_location: {order.file_location} was deleted on {product.deleted}")
    return product, None if product.target_number is None else session.get_one(Target, product.target_number)


def _report(order: ProcessProduct, product: DataProduct, target: Target | None, context: Context) -> dict[str, Any]:
    """Read the file where it is and take in what was found; return what the product shall say."""
    asked = photometry_of(None if target is None else target.name, product.location, order.options or product.options,
                          product=product.number, dry_run=order.dry_run)  # fmt: skip
    with _file(product, context) as path:
        found = context.engine.run(read_file, path, product.product_type, options_of(asked, target, context))
    if not isinstance(found, Reading | SpectrumReading):
        return dict(found)
    if target is None:
        raise Permanent(f"target: {product.location} has measurements, and no target that they are of")
    may_change(target, viewer_of(order, context), target.name)
    if isinstance(found, Reading):
        return take_reading(asked, target, found, context)
    return _spectrum(asked, target, found, context)


def _spectrum(
    asked: IngestPhotometry | IngestSpectrum, target: Target, spectrum: SpectrumReading, context: Context
) -> dict[str, Any]:
    """Record a spectrum, and return what became of it."""
    spectrum = replace(spectrum, mjd=asked.mjd if spectrum.mjd is None else spectrum.mjd,
                       facility=spectrum.facility or asked.facility or "")  # fmt: skip
    observer = asked.observer or ""
    became = context.read(partial(compare_spectrum, target=target.number, spectrum=spectrum, observer=observer))
    told = {"target": target.name, "points": len(spectrum.wavelength), "layout": spectrum.layout,
            **{each: int(each == became) for each in ("new", "same", "revised")}, "remarks": list(spectrum.remarks),
            "refused": len(spectrum.problems), **spectrum.problems.summary()}  # fmt: skip
    if asked.dry_run:
        return told
    record = partial(record_spectrum, target=target.number, spectrum=spectrum, recorded=iso(context.clock.now()),
                     observer=observer, product=asked.product)  # fmt: skip
    return {**told, "spectrum": context.write(record)}


def _kept(picture: bytes, product: DataProduct, context: Context) -> str:
    """Write a product's small picture, and return its location."""
    location = f"products:thumbnails/{product.sha256[:2]}/{product.sha256}.png"
    write_durably(context.files.path(location, must_exist=False), picture)
    return location


@contextmanager
def _file(product: DataProduct, context: Context) -> Iterator[Path]:
    """Give the product's file: our copy where there is one, else where it was."""
    if product.stored is None:
        yield context.files.path(product.location)
        return
    with storage_in(context).local(product.stored) as path:
        yield path


def _told(session: Session, *, tell: Any, report: Mapping[str, Any]) -> None:
    tell(session, processing="done", report=report)
