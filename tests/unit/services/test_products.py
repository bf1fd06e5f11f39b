"""Files of people: taken in, kept, read, found, deleted; the same on SQLite and PostgreSQL."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io.fits import Header, PrimaryHDU
from PIL import Image

from services.data_manager import SERVICE
from services.data_manager.resources import Resources
from tests.support.installed import Install, installing
from tests.support.postgres import postgres
from tests.support.s3 import ObjectStore, object_store
from tests.unit.services.preprocessor.desk import Here
from tests.unit.services.test_data_manager import Bench
from toros.config import Config
from toros.data.measurements.spectra import read_spectra
from toros.data.permissions import Viewer
from toros.data.storage import Storage
from toros.errors import OrderCancelled, Permanent, Temporary
from toros.files import Roots
from toros.network.service import Outcome
from toros.store.database import Database
from workorders import Refusal, parse

__all__ = ["installing", "object_store", "postgres"]

TOM = (
    "time,filter,magnitude,error,limit,source\n59000.25,r,15.5,0.01,,X\n59001.25,r,bright,0.01,,X\n59002.25,r,,,17,X\n"
)
PROCESSORS = """
import os
from toros.errors import Permanent

def scan(path, options):
    for number, line in enumerate(path.read_text().splitlines(), 1):
        mjd, magnitude = line.split()
        yield {"mjd": mjd, "magnitude": magnitude, "filter": "r", "line": number}

def look(path, options):
    return {"words": len(path.read_text().split())}

def refuse(path, options):
    raise Permanent("this cannot be read")

def break_(path, options):
    return 1 / 0

def nonsense(path, options):
    return 42
"""
NAMES = {"scan": "scan", "look": "look", "refuse": "refuse", "broken": "break_", "nonsense": "nonsense"}


class Desk(Bench):
    """The data manager's handlers; what they send on is kept."""

    def __init__(self, folder: Path, url: str, **settings: Any) -> None:
        self.files = Roots({"raw": Path("raw"), "products": Path("products")}, folder)
        self.database = Database(url, service="data_manager")
        self.database.prepare(SERVICE.tables)
        self.said = []
        self.transactions = 0
        self.config = Config(state=folder, **settings)
        self.storage = Storage(f"{folder}/storage", largest=1_000_000)
        self.resources = Resources(self.storage)
        self.engine = Here()
        self.sent: list[Any] = []

    def file(self, name: str, contents: str) -> str:
        """Write a file and return its location."""
        path = self.files.root("products") / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(contents)
        return f"products:{name}"

    def do(self, request: str, **fields: Any) -> Any:
        """Serve an order or a question as a worker does."""
        return self.serve(parse({"request": request, **fields}))

    def serve(self, order: Any) -> Any:
        outcome = SERVICE.handlers[order.request].function(order, self)
        if not isinstance(outcome, Outcome):
            return outcome
        told = {**outcome.result, **((self.write(outcome.record) if outcome.record else None) or {})}
        self.sent += outcome.orders
        return told

    def ingest(self, name: str, contents: str = "some words", kind: str = "document", **fields: Any) -> Any:
        """Take a file in."""
        return self.do("ingest_data_product", file_location=self.file(name, contents), product_type=kind, **fields)

    def read_next(self) -> Any:
        """Serve the one order that was sent on."""
        (order,) = self.sent
        self.sent.clear()
        return self.serve(order)

    def find(self, **asked: Any) -> list[dict[str, Any]]:
        return self.do("find_products", **asked)["products"]  # type: ignore[no-any-return]


@pytest.fixture(scope="module")
def templates() -> dict[str, str]:
    """Databases with one target in them, made when first asked for."""
    return {}


@pytest.fixture(params=["sqlite", "postgresql"])
def desk(
    request: pytest.FixtureRequest, tmp_path: Path, templates: dict[str, str], installing: Install
) -> Iterator[Desk]:
    entries = {f"{kind}.table": f"our_processors:{name}" for kind, name in NAMES.items()}
    installing("our_processors", PROCESSORS, {"toros.processors": entries})
    desk = Desk(tmp_path, _database(request, templates, tmp_path))
    yield desk
    desk.database.close()


