"""One batch, from its files to the orders that follow: what the order and the configuration say, given to the room."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from services.preprocessor.folder import Files, files_of, late_files, masters_folder
from services.preprocessor.ingestion import ingestions
from services.preprocessor.journal import TableJournal
from services.preprocessor.master_index import masters_at_hand, row_of
from services.preprocessor.report import frame_rows, intention, result_of, together
from toros.clock import iso
from toros.errors import Permanent
from toros.network.service import Context, Outcome
from toros.reduction.batch import Batch
from toros.reduction.batch_product import Product
from toros.reduction.cameras.camera import load_cameras
from toros.reduction.choice import Rules
from toros.reduction.inventory import Inventory
from toros.reduction.masters import Master
from toros.reduction.memory import Room
from toros.reduction.night_sky import compare_lights
from toros.reduction.structure import Limits
from toros.sky.night import night_of
from toros.store import batches
from workorders.reduction import CalibrateFileBatch, CalibrateFrame, MakeMasters

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from toros.config import EngineSettings
    from toros.store.batches import BatchRow

__all__ = ["Asked", "reduce_batch"]

Asked = CalibrateFileBatch | MakeMasters | CalibrateFrame

LARGEST = 1 << 30  # bytes of one image, however much memory a child has
SHARE = 4  # a child's memory holds an image so many times: it, its planes, what a step copies
MANY = 1000  # frames at once where a cluster shares them out


def reduce_batch(asked: Asked, context: Context, *, batch: str, acting: str, replaces: str | None = None) -> Outcome:
    """Reduce a batch, or go on with it; what was published is never written again.

    Parameters
    ----------
    asked : WorkOrder
        The order that began the batch.
    context : Context
        Of the order at work.
    batch : str
        The batch's name.
    acting : str
        The order at work: the same, or one that resumes it.
    replaces : str, optional
        The batch that this one begins anew.
    """
    files = files_of(asked, context)
    row = _opened(asked, context, batch, acting, replaces)
    late = row is not None and row.state == "done"
    if late:
        files.chosen = late_files(files, batch, context)
    work = _batch(asked, context, batch)
    work.unusable.extend(files.unusable)
    inventory = work.look(files.chosen, files.marks)
    _refuse_nothing(asked, inventory, work)
    lights = [] if isinstance(asked, MakeMasters) else inventory.light
    if asked.dry_run:
        return Outcome(intention(batch, inventory, work, lights=not isinstance(asked, MakeMasters)))
    night = row.night if late and row is not None else _night(files, inventory, context)
    work.output = context.files.path(f"products:{night or 'undated'}/{batch}", must_exist=False)
    rows = frame_rows(inventory, work.unusable)
    context.write(partial(batches.record_frames, batch=batch, frames=rows, keep=late))
    work.sweep()
    work.earlier = masters_at_hand(inventory, work.rules, context, batch=batch if late else None)
    if late:
        work.taken = _published(batch, context)
    masters, products = work.make_masters(_with_given_masters(asked, work, inventory, context), _kinds(asked))
    if not inventory.light and not isinstance(asked, MakeMasters):
        work.marks.append("the folder holds no light frame: only masters were made")
    calibrated = work.calibrate(lights, masters)
    # lights that come late have only one another to be measured against: their zero would be another
    trends = [] if late else compare_lights(calibrated, work.run, work.width, work.limits)
    work.marks.extend(mark for one in trends for mark in one.marks())
    products += calibrated
    result = result_of(batch, len(lights), work, products, masters, trends)
    if late and row is not None and row.result is not None:
        result = together(row.result, result)
    orders = [one for p in products for one in ingestions(asked, batch, files.location, p, night, context)]
    return Outcome(result, orders, _recorder(batch, context, result, night, masters, work, calibrated))


def _opened(asked: Asked, context: Context, batch: str, acting: str, replaces: str | None) -> BatchRow | None:
    """Open the batch, where it is not open, and keep other orders away from it; return what was known of it."""
    known = context.read(lambda session: batches.batch_of(session, batch))
    if asked.dry_run:
        return known
    now = iso(context.clock.now())
    where = asked.file_location

    def begin(session: Session) -> None:
        batches.begin_batch(session, batch, where, now, body=asked.body(), replaces=replaces)
        batches.hold_batch(session, batch, acting)

    context.write(begin)
    return known


def _batch(asked: Asked, context: Context, batch: str) -> Batch:
    """Return the reduction, its work done by the engine and remembered step by step."""
    engine, settings = context.config.engine, context.config.reduction
    cosmic_rays = getattr(asked, "cosmic_rays", None)
    missing = getattr(asked, "missing", None) or settings.missing
    return Batch(
        output=Path(),
        name_of=context.files.location,
        run=context.engine.stream,
        progress=context.progress,
        journal=TableJournal(batch, context),
        limits=_limits(engine),
        width=settings.frames_at_once or (MANY if engine.kind == "dask" else engine.processes),
        room=Room(settings.memory, math.inf if engine.kind == "dask" else engine.memory),
        cosmic_rays=settings.cosmic_rays if cosmic_rays is None else cosmic_rays,
        rules=_rules(asked, context),
        cameras=load_cameras(settings.cameras),
        incomplete=missing == "mark",
        compress=settings.compress if asked.compress is None else asked.compress,
    )


def _limits(engine: EngineSettings) -> Limits:
    """Return what a file may ask for: a part of what a child process may take."""
    size = engine.memory * 1024 * 1024 // SHARE
    return Limits(size=LARGEST) if size >= LARGEST else Limits(size=size, setting="engine.memory")


def _rules(asked: Asked, context: Context) -> Rules:
    """Return how far masters may be: as the order says, else as the configuration allows and the camera's file asks."""
    settings = context.config.reduction
    said = {
        "validity": asked.master_validity,
        "temperature_tolerance": asked.temperature_tolerance,
        "dark_scaling": asked.dark_scaling,
    }
    given: dict[str, Any] = {name: value for name, value in said.items() if value is not None}
    default: dict[str, Any] = {
        "validity": settings.master_validity,
        "temperature_tolerance": settings.temperature_tolerance,
        "dark_scaling": settings.dark_scaling,
    }
    return Rules(**{**default, **given}, insisted=frozenset(given))


