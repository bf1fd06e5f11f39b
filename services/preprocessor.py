"""The preprocessor: calibrates the frames of a folder and tells the data manager about every product."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from toros.clock import iso
from toros.errors import ChildDied, Permanent
from toros.network.service import Context, Handler, Outcome, Service
from toros.reduction.batch import Batch, Product
from toros.reduction.inventory import Inventory, Seen, Unusable, list_files, shown
from toros.reduction.masters import Master
from toros.reduction.product import Made, is_still_there
from toros.reduction.structure import Limits
from toros.sky.night import night_of
from toros.store import batches
from workorders.data import FrameInput, IngestDataProduct

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from workorders.reduction import CalibrateFileBatch

__all__ = ["SERVICE", "calibrate_file_batch"]

LARGEST = 1 << 30  # bytes of one image, however much memory a child has
SHARE = 4  # a child's memory holds an image so many times: it, its planes, what a step copies
LONGEST = 7200.0  # seconds of exposure that an order can carry
MOST_MARKS = 100


def calibrate_file_batch(order: CalibrateFileBatch, context: Context) -> Outcome:
    """Look at every file of the folder, make or find masters, calibrate the lights, order their ingestion.

    Raw data are never touched: a frame that cannot be used is put aside by name, with the reason, and stays where
    it is.
    """
    files, unusable, marks = _files(order, context)
    if not order.dry_run:
        now = iso(context.clock.now())
        context.write(partial(batches.begin_batch, name=order.id, location=order.file_location, now=now))
    batch = _batch(order, context)
    batch.unusable.extend(unusable)
    inventory = batch.look(files, marks)
    _refuse_nothing(order, inventory, batch)
    night = _night(order, inventory, context)
    if order.dry_run:
        return Outcome(_intention(order, inventory, batch))
    batch.output = context.files.path(f"products:{night or 'undated'}/{order.id}", must_exist=False)
    context.write(partial(batches.record_frames, batch=order.id, frames=_frame_rows(inventory, batch)))
    masters, products = batch.make_masters(inventory)
    if not inventory.light:
        batch.marks.append("the folder holds no light frame: only masters were made")
    products += batch.calibrate(inventory.light, masters)
    result = _result(order, inventory, batch, products, masters)
    orders = [_ingestion(order, product, night, context) for product in products]
    return Outcome(result, orders, _recorder(order, context, result, night, masters))


def _files(order: CalibrateFileBatch, context: Context) -> tuple[list[tuple[Path, str]], list[Unusable], list[str]]:
    """Return the folder's FITS files with their locations, those that lie outside, and marks.

    Raises
    ------
    Permanent
        There is no such folder, or nothing in it.
    """
    where = order.file_location
    folder = context.files.path(where)
    if not folder.is_dir():
        raise Permanent(f"{where} is a file: give the folder that holds the frames")
    chosen, marks = list_files(folder)
    if not chosen:
        raise Permanent(
            f"{where} holds no FITS file (.fits, .fit, .fts, also .gz or .fz)" + "".join(f"; {m}" for m in marks)
        )
    files, unusable = [], []
    for path in chosen:
        try:
            path.name.encode()
            location = f"{where.rstrip('/')}{'' if where.endswith((':', '/')) else '/'}{path.name}"
            files.append((context.files.path(location), location))
        except UnicodeEncodeError:
            unusable.append(Unusable(shown(path.name), "its name is not UTF-8 text"))
        except Permanent as error:
            unusable.append(Unusable(shown(path.name), shown(str(error))))
    return files, unusable, marks


def _batch(order: CalibrateFileBatch, context: Context) -> Batch:
    """Return the reduction, its work done by the engine and remembered step by step."""
    engine = context.config.engine
    return Batch(
        output=Path(),
        name_of=context.files.location,
        run=context.engine.map,
        progress=context.progress,
        journal=_Journal(order.id, context),
        limits=Limits(size=min(LARGEST, engine.memory * 1024 * 1024 // SHARE)),
        width=2 * engine.processes,
        cosmic_rays=order.cosmic_rays,
    )


class _Journal:
    """What of a batch is finished, in the preprocessor's own tables."""

    def __init__(self, batch: str, context: Context) -> None:
        self._batch = batch
        self._context = context
        self._known = context.read(self._finished_before)

    def recall(self, key: str, recipe: str) -> Made | None:
        """Return a product of an earlier try, where the same was to be done and its file is whole."""
        known = self._known.get((key, recipe))
        if known is None:
            return None
        path = str(self._context.files.path(known.path, must_exist=False))
        try:
            whole = self._context.engine.run(is_still_there, path, known.sha256)
        except ChildDied:
            return None
        return Made(path, known.sha256, known.size, known.quality) if whole else None

    def finished(self, key: str, recipe: str, made: Made) -> None:
        """Remember a product, durably."""
        location = self._context.files.location(Path(made.path))
        self._record(key, state="done", recipe=recipe, location=location, sha256=made.sha256, size=made.size,
                     details=made.quality)  # fmt: skip

    def failed(self, key: str, reason: str) -> None:
        """Remember that a product could not be made."""
        self._record(key, state="failed", reason=reason[:1000])

    def _record(self, key: str, **columns: Any) -> None:
        now = iso(self._context.clock.now())
        step = "combine" if key.startswith("masters/") else "calibrate"
        self._context.write(partial(batches.record_step, batch=self._batch, product=key, step=step, now=now, **columns))

    def _finished_before(self, session: Session) -> dict[tuple[str, str], Made]:
        rows = [row for row in batches.steps_of(session, self._batch) if row.state == "done"]
        return {
            (row.product, row.recipe or ""): Made(
                row.location or "", row.sha256 or "", row.size or 0, dict(row.details)
            )
            for row in rows
        }