def _database(request: pytest.FixtureRequest, templates: dict[str, str], folder: Path) -> str:
    """Return the URL of a copy of the template."""
    kind = request.param
    server = request.getfixturevalue("postgres") if kind == "postgresql" else None
    if kind not in templates:
        made = request.getfixturevalue("tmp_path_factory").mktemp("template")
        url = server.url() if server else f"sqlite:///{made}/data_manager.sqlite"
        first = Desk(made, url)
        first.do("add_target", name="SN 2026abc", ra=150.0, dec=20.0)
        first.database.close()
        templates[kind] = url
    if server:
        return str(server.url(templates[kind]))
    shutil.copy(templates[kind].removeprefix("sqlite:///"), folder / "data_manager.sqlite")
    return f"sqlite:///{folder}/data_manager.sqlite"


def test_any_file_is_taken_in_and_found_by_all_that_is_said_of_it(desk: Desk) -> None:
    said = {"target": "sn2026abc", "observation": "OBS-1", "observatory": "CTMO", "filter": "r",
            "tags": ["poster", "a"],
            "observers": ["J. Röntgen", "A. B."], "description": "taken",
            "date_obs": "2026-11-20T02:00:00"}  # fmt: skip
    told = desk.ingest("notes.txt", **said)
    assert told == {"product": 1}
    desk.ingest("other.txt", "other words")
    for asked in (
        {"product": 1}, {"target": "SN-2026 ABC"}, {"observatory": "CTMO"}, {"filter": "r"}, {"tag": "poster"},
        {"observer": "J. Röntgen"}, {"observation": "OBS-1"}, {"sha256": hashlib.sha256(b"some words").hexdigest()},
    ):  # fmt: skip
        (found,) = desk.find(**asked)
        assert found["file_location"] == "products:notes.txt"
    assert (found["tags"], found["observers"], found["size"]) == (["a", "poster"], ["J. Röntgen", "A. B."], 10)
    assert "batch" not in found and "processing" not in found and found["inputs"] == []
    assert len(desk.find(product_type="document")) == 2 and desk.find(tag="b") == desk.find(observer="B.") == []


def test_the_same_again_changes_nothing_but_adds_tags(desk: Desk) -> None:
    assert desk.ingest("a.txt", tags=["x"]) == desk.ingest("a.txt", tags=["y"]) == {"product": 1}
    assert [each["tags"] for each in desk.find()] == [["x", "y"]]


def test_the_same_contents_elsewhere_are_noticed(desk: Desk) -> None:
    desk.ingest("a.txt", store=True)
    assert desk.ingest("b.txt", store=True) == {"product": 2, "same_contents": [1]}
    assert len(list(desk.storage.keys())) == 1


def test_eight_at_once_are_one_product(desk: Desk) -> None:
    asked = {"file_location": desk.file("a.txt", "some words"), "product_type": "document", "store": True}
    with ThreadPoolExecutor(8) as threads:
        told = list(threads.map(lambda _: desk.do("ingest_data_product", **asked), range(8)))
    assert told == [{"product": 1}] * 8
    assert len(desk.find()) == 1 and len(list(desk.storage.keys())) == 1


def test_a_copy_outlives_its_origin(desk: Desk) -> None:
    desk.ingest("a.csv", TOM, "photometry", target="SN 2026abc", store=True)
    desk.files.path("products:a.csv").unlink()
    (found,) = desk.find()
    assert found["stored"].endswith(".csv") and found["processing"] == "waiting"
    assert desk.read_next()["new"] == 2


