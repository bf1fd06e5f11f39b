"""A product's file is what any FITS reader expects, hashed as it was written, and there whole or not at all."""

from __future__ import annotations

import errno
import hashlib
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits
from ccdproc import CCDData

from toros.reduction import fits_file
from toros.reduction.fits_file import Parked, is_part, write_fits


def planes_of(shape: tuple[int, int], seed: int = 1) -> tuple[Any, dict[str, Any]]:
    """Return an image with its planes."""
    rng = np.random.default_rng(seed)
    image = rng.normal(100, 5, shape).astype("f4")
    image[0, 0] = np.nan
    return image, {
        "UNCERT": np.abs(image) / 10,
        "MASK": rng.integers(0, 32, shape).astype("u1"),
        "COUNT": rng.integers(0, 65536, shape).astype("u2"),
    }


@pytest.mark.parametrize("compress", [False, True])
def test_every_plane_comes_back(tmp_path: Path, compress: bool) -> None:
    header = fits.Header([("OBJECT", "NGC 1"), ("TINP1", "frame " + "x" * 150), ("BUNIT", "electron")])
    image, planes = planes_of((700, 431))  # more than one piece is written
    digest, size = write_fits(tmp_path / "a.fits", header, image, planes, compress=compress)
    assert digest == hashlib.sha256((tmp_path / "a.fits").read_bytes()).hexdigest()
    assert size == (tmp_path / "a.fits").stat().st_size
    with fits.open(tmp_path / "a.fits") as hdus:
        hdus.verify("exception")
        first = hdus[1 if compress else 0]
        assert first.header["TINP1"] == header["TINP1"]
        assert hdus["UNCERT"].header["UTYPE"] == "StdDevUncertainty"
        noise = 5.0 / 4 if compress else 0.0  # quantised in steps of a quarter of the noise
        assert np.nanmax(np.abs(first.data - image)) <= noise
        assert np.array_equal(np.isnan(first.data), np.isnan(image))
        assert np.array_equal(hdus["MASK"].data, planes["MASK"])
        assert np.array_equal(hdus["COUNT"].data, planes["COUNT"])


@pytest.mark.parametrize("compress", [False, True])
def test_planes_that_wait_on_the_disk_are_written_as_those_in_memory(tmp_path: Path, compress: bool) -> None:
    image, planes = planes_of((700, 431))
    parked = {name: Parked(tmp_path).add(plane[:300]).add(plane[300:]) for name, plane in planes.items()}
    written = write_fits(tmp_path / "a.fits", fits.Header(), image, planes, compress=compress)
    waiting = Parked(tmp_path).add(image)
    assert waiting.shape == image.shape
    assert write_fits(tmp_path / "b.fits", fits.Header(), waiting, parked, compress=compress) == written
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.fits", "b.fits"]


def test_ccdproc_reads_it(tmp_path: Path) -> None:
    image, planes = planes_of((20, 30))
    write_fits(tmp_path / "a.fits", fits.Header([("BUNIT", "electron")]), image, planes)
    ccd = CCDData.read(tmp_path / "a.fits")
    assert np.array_equal(ccd.data, image, equal_nan=True)
    assert np.array_equal(ccd.uncertainty.array, planes["UNCERT"], equal_nan=True)
    assert np.array_equal(ccd.mask, planes["MASK"] != 0)


def test_what_cannot_be_written_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    image, planes = planes_of((20, 30))
    write_fits(tmp_path / "a.fits", fits.Header(), image, {})
    before = (tmp_path / "a.fits").read_bytes()

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(fits_file.os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_fits(tmp_path / "a.fits", fits.Header(), image, planes)
    assert (tmp_path / "a.fits").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["a.fits"]


def test_a_file_system_that_takes_no_advice_gets_the_same_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    image, planes = planes_of((60, 80))
    written = write_fits(tmp_path / "a.fits", fits.Header(), image, planes)

    def refuse(*_: object) -> None:
        raise OSError(errno.EINVAL, "Invalid argument")

    monkeypatch.setattr(os, "posix_fadvise", refuse)
    assert write_fits(tmp_path / "b.fits", fits.Header(), image, planes) == written
    assert (tmp_path / "b.fits").read_bytes() == (tmp_path / "a.fits").read_bytes()


def test_a_part_is_known_by_its_name() -> None:
    assert is_part(Path("masters/.bias.fits.123.part"))
    assert not is_part(Path("masters/bias.fits"))