def _refuse_nothing(order: CalibrateFileBatch, inventory: Inventory, batch: Batch) -> None:
    """Raise Permanent where not one file can be used, with each file's reason."""
    if any((inventory.light, inventory.bias, inventory.dark, inventory.flat, inventory.masters)):
        return
    reasons = "; ".join(f"{u.file} {u.reason}" for u in batch.unusable)
    raise Permanent(f"{order.file_location} holds no frame that can be used: {reasons}"[:2000])


def _night(order: CalibrateFileBatch, inventory: Inventory, context: Context) -> str | None:
    """Return the evening of the night: as the folder is named, else from when the first light was taken."""
    named = re.match(r"^raw:(\d{4}-\d\d-\d\d)(?:/|$)", order.file_location)
    if named:
        return named.group(1)
    everything = [*inventory.light, *inventory.flat, *inventory.dark, *inventory.bias, *inventory.masters]
    moment = next((s.frame.date_obs for s in everything if s.frame.date_obs), None)
    if moment is None:
        return None
    return night_of(datetime.fromisoformat(moment).replace(tzinfo=UTC), context.config.observatory.longitude)


def _intention(order: CalibrateFileBatch, inventory: Inventory, batch: Batch) -> dict[str, Any]:
    """Return what would be done."""
    counts = {kind: len(getattr(inventory, kind)) for kind in ("bias", "dark", "flat", "light", "masters")}
    found = ", ".join(f"{n} {kind}" for kind, n in counts.items() if n)
    return {
        "batch": order.id,
        "would": f"calibrate {counts['light']} lights with masters from what there is: {found}",
        "lights": counts["light"],
        "calibrated": 0,
        "masters": 0,
        "unusable": _plain_unusable(batch),
        "marks": _marks([*batch.marks, *(m for s in inventory.light for m in s.frame.marks)]),
    }