def test_a_large_file_is_refused_before_it_is_read(desk: Desk) -> None:
    path = desk.files.root("products") / "huge.fits"
    with path.open("wb") as file:
        file.truncate(2_000_000_001)
    with pytest.raises(Permanent, match="at most 1000000 are taken"):
        desk.do("ingest_data_product", file_location="products:huge.fits", product_type="fits_file", store=True)
    assert desk.said == [] and desk.find() == []


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"target": "nobody"}, "target: there is no target 'nobody'"),
        ({"sha256": "0" * 64}, "sha256: products:a.txt has .* it is another file"),
        ({"size": 5}, "size: products:a.txt has 10, the order says 5"),
    ],
)
def test_what_cannot_be_is_refused(desk: Desk, fields: dict[str, Any], sentence: str) -> None:
    with pytest.raises(Permanent, match=sentence):
        desk.ingest("a.txt", **fields)
    assert desk.find() == []


@pytest.mark.parametrize(
    "fields",
    [
        {"product_type": "raw"},
        {"batch": "B"},
        {"batch_location": "raw:x"},
        {"product_type": "Image"},
        {"access": "all"},
    ],
)
def test_what_no_order_may_say(fields: dict[str, Any]) -> None:
    with pytest.raises(Refusal):
        parse({"request": "ingest_data_product", "file_location": "products:a", "product_type": "image", **fields})


def test_a_dry_run_keeps_nothing(desk: Desk) -> None:
    told = desk.ingest("a.csv", TOM, "photometry", target="SN 2026abc", store=True, dry_run=True)
    assert told["new"] and told["size"] == str(len(TOM))
    assert desk.find() == [] and desk.sent == [] and list(desk.storage.keys()) == []


def test_photometry_is_read_and_the_product_says_what_was_taken(desk: Desk) -> None:
    desk.ingest("a.csv", TOM, "photometry", target="SN 2026abc", options={"facility": "CTMO"})
    told = desk.read_next()
    assert (told["new"], told["refused"]) == (2, 1)
    (found,) = desk.find(processing="done")
    assert found["report"]["problems"] == ["line 3: magnitude 'bright' is not a number"]
    points = desk.do("find_measurements", target="SN 2026abc", product=1)
    assert [each["value"] for each in points["points"]] == [15.5, 17.0]
    assert points["series"][0]["facility"] == "CTMO"
    desk.ingest("a.csv", TOM, "photometry", target="SN 2026abc")
    assert desk.sent == []


def test_a_product_is_read_again_with_other_options(desk: Desk) -> None:
    desk.ingest("a.csv", TOM, "photometry", target="SN 2026abc")
    order = desk.sent[0]
    desk.read_next()
    again = {"file_location": order.file_location, "sha256": order.sha256}
    assert desk.do("process_product", **again, dry_run=True)["same"] == 2
    assert desk.do("process_product", **again, options={"observer": "A"})["new"] == 2


def test_options_that_cannot_be_are_refused_at_once(desk: Desk) -> None:
    with pytest.raises(Permanent, match="options: .*system"):
        desk.ingest("a.csv", TOM, "photometry", target="SN 2026abc", options={"system": 3})
    assert desk.find() == []


def test_rows_and_facts_of_a_processor_are_taken_in(desk: Desk) -> None:
    desk.ingest("a.scan", "59000.5 17.25\n59001.5 faint\n", "scan", target="SN 2026abc")
    told = desk.read_next()
    assert (told["new"], told["problems"]) == (1, ["line 2: magnitude 'faint' is not a number"])
    desk.ingest("a.txt", "one two three", "look")
    assert desk.read_next() == {"product": 2, "product_type": "look", "words": 3}
    assert desk.find(product=2)[0]["report"] == {"words": 3}


