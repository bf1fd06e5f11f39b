"""A folder of all that goes wrong at a telescope: each file is named, the rest is finished, nothing is half done."""

from __future__ import annotations

import gzip
import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits

from services.preprocessor import SERVICE
from tests.unit.reduction import made_frames as made
from tests.unit.services.preprocessor.desk import BATCH, Here, made_by, ordered, products_of, raw
from tests.unit.services.rehearsal import Rehearsal, rehearsing
from toros.network.service import Outcome
from toros.store import batches

WHERE = f"raw:{BATCH}"
LIGHT = {"IMAGETYP": "LIGHT", "EXPTIME": 30.0, "FILTER": "r"}
NIGHT = {"biases": 3, "darks": 3, "flats": 3, "lights": 2}
GOOD = {"light-000.fits", "light-001.fits"}


def frame(path: Path, seed: int, kind: str = "light", **cards: Any) -> Path:
    """Write one more frame; the pixels of a light where nothing else is said."""
    seconds = {"light": 30.0, "flat": 2.0, "dark": 60.0, "bias": 0.0}[kind]
    told = {**LIGHT, "IMAGETYP": kind.upper(), "EXPTIME": seconds}
    return made.write_frame(path, made.counts(kind, seconds, seed), **{**told, **cards})


def finished(outcome: Outcome, desk: Rehearsal) -> set[str]:
    """Return the raw files of the calibrated lights, each of which must be whole, and no other file be there."""
    orders = products_of(outcome)
    for order in orders:
        content = desk.files.path(order.file_location).read_bytes()
        assert (len(content), hashlib.sha256(content).hexdigest()) == (order.size, order.sha256)
    found = [path for path in desk.files.root("products").rglob("*") if path.is_file()]
    made_files = {path.resolve() for path in found if path.suffix != ".png"}
    told = {desk.files.path(order.file_location).resolve() for order in orders}
    assert made_files == {path for path in told if "products" in path.parts}
    return {Path(order.inputs[0].location).name for order in products_of(outcome, "calibrated")}


def test_each_bad_file_is_named_and_set_aside_and_the_rest_is_finished(desk: Rehearsal) -> None:
    folder = made.write_night(raw(desk), **NIGHT)
    whole = (folder / "light-000.fits").read_bytes()
    (folder / "half.fits").write_bytes(whole[:-2880])
    frame(folder / "negative.fits", 51, EXPTIME=-30.0)
    nothing = np.zeros(made.SHAPE, np.uint16)
    made.write_frame(folder / "zeros.fits", nothing, IMAGETYP="FLAT", EXPTIME=2.0, FILTER="r")
    for kind in ("bias", "dark", "flat"):
        full = np.full(made.SHAPE, 65535, np.uint16)
        full[0, :4] = {"bias": 1, "dark": 2, "flat": 3}[kind]
        cards = {"IMAGETYP": kind.upper(), "EXPTIME": 60.0 if kind == "dark" else 0.0}
        made.write_frame(folder / f"full-{kind}.fits", full, FILTER="r", **cards)
    made.write_frame(folder / "nan.fits", np.full(made.SHAPE, np.nan, np.float32), **LIGHT)
    (folder / "bomb.fits.gz").write_bytes(made.gzip_bomb(60_000_000))
    (folder / "half.fits.gz").write_bytes(gzip.compress(whole)[:-500])
    for name in ("claims-80-GB.fits", "compressed-lie.fits", "pcount-lie.fits"):
        (folder / name).write_bytes(made.HOSTILE[name])
    outcome = ordered(desk, "calibrate_file_batch", id="B1", file_location=WHERE)
    reasons = {u["file"]: u["reason"] for u in outcome.result["unusable"]}
    expected = {
        "half.fits": "still being written",
        "negative.fits": "its exposure time is negative: -30 s",
        "zeros.fits": "is a flat without light",
        "full-bias.fits": "is saturated: 100 % of its pixels are full",
        "full-dark.fits": "is saturated: 100 % of its pixels are full",
        "full-flat.fits": "is a saturated flat",
        "nan.fits": "holds no pixel with a value",
        "bomb.fits.gz": "refused as a gzip bomb",
        "half.fits.gz": "its gzip packing breaks off",
        "claims-80-GB.fits": "its header claims 80 GB",
        "compressed-lie.fits": "claims 36000000 compressed tiles and holds 100",
        "pcount-lie.fits": "its header claims 1 TB of data and the file holds 0 bytes",
    }
    assert set(reasons) == set(expected)
    for file, words in expected.items():
        assert words in reasons[file], reasons[file]
        assert "could not be worked on" not in reasons[file], "somebody must have foreseen it"
    assert f"{len(expected)} files were put aside: listed here, left where they are" in outcome.result["marks"]
    assert finished(outcome, desk) == GOOD
    rows = desk.read(lambda session: batches.frames_of(session, "B1"))
    assert {row.file: row.reason for row in rows if row.state == "unusable"} == reasons


