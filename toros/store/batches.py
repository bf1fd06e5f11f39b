"""What the preprocessor remembers: its batches, their frames, each step of each frame, and the index of masters.

Times are UTC, ISO 8601 with milliseconds: they sort as text.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import JSON, BigInteger, CheckConstraint, ForeignKey, MetaData, String, delete, or_, select, update
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from toros.errors import Temporary
from toros.store.names import CONSTRAINT_NAMES
from toros.store.schema import Order
from workorders.envelope import State

__all__ = [
    "METADATA", "BatchRow", "FrameRow", "MasterRow", "StepRow", "batch_of", "begin_batch", "finish_batch", "frames_of",
    "hold_batch", "masters_between", "newest_batch", "record_frames", "record_master", "record_measurements",
    "record_step", "step_of", "steps_of",
]  # fmt: skip

KINDS = "kind IN ('bias', 'dark', 'flat', 'bad_pixels')"


class Base(DeclarativeBase):
    """Base of the preprocessor's tables; its metadata is the branch `preprocessor` of the migrations."""

    metadata = MetaData(naming_convention=CONSTRAINT_NAMES)


class BatchRow(Base):
    """One folder, reduced by one order.

    Attributes
    ----------
    name : str
        The order that reduces it.
    location : str
        Folder of the raw frames, or the one frame; root:path.
    state : {"open", "done"}
    result : dict or None
        As the order's result tells it.
    body : dict or None
        The order that began it, to go on as it was asked; None for a batch of an older version.
    replaces : str or None
        The batch that this one began anew.
    holder : str or None
        The order that works on it, or did last.
    """

    __tablename__ = "batches"
    __table_args__ = (CheckConstraint("state IN ('open', 'done')", name="state"),)

    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    location: Mapped[str] = mapped_column(String(1024), index=True)
    night: Mapped[str | None] = mapped_column(String(10), index=True)
    state: Mapped[str] = mapped_column(String(8))
    started: Mapped[str] = mapped_column(String(32))
    finished: Mapped[str | None] = mapped_column(String(32))
    result: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    body: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    replaces: Mapped[str | None] = mapped_column(String(64))
    holder: Mapped[str | None] = mapped_column(String(64))


class FrameRow(Base):
    """One file of a batch: what it is, or why it cannot be used."""

    __tablename__ = "frames"
    __table_args__ = (
        CheckConstraint("state IN ('usable', 'unusable')", name="state"),
        CheckConstraint("(state = 'unusable') = (reason IS NOT NULL)", name="reason"),
    )

    batch: Mapped[str] = mapped_column(ForeignKey("batches.name"), primary_key=True)
    file: Mapped[str] = mapped_column(String(255), primary_key=True)
    kind: Mapped[str | None] = mapped_column(String(8))
    master: Mapped[bool]
    sha256: Mapped[str | None] = mapped_column(String(64))
    state: Mapped[str] = mapped_column(String(8))
    reason: Mapped[str | None] = mapped_column(String(1000))


class StepRow(Base):
    """One step of one frame of a batch: a product that was made, or could not be.

    Attributes
    ----------
    product : str
        Its name within the batch, such as "calibrated/light-001".
    recipe : str or None
        SHA-256 of what was done to what: another recipe is another product.
    details : dict
        Numbers measured on it.
    published : bool
        The data manager was told of it: the file is not written again.
    """

    __tablename__ = "steps"
    __table_args__ = (
        CheckConstraint("state IN ('done', 'failed')", name="state"),
        CheckConstraint("state <> 'done' OR (sha256 IS NOT NULL AND location IS NOT NULL)", name="done"),
    )

    batch: Mapped[str] = mapped_column(ForeignKey("batches.name"), primary_key=True)
    product: Mapped[str] = mapped_column(String(255), primary_key=True)
    step: Mapped[str] = mapped_column(String(32), primary_key=True)
    state: Mapped[str] = mapped_column(String(8))
    recipe: Mapped[str | None] = mapped_column(String(64))
    location: Mapped[str | None] = mapped_column(String(1024))
    sha256: Mapped[str | None] = mapped_column(String(64))
    size: Mapped[int | None] = mapped_column(BigInteger)  # bytes
    details: Mapped[dict[str, Any]] = mapped_column(JSON)
    reason: Mapped[str | None] = mapped_column(String(1000))
    tries: Mapped[int]
    changed: Mapped[str] = mapped_column(String(32))
    published: Mapped[bool]


class MasterRow(Base):
    """A master that a batch made or found, and what it fits: later nights look for theirs here.

    Attributes
    ----------
    kind : {"bias", "dark", "flat", "bad_pixels"}
    band : str
        What the filter means.
    layout : str
        Which part of the detector it shows; empty where nobody knows.
    holds : list of str
        What is still in its pixels beside what it is named for.
    level : float
        Median; counts.
    read_noise_adu : float or None
        Of one frame, measured; counts.
    made : bool
        By us; a finished one that was found otherwise.
    """

    __tablename__ = "masters"
    __table_args__ = (CheckConstraint(KINDS, name="kind"),)

    location: Mapped[str] = mapped_column(String(1024), primary_key=True)
    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    size: Mapped[int] = mapped_column(BigInteger)  # bytes
    kind: Mapped[str] = mapped_column(String(16), index=True)
    batch: Mapped[str] = mapped_column(ForeignKey("batches.name"), index=True)
    camera: Mapped[str] = mapped_column(String(128))
    rows: Mapped[int]
    columns: Mapped[int]
    row_binning: Mapped[int]
    column_binning: Mapped[int]
    filter: Mapped[str] = mapped_column(String(64))
    band: Mapped[str] = mapped_column(String(64))
    unit: Mapped[str] = mapped_column(String(16))
    readout_mode: Mapped[str] = mapped_column(String(64))
    layout: Mapped[str] = mapped_column(String(64))
    gain: Mapped[float | None]  # electrons per count
    exposure_time: Mapped[float | None]  # seconds
    temperature: Mapped[float | None]  # degrees Celsius
    date_obs: Mapped[str | None] = mapped_column(String(32), index=True)
    holds: Mapped[list[str]] = mapped_column(JSON)
    level: Mapped[float]
    read_noise_adu: Mapped[float | None]
    made: Mapped[bool]


