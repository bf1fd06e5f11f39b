"""Calibrated images: the target is measured where the header puts it, or the product says why not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits

from toros.data.processors.calibrated_image import read
from toros.data.processors.options import PhotometryOptions
from toros.data.processors.reading import Reading
from toros.errors import Permanent

RA, DEC, SCALE = 150.0, -30.0, 1.0 / 3600
TARGET = PhotometryOptions(ra=RA, dec=DEC)


def frame(path: Path, flux: float = 60_000.0, *, compressed: bool = False, **cards: Any) -> Path:
    """Write a calibrated image with a star at the target's place, and return its path."""
    rows, columns = np.indices((120, 100))
    noise = np.random.default_rng(1).normal(0, 5, (120, 100))
    image = 200 + noise + flux / (2 * np.pi * 2.25) * np.exp(-((columns - 60) ** 2 + (rows - 50) ** 2) / 4.5)
    header = fits.Header()
    said: dict[str, Any] = {
        "DATE-OBS": "2026-11-20T02:00:00.000", "EXPTIME": 60.0, "FILTER": "r", "BUNIT": "electron", "TFWHM": 3.5,
        "OBSERVAT": "La Silla", "CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CRVAL1": RA, "CRVAL2": DEC,
        "CRPIX1": 61.0, "CRPIX2": 51.0, "CDELT1": -SCALE, "CDELT2": SCALE, **cards,
    }  # fmt: skip
    for key, value in said.items():
        if value is not None:
            header[key.replace("_", "-")] = value
    mask = np.zeros((120, 100), np.uint8)
    mask[50, 61] = 2
    planes = [fits.ImageHDU(np.full((120, 100), 5, np.float32), name="UNCERT"), fits.ImageHDU(mask, name="MASK")]
    first = fits.PrimaryHDU(image.astype(np.float32), header)
    if compressed:
        units = [fits.PrimaryHDU(), fits.CompImageHDU(image.astype(np.float32), header), *planes]
    else:
        units = [first, *planes]
    fits.HDUList(units).writeto(path)
    return path


@pytest.mark.parametrize("compressed", [False, True])
def test_the_target_is_measured_at_its_place(tmp_path: Path, compressed: bool) -> None:
    found = read(frame(tmp_path / "a.fits", compressed=compressed), TARGET)
    assert isinstance(found, Reading)
    (about,), points = found.points.about, found.points
    assert points.value[0] == pytest.approx(1000.0, rel=0.01)
    assert points.error[0] == pytest.approx(0.815, rel=0.02)  # 5 a pixel in the circle, and the sky's level
    assert not points.upper_limit[0]
    assert points.time[0] / 86_400_000_000 == pytest.approx(61364 + (2 * 3600 + 30) / 86400, abs=1e-9)
    assert (about.band, about.kind, about.unit, about.facility) == ("r", "counts", "electron/s", "La Silla")
    assert points.flags[0] == 2


def test_where_nothing_is_seen_there_is_a_limit(tmp_path: Path) -> None:
    found = read(frame(tmp_path / "a.fits", flux=0.0), TARGET)
    assert isinstance(found, Reading)
    assert found.points.upper_limit[0] and 2 < found.points.value[0] < 10


def test_the_middle_of_the_exposure_goes_before_its_start(tmp_path: Path) -> None:
    found = read(frame(tmp_path / "a.fits", DATE_AVG="2026-11-20T03:00:00"), TARGET)
    assert isinstance(found, Reading)
    assert found.points.time[0] / 86_400_000_000 == pytest.approx(61364.125, abs=1e-9)


@pytest.mark.parametrize(
    ("cards", "options", "why"),
    [
        ({"CTYPE1": None, "CTYPE2": None}, TARGET, "no coordinates of the sky"),
        ({}, PhotometryOptions(ra=RA + 1, dec=DEC), "outside of the image"),
        ({}, PhotometryOptions(ra=RA + 180, dec=-DEC), "outside of the image"),
        ({}, PhotometryOptions(), "no target with a position"),
        ({"EXPTIME": None}, TARGET, "EXPTIME"),
        ({"EXPTIME": 0.0}, TARGET, "EXPTIME"),
        ({"DATE-OBS": None}, TARGET, "DATE-OBS"),
        ({"FILTER": None}, TARGET, "FILTER"),
    ],
)
def test_what_is_missing_is_said(tmp_path: Path, cards: dict[str, Any], options: PhotometryOptions, why: str) -> None:
    found = read(frame(tmp_path / "a.fits", **cards), options)
    assert isinstance(found, dict)
    assert found["measured"] == 0 and why in found["not_measured"]


def test_what_is_no_image_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.fits").write_text("no FITS at all")
    with pytest.raises(Permanent, match="no FITS file that can be read"):
        read(tmp_path / "a.fits", TARGET)
