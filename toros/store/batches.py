"""What the preprocessor remembers: its batches, their frames, each step of each frame, and the index of masters.

Times are UTC, ISO 8601 with milliseconds: they sort as text.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import JSON, BigInteger, CheckConstraint, ForeignKey, MetaData, String, delete, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from toros.store.names import CONSTRAINT_NAMES

__all__ = [
    "METADATA", "BatchRow", "FrameRow", "MasterRow", "StepRow", "begin_batch", "finish_batch", "record_frames",
    "record_master", "record_step", "step_of", "steps_of",
]  # fmt: skip

KINDS = "kind IN ('bias', 'dark', 'flat')"


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
        Folder of the raw frames; root:path.
    state : {"open", "done"}
    result : dict or None
        As the order's result tells it.
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


class MasterRow(Base):
    """A master that a batch made or found, and what it fits: later nights look for theirs here."""

    __tablename__ = "masters"
    __table_args__ = (CheckConstraint(KINDS, name="kind"),)

    location: Mapped[str] = mapped_column(String(1024), primary_key=True)
    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    kind: Mapped[str] = mapped_column(String(8), index=True)
    batch: Mapped[str] = mapped_column(ForeignKey("batches.name"), index=True)
    camera: Mapped[str] = mapped_column(String(128))
    rows: Mapped[int]
    columns: Mapped[int]
    row_binning: Mapped[int]
    column_binning: Mapped[int]
    filter: Mapped[str] = mapped_column(String(64))
    exposure_time: Mapped[float | None]  # seconds
    temperature: Mapped[float | None]  # degrees Celsius
    date_obs: Mapped[str | None] = mapped_column(String(32), index=True)
    made: Mapped[bool]  # by us; a finished one that was found otherwise


METADATA = Base.metadata


def begin_batch(session: Session, name: str, location: str, now: str) -> None:
    """Open a batch; one that an earlier try opened stays as it is."""
    if session.get(BatchRow, name) is None:
        session.add(BatchRow(name=name, location=location, state="open", started=now))


def finish_batch(session: Session, name: str, result: Mapping[str, Any], night: str | None, now: str) -> None:
    """Close a batch with its result."""
    batch = session.get_one(BatchRow, name)
    batch.state, batch.result, batch.night, batch.finished = "done", dict(result), night, now


def record_frames(session: Session, batch: str, frames: Iterable[Mapping[str, Any]]) -> None:
    """Remember what a batch's files are, in place of what an earlier try found.

    Parameters
    ----------
    frames : iterable of mapping
        The columns of `FrameRow` but the batch.
    """
    session.execute(delete(FrameRow).where(FrameRow.batch == batch))
    session.add_all(FrameRow(batch=batch, **frame) for frame in frames)


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
        row = StepRow(batch=batch, product=product, step=step, tries=0, details={})
        session.add(row)
    row.tries += 1
    row.changed = now
    for name in ("recipe", "location", "sha256", "size", "reason"):
        setattr(row, name, columns.get(name))
    row.state, row.details = columns["state"], columns.get("details", {})


def record_master(session: Session, **columns: Any) -> None:
    """Put a master into the index; the same file again changes nothing."""
    if session.get(MasterRow, (columns["location"], columns["sha256"])) is None:
        session.add(MasterRow(**columns))
