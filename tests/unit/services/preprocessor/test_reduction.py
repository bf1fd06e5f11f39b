"""The preprocessor's desk, from an order to the products and the orders that follow, in real child processes."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits
from ccdproc import CCDData
from sqlalchemy import select

from services.preprocessor import SERVICE
from tests.unit.reduction import made_frames as made
from tests.unit.reduction.made_stars import strewn
from tests.unit.reduction.test_night_sky import SIDE, write_light
from tests.unit.services.preprocessor.desk import BATCH, Here, ordered, products_of, raw
from tests.unit.services.rehearsal import Rehearsal, rehearsing
from toros.config import Config
from toros.errors import OrderCancelled, OutsideRoots, Permanent
from toros.network.engine import EngineForOrder, make_engine
from toros.network.service import Outcome
from toros.reduction.learnt_camera import mask_file
from toros.reduction.provenance import rerun
from toros.store import batches
from workorders import VOCABULARY

SAMPLES = os.environ.get("TOROS_SAMPLE_DATA")
needs_samples = pytest.mark.skipif(not SAMPLES, reason="TOROS_SAMPLE_DATA is not set: no real frames here")


@pytest.fixture(scope="module")
def children() -> Iterator[Any]:
    pool = make_engine(Config().engine)
    yield pool
    pool.close()


@pytest.fixture
def real(tmp_path: Path, children: Any) -> Iterator[Rehearsal]:
    """A desk on the sample data, its work done in limited child processes."""
    roots = {"raw": Path(SAMPLES or ".") / "ccd", "products": tmp_path / "products"}
    (tmp_path / "products").mkdir()
    with rehearsing(tmp_path / "state", "preprocessor", SERVICE.tables, files={"roots": roots}) as context:
        context.engine = EngineForOrder(children)  # type: ignore[assignment]
        yield context


def calibrate(desk: Rehearsal, location: str = f"raw:{BATCH}", **fields: Any) -> Outcome:
    return ordered(desk, "calibrate_file_batch", file_location=location, **fields)


def test_it_serves_what_the_language_says() -> None:
    assert set(SERVICE.handlers) == {name for name, request in VOCABULARY.items() if request.desk == "preprocessor"}


def test_a_night_becomes_products_and_an_order_for_each(desk: Rehearsal) -> None:
    made.write_night(raw(desk), lights=2)
    outcome = calibrate(desk, id="B1", target="NGC 4993", event="MS181101ab", observation="OBS1", priority=9.0)
    result = outcome.result
    assert {k: result[k] for k in ("batch", "lights", "calibrated", "masters", "unusable")} == {
        "batch": "B1", "lights": 2, "calibrated": 2, "masters": 4, "unusable": [],
    }  # fmt: skip
    kinds = [order.product_type for order in products_of(outcome)]
    assert kinds == ["master_bias", "master_dark", "master_flat", "master_bad_pixels", "calibrated", "calibrated"]
    light = products_of(outcome, "calibrated")[0]
    assert light.file_location == "products:2026-11-20/B1/calibrated/light-000.fits"
    assert (light.batch, light.batch_location, light.night) == ("B1", "raw:2026-11-20/batch", "2026-11-20")
    assert (light.target, light.event, light.observation, light.priority) == ("NGC 4993", "MS181101ab", "OBS1", 9.0)
    assert (light.exposure_time, light.filter) == (30.0, "r")
    assert [(i.role, i.kind) for i in light.inputs] == [
        ("exposure", "light"), ("combination", "master_bias"), ("combination", "master_dark"),
        ("combination", "master_flat"), ("combination", "master_bad_pixels"),
    ]  # fmt: skip
    assert light.quality["sources"] == 1
    assert set(light.thumbnails) == {"before", "after"}
    for order in products_of(outcome):
        content = desk.files.path(order.file_location).read_bytes()
        assert (len(content), hashlib.sha256(content).hexdigest()) == (order.size, order.sha256)
        for each in order.inputs:
            assert hashlib.sha256(desk.files.path(each.location).read_bytes()).hexdigest() == each.sha256
        for picture in order.thumbnails.values():
            assert desk.files.path(picture).is_file()


def test_what_was_done_is_remembered(desk: Rehearsal) -> None:
    made.write_night(raw(desk), lights=1)
    (raw(desk) / "text.fits").write_bytes(made.HOSTILE["text.fits"])
    calibrate(desk, id="B1")
    steps = desk.read(lambda s: [(r.product, r.step, r.state) for r in batches.steps_of(s, "B1")])
    assert ("calibrated/light-000", "calibrate", "done") in steps
    assert ("masters/master_bias", "combine", "done") in steps
    frames = desk.read(lambda s: {r.file: (r.state, r.kind) for r in s.scalars(select(batches.FrameRow))})
    assert frames["text.fits"] == ("unusable", None)
    assert frames["light-000.fits"] == ("usable", "light")
    masters = desk.read(lambda s: sorted(r.kind for r in s.scalars(select(batches.MasterRow))))
    assert masters == ["bad_pixels", "bias", "dark", "flat"]
    assert desk.read(lambda s: s.get_one(batches.BatchRow, "B1").state) == "done"


def test_a_finished_mask_is_used_indexed_and_recorded(desk: Rehearsal) -> None:
    made.write_night(raw(desk), biases=0, darks=0, flats=0, lights=1)
    (raw(desk) / "bpm.fits").write_bytes(mask_file(np.eye(*made.SHAPE, dtype=bool), "Made up"))
    outcome = calibrate(desk, id="B1")
    mask, light = products_of(outcome)
    assert (mask.product_type, mask.file_location) == ("master_bad_pixels", f"raw:{BATCH}/bpm.fits")
    assert [i.kind for i in light.inputs] == ["light", "master_bad_pixels"]
    assert desk.read(lambda s: {row.file: row.kind for row in batches.frames_of(s, "B1")}) == {
        "bpm.fits": "mask", "light-000.fits": "light",
    }  # fmt: skip
    with fits.open(desk.files.path(light.file_location)) as hdus:
        assert (hdus["MASK"].data == 4).sum() == min(made.SHAPE)


def test_clouds_over_a_batch_are_told_recorded_and_sent(desk: Rehearsal) -> None:
    raw(desk).mkdir(parents=True)
    stars = strewn(120, SIDE, seed=1)
    for n, part in enumerate((1.0, 0.4, 1.0)):
        write_light(raw(desk) / f"light-{n}.fits", stars.moved(0, 0, part), n)
    outcome = calibrate(desk, id="B1")
    (trend,) = outcome.result["trend"]
    assert (trend["object"], trend["filter"], trend["frames"], trend["clouded"]) == ("NGC 1", "r", 3, 1)
    assert trend["faintest_magnitudes"] == pytest.approx(-0.995, abs=0.03)
    assert any("1 of 3 frames lost light against the clearest" in mark for mark in outcome.result["marks"])
    cloudy = products_of(outcome, "calibrated")[1]
    assert cloudy.quality["zero_point_magnitudes"] == trend["faintest_magnitudes"]
    assert cloudy.quality["stars_expected"] > cloudy.quality["sources"]
    recorded = desk.read(lambda s: s.get_one(batches.StepRow, ("B1", "calibrated/light-1", "calibrate")).details)
    assert recorded == cloudy.quality


def test_a_second_try_goes_on_where_the_first_was_cut_off(desk: Rehearsal) -> None:
    made.write_night(raw(desk), lights=6)
    seen: list[float] = []

    def cut() -> None:
        seen.append(desk.said[-1][0])
        if desk.said[-1][1] == "4 of 6 calibrated":
            raise OrderCancelled("the power went")

    desk.interrupt = cut
    with pytest.raises(OrderCancelled):
        calibrate(desk, id="B1")
    desk.interrupt = lambda: None
    engine = Here()
    desk.engine = engine  # type: ignore[assignment]
    outcome = calibrate(desk, id="B1")
    assert engine.calls.count("make_product") == 2
    assert outcome.result["calibrated"] == 6
    assert len(products_of(outcome, "calibrated")) == 6


def test_every_file_that_cannot_be_used_is_named_and_left_where_it_is(desk: Rehearsal) -> None:
    made.write_night(raw(desk), lights=2)
    for name, content in made.HOSTILE.items():
        (raw(desk) / name).write_bytes(content)
    secret = raw(desk).parent.parent.parent / "secret.fits"
    secret.write_bytes((raw(desk) / "light-000.fits").read_bytes())
    (raw(desk) / "outside.fits").symlink_to(secret)
    before = {p: p.lstat().st_mtime_ns for p in raw(desk).iterdir()}
    result = calibrate(desk).result
    assert (result["lights"], result["calibrated"]) == (2, 2)
    assert {u["file"] for u in result["unusable"]} == {*made.HOSTILE, "outside.fits"}
    assert f"{len(made.HOSTILE) + 1} files were put aside: listed here, left where they are" in result["marks"]
    assert {p: p.lstat().st_mtime_ns for p in raw(desk).iterdir()} == before


@pytest.mark.parametrize(
    ("location", "error", "words"),
    [
        ("raw:nowhere", Permanent, "does not exist"),
        ("raw:../..", OutsideRoots, "goes up"),
        ("elsewhere:x", OutsideRoots, "not a root"),
        ("raw:empty", Permanent, "holds no FITS file"),
        ("raw:file.fits", Permanent, "give the folder"),
        ("raw:bad", Permanent, "holds no frame that can be used: text.fits is not a FITS file"),
    ],
)
def test_folders_that_cannot_be_reduced(location: str, error: type[Exception], words: str, desk: Rehearsal) -> None:
    root = desk.files.root("raw")
    (root / "empty").mkdir()
    (root / "bad").mkdir()
    (root / "bad/text.fits").write_bytes(made.HOSTILE["text.fits"])
    (root / "file.fits").write_bytes(b"")
    with pytest.raises(error, match=words):
        calibrate(desk, location)


def test_without_lights_the_masters_are_made_and_that_is_said(desk: Rehearsal) -> None:
    made.write_night(raw(desk), lights=0)
    outcome = calibrate(desk)
    assert (outcome.result["lights"], outcome.result["calibrated"], outcome.result["masters"]) == (0, 0, 4)
    assert "the folder holds no light frame: only masters were made" in outcome.result["marks"]
    assert len(products_of(outcome)) == 4


def test_a_dry_run_says_what_would_be_done_and_changes_nothing(desk: Rehearsal) -> None:
    made.write_night(raw(desk), lights=2)
    outcome = calibrate(desk, dry_run=True)
    assert outcome.result["would"] == (
        "calibrate 2 lights with masters from what there is: 5 bias, 5 dark, 5 flat, 2 light"
    )
    assert outcome.orders == ()
    assert list(desk.files.root("products").iterdir()) == []
    assert desk.read(lambda s: list(s.scalars(select(batches.BatchRow)))) == []


def test_frames_of_no_known_time_and_of_impossible_values_still_make_orders(desk: Rehearsal) -> None:
    folder = raw(desk, "somewhere")
    folder.mkdir(parents=True)
    cards = {"IMAGETYP": "LIGHT", "EXPTIME": 10800.0, "FILTER": "f" * 60, "OBJECT": "", "RA": 400.0, "DEC": 5.0}
    made.write_frame(folder / "a.fits", made.counts("light", 30, 1), **cards)
    (order,) = products_of(calibrate(desk, "raw:somewhere", id="B1"))
    assert order.night is None
    assert order.file_location == "products:undated/B1/calibrated/a.fits"
    assert (order.exposure_time, order.filter, order.target, order.ra, order.date_obs) == (
        None, "f" * 32, None, None, None,
    )  # fmt: skip
    assert any("there is no DATE-OBS" in mark for mark in order.marks)


def test_names_that_no_message_can_carry_are_shown_with_question_marks(desk: Rehearsal) -> None:
    import xmlrpc.client

    made.write_night(raw(desk), biases=0, darks=0, flats=0, lights=1)
    for name in (b"bell\x07.fits", b"latin-\xe9.fits", b"latin-\xe9.txt", b"new\nline.fits"):
        Path(os.fsdecode(os.fsencode(raw(desk)) + b"/" + name)).write_bytes(b"x")
    result = dict(calibrate(desk).result)
    assert {u["file"] for u in result["unusable"]} == {"bell?.fits", "latin-?.fits", "new?line.fits"}
    assert xmlrpc.client.loads(xmlrpc.client.dumps((result,)))[0][0] == result


def test_a_root_itself_can_be_reduced(desk: Rehearsal) -> None:
    made.write_night(desk.files.root("raw"), biases=0, darks=0, flats=0, lights=1)
    (order,) = products_of(calibrate(desk, "raw:"))
    assert order.inputs[0].location == "raw:light-000.fits"


@needs_samples
def test_kelt16_with_its_finished_masters_is_what_plain_numpy_gives(real: Rehearsal) -> None:
    outcome = calibrate(real, "raw:kelt16_mini", id="KELT16")
    result = outcome.result
    assert (result["lights"], result["calibrated"], result["masters"], result["unusable"]) == (1, 1, 3, [])
    assert any("BIASSEC [4096:4109]" in m and m.endswith("ignored") for m in result["marks"])
    assert any("TRIMSEC [1:4096, :]" in m and m.endswith("ignored") for m in result["marks"])
    (order,) = products_of(outcome, "calibrated")
    folder = real.files.path("raw:kelt16_mini")
    bias, dark, flat = (
        fits.getdata(folder / f"combined_{name}.fit.gz").astype(float)
        for name in ("bias", "dark_90.000", "flat_filter_r")
    )
    light = fits.getdata(folder / "kelt-16-b-S001-R001-C084-r.fit.gz").astype(float)
    expected = (light - bias - dark) / flat  # the dark is already without bias, the flat already without dark
    found = CCDData.read(real.files.path(order.file_location))
    assert found.unit == "electron", "its header names no gain, its camera's file does: 1.5 electrons per count"
    assert np.allclose(found.data / 1.5, expected, rtol=1e-6, atol=1e-3)
    assert np.median(found.data / 1.5) == pytest.approx(45.8, abs=1)  # 1000 lower where the bias went twice
    assert order.exposure_time == 90.0
    assert order.filter == "r"
    assert order.night == "2018-08-22"
    assert [i.kind for i in order.inputs] == ["light", "master_bias", "master_dark", "master_flat"]
    for master in (o for o in products_of(outcome) if o.product_type != "calibrated"):
        assert master.file_location.startswith("raw:kelt16_mini/combined_")
        assert "finished master, used as found" in master.marks
    again = rerun(real.files.path(order.file_location), lambda name, _: real.files.path(name))
    assert again.data.tobytes() == np.asarray(found.data, dtype="=f4").tobytes()


@needs_samples
def test_all_48_lights_of_hat_p_32_are_reduced_and_marked(real: Rehearsal) -> None:
    outcome = calibrate(real, "raw:hatp32_20171220", id="HATP32")
    result = outcome.result
    assert (result["lights"], result["calibrated"], result["masters"], result["unusable"]) == (48, 48, 0, [])
    orders = products_of(outcome)
    assert len({order.file_location for order in orders}) == 48
    assert all("no bias, no dark, no flat in Clear: raw counts" in order.marks for order in orders)
    assert any("DATE-OBS is local time (-0700)" in mark for mark in result["marks"])
    assert orders[0].date_obs == "2017-12-20T01:33:43.317"
    assert {order.night for order in orders} == {"2017-12-19"}
    assert {order.target for order in orders} == {"HATP-32"}
    folder = real.files.path("raw:hatp32_20171220")
    for order in orders[::16]:
        first = folder / Path(order.inputs[0].location).name
        assert (fits.getdata(real.files.path(order.file_location)) == fits.getdata(first)).all()
    assert all(500 < order.quality["sources"] < 3000 for order in orders)
    said = [message for _, message in real.said]
    assert any(message.startswith("44 of 48 calibrated") for message in said)


def test_hostile_files_cost_the_children_nothing(real: Rehearsal, tmp_path: Path) -> None:
    folder = made.write_night(tmp_path / "products" / "mixed", biases=0, darks=0, flats=0, lights=3)
    for name, content in {**made.HOSTILE, "bomb.fits.gz": made.gzip_bomb()}.items():
        (folder / name).write_bytes(content)
    result = calibrate(real, "products:mixed").result
    assert (result["lights"], result["calibrated"]) == (3, 3)
    reasons = {u["file"]: u["reason"] for u in result["unusable"]}
    assert set(reasons) == {*made.HOSTILE, "bomb.fits.gz"}
    assert not any("child processes" in reason for reason in reasons.values())