def _kinds(asked: Asked) -> Sequence[str]:
    return asked.kinds if isinstance(asked, MakeMasters) else ()


def _with_given_masters(asked: Asked, work: Batch, inventory: Inventory, context: Context) -> Inventory:
    """Return the inventory with the finished masters of the folder that the order names."""
    given = masters_folder(asked, context)
    if given is None:
        return inventory
    aside = len(work.unusable)
    found = work.look(given.chosen, given.marks)
    del work.unusable[aside:]  # files of another folder are no frames of this batch
    raw = len([*found.bias, *found.dark, *found.flat])
    if raw:
        work.marks.append(f"{given.location} holds {raw} raw calibration frames, which were not combined")
    return Inventory(light=inventory.light, masters=[*inventory.masters, *found.masters])


def _refuse_nothing(asked: Asked, inventory: Inventory, work: Batch) -> None:
    """Raise Permanent where not one file can be used, with each file's reason."""
    where = asked.file_location
    if isinstance(asked, CalibrateFrame):
        if not inventory.light:
            kinds = [s.frame.kind for s in (*inventory.bias, *inventory.dark, *inventory.flat, *inventory.masters)]
            reasons = [u.reason for u in work.unusable] or [f"is a {kind}, not a light" for kind in kinds]
            raise Permanent(f"{where} cannot be calibrated: {'; '.join(reasons)}"[:2000])
        return
    if any((inventory.light, inventory.bias, inventory.dark, inventory.flat, inventory.masters)):
        return
    reasons = [f"{u.file} {u.reason}" for u in work.unusable]
    raise Permanent(f"{where} holds no frame that can be used: {'; '.join(reasons)}"[:2000])


def _night(files: Files, inventory: Inventory, context: Context) -> str | None:
    """Return the evening of the night: as the folder is named, else from when the first light was taken."""
    named = re.match(r"^raw:(\d{4}-\d\d-\d\d)(?:/|$)", files.location)
    if named:
        return named.group(1)
    everything = [*inventory.light, *inventory.flat, *inventory.dark, *inventory.bias, *inventory.masters]
    moment = next((s.frame.date_obs for s in everything if s.frame.date_obs), None)
    if moment is None:
        return None
    return night_of(datetime.fromisoformat(moment).replace(tzinfo=UTC), context.config.observatory.longitude)


def _published(batch: str, context: Context) -> list[str]:
    return context.read(lambda session: [s.product for s in batches.steps_of(session, batch) if s.published])


def _recorder(
    batch: str,
    context: Context,
    result: dict[str, Any],
    night: str | None,
    masters: Sequence[Master],
    work: Batch,
    lights: Sequence[Product],
) -> Callable[[Session], None]:
    """Return the change that closes the batch and puts its masters into the index, with the order's end."""
    now = iso(context.clock.now())
    rows = [row_of(batch, master) for master in masters]
    aside = frame_rows(Inventory(), work.unusable)
    measured = {light.key: light.made.quality for light in lights}

    def record(session: Session) -> None:
        for row in rows:
            batches.record_master(session, **row)
        batches.record_frames(session, batch, aside, keep=True)
        batches.record_measurements(session, batch, measured)
        batches.finish_batch(session, batch, result, night, now)

    return record
