"""Masters are the clipped means of their frames, and the bias level goes exactly once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits

from tests.unit.reduction import made_frames as made
from toros.reduction.batch import Batch
from toros.reduction.batch_product import Product
from toros.reduction.cameras.camera import load_cameras
from toros.reduction.folder import reduce_folder
from toros.reduction.inventory import Inventory, list_files
from toros.reduction.masters import Master
from toros.reduction.provenance import rerun


def masters_of(folder: Path, output: Path) -> tuple[Batch, Inventory, list[Master], list[Product]]:
    batch = Batch(output=output)
    files, marks = list_files(folder)
    inventory = batch.look([(path, f"raw:{path.name}") for path in files], marks)
    masters, products = batch.make_masters(inventory)
    return batch, inventory, masters, products


def cube(folder: Path, kind: str) -> np.ndarray[Any, Any]:
    return np.stack([fits.getdata(p).astype(float) for p in sorted(folder.glob(f"{kind}-*.fits"))])


def image(products: list[Product], kind: str) -> np.ndarray[Any, Any]:
    (product,) = [p for p in products if p.kind == f"master_{kind}"]
    return np.asarray(fits.getdata(product.made.path), dtype=float)


def test_masters_are_what_plain_numpy_makes(tmp_path: Path) -> None:
    raw = made.write_night(tmp_path / "raw", lights=0)
    batch, _, masters, products = masters_of(raw, tmp_path / "out")
    assert [m.kind for m in masters] == ["bias", "dark", "flat", "bad_pixels"]
    bias = cube(raw, "bias").mean(axis=0)
    dark = (cube(raw, "dark") - bias).mean(axis=0)
    flats = cube(raw, "flat") - bias - dark * 2 / 60
    flats /= np.median(flats, axis=(1, 2), keepdims=True)
    flat = flats.mean(axis=0) / flats.mean()
    assert np.allclose(image(products, "bias"), bias, rtol=0, atol=2e-4)
    assert np.allclose(image(products, "dark"), dark, rtol=0, atol=4e-4)
    assert np.allclose(image(products, "flat"), flat, rtol=0, atol=2e-6)
    assert batch.unusable == []


def test_masters_say_what_they_are(tmp_path: Path) -> None:
    raw = made.write_night(tmp_path / "raw", lights=0)
    _, _, _, products = masters_of(raw, tmp_path / "out")
    header = fits.getheader([p for p in products if p.kind == "master_flat"][0].made.path)
    assert header["IMAGETYP"] == "Master Flat"
    assert header["COMBINED"] is True
    assert header["NCOMBINE"] == 5
    assert header["FILTER"] == "r"
    assert header["TINP1"] == "frame raw:flat-000.fits"
    assert header["TINP6"].startswith("bias ")
    assert header["TINP7"].startswith("dark ")
    assert len(header["TSHA7"]) == 64
    assert header["SUBBIAS"].startswith("master=")
    assert "scale=True" in header["SUBDARK"]
    steps = [header[f"TSTEP{n}"].split(" ")[0] for n in range(1, 5)]
    assert steps == ["mask_pixels", "subtract_bias", "subtract_dark", "combine"]


def test_outliers_are_left_out_and_whole_numbers_without_scatter_are_not(tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    raw.mkdir()
    for n in range(5):
        data = np.full(made.SHAPE, 100, dtype=np.uint16)
        data[n, 7] += 1  # one count is no outlier although all the others agree
        if n == 3:
            data[20, 20] = 5000  # a cosmic ray is
        made.write_frame(raw / f"bias-{n}.fits", data, IMAGETYP="BIAS", EXPTIME=0.0)
    _, _, _, products = masters_of(raw, tmp_path / "out")
    bias = image(products, "bias")
    assert bias[20, 20] == 100
    assert bias[2, 7] == pytest.approx(100.2)


def test_the_uncertainty_of_a_master_is_that_of_a_mean(tmp_path: Path) -> None:
    raw = made.write_night(tmp_path / "raw", biases=9, darks=0, flats=0, lights=0)
    _, _, masters, products = masters_of(raw, tmp_path / "out")
    expected = np.hypot(made.READ_NOISE / made.GAIN, 12**-0.5) / 3
    with fits.open(products[0].made.path) as hdus:
        assert np.sqrt(np.mean(hdus["UNCERT"].data ** 2)) == pytest.approx(expected, rel=0.05)
        assert hdus[0].data.std() == pytest.approx(expected, rel=0.05)
    assert masters[0].read_noise_adu == pytest.approx(expected * 3, rel=0.05)


def test_a_single_frame_is_a_master_that_says_so(tmp_path: Path) -> None:
    raw = made.write_night(tmp_path / "raw", biases=1, darks=0, flats=0, lights=0)
    _, _, _, products = masters_of(raw, tmp_path / "out")
    assert "made of 1 frame only" in products[0].marks
    with fits.open(products[0].made.path) as hdus:
        assert hdus["UNCERT"].data[0, 0] == pytest.approx(made.READ_NOISE / made.GAIN, rel=0.1)


def test_frames_are_grouped_by_what_must_not_be_mixed(tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    raw.mkdir()
    seed = 0
    for shape in [(60, 80), (30, 40)]:
        for n in range(2):
            seed += 1
            made.write_frame(raw / f"bias-{shape[0]}-{n}.fits", made.counts("bias", 0, seed, shape), IMAGETYP="BIAS")
    for seconds in (10.0, 60.0):
        for n in range(2):
            seed += 1
            name = f"dark-{seconds:g}-{n}.fits"
            made.write_frame(raw / name, made.counts("dark", seconds, seed), IMAGETYP="DARK", EXPTIME=seconds)
    for filter in ("g", "r"):
        for n in range(2):
            seed += 1
            cards = {"IMAGETYP": "FLAT", "EXPTIME": 2.0, "FILTER": filter}
            made.write_frame(raw / f"flat-{filter}-{n}.fits", made.counts("flat", 2, seed), **cards)
    _, _, masters, products = masters_of(raw, tmp_path / "out")
    assert sorted(p.key for p in products) == [
        "masters/master_bias", "masters/master_bias-2", "masters/master_dark_10s", "masters/master_dark_60s",
        "masters/master_flat_g", "masters/master_flat_r",
    ]  # fmt: skip
    assert {m.shape for m in masters if m.kind == "bias"} == {(60, 80), (30, 40)}


def test_flats_of_the_dome_and_of_the_sky_are_masters_of_their_own(tmp_path: Path) -> None:
    raw = made.write_night(tmp_path / "raw", flats=0, lights=0)
    for n, word in enumerate(["Dome Flat", "SKYFLAT", "Twilight flat", "dome flat"]):
        made.write_frame(raw / f"flat-{n}.fits", made.counts("flat", 2, 90 + n), IMAGETYP=word, EXPTIME=2.0, FILTER="r")
    _, _, _, products = masters_of(raw, tmp_path / "out")
    flats = {p.key: [Path(s.name).name for s in p.frames] for p in products if p.kind == "master_flat"}
    assert flats == {
        "masters/master_flat_dome_r": ["raw:flat-0.fits", "raw:flat-3.fits"],
        "masters/master_flat_sky_r": ["raw:flat-1.fits", "raw:flat-2.fits"],
    }


@pytest.mark.parametrize(("way", "value"), [("clip", 619 / 6), ("median", 103.0), ("minmax", 103.8)])
def test_a_cameras_file_says_how_frames_become_a_master(way: str, value: float, tmp_path: Path) -> None:
    (tmp_path / "cameras").mkdir()
    (tmp_path / "cameras" / "made.yaml").write_text(
        f'match: {{INSTRUME: "^Made up$"}}\ncombine: {{bias: {way}}}\n', encoding="utf-8"
    )
    raw = tmp_path / "raw"
    raw.mkdir()
    for n in range(7):
        data = made.counts("bias", 0, n)
        data[20, 20] = [100, 102, 103, 103, 105, 106, 5000][n]
        made.write_frame(raw / f"bias-{n}.fits", data, IMAGETYP="BIAS", EXPTIME=0.0)
    night = reduce_folder(raw, tmp_path / "out", cameras=load_cameras(tmp_path / "cameras"))
    (bias,) = night.masters
    assert fits.getdata(bias.made.path)[20, 20] == pytest.approx(value)
    again = rerun(Path(bias.made.path), lambda name, _: Path(name))
    assert (again.data == fits.getdata(bias.made.path)).all()


def test_a_dark_without_bias_frames_keeps_the_bias_and_says_so(tmp_path: Path) -> None:
    raw = made.write_night(tmp_path / "raw", biases=0, flats=0, lights=0)
    _, _, masters, products = masters_of(raw, tmp_path / "out")
    assert "bias" in masters[0].holds
    assert "no bias was subtracted: there is none" in products[0].marks


def test_flats_that_cannot_flatten_are_set_aside(tmp_path: Path) -> None:
    raw = made.write_night(tmp_path / "raw", flats=1, lights=0)
    zero = np.zeros(made.SHAPE, dtype=np.uint16)
    for name, data in {"zeros": zero, "dim": made.counts("bias", 0, 99), "full": zero + 65535}.items():
        made.write_frame(raw / f"flat-{name}.fits", data, IMAGETYP="FLAT", EXPTIME=2.0, FILTER="r")
    batch, _, masters, _ = masters_of(raw, tmp_path / "out")
    reasons = {u.file: u.reason for u in batch.unusable}
    assert "without light" in reasons["flat-zeros.fits"]
    assert "without light" in reasons["flat-dim.fits"]
    assert "saturated" in reasons["flat-full.fits"]
    assert [m.kind for m in masters] == ["bias", "dark", "flat"]


def test_one_image_under_two_names_counts_once(tmp_path: Path) -> None:
    raw = made.write_night(tmp_path / "raw", darks=0, flats=0, lights=1)
    copy = fits.getdata(raw / "bias-000.fits")
    made.write_frame(raw / "bias-copy.fits", copy, IMAGETYP="BIAS", EXPTIME=0.0, NOTE="another header")
    (raw / "light-copy.fits").write_bytes((raw / "light-000.fits").read_bytes())
    batch, inventory, _, _ = masters_of(raw, tmp_path / "out")
    assert [u.file for u in batch.unusable] == ["bias-copy.fits"]
    assert "same pixels as bias-000.fits" in batch.unusable[0].reason
    assert len(inventory.light) == 2
    assert any("light-copy.fits has the same pixels as light-000.fits" in mark for mark in batch.marks)


def test_a_large_stack_is_combined_from_disk_to_the_same_bits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    raw = made.write_night(tmp_path / "raw", lights=0)
    _, _, _, here = masters_of(raw, tmp_path / "memory")
    monkeypatch.setattr("toros.reduction.combine.BAND", 80 * 5 * 7)
    _, _, _, there = masters_of(raw, tmp_path / "disk")
    for one, other in zip(here[:3], there[:3], strict=True):
        assert (fits.getdata(one.made.path) == fits.getdata(other.made.path)).all()
        assert (fits.getdata(one.made.path, "UNCERT") == fits.getdata(other.made.path, "UNCERT")).all()