def test_a_spectrum_is_kept_as_arrays(desk: Desk) -> None:
    spectrum = "wavelength,flux\n4000,1e-16\n4001,2e-16\n4002,3e-16\n"
    desk.ingest("s.csv", spectrum, "spectroscopy", target="SN 2026abc", options={"mjd": 59000.5, "facility": "CTMO"})
    assert desk.read_next()["spectrum"] == 1
    (kept,) = desk.read(lambda session: read_spectra(session, 1, viewer=Viewer.all_seeing()))
    assert (kept.mjd, kept.facility, kept.flux.tolist()) == (59000.5, "CTMO", [1e-16, 2e-16, 3e-16])
    desk.do("delete_product", product=1, reason="of another star", switch_off=True)
    assert desk.read(lambda session: read_spectra(session, 1, viewer=Viewer.all_seeing())) == []


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("refuse", "this cannot be read"),
        ("broken", "the processor of broken failed in break_, line .*ZeroDivisionError: division by zero"),
        ("nonsense", "the processor of nonsense answers int"),
        ("scan", "has measurements, and no target that they are of"),
    ],
)
def test_a_processor_that_fails_loses_nothing_and_the_product_says_why(desk: Desk, kind: str, reason: str) -> None:
    desk.ingest("a.txt", "59000.5 17.25", kind, store=True)
    with pytest.raises(Permanent, match=reason):
        desk.read_next()
    (found,) = desk.find(processing="failed")
    assert found["report"].keys() == {"reason"} and desk.storage.digest(found["stored"]) == found["sha256"]


def test_a_try_that_was_cut_off_sends_on_what_it_must(desk: Desk) -> None:
    order = parse({"request": "ingest_data_product", "product_type": "look", "store": True,
                   "file_location": desk.file("a.txt", "some words")})  # fmt: skip
    SERVICE.handlers["ingest_data_product"].function(order, desk)  # its outcome is lost with the daemon
    assert desk.find()[0]["processing"] == "waiting"
    desk.serve(order)
    assert [each.request for each in desk.sent] == ["process_product"]


def test_deleting_keeps_a_tombstone_and_removes_our_copy(desk: Desk) -> None:
    desk.ingest("a.csv", TOM, "photometry", target="SN 2026abc", store=True)
    desk.read_next()
    desk.ingest("b.csv", TOM, "photometry", target="SN 2026abc", store=True, process=False)
    order = {"product": 1, "reason": "wrong target", "user": "ada"}
    assert desk.do("delete_product", **order, dry_run=True) == {"dry_run": True, "file_location": "products:a.csv"}
    told = desk.do("delete_product", **order, switch_off=True)
    assert told == {"product": 1, "copy_removed": False, "switched_off": 2}
    assert desk.do("delete_product", **order) == {"product": 1, "copy_removed": False}
    assert desk.do("delete_product", product=2, reason="too")["copy_removed"]
    assert list(desk.storage.keys()) == [] and desk.files.path("products:a.csv").exists()
    gone, _ = desk.find(deleted=True)
    assert (gone["deleted_by"], gone["deleted_reason"], gone["number"]) == ("ada", "wrong target", 1)
    assert desk.find() == [] and desk.do("find_measurements", target="SN 2026abc")["points"] == []


def test_what_was_deleted_comes_back_only_when_that_is_said(desk: Desk) -> None:
    desk.ingest("a.txt", store=True)
    desk.do("delete_product", product=1, reason="a mistake")
    with pytest.raises(Permanent, match=r"was deleted on .* by .* \(a mistake\); say restore"):
        desk.ingest("a.txt", store=True)
    assert desk.ingest("a.txt", store=True, restore=True) == {"product": 1}
    assert desk.storage.digest(desk.find()[0]["stored"]) == desk.find()[0]["sha256"]


def test_there_is_no_such_product(desk: Desk) -> None:
    with pytest.raises(Permanent, match="there is no product 9"):
        desk.do("delete_product", product=9, reason="x")