def test_what_is_odd_and_still_a_frame_is_reduced_and_marked(desk: Rehearsal) -> None:
    folder = made.write_night(raw(desk), **NIGHT)
    made.write_frame(folder / "small.fits", made.counts("light", 30, 61, (30, 40)), **LIGHT)
    frame(folder / "green.fits", 62, FILTER="g")
    frame(folder / "idle.fits", 63, "flat", FILTER="z")
    frame(folder / "other.fits", 64, INSTRUME="Another")
    frame(folder / "sections.fits", 65, BIASSEC="[4096:4109,1:4096]", TRIMSEC="[1:4096,1:4096]")
    torn = made.counts("light", 30, 66).astype(np.float32)
    torn[7:9] = np.nan
    made.write_frame(folder / "torn.fits", torn, **LIGHT)
    made.write_frame(folder / "full.fits", np.full(made.SHAPE, 65535, np.uint16), **LIGHT)
    outcome = ordered(desk, "calibrate_file_batch", id="B1", file_location=WHERE)
    assert outcome.result["unusable"] == []
    odd = {"small.fits", "green.fits", "other.fits", "sections.fits", "torn.fits", "full.fits"}
    assert finished(outcome, desk) == GOOD | odd
    marks = outcome.result["marks"]
    for words in (
        "the folder holds frames of 2 shapes, kept apart: 40 x 30 (1), 80 x 60",
        "the folder holds frames of 2 cameras, kept apart: Another (1), Made up",
        "flats in a filter that no light was taken through: z (1)",
        "BIASSEC [4096:4109,1:4096]",
    ):
        assert any(words in mark for mark in marks), (words, marks)
    said = {Path(o.inputs[0].location).name: "; ".join(o.marks) for o in products_of(outcome, "calibrated")}
    used = {
        Path(o.inputs[0].location).name: [i.kind.removeprefix("master_") for i in o.inputs[1:]]
        for o in products_of(outcome, "calibrated")
    }
    everything = ["bias", "dark", "flat", "bad_pixels"]
    assert (used["small.fits"], used["other.fits"]) == ([], [])
    assert used["green.fits"] == ["bias", "dark", "bad_pixels"]
    assert used["sections.fits"] == used["torn.fits"] == used["light-000.fits"] == everything
    assert "no bias, no dark, no flat in r: raw counts" in said["small.fits"]
    assert "no flat in g: calibrated with what there is" in said["green.fits"]
    assert "2 of its rows hold no value" in said["torn.fits"]
    assert "100 % of its pixels are saturated" in said["full.fits"]


@pytest.mark.parametrize("missing", ["mark", "refuse"])
def test_a_setting_says_what_becomes_of_lights_without_calibrations(missing: str, tmp_path: Path) -> None:
    settings = {"reduction": {"missing": missing}}
    with rehearsing(tmp_path / "state", "preprocessor", SERVICE.tables, **settings) as desk:
        desk.engine = Here()  # type: ignore[assignment]
        frame(made.write_night(raw(desk), **NIGHT) / "green.fits", 62, FILTER="g")
        outcome = ordered(desk, "calibrate_file_batch", file_location=WHERE)
        lights = finished(outcome, desk)
    assert lights == (GOOD | {"green.fits"} if missing == "mark" else GOOD)
    aside = [u["reason"] for u in outcome.result["unusable"]]
    assert aside == ([] if missing == "mark" else ["there is no flat in g for it: set aside as asked"])


def test_frames_whose_camera_is_of_another_shape_are_set_aside(tmp_path: Path) -> None:
    cameras = tmp_path / "cameras"
    cameras.mkdir()
    text = 'match: {INSTRUME: "^Made up$"}\nshape: [60, 80]\namplifiers:\n'
    for n, left in enumerate((1, 41)):
        part = f"[{left}:{left + 39},1:60]"
        text += f'  - {{data: "{part}", place: "{part}", gain: 1.{n + 4}}}\n'
    (cameras / "made.yaml").write_text(text, encoding="utf-8")
    with rehearsing(tmp_path / "state", "preprocessor", SERVICE.tables, reduction={"cameras": str(cameras)}) as desk:
        desk.engine = Here()  # type: ignore[assignment]
        folder = made.write_night(raw(desk), **NIGHT)
        made.write_frame(folder / "window.fits", made.counts("light", 30, 61, (30, 40)), **LIGHT)
        outcome = ordered(desk, "calibrate_file_batch", file_location=WHERE)
        assert finished(outcome, desk) == GOOD
    (aside,) = outcome.result["unusable"]
    assert aside["file"] == "window.fits"


def test_a_frame_that_spoils_a_master_is_reported_and_is_not_judged_again_alone(desk: Rehearsal) -> None:
    folder = made.write_night(raw(desk), lights=1)
    with fits.open(folder / "bias-002.fits", mode="update") as hdus:
        hdus[0].data += 300
    outcome = ordered(desk, "calibrate_file_batch", id="B1", file_location=WHERE)
    (aside,) = outcome.result["unusable"]
    assert aside["reason"].startswith("was left out of the master bias: its level is +300 counts")
    (bias,) = products_of(outcome, "master_bias")
    assert [Path(i.location).name for i in bias.inputs] == [f"bias-00{n}.fits" for n in (0, 1, 3, 4)]
    frame(folder / "late.fits", 71)
    later, fresh = made_by(desk, "resume_file_batch", batch="B1")
    assert fresh == ["late"]
    assert not any("came after the master" in mark for mark in later.result["marks"])
