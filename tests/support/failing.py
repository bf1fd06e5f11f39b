"""Services whose handlers do what a test asks of them: work, wait, fail, or die.

A test starts one as `python -m toros.network.daemon tests.support.failing:PREPROCESSOR`. What its handler does is
written in the order: `file_location="raw:sleep/2"` sleeps for two seconds, `raw:segfault` dies in a child.

Each effect is a row of a table of the service's own, so that a test can count what was done twice.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from tests.support import work
from tests.support.windows import install, window
from toros.errors import Permanent, Temporary
from toros.network.service import Context, Handler, Outcome, Service
from workorders import WorkOrder
from workorders.data import FindProducts, IngestDataProduct
from workorders.observing import CloseDome, DomeStatus, Observation
from workorders.reduction import CalibrateFileBatch

install()


class Base(DeclarativeBase):
    """Tables of the test services."""


class Effect(Base):
    """One effect of one order; an order done twice would be here twice."""

    __tablename__ = "effects"

    number: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[str]
    process: Mapped[int]


def effect(order: WorkOrder) -> Callable[[Session], None]:
    """Return the change that records an order's effect."""

    def record(session: Session) -> None:
        Base.metadata.create_all(session.connection())  # where a service has migrations, nobody made our table
        session.add(Effect(order_id=order.id, process=os.getpid()))

    return record


def product(order: WorkOrder, number: int = 0) -> IngestDataProduct:
    """Return an onward order as a reduction writes it."""
    return IngestDataProduct(
        file_location=f"products:{order.id}/{number}.fits", sha256="0" * 64, size=1, product_type="calibrated",
        batch=order.id, batch_location="raw:x",
    )  # fmt: skip


def reduce(order: CalibrateFileBatch, context: Context) -> Outcome:
    """Do what the last part of the order's file location says."""
    what, _, argument = order.file_location.partition(":")[2].partition("/")
    window("handler")
    return _REDUCTIONS[what](order, context, argument)


def _plain(order: CalibrateFileBatch, context: Context, argument: str) -> Outcome:
    return Outcome({"attempt": context.attempt}, record=effect(order))


def _onward(order: CalibrateFileBatch, context: Context, argument: str) -> Outcome:
    orders = [product(order, number) for number in range(int(argument or 1))]
    return Outcome({"sent": len(orders)}, orders=orders, record=effect(order))


def _observe(order: CalibrateFileBatch, context: Context, argument: str) -> Outcome:
    return Outcome(orders=[Observation(ra=10.0, dec=41.0, exposure_time=0.0)], record=effect(order))


def _sleep(order: CalibrateFileBatch, context: Context, argument: str) -> Outcome:
    end = time.monotonic() + float(argument)
    while time.monotonic() < end:
        context.progress(1 - (end - time.monotonic()) / float(argument), "asleep")
        time.sleep(0.05)
    return Outcome({"attempt": context.attempt}, record=effect(order))


def _deaf(order: CalibrateFileBatch, context: Context, argument: str) -> Outcome:
    time.sleep(float(argument))
    return Outcome(record=effect(order))


def _raise(order: CalibrateFileBatch, context: Context, argument: str) -> Outcome:
    raise RuntimeError("this handler always fails")


def _suicide(order: CalibrateFileBatch, context: Context, argument: str) -> Outcome:
    os.kill(os.getpid(), signal.SIGKILL)
    return Outcome()


def _refuse(order: CalibrateFileBatch, context: Context, argument: str) -> Outcome:
    raise Permanent("this batch can never be reduced")


def _twice(order: CalibrateFileBatch, context: Context, argument: str) -> Outcome:
    if context.attempt < 3:
        raise Temporary(f"not yet, this is try {context.attempt}")
    return Outcome({"attempt": context.attempt}, record=effect(order))


def _spoilt(order: CalibrateFileBatch, context: Context, argument: str) -> Outcome:
    def record(session: Session) -> None:
        effect(order)(session)
        session.flush()
        raise RuntimeError("the record fails in the middle")

    return Outcome(record=record)