def test_an_order_that_is_taken_back_while_it_copies_leaves_nothing(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cancelled(fraction: float, message: str) -> None:
        if message == "copying it":
            raise OrderCancelled("it was cancelled while it ran")

    monkeypatch.setattr(desk, "progress", cancelled)
    with pytest.raises(OrderCancelled):
        desk.ingest("a.txt", store=True)
    assert desk.find() == [] and list(desk.storage.keys()) == []


def test_a_storage_that_is_away_is_tried_again(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.rmtree(desk.files.root("products").parent / "storage", ignore_errors=True)
    (desk.files.root("products").parent / "storage").write_text("a file where the folder should be")
    with pytest.raises(Temporary, match="the storage"):
        desk.ingest("a.txt", store=True)
    assert desk.find() == []


def test_who_sees_a_product(desk: Desk) -> None:
    desk.config = Config(state=desk.config.state, security={"authentication": True})
    desk.ingest("uploads/open.txt", "1", user="ada")
    desk.ingest("uploads/public.txt", "2", user="ada", access="public")
    desk.ingest("uploads/private.txt", "3", user="ada", access="private", groups=["b"])
    desk.do("add_target", name="Secret", ra=1.0, dec=1.0, access="private", user="ada")
    desk.ingest("uploads/of-secret.txt", "4", user="ada", target="Secret")

    def seen(user: str) -> list[int]:
        return [each["number"] for each in desk.find(user=user)]

    assert (seen("ada"), seen("bob"), seen("anonymous")) == ([1, 2, 3, 4], [1, 2], [1])
    assert seen("preprocessor") == [1, 2, 3, 4]
    with pytest.raises(Permanent, match="there is no product 3"):
        desk.do("delete_product", product=3, reason="mine", user="bob")
    with pytest.raises(Permanent, match="product: 1 belongs to ada"):
        desk.do("delete_product", product=1, reason="mine", user="bob")
    with pytest.raises(Permanent, match="there is no target 'Secret'"):
        desk.ingest("uploads/x.txt", "5", user="bob", target="Secret")
    assert desk.ingest("uploads/copy.txt", "3", user="bob") == {"product": 5}
    assert desk.do("delete_product", product=1, reason="old", user="ada")["product"] == 1


def test_a_product_in_a_bucket_is_read_from_there(tmp_path: Path, object_store: ObjectStore) -> None:
    desk = Desk(tmp_path, f"sqlite:///{tmp_path}/data_manager.sqlite")
    desk.resources = Resources(Storage(object_store.bucket(), object_store.options))
    desk.do("add_target", name="SN 2026abc", ra=150.0, dec=20.0)
    desk.ingest("a.csv", TOM, "photometry", target="SN 2026abc", store=True)
    desk.files.path("products:a.csv").unlink()
    assert desk.read_next()["new"] == 2
    assert desk.do("delete_product", product=1, reason="enough")["copy_removed"]
    assert list(desk.resources.storage.keys()) == []
    desk.database.close()


def test_images_get_a_small_picture(desk: Desk) -> None:
    fits, png = desk.files.root("products") / "m31.fits", desk.files.root("products") / "m31.png"
    header = Header({"OBJECT": "M 31", "EXPTIME": 60.0, "FILTER": "r"})
    PrimaryHDU(np.arange(600 * 800, dtype=np.int16).reshape(600, 800), header).writeto(fits)
    Image.new("RGB", (1024, 100), "red").save(png)
    for file, kind in ((fits, "fits_file"), (png, "image")):
        desk.do("ingest_data_product", file_location=f"products:{file.name}", product_type=kind)
        desk.read_next()
    frame, photo = desk.find()
    assert frame["report"] == {"rows": 600, "columns": 800, "object": "M 31", "exposure_time": 60.0, "filter": "r"}
    assert photo["report"] == {"rows": 100, "columns": 1024, "kind": "PNG"}
    sizes = [Image.open(desk.files.path(each["thumbnails"]["picture"])).size for each in (frame, photo)]
    assert sizes[0][0] in range(256, 513) and sizes[1] == (512, 50)


@pytest.mark.parametrize(
    ("kind", "contents", "reason"),
    [
        ("image", "no picture", "is no image of a kind that is known"),
        ("fits_file", f"{'SIMPLE  =                    T':80}{'END':2800}", "no FITS|no image"),
    ],
)
def test_what_is_no_image_says_so(desk: Desk, kind: str, contents: str, reason: str) -> None:
    desk.ingest("a.png", contents, kind)
    with pytest.raises(Permanent, match=reason):
        desk.read_next()