def _result(
    order: CalibrateFileBatch,
    inventory: Inventory,
    batch: Batch,
    products: Sequence[Product],
    masters: Sequence[Master],
) -> dict[str, Any]:
    calibrated = [p for p in products if p.kind == "calibrated"]
    marks = [*batch.marks, *(m for p in products for m in p.marks)]
    if batch.unusable:
        marks.insert(0, f"{len(batch.unusable)} files were put aside: listed here, left where they are")
    return {
        "batch": order.id,
        "lights": len(inventory.light),
        "calibrated": len(calibrated),
        "masters": len(masters),
        "unusable": _plain_unusable(batch),
        "marks": _marks(marks),
    }


def _plain_unusable(batch: Batch) -> list[dict[str, str]]:
    return [{"file": u.file, "reason": u.reason} for u in sorted(batch.unusable, key=lambda u: u.file)]


def _marks(marks: Iterable[str]) -> list[str]:
    """Return each mark once, no longer and no more than an order carries."""
    return [mark[:500] for mark in dict.fromkeys(marks)][:MOST_MARKS]


def _ingestion(order: CalibrateFileBatch, product: Product, night: str | None, context: Context) -> IngestDataProduct:
    """Return the order that has the data manager record a product."""
    sky = product.seen.frame
    light = product.kind == "calibrated"
    return IngestDataProduct(
        priority=order.priority,
        file_location=product.name,
        sha256=product.made.sha256,
        size=product.made.size,
        product_type=cast(Any, product.kind),
        batch=order.id,
        batch_location=order.file_location,
        night=night,
        inputs=_inputs(product),
        thumbnails={which: context.files.location(Path(path)) for which, path in product.thumbnails.items()},
        target=(order.target or sky.object[:128] or None) if light else None,
        event=order.event,
        observation=order.observation,
        ra=sky.ra if light else None,
        dec=sky.dec if light else None,
        marks=_marks(product.marks),
        quality=product.made.quality,
        **_shutter(product.seen),
    )


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
    ]
    return [*raw, *made]


def _shutter(seen: Seen) -> dict[str, Any]:
    """Return when, for how long and through what a frame was exposed, as far as an order can say it."""
    frame = seen.frame
    time = frame.exposure_time if frame.exposure_time is not None and frame.exposure_time <= LONGEST else None
    return {"date_obs": frame.date_obs, "exposure_time": time, "filter": frame.filter[:32] or None}


def _frame_rows(inventory: Inventory, batch: Batch) -> list[Mapping[str, Any]]:
    usable = [*inventory.bias, *inventory.dark, *inventory.flat, *inventory.light, *inventory.masters]
    rows: dict[str, Mapping[str, Any]] = {
        s.file: {"file": s.file, "kind": s.frame.kind, "master": s.frame.master, "sha256": s.sha256, "state": "usable"}
        for s in usable
    }
    for u in batch.unusable:
        rows[u.file] = {"file": u.file[:255], "master": False, "state": "unusable", "reason": u.reason[:1000]}
    return list(rows.values())


def _recorder(
    order: CalibrateFileBatch, context: Context, result: Mapping[str, Any], night: str | None, masters: Sequence[Master]
) -> Callable[[Session], None]:
    """Return the change that closes the batch and puts its masters into the index, with the order's end."""
    now = iso(context.clock.now())
    rows = [_master_row(order.id, master) for master in masters]

    def record(session: Session) -> None:
        for row in rows:
            batches.record_master(session, **row)
        batches.finish_batch(session, order.id, result, night, now)

    return record


def _master_row(batch: str, master: Master) -> dict[str, Any]:
    like = master.like.frame
    return {
        "location": master.name, "sha256": master.sha256, "kind": master.kind, "batch": batch,
        "camera": like.camera[:128], "rows": master.shape[0], "columns": master.shape[1],
        "row_binning": like.binning[0], "column_binning": like.binning[1], "filter": like.filter[:64],
        "exposure_time": master.exposure_time, "temperature": like.temperature, "date_obs": like.date_obs,
        "made": master.made,
    }  # fmt: skip


SERVICE = Service(
    name="preprocessor",
    handlers={"calibrate_file_batch": Handler(calibrate_file_batch)},
    tables=batches.METADATA,
    lanes={"work": 1},
)