METADATA = Base.metadata


def begin_batch(
    session: Session,
    name: str,
    location: str,
    now: str,
    *,
    body: Mapping[str, Any] | None = None,
    replaces: str | None = None,
) -> None:
    """Open a batch; one that an earlier try opened stays as it is."""
    if session.get(BatchRow, name) is None:
        kept = None if body is None else dict(body)
        session.add(BatchRow(name=name, location=location, state="open", started=now, body=kept, replaces=replaces))
        session.flush()


def hold_batch(session: Session, name: str, order: str) -> None:
    """Note that an order works on a batch.

    Raises
    ------
    Temporary
        Another order is at work on it now.
    """
    batch = session.get_one(BatchRow, name)
    if batch.holder not in (None, order):
        state = session.scalar(select(Order.state).where(Order.id == batch.holder))
        if state == State.RUNNING:
            raise Temporary(f"the batch {name} is being worked on by the order {batch.holder}")
    batch.holder = order


def batch_of(session: Session, name: str) -> BatchRow | None:
    """Return a batch by its name."""
    return session.get(BatchRow, name)


def newest_batch(session: Session, location: str) -> BatchRow | None:
    """Return the batch of a folder that was begun last."""
    newest = (
        select(BatchRow).where(BatchRow.location == location).order_by(BatchRow.started.desc(), BatchRow.name.desc())
    )
    return session.scalars(newest.limit(1)).first()


def finish_batch(session: Session, name: str, result: Mapping[str, Any], night: str | None, now: str) -> None:
    """Close a batch with its result; its products are published from now on."""
    batch = session.get_one(BatchRow, name)
    batch.state, batch.result, batch.night, batch.finished = "done", dict(result), night, now
    session.execute(update(StepRow).where(StepRow.batch == name, StepRow.state == "done").values(published=True))


def frames_of(session: Session, batch: str) -> list[FrameRow]:
    """Return what is known of a batch's files, by name."""
    return list(session.scalars(select(FrameRow).where(FrameRow.batch == batch).order_by(FrameRow.file)))


def record_frames(session: Session, batch: str, frames: Iterable[Mapping[str, Any]], *, keep: bool = False) -> None:
    """Remember what a batch's files are, in place of what an earlier try found.

    Parameters
    ----------
    frames : iterable of mapping
        The columns of `FrameRow` but the batch.
    keep : bool
        What is known of other files of the batch stays.
    """
    if not keep:
        session.execute(delete(FrameRow).where(FrameRow.batch == batch))
    unknown = dict.fromkeys(("kind", "sha256", "reason"))
    for frame in frames:
        session.merge(FrameRow(**{**unknown, **frame, "batch": batch}))


def step_of(session: Session, batch: str, product: str, step: str) -> StepRow | None:
    """Return what is known of one step of one product."""
    return session.get(StepRow, (batch, product, step))


def steps_of(session: Session, batch: str) -> list[StepRow]:
    """Return all steps of a batch, by product."""
    return list(session.scalars(select(StepRow).where(StepRow.batch == batch).order_by(StepRow.product)))


def record_step(session: Session, batch: str, product: str, step: str, now: str, **columns: Any) -> None:
    """Remember how a step ended; a later try replaces an earlier one and is counted.

    Parameters
    ----------
    columns
        state, recipe, location, sha256, size, details, reason of `StepRow`.
    """
    row = session.get(StepRow, (batch, product, step))
    if row is None:
        row = StepRow(batch=batch, product=product, step=step, tries=0, details={}, published=False)
        session.add(row)
    row.tries += 1
    row.changed = now
    for name in ("recipe", "location", "sha256", "size", "reason"):
        setattr(row, name, columns.get(name))
    row.state, row.details, row.published = columns["state"], columns.get("details", {}), False


def record_measurements(session: Session, batch: str, measured: Mapping[str, Mapping[str, Any]]) -> None:
    """Add what was measured on products, by name, once their whole batch was there."""
    for row in steps_of(session, batch):
        if row.state == "done" and row.product in measured:
            row.details = {**row.details, **measured[row.product]}


def record_master(session: Session, **columns: Any) -> None:
    """Put a master into the index; the same file again changes nothing."""
    if session.get(MasterRow, (columns["location"], columns["sha256"])) is None:
        session.add(MasterRow(**columns))


def masters_between(
    session: Session, shapes: Iterable[tuple[int, int]], earliest: str, latest: str, *, batch: str | None = None
) -> list[MasterRow]:
    """Return the masters of these shapes that were taken within a time, the latest first.

    Parameters
    ----------
    shapes : iterable of (int, int)
        Rows and columns.
    earliest, latest : str
        Start of the exposure; UTC, ISO 8601.
    batch : str, optional
        Whose own masters are returned whenever they were taken, also where nobody knows when.
    """
    wanted = [(MasterRow.rows == rows) & (MasterRow.columns == columns) for rows, columns in shapes]
    when = MasterRow.date_obs.between(earliest, latest)
    chosen = select(MasterRow).where(or_(*wanted), or_(when, MasterRow.batch == batch))
    return list(session.scalars(chosen.order_by(MasterRow.date_obs.desc(), MasterRow.location)))
