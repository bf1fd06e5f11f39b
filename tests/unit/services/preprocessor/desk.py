"""The preprocessor's desk for tests: an engine that counts, and orders handled as a worker handles them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from services.preprocessor import SERVICE
from tests.unit.services.rehearsal import Rehearsal
from toros.network.service import Outcome
from toros.reduction.work import here
from workorders import VOCABULARY
from workorders.data import IngestDataProduct

__all__ = ["BATCH", "Here", "made_by", "ordered", "products_of", "raw"]

BATCH = "2026-11-20/batch"


class Here:
    """An engine that runs the work where it stands, and counts it; `fail` may answer in its place."""

    def __init__(self, fail: Callable[[str], BaseException | None] = lambda name: None) -> None:
        self.calls: list[str] = []
        self.made: list[str] = []
        self.fail = fail

    def run(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        """Run it here."""
        return function(*args, **kwargs)

    def map(self, function: Callable[..., Any], arguments: Sequence[tuple[Any, ...]], /) -> Sequence[Any]:
        """Run it here, one after another."""
        return [answer for _, answer in self.stream(function, arguments)]

    def stream(
        self, function: Callable[..., Any], arguments: Iterable[tuple[Any, ...]], /, width: int | None = None
    ) -> Iterator[tuple[int, Any]]:
        """Run it here, one after another."""
        for position, argument in enumerate(arguments):
            name = Path(getattr(argument[0], "output", str(argument[0]))).stem
            self.calls.append(function.__name__)
            failure = self.fail(f"{function.__name__} {name}")
            answer = failure if failure is not None else next(here(function, [argument]))[1]
            if function.__name__ == "make_product" and not isinstance(answer, BaseException):
                self.made.append(name)
            yield position, answer


def raw(desk: Rehearsal, name: str = BATCH) -> Path:
    """Return the folder of raw frames."""
    return desk.files.path(f"raw:{name}", must_exist=False)


def ordered(desk: Rehearsal, request: str, **fields: Any) -> Outcome:
    """Have the desk do what an order asks, and commit what comes of it."""
    order = VOCABULARY[request].model.model_validate(fields)
    return desk.finish(SERVICE.handlers[request].function(order, desk))


def made_by(desk: Rehearsal, request: str, **fields: Any) -> tuple[Outcome, list[str]]:
    """Return an outcome, and the names of the products that were really made for it."""
    engine = Here()
    desk.engine = engine  # type: ignore[assignment]
    return ordered(desk, request, **fields), engine.made


def products_of(outcome: Outcome, kind: str | None = None) -> list[IngestDataProduct]:
    """Return the orders to record products."""
    orders = [order for order in outcome.orders if isinstance(order, IngestDataProduct)]
    assert len(orders) == len(outcome.orders)
    return [order for order in orders if kind in (None, order.product_type)]
