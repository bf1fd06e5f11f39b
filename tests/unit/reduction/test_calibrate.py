"""A calibrated light is the sky: numbers against plain numpy, noise against the prediction, each correction once."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy import units as u
from astropy.io import fits
from ccdproc import CCDData

from tests.unit.reduction import made_frames as made
from toros.reduction.batch import Batch
from toros.reduction.batch_product import Product
from toros.reduction.calibrate import calibration_of
from toros.reduction.cameras.camera import STEPS, Camera
from toros.reduction.inventory import Seen, list_files
from toros.reduction.masters import Master
from toros.reduction.provenance import rerun


def reduce(folder: Path, output: Path, **options: Any) -> tuple[list[Product], list[Product], Batch]:
    """Return masters and lights of a folder."""
    batch = Batch(output=output, **options)
    files, marks = list_files(folder)
    inventory = batch.look([(path, f"raw:{path.name}") for path in files], marks)
    masters, products = batch.make_masters(inventory)
    return products, batch.calibrate(inventory.light, masters), batch


def test_a_calibrated_light_is_what_plain_numpy_makes(tmp_path: Path) -> None:
    raw = made.write_night(tmp_path / "raw")
    masters, lights, batch = reduce(raw, tmp_path / "out")
    assert batch.unusable == []
    bias, dark, flat = (np.asarray(fits.getdata(p.made.path), dtype=float) for p in masters[:3])
    light = fits.getdata(raw / "light-000.fits").astype(float)
    expected = (light - bias - dark * 30 / 60) / flat * made.GAIN
    found = CCDData.read(lights[0].made.path)
    assert found.unit == u.electron
    assert np.allclose(found.data, expected, rtol=2e-6, atol=1e-3)
    assert np.median(found.data) == pytest.approx(made.SKY_RATE * 30 * made.GAIN, rel=0.01)


def test_the_uncertainty_predicts_the_noise(tmp_path: Path) -> None:
    raw = made.write_night(tmp_path / "raw", biases=15, darks=15, flats=15, lights=1, shape=(200, 240))
    _, lights, _ = reduce(raw, tmp_path / "out")
    found = CCDData.read(lights[0].made.path)
    truth = made.SKY_RATE * 30 * made.GAIN
    pull = (found.data - truth) / found.uncertainty.array
    sky = np.abs(pull) < 6  # leaves the made-up stars out
    assert np.std(pull[sky]) == pytest.approx(1.0, abs=0.02)
    assert np.mean(pull[sky]) == pytest.approx(0.0, abs=0.05)


def test_the_product_says_what_was_done(tmp_path: Path) -> None:
    raw = made.write_night(tmp_path / "raw")
    _, lights, _ = reduce(raw, tmp_path / "out")
    header = fits.getheader(lights[0].made.path)
    steps = [header[f"TSTEP{n}"].split(" ")[0] for n in range(1, 8)]
    assert steps == [
        "mask_pixels", "mask_bad_pixels", "subtract_bias", "create_deviation", "subtract_dark", "flat_correct",
        "gain_correct",
    ]  # fmt: skip
    assert header["TINP1"] == "frame raw:light-000.fits"
    assert header["TSHA1"] == hashlib.sha256((raw / "light-000.fits").read_bytes()).hexdigest()
    assert header["BUNIT"] == "electron"
    assert header["GAIN"] == 1.0
    assert header["OBJECT"] == "NGC 1"
    assert header["SUBBIAS"].startswith("master=")
    assert "scale=True" in header["SUBDARK"]
    assert "ccdproc" in header["TSOFT"]
    assert header["TMARK1"] == "the dark of 60 s was scaled to 30 s"
    assert Path(lights[0].thumbnails["before"]).read_bytes()[:4] == b"\x89PNG"
    assert Path(lights[0].thumbnails["after"]).read_bytes()[:4] == b"\x89PNG"
    assert not list(tmp_path.rglob("*.part"))


def test_rerunning_what_the_header_says_gives_every_product_bit_for_bit(tmp_path: Path) -> None:
    raw = made.write_night(tmp_path / "raw")
    masters, lights, _ = reduce(raw, tmp_path / "out", cosmic_rays=True)

    def resolve(name: str, sha256: str) -> Path:
        path = raw / name.removeprefix("raw:") if name.startswith("raw:") else Path(name)
        assert hashlib.sha256(path.read_bytes()).hexdigest() == sha256
        return path

    assert [p.kind for p in masters] == ["master_bias", "master_dark", "master_flat", "master_bad_pixels"]
    for product in [*masters, *lights]:
        again = rerun(Path(product.made.path), resolve)
        with fits.open(product.made.path) as hdus:
            assert again.data.tobytes() == hdus[0].data.astype(again.data.dtype).tobytes(), product.key
            if product.kind == "master_bad_pixels":
                continue
            assert again.uncertainty.array.tobytes() == hdus["UNCERT"].data.astype("=f4").tobytes(), product.key
            assert (again.mask == hdus["MASK"].data.astype(bool)).all(), product.key


def test_compressed_masters_and_lights_are_the_plain_ones_but_for_rounding(tmp_path: Path) -> None:
    raw = made.write_night(tmp_path / "raw", lights=1)
    _, (plain,), _ = reduce(raw, tmp_path / "plain")
    masters, (packed,), _ = reduce(raw, tmp_path / "packed", compress=True)
    one, other = CCDData.read(plain.made.path), CCDData.read(packed.made.path, hdu=1)
    step = plain.made.quality["noise"] / 4
    assert one.unit == other.unit == u.electron
    assert (one.mask == other.mask).all()
    assert np.abs(one.data - other.data)[~one.mask].max() < 2 * step
    assert np.allclose(one.uncertainty.array, other.uncertainty.array, rtol=0.02)
    resolve = {"raw:light-000.fits": raw / "light-000.fits", **{m.name: Path(m.made.path) for m in masters}}
    again = rerun(Path(packed.made.path), lambda name, _: resolve[name])
    assert np.abs(again.data - other.data)[~other.mask].max() <= step


def test_the_same_work_gives_the_same_file(tmp_path: Path) -> None:
    raw = made.write_night(tmp_path / "raw")
    _, first, _ = reduce(raw, tmp_path / "out")
    _, second, _ = reduce(raw, tmp_path / "out")
    assert [p.made.sha256 for p in first] == [p.made.sha256 for p in second]


def test_only_lights_are_raw_counts_and_say_so(tmp_path: Path) -> None:
    raw = made.write_night(tmp_path / "raw", biases=0, darks=0, flats=0, lights=1)
    _, lights, _ = reduce(raw, tmp_path / "out")
    assert "no bias, no dark, no flat in r: raw counts" in lights[0].marks
    data = CCDData.read(lights[0].made.path).data
    assert np.allclose(data, fits.getdata(raw / "light-000.fits") * made.GAIN)


def test_without_gain_counts_stay_counts(tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    raw.mkdir()
    cards = {"IMAGETYP": "LIGHT", "EXPTIME": 30.0, "GAIN": None, "RDNOISE": None}
    made.write_frame(raw / "light.fits", made.counts("light", 30, 1), **cards)
    _, (light,), _ = reduce(raw, tmp_path / "out")
    assert CCDData.read(light.made.path).unit == u.adu
    assert any("the gain is not known" in mark for mark in light.marks)
    assert any("the read noise is not known" in mark for mark in light.marks)


def test_read_noise_that_no_header_gives_is_measured_on_the_bias(tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    raw.mkdir()
    for n in range(5):
        made.write_frame(raw / f"bias-{n}.fits", made.counts("bias", 0, n), IMAGETYP="BIAS", EXPTIME=0.0, RDNOISE=None)
    made.write_frame(raw / "light.fits", made.counts("light", 30, 9), IMAGETYP="LIGHT", EXPTIME=30.0, RDNOISE=None)
    _, (light,), _ = reduce(raw, tmp_path / "out")
    assert any("was measured on the bias frames" in mark for mark in light.marks)
    assert light.recipe is not None
    (step,) = [s for s in light.recipe.steps if s.name == "create_deviation"]
    assert step.options["read_noise"] == pytest.approx(made.READ_NOISE, rel=0.05)


def test_a_flat_of_another_filter_is_not_used(tmp_path: Path) -> None:
    raw = made.write_night(tmp_path / "raw", lights=0)
    made.write_frame(raw / "light.fits", made.counts("light", 30, 9), IMAGETYP="LIGHT", EXPTIME=30.0, FILTER="g")
    _, (light,), _ = reduce(raw, tmp_path / "out")
    assert "no flat in g: calibrated with what there is" in light.marks


def test_a_master_of_another_shape_is_not_used(tmp_path: Path) -> None:
    raw = made.write_night(tmp_path / "raw", lights=0)
    made.write_frame(raw / "light.fits", made.counts("light", 30, 9, (30, 40)), IMAGETYP="LIGHT", EXPTIME=30.0)
    _, (light,), _ = reduce(raw, tmp_path / "out")
    assert light.masters == ()


def finished(path: Path, data: np.ndarray[Any, Any], kind: str, **cards: Any) -> None:
    made.write_frame(path, data.astype(np.float32), IMAGETYP=kind, COMBINED=True, GAIN=None, **cards)


@pytest.mark.parametrize(("holds_bias", "dark_seconds"), [(False, 60.0), (False, 30.0), (True, 60.0), (True, 30.0)])
@pytest.mark.parametrize("said", [True, False])
def test_the_bias_goes_exactly_once_whatever_the_finished_dark_holds(
    holds_bias: bool, dark_seconds: float, said: bool, tmp_path: Path
) -> None:
    raw = tmp_path / "raw"
    raw.mkdir()
    finished(raw / "bias.fits", np.full(made.SHAPE, 1000.0), "BIAS", EXPTIME=0.0)
    dark = np.full(made.SHAPE, dark_seconds * 0.5 + (1000 if holds_bias else 0))
    history = {"SUBBIAS": "done"} if said and not holds_bias else {}
    finished(raw / "dark.fits", dark, "DARK", EXPTIME=dark_seconds, **history)
    light = np.full(made.SHAPE, 1000 + 15 + 600, dtype=np.uint16)
    made.write_frame(raw / "light.fits", light, IMAGETYP="LIGHT", EXPTIME=30.0, GAIN=None)
    _, (product,), _ = reduce(raw, tmp_path / "out")
    assert np.allclose(CCDData.read(product.made.path).data, 600)
    assert any("guessed" in m for m in product.masters[1].marks) == (not (said and not holds_bias))


def test_a_dark_that_holds_the_bias_serves_where_there_is_no_bias(tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    raw.mkdir()
    finished(raw / "dark.fits", np.full(made.SHAPE, 1015.0), "DARK", EXPTIME=30.0)
    for name, seconds in {"same": 30.0, "other": 60.0}.items():
        light = np.full(made.SHAPE, 1615, dtype=np.uint16)
        light[0, 0] = 1616 if name == "same" else 1617
        made.write_frame(raw / f"{name}.fits", light, IMAGETYP="LIGHT", EXPTIME=seconds, GAIN=None)
    _, products, _ = reduce(raw, tmp_path / "out")
    by_name = {p.seen.file: p for p in products}
    assert np.median(CCDData.read(by_name["same.fits"].made.path).data) == 600
    assert "no flat: calibrated with what there is" in by_name["same.fits"].marks
    assert by_name["other.fits"].masters == ()
    assert any("cannot be scaled: not used" in m for m in by_name["other.fits"].marks)


def test_what_a_header_says_was_done_is_not_done_again(tmp_path: Path) -> None:
    raw = made.write_night(tmp_path / "raw", lights=0)
    data = np.full(made.SHAPE, 600.0, dtype=np.float32)
    cards = {"SUBBIAS": "done", "SUBDARK": "done", "FLATCOR": "done", "GAINCOR": "done"}
    made.write_frame(raw / "light.fits", data, IMAGETYP="LIGHT", EXPTIME=30.0, FILTER="r", **cards)
    _, (light,), _ = reduce(raw, tmp_path / "out")
    assert np.allclose(CCDData.read(light.made.path).data, 600)
    assert any("subtracted before" in mark for mark in light.marks)


def with_overscan(data: np.ndarray[Any, Any], level: float) -> np.ndarray[Any, Any]:
    """Return the frame with 16 columns of overscan on its right, the level drifting by rows."""
    drift = np.linspace(0, 20, data.shape[0])[:, None]
    wide = np.hstack([data + drift, np.full((data.shape[0], 16), level) + drift])
    return wide.astype(np.float32)


def test_overscan_is_subtracted_and_trimmed_before_all_else(tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    raw.mkdir()
    cards = {"BIASSEC": "[81:96,1:60]", "TRIMSEC": "[1:80,1:60]", "GAIN": None}
    for n in range(3):
        level = 1000.0 + 7 * n
        made.write_frame(raw / f"bias-{n}.fits", with_overscan(np.full(made.SHAPE, level + 2), level), IMAGETYP="BIAS",
                         **cards)  # fmt: skip
    made.write_frame(raw / "light.fits", with_overscan(np.full(made.SHAPE, 1302.0), 1000.0), IMAGETYP="LIGHT",
                     EXPTIME=30.0, CRPIX1=40.0, CRPIX2=30.0, **cards)  # fmt: skip
    masters, (light,), _ = reduce(raw, tmp_path / "out")
    found = CCDData.read(light.made.path, format="fits")
    assert found.shape == made.SHAPE
    assert np.allclose(fits.getdata(masters[0].made.path), 2, atol=1e-3)
    assert np.allclose(found.data, 300, atol=1e-2)
    header = fits.getheader(light.made.path)
    assert "BIASSEC" not in header
    assert header["CRPIX1"] == 40.0
    assert "[81:96,1:60]" in header["SUBOSCAN"]


def test_trimming_keeps_world_coordinates_true(tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    raw.mkdir()
    cards = {"TRIMSEC": "[11:80,6:60]", "CRPIX1": 40.0, "CRPIX2": 30.0}
    made.write_frame(raw / "light.fits", made.counts("light", 30, 1), IMAGETYP="LIGHT", EXPTIME=30.0, **cards)
    _, (light,), _ = reduce(raw, tmp_path / "out")
    header = fits.getheader(light.made.path)
    assert (header["CRPIX1"], header["CRPIX2"], header["NAXIS1"], header["NAXIS2"]) == (30.0, 25.0, 70, 55)


def test_a_finished_bias_with_the_overscans_level_is_not_subtracted_on_top_of_it(tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    raw.mkdir()
    finished(raw / "bias.fits", np.full(made.SHAPE, 1000.0), "BIAS", EXPTIME=0.0)
    flat_frame = np.hstack([np.full(made.SHAPE, 1300.0), np.full((60, 16), 1000.0)]).astype(np.float32)
    cards = {"BIASSEC": "[81:96,1:60]", "TRIMSEC": "[1:80,1:60]", "GAIN": None}
    made.write_frame(raw / "light.fits", flat_frame, IMAGETYP="LIGHT", EXPTIME=30.0, **cards)
    _, (light,), _ = reduce(raw, tmp_path / "out")
    assert np.allclose(CCDData.read(light.made.path).data, 300)
    assert any("overscan was not subtracted too" in mark for mark in light.marks)


def test_saturated_dead_and_empty_pixels_are_masked(tmp_path: Path) -> None:
    raw = made.write_night(tmp_path / "raw", flats=0, lights=0)
    flat = made.vignette()
    flat[5, 5] = 0.0
    finished(raw / "flat.fits", flat, "FLAT", EXPTIME=1.0, FILTER="r")
    data = made.counts("light", 30, 9).astype(np.float32)
    data[1, 1], data[2, 2] = np.nan, 60000
    cards = {"IMAGETYP": "LIGHT", "EXPTIME": 30.0, "FILTER": "r", "SATURATE": 60000}
    made.write_frame(raw / "light.fits", data, **cards)
    _, (light,), _ = reduce(raw, tmp_path / "out")
    mask = CCDData.read(light.made.path).mask
    assert [tuple(p) for p in np.argwhere(mask)] == [(1, 1), (2, 2), (5, 5)]
    assert light.made.quality["saturated_fraction"] == pytest.approx(1 / 4800, abs=1e-6)


def test_rows_without_a_value_and_frames_full_of_light_are_reduced_and_masked(tmp_path: Path) -> None:
    raw = made.write_night(tmp_path / "raw", lights=0)
    cards = {"IMAGETYP": "LIGHT", "EXPTIME": 30.0, "FILTER": "r"}
    torn = made.counts("light", 30, 9).astype(np.float32)
    torn[7:9] = np.nan
    made.write_frame(raw / "torn.fits", torn, **cards)
    made.write_frame(raw / "full.fits", np.full(made.SHAPE, 65535, dtype=np.uint16), **cards)
    _, lights, _ = reduce(raw, tmp_path / "out", cosmic_rays=True)
    full, torn_light = (CCDData.read(p.made.path) for p in lights)
    assert full.mask.all()
    assert "100 % of its pixels are saturated" in lights[0].marks
    assert torn_light.mask[7:9].all()
    assert torn_light.mask.sum() < 2 * 80 + 40
    assert np.isfinite(torn_light.data[10:]).all()


def test_two_cameras_in_one_folder_are_kept_apart(tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    raw.mkdir()
    for camera, level in {"one": 1000, "two": 2000}.items():
        for n in range(3):
            bias = np.full(made.SHAPE, level, dtype=np.uint16)
            bias[0, n] += 1
            made.write_frame(raw / f"bias-{camera}-{n}.fits", bias, IMAGETYP="BIAS", EXPTIME=0.0, INSTRUME=camera)
        light = np.full(made.SHAPE, level + 500, dtype=np.uint16)
        made.write_frame(raw / f"{camera}.fits", light, IMAGETYP="LIGHT", EXPTIME=9.0, INSTRUME=camera, GAIN=None)
    masters, lights, _ = reduce(raw, tmp_path / "out")
    assert len(masters) == 2
    for product in lights:
        assert np.median(CCDData.read(product.made.path).data) == 500


def test_cosmic_rays_are_replaced_and_masked_and_stars_are_not(tmp_path: Path) -> None:
    raw = made.write_night(tmp_path / "raw", lights=0)
    rng = np.random.default_rng(4)
    y, x = np.mgrid[0:60, 0:80]
    star = 20000 * np.exp(-((y - 30) ** 2 + (x - 40) ** 2) / (2 * 2.0**2))
    clean = rng.poisson(star + 1000) + 1000
    struck = clean.copy()
    struck[10, 10:14] += 3000
    cards = {"IMAGETYP": "LIGHT", "EXPTIME": 30.0, "FILTER": "r"}
    made.write_frame(raw / "light.fits", struck.astype(np.uint16), **cards)
    _, (light,), _ = reduce(raw, tmp_path / "out", cosmic_rays=True)
    found = CCDData.read(light.made.path)
    assert found.mask[10, 10:14].all()
    assert not found.mask[26:35, 36:45].any()
    assert np.abs(found.data[10, 10:14] - np.median(found.data)).max() < 6 * found.uncertainty.array[0, 0]


def test_quality_counts_stars_and_measures_the_sky(tmp_path: Path) -> None:
    raw = made.write_night(tmp_path / "raw", lights=1)
    _, (light,), _ = reduce(raw, tmp_path / "out")
    quality = light.made.quality
    assert quality["sources"] == 1  # the other made-up one is a single pixel
    assert quality["background"] == pytest.approx(made.SKY_RATE * 30 * made.GAIN, rel=0.01)
    assert quality["noise"] == pytest.approx(32, rel=0.1)


def test_a_product_as_input_is_refused_and_its_master_is_used(tmp_path: Path) -> None:
    raw = made.write_night(tmp_path / "raw", lights=1)
    reduce(raw, tmp_path / "out")
    mixed = tmp_path / "mixed"
    mixed.mkdir()
    for path in (tmp_path / "out").rglob("*.fits"):
        (mixed / path.name).write_bytes(path.read_bytes())
    (mixed / "raw-light.fits").write_bytes((raw / "light-000.fits").read_bytes())
    _, (light,), batch = reduce(mixed, tmp_path / "again")
    assert [(u.file, u.reason[:21]) for u in batch.unusable] == [("light-000.fits", "is a calibrated frame")]
    assert sorted(m.kind for m in light.masters) == ["bad_pixels", "bias", "dark", "flat"]
    first = CCDData.read(tmp_path / "out" / "calibrated" / "light-000.fits")
    assert (CCDData.read(light.made.path).data == first.data).all()


STEP_OF = {
    "overscan": "subtract_overscan", "linearity": "linearize", "bias": "subtract_bias", "dark": "subtract_dark",
    "flat": "flat_correct", "gain": "gain_correct", "bad_pixels": "mask_bad_pixels",
    "cosmic_rays": "cosmicray_lacosmic",
}  # fmt: skip


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> tuple[Seen, list[Master]]:
    """A light of a camera with an overscan and a curve, and all masters that there can be."""
    raw = made.write_night(tmp_path_factory.mktemp("everything") / "raw", lights=1)
    for path in raw.glob("*.fits"):
        with fits.open(path, mode="update") as hdus:
            hdus[0].data[:, 70:] = 900 + np.arange(10)
    camera = Camera(overscan="[71:80,1:60]", trim="[1:70,1:60]", linearity=(1e-7,))
    batch = Batch(output=raw.parent / "out", cameras=[camera])
    inventory = batch.look([(path, path.name) for path in list_files(raw)[0]])
    return inventory.light[0], batch.make_masters(inventory)[0]


@pytest.mark.parametrize("off", [None, *STEPS])
def test_every_step_can_be_switched_off_for_a_camera(off: str | None, everything: tuple[Seen, list[Master]]) -> None:
    light, masters = everything
    camera = replace(light.frame.settings, steps={**light.frame.settings.steps, **({off: False} if off else {})})
    light = replace(light, frame=replace(light.frame, settings=camera))
    done = {step.name for step in calibration_of(light, masters, cosmic_rays=True).recipe.steps}
    assert set(STEP_OF.values()) - done == ({STEP_OF[off]} if off else set())
