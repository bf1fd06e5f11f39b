"""Measurements: photometry taken in from files, written out, switched, and shown page by page."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from services.data_manager.reading import check_readable, is_readable
from services.data_manager.viewers import viewer_of
from toros.clock import iso
from toros.data.finding import the_product
from toros.data.measurements.barycentric import Barycentric, barycentric_of
from toros.data.measurements.exporting import PLAIN, held, written
from toros.data.measurements.finding import find_measurements
from toros.data.measurements.ingestion import ingest_reading, preview_reading
from toros.data.measurements.lightcurve import Selection, read_lightcurve, series_of_target
from toros.data.measurements.switching import count_points, switch_series
from toros.data.processors.options import PhotometryOptions
from toros.data.processors.reading import Reading
from toros.data.processors.registry import read_product
from toros.data.tables import Target
from toros.data.targets.names import the_target
from toros.data.targets.updating import may_change
from toros.durable import write_durably
from toros.errors import Permanent
from toros.network.service import Answer, Context, Outcome

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from toros.data.permissions import Viewer
    from workorders.measurements import (
        ExportPhotometry,
        FindMeasurements,
        IngestPhotometry,
        IngestSpectrum,
        SwitchMeasurements,
    )

__all__ = [
    "answer_find_measurements", "export_photometry", "ingest_photometry", "known_target", "options_of",
    "switch_measurements", "take_reading",
]  # fmt: skip

MOST_PROBLEMS = 20  # told in full; the others are counted
HALF = 0.5  # of the progress is the reading
_SAID = (
    "layout", "quantity", "time_format", "time_offset", "time_scale", "time_reference", "system", "unit", "facility",
    "observer", "source", "method", "mjd",
)  # fmt: skip


def ingest_photometry(order: IngestPhotometry, context: Context) -> Outcome:
    """Read the file in a child process, then take its points in, in short transactions."""
    target = context.read(partial(known_target, order=order, viewer=viewer_of(order, context)))
    check_readable(order.file_location, order, context)
    path = context.files.path(order.file_location)
    reading = context.engine.run(read_product, path, "photometry", options_of(order, target, context))
    if not isinstance(reading, Reading):
        raise Permanent(f"file_location: {order.file_location} is no photometry")
    return Outcome(take_reading(order, target, reading, context))


def options_of(order: IngestPhotometry, target: Target | None, context: Context) -> PhotometryOptions:
    """Return what a processor is told beside the file."""
    ra, dec = (None, None) if target is None else (target.ra, target.dec)
    return PhotometryOptions(
        **{name: getattr(order, name) for name in _SAID}, ra=ra, dec=dec, band=order.filter, radius=order.match_radius,
        largest=context.config.data.largest_table,
    )  # fmt: skip


def take_reading(order: IngestPhotometry, target: Target, reading: Reading, context: Context) -> dict[str, Any]:
    """Take in what was read of a file, and return what became of it."""
    context.progress(HALF, f"read {len(reading.points)} points")
    if order.dry_run:
        return preview_reading(context.read, target.number, reading).summary(MOST_PROBLEMS)
    ingestion = ingest_reading(
        context.write, target.number, reading, recorded=iso(context.clock.now()), product=order.product,
        atomic=order.atomic, barycentric=_barycentric(target, context),
        progress=lambda done: context.progress(HALF + HALF * done, "recording"),
    )  # fmt: skip
    return {"target": target.name, **ingestion.summary(MOST_PROBLEMS)}


def switch_measurements(order: SwitchMeasurements, context: Context) -> Outcome:
    """Switch the points that are meant, one series after the other."""
    viewer = viewer_of(order, context)
    target = context.read(lambda session: _own(session, order.target, viewer))
    selection = _selection(order)
    series = context.read(lambda session: series_of_target(session, target.number, selection, viewer))
    which: dict[str, Any] = {"selection": selection, "times": order.times, "tolerance": order.tolerance}
    switched = 0
    for number in series:
        if order.dry_run:
            switched += context.read(partial(count_points, series=number, active=not order.active, **which))
        else:
            change = partial(switch_series, series=number, target=target.number, active=order.active, **which)
            switched += context.write(change)
    return Outcome({"target": target.name, "active": order.active, "switched": switched, "series": len(series)})


def export_photometry(order: ExportPhotometry, context: Context) -> Outcome:
    """Write the light curve to a file; the same file again is left as it is."""
    viewer = viewer_of(order, context)
    selection = _selection(order, active_only=order.active_only)
    path = context.files.path(order.file_location, must_exist=False)

    def read(session: Session) -> Any:
        target = the_target(session, order.target, viewer)
        return read_lightcurve(session, target.number, viewer=viewer, selection=selection, name=target.name)

    lightcurve = context.read(read)
    if order.format in PLAIN:
        contents = written(lightcurve, order.format)
    else:  # what writes the others takes 80 MB
        contents = context.engine.run(written, lightcurve, order.format)
    if path.exists() and not order.replace and not _holds(path, contents):
        raise Permanent(f"file_location: {order.file_location} is there and holds something else; say replace")
    if path.exists() and not _holds(path, contents) and not is_readable(order.file_location, viewer, context):
        raise Permanent(f"file_location: {order.file_location} is not yours to replace; choose another name")
    if not order.dry_run:
        write_durably(path, contents)
    digest = hashlib.sha256(contents).hexdigest()
    points = held(lightcurve, order.format)
    told = {"target": lightcurve.target, "points": points, "file_location": order.file_location, "size": len(contents),
            "sha256": digest}  # fmt: skip
    return Outcome(told | ({"left_out": len(lightcurve) - points} if points < len(lightcurve) else {}))


def answer_find_measurements(question: FindMeasurements, context: Context) -> Answer:
    """Return a page of points."""
    selection = _selection(question, active_only=question.active_only)
    viewer = viewer_of(question, context)
    return context.read(
        lambda session: find_measurements(
            session, question.target, viewer=viewer, selection=selection, limit=question.limit, after=question.after
        )
    )


def _selection(order: Any, *, active_only: bool = False) -> Selection:
    return Selection(
        bands=order.filters, kinds=order.kinds, sources=order.sources, facilities=order.facilities,
        series=order.series, since=order.since, until=order.until, product=order.product, active_only=active_only,
    )  # fmt: skip


def known_target(session: Session, *, order: IngestPhotometry | IngestSpectrum, viewer: Viewer) -> Target:
    """Return the target; raise Permanent where it, or the product, is not there, or is not the viewer's to change."""
    if order.product is not None:
        the_product(session, order.product, viewer)
    return _own(session, order.target, viewer)


def _own(session: Session, name: str, viewer: Viewer) -> Target:
    target = the_target(session, name, viewer)
    may_change(target, viewer, name)
    return target


def _barycentric(target: Target, context: Context) -> Barycentric | None:
    """Return how BJD_TDB is derived for a target with a place, at the observatory of this node."""
    from toros.sky.site import Site

    if target.ra is None or target.dec is None:
        return None
    here = context.config.observatory
    site = Site(here.longitude, here.latitude, here.elevation, name=here.name)
    sites: Mapping[str, Site] = {here.name: site}
    return barycentric_of(target.ra, target.dec, sites)


def _holds(path: Path, contents: bytes) -> bool:
    return path.is_file() and path.stat().st_size == len(contents) and path.read_bytes() == contents