def _in_child(function: Callable[..., Any], *fixed: Any) -> Callable[..., Outcome]:
    def handler(order: CalibrateFileBatch, context: Context, argument: str) -> Outcome:
        args = fixed or ((float(argument),) if argument else ())
        return Outcome({"answer": context.engine.run(function, *args)}, record=effect(order))

    return handler


def _note(order: CalibrateFileBatch, context: Context, argument: str) -> Outcome:
    path = context.files.path("raw:note", must_exist=False)
    context.engine.run(work.note_and_nap, str(path), float(argument))
    return Outcome(record=effect(order))


def _written(order: CalibrateFileBatch, context: Context, argument: str) -> Outcome:
    context.write(effect(order))
    return Outcome({"rows": context.read(lambda session: session.scalar(sa.select(sa.func.count(Effect.number))))})


_REDUCTIONS: dict[str, Callable[..., Outcome]] = {
    "plain": _plain,
    "onward": _onward,
    "observe": _observe,
    "sleep": _sleep,
    "deaf": _deaf,
    "raise": _raise,
    "refuse": _refuse,
    "suicide": _suicide,
    "twice": _twice,
    "spoilt": _spoilt,
    "written": _written,
    "child": _in_child(work.process_id),
    "segfault": _in_child(work.segfault),
    "memory": _in_child(work.eat_memory, 4000),
    "nap": _in_child(work.nap),
    "note": _note,
}


def ingest(order: IngestDataProduct, context: Context) -> Outcome:
    """Record the effect."""
    return Outcome({"product": 1}, record=effect(order))


def count(question: FindProducts, context: Context) -> dict[str, Any]:
    """Answer how many effects there are, and how many orders they belong to."""

    def query(session: Session) -> tuple[int, int]:
        if not sa.inspect(session.connection()).has_table(Effect.__tablename__):
            return 0, 0
        columns = (sa.func.count(Effect.number), sa.func.count(sa.distinct(Effect.order_id)))
        return session.execute(sa.select(*columns)).one().tuple()

    effects, orders = context.read(query)
    return {"effects": effects, "orders": orders}


def expose(order: Observation, context: Context) -> Outcome:
    """Expose for real seconds, looking at progress."""
    window("handler")
    end = time.monotonic() + order.exposure_time
    while time.monotonic() < end:
        context.progress(0.5, "exposing")
        time.sleep(0.05)
    return Outcome({"attempt": context.attempt}, record=effect(order))


def dome(context: Context) -> Path:
    """Return the file that stands for the dome."""
    return context.files.path("raw:dome", must_exist=False)


def close(order: CloseDome, context: Context) -> Outcome:
    """Close the dome: a line a time in a file, for metal is not a database."""
    with dome(context).open("a") as metal:
        metal.write(f"closed {order.id}\n")
    window("closed")
    return Outcome({"dome": "closed"})


def recover_close(order: CloseDome, context: Context) -> Outcome:
    """Ask the dome what is true."""
    path = dome(context)
    if path.exists() and order.id in path.read_text():
        return Outcome({"dome": "closed", "asked": True})
    return close(order, context)


def ask_dome(question: DomeStatus, context: Context) -> dict[str, Any]:
    """Answer how often the dome was closed."""
    path = dome(context)
    return {"closed": path.read_text().count("closed") if path.exists() else 0}


PREPROCESSOR = Service(
    "preprocessor", {"calibrate_file_batch": Handler(reduce)}, tables=Base.metadata, lanes={"work": 2}
)
DATA_MANAGER = Service(
    "data_manager",
    {"ingest_data_product": Handler(ingest), "find_products": Handler(count)},
    tables=Base.metadata,
)
TELESCOPE = Service(
    "telescope",
    {
        "observation": Handler(expose),
        "close_dome": Handler(close, recover=recover_close),
        "dome_status": Handler(ask_dome),
    },
    tables=Base.metadata,
)
