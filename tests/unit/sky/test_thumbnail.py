from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from toros.sky.png import png_bytes
from toros.sky.thumbnail import grey_levels, shrunk, thumbnail, zscale


def read(path: Path) -> NDArray[np.uint8]:
    from matplotlib.image import imread

    return np.asarray(np.round(imread(path) * 255), dtype=np.uint8)


def star_field(rows: int = 300, columns: int = 400) -> NDArray[np.float64]:
    noise = np.random.default_rng(1).normal(1000.0, 10.0, (rows, columns))
    noise[40:44, 350:354] = 60000.0
    return noise


def test_a_png_of_ours_is_read_back_pixel_for_pixel_by_another_reader(tmp_path: Path) -> None:
    pixels = np.random.default_rng(2).integers(0, 256, (37, 53), dtype=np.uint8)
    (tmp_path / "a.png").write_bytes(png_bytes(pixels))
    assert (read(tmp_path / "a.png") == pixels).all()


def test_the_first_row_of_the_detector_is_drawn_at_the_bottom(tmp_path: Path) -> None:
    thumbnail(star_field(), tmp_path / "a.png", size=512)
    drawn = read(tmp_path / "a.png")
    assert drawn.shape == (300, 400)
    row, column = np.unravel_index(drawn.argmax(), drawn.shape)
    assert 300 - 44 <= row <= 300 - 40
    assert 350 <= column < 354


def test_the_sky_is_grey_not_black_nor_white_and_stars_are_white() -> None:
    levels = grey_levels(star_field())
    assert 60 < np.median(levels) < 160
    assert levels[41, 351] == 255
    assert (levels == 255).mean() < 0.01


@pytest.mark.parametrize("shape", [(2048, 1000), (1025, 513), (5, 3000), (1, 1), (513, 1)])
def test_the_longest_side_is_at_most_the_size(shape: tuple[int, int]) -> None:
    small = shrunk(np.ones(shape, dtype=np.float32), 512)
    assert max(small.shape) <= 512
    assert (small == 1).all()


def test_shrinking_averages_what_is_finite() -> None:
    image = np.array([[1.0, 3.0, np.nan, np.nan], [5.0, np.nan, np.nan, np.inf]])
    assert shrunk(image, 2).tolist() == [[3.0, pytest.approx(np.nan, nan_ok=True)]]


@pytest.mark.parametrize("value", [0.0, -5.0, 65535.0, np.nan, np.inf])
def test_a_frame_of_one_value_still_makes_a_picture(tmp_path: Path, value: float) -> None:
    thumbnail(np.full((20, 20), value), tmp_path / "a.png")
    assert read(tmp_path / "a.png").shape == (20, 20)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int32, np.float32, bool])
def test_every_pixel_type_is_drawn(tmp_path: Path, dtype: type) -> None:
    thumbnail((np.arange(400).reshape(20, 20) % 200).astype(dtype), tmp_path / "a.png")
    assert read(tmp_path / "a.png").shape == (20, 20)


@pytest.mark.parametrize("shape", [(4,), (2, 3, 4), (0, 5)])
def test_what_is_no_image_is_refused(tmp_path: Path, shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="rows and columns"):
        thumbnail(np.zeros(shape), tmp_path / "a.png")
    assert list(tmp_path.iterdir()) == []


def test_zscale_agrees_with_astropy() -> None:
    from astropy.visualization import ZScaleInterval

    image = star_field()
    low, high = zscale(image)
    their_low, their_high = ZScaleInterval().get_limits(image)
    assert low == pytest.approx(their_low, abs=15)
    assert high == pytest.approx(their_high, abs=15)


def test_it_is_small_and_nothing_else_is_left(tmp_path: Path) -> None:
    thumbnail(star_field(1024, 1024), tmp_path / "a.png")
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]
    assert (tmp_path / "a.png").stat().st_size < 300_000
