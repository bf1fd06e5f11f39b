"""The data manager's handlers, with real files and a real database."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest
from sqlalchemy.orm import Session

from services.data_manager import SERVICE
from services.data_manager.products import CHUNK
from tests.support.prepared import prepared_url
from tests.unit.data.orders import exposure, ingest
from toros.clock import MachineClock
from toros.config import Config
from toros.errors import OutsideRoots, Permanent, Temporary
from toros.files import Roots
from toros.network.service import Context, Outcome
from toros.store.database import Database
from workorders import VOCABULARY
from workorders.data import FindProducts, IngestDataProduct

T = TypeVar("T")
CONTENTS = b"SIMPLE  =                    T" * 96


class Bench:
    """A handler's context over a real database and real folders; keeps what was said."""

    service, attempt, worker = "data_manager", 1, "data_manager@here:1"
    config, clock, observatory_clock = Config(), MachineClock(), MachineClock()
    engine: Any = None
    resources: Any = None
    log = logging.LoggerAdapter(logging.getLogger("test"))

    def __init__(self, folder: Path) -> None:
        self.files = Roots({"raw": Path("raw"), "products": Path("products")}, folder)
        self.database = Database(prepared_url(folder, "data_manager"), service="data_manager")
        self.database.prepare(SERVICE.tables)
        self.said: list[tuple[float, str]] = []
        self.transactions = 0

    def progress(self, fraction: float, message: str) -> None:
        self.said.append((fraction, message))

    def read(self, query: Callable[[Session], T]) -> T:
        return self.database.read(query)

    def write(self, change: Callable[[Session], T]) -> T:
        self.transactions += 1
        return self.database.write(change)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path)
    yield bench
    bench.database.close()


@pytest.fixture
def product(bench: Bench) -> IngestDataProduct:
    """A calibrated frame that is really there, and its order."""
    order = ingest("calibrated-0", "calibrated", exposure("light", 0))
    path = bench.files.path(order.file_location, must_exist=False)
    path.parent.mkdir(parents=True)
    path.write_bytes(CONTENTS)
    return order.model_copy(update={"sha256": hashlib.sha256(CONTENTS).hexdigest(), "size": len(CONTENTS)})


def do(order: IngestDataProduct, bench: Context) -> Any:
    outcome = SERVICE.handlers["ingest_data_product"].function(order, bench)
    assert isinstance(outcome, Outcome)
    assert outcome.record is not None
    return {**outcome.result, **(bench.write(outcome.record) or {})}


def find(bench: Context, **asked: Any) -> Any:
    return SERVICE.handlers["find_products"].function(FindProducts.model_validate(asked), bench)


def test_every_request_of_the_desk_has_a_handler() -> None:
    assert set(SERVICE.handlers) == {name for name, request in VOCABULARY.items() if request.desk == "data_manager"}


def test_a_product_is_recorded_once_and_found(bench: Bench, product: IngestDataProduct) -> None:
    assert do(product, bench) == {"product": 1}
    assert do(product, bench) == {"product": 1}
    answer = find(bench, batch="BATCH")
    assert [each["file_location"] for each in answer["products"]] == [product.file_location]
    assert [each["location"] for each in answer["products"][0]["inputs"]] == [product.inputs[0].location]
    assert bench.said[-1] == (0.8, "reading the file")


def test_a_missing_file_may_still_arrive_and_nothing_is_recorded(bench: Bench, product: IngestDataProduct) -> None:
    with pytest.raises(Temporary, match="products:2026-11-19/BATCH/other.fits is not there"):
        do(product.model_copy(update={"file_location": "products:2026-11-19/BATCH/other.fits"}), bench)
    assert find(bench) == {"products": [], "more": False}


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"sha256": "0" * 64}, "has the SHA-256 .* its contents are others"),
        ({"size": len(CONTENTS) - 1}, "it is another file"),
        ({"size": "lots"}, "is not a number of bytes"),
    ],
)
def test_a_file_that_is_not_what_the_order_says_is_refused_for_good(
    bench: Bench, product: IngestDataProduct, wrong: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(Permanent, match=sentence):
        do(product.model_copy(update=wrong), bench)
    assert find(bench)["products"] == []


@pytest.mark.parametrize(
    "location", ["/etc/passwd", "products:../raw/x", "nowhere:x", "file:///etc/passwd", "products:link/passwd"]
)
def test_nothing_outside_the_roots_is_touched(bench: Bench, product: IngestDataProduct, location: str) -> None:
    (bench.files.root("products") / "link").symlink_to("/etc")
    with pytest.raises(OutsideRoots):
        do(product.model_copy(update={"file_location": location}), bench)
    with pytest.raises(OutsideRoots):
        do(product.model_copy(update={"thumbnails": {"after": location}}), bench)
    assert find(bench)["products"] == []


def test_many_inputs_are_recorded_in_short_transactions(bench: Bench, product: IngestDataProduct) -> None:
    many = [exposure("bias", i) for i in range(3 * CHUNK)]
    do(product.model_copy(update={"inputs": many}), bench)
    assert bench.transactions == 3
    assert len(find(bench)["products"][0]["inputs"]) == 3 * CHUNK


def test_pages(bench: Bench, product: IngestDataProduct) -> None:
    folder = bench.files.path(product.file_location).parent
    for i in range(5):
        (folder / f"copy-{i}.fits").write_bytes(CONTENTS)
        do(product.model_copy(update={"file_location": f"products:2026-11-19/BATCH/copy-{i}.fits"}), bench)
    first = find(bench, limit=3)
    rest = find(bench, limit=3, after=first["products"][-1]["number"])
    assert ([len(first["products"]), first["more"]], [len(rest["products"]), rest["more"]]) == ([3, True], [2, False])
