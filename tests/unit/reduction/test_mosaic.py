"""A night of a camera with sixteen amplifiers comes out as one sky, with the noise that it must have."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from astropy import units as u
from ccdproc import CCDData

from tests.support.mosaic_camera import MosaicCamera
from toros.reduction.batch import Batch
from toros.reduction.batch_product import Product
from toros.reduction.cameras.camera import load_cameras
from toros.reduction.inventory import list_files
from toros.reduction.provenance import rerun

FRAMES = {"bias": (0.0, 9), "dark": (60.0, 7), "flat": (5.0, 7), "light": (30.0, 1)}


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> tuple[MosaicCamera, Path, list[Product], list[Product]]:
    """Return the camera, its raw folder, its masters and its calibrated lights."""
    folder = tmp_path_factory.mktemp("mosaic")
    camera = MosaicCamera(rows=150, columns=90, over=24)
    cameras = load_cameras(camera.write_camera(folder / "cameras"))
    raw = camera.write_night(folder / "raw", FRAMES)
    batch = Batch(output=folder / "out", cameras=cameras)
    files, marks = list_files(raw)
    inventory = batch.look([(path, f"raw:{path.name}") for path in files], marks)
    masters, products = batch.make_masters(inventory)
    lights = batch.calibrate(inventory.light, masters)
    assert batch.unusable == []
    return camera, raw, products, lights


def test_the_sky_has_no_seams_between_amplifiers(
    night: tuple[MosaicCamera, Path, list[Product], list[Product]],
) -> None:
    camera, _, _, (light,) = night
    found = CCDData.read(light.made.path)
    assert found.unit == u.electron
    assert found.shape == camera.shape
    truth = camera.sky * 30
    levels = [
        np.median((found.data - truth)[r : r + camera.rows, c : c + camera.columns])
        for r in range(0, camera.shape[0], camera.rows)
        for c in range(0, camera.shape[1], camera.columns)
    ]
    assert np.abs(levels).max() < 1.0  # electrons, of 180 of sky


def test_noise_is_what_photons_read_out_masters_and_rounding_make_it(
    night: tuple[MosaicCamera, Path, list[Product], list[Product]],
) -> None:
    camera, _, _, (light,) = night
    found = CCDData.read(light.made.path)
    faint = (camera.sky < 8) & (camera.dark < 1) & ~found.mask
    pull = (found.data - camera.sky * 30)[faint]
    photons = (camera.sky * 30 * camera.flat + camera.dark * 30)[faint] / camera.flat[faint] ** 2
    gains, noises = (_spread(camera, values)[faint] for values in (camera.gains, camera.noises))
    read = (noises**2 + gains**2 / 12) / camera.flat[faint] ** 2  # whole counts: one part in twelve
    frames = {kind: number for kind, (_, number) in FRAMES.items()}
    masters = read / frames["bias"]  # the bias comes off the light, half of a dark's comes off twice
    dark_read = 0.25 * read * (1 / frames["dark"] + 1 / frames["bias"]) - read / frames["bias"]
    flat = (camera.sky[faint] * 30) ** 2 / (30000 * camera.flat[faint] * frames["flat"])
    expected = np.sqrt(np.mean(photons + read + masters + dark_read + flat))
    assert np.std(pull) == pytest.approx(expected, rel=0.01)
    assert np.sqrt(np.mean(found.uncertainty.array[faint] ** 2)) == pytest.approx(np.std(pull), rel=0.03)


def _spread(camera: MosaicCamera, values: np.ndarray) -> np.ndarray:
    """Return a value of each amplifier, at each pixel of the sky."""
    return np.repeat(np.repeat(values.reshape(2, 8), camera.rows, 0), camera.columns, 1)


def test_the_header_says_it_all_and_gives_the_same_pixels_again(
    night: tuple[MosaicCamera, Path, list[Product], list[Product]],
) -> None:
    _, raw, masters, lights = night

    def resolve(name: str, sha256: str) -> Path:
        return raw / name.removeprefix("raw:") if name.startswith("raw:") else Path(name)

    for product in [*masters[:3], *lights]:
        again = rerun(Path(product.made.path), resolve)
        stored = CCDData.read(product.made.path, unit="adu" if product.kind == "master_flat" else None)
        assert again.data.tobytes() == stored.data.astype("f4").tobytes()
        assert again.uncertainty.array.tobytes() == stored.uncertainty.array.astype("f4").tobytes()
        assert (again.mask == stored.mask).all()
