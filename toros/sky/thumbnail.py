"""Small pictures of frames, for reports and pages."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from toros.sky.png import write_png

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["grey_levels", "Sliced", "shrunk", "thumbnail", "zscale"]

SAMPLES = 4096  # pixels that the stretch is measured on
REJECTION = 2.5  # standard deviations from the line beyond which a sample is set aside
ROUNDS = 5
FEWEST = 0.5  # part of the samples that must survive, else the plain range is used


class Sliced(Protocol):
    """An array, or anything that has a shape and gives float rows and columns where it is sliced like one."""

    @property
    def ndim(self) -> int:
        """Number of axes."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Rows and columns."""

    def __getitem__(self, where: Any, /) -> Any:
        """Return a part as an array."""


def thumbnail(image: Sliced, path: Path, size: int = 512) -> None:
    """Write a grey PNG of an image, north of the detector up: the first row is at the bottom.

    Parameters
    ----------
    image : ndarray, shape (rows, columns)
        Any real type; pixels that are not finite are drawn black.
    path : Path
        Where the PNG goes; its folder must exist.
    size : int
        Longest side; pixels. Smaller images keep their size.

    Raises
    ------
    ValueError
        The image is not two-dimensional, or empty.
    """
    small = shrunk(image, size)
    write_png(grey_levels(small)[::-1], path)


def shrunk(image: Sliced, size: int) -> NDArray[np.float32]:
    """Return the image averaged in square blocks so that its longest side is at most `size` pixels.

    Returns
    -------
    ndarray of float32
        Means over the finite pixels of each block; NaN where a block has none. What does not fill a
        last block is left out, less than one block in `size`.
    """
    import numpy as np

    if image.ndim != 2 or 0 in image.shape:
        raise ValueError(f"a picture is made of an image with rows and columns, not of shape {image.shape}")
    block = -(-max(image.shape) // size)
    rows, columns = (max(1, side // block) for side in image.shape)
    small = np.empty((rows, columns), dtype=np.float32)
    for row in range(rows):  # strip by strip: a frame of 12000 x 10600 pixels is never copied whole
        strip = image[row * block : (row + 1) * block, : columns * block]
        small[row] = _means(strip, columns)
    return small


def _means(strip: NDArray[Any], columns: int) -> NDArray[np.float64]:
    """Return the mean of each block of a strip; NaN where none of its pixels is finite."""
    import numpy as np

    with np.errstate(invalid="ignore", over="ignore"):
        total: NDArray[Any] = strip.sum(axis=0, dtype=np.float32 if strip.dtype == np.float32 else np.float64)
        means: NDArray[np.float64] = total.reshape(columns, -1).mean(axis=1, dtype=np.float64) / strip.shape[0]
    if np.isfinite(means).all():
        return means
    blocks = strip.reshape(strip.shape[0], columns, -1).astype(np.float64)
    finite = np.isfinite(blocks)
    count = finite.sum(axis=(0, 2))
    total = np.where(finite, blocks, 0.0).sum(axis=(0, 2))
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def grey_levels(image: NDArray[Any]) -> NDArray[np.uint8]:
    """Return the image as greys: `zscale` sets black and the sky, an arcsinh keeps bright stars from flooding it."""
    import numpy as np

    low, high = zscale(image)
    span = max(high - low, float(np.finfo(np.float32).tiny))
    with np.errstate(invalid="ignore", over="ignore"):
        level = np.arcsinh(3.0 * np.clip((image - low) / span, 0.0, 20.0)) / np.arcsinh(3.0 * 4.0)
    return np.asarray(np.nan_to_num(np.clip(level, 0.0, 1.0) * 255.0, nan=0.0) + 0.5, dtype=np.uint8)


def zscale(image: NDArray[Any], contrast: float = 0.25) -> tuple[float, float]:
    """Return the values to draw black and white so that the sky's texture shows.

    A line is fitted, with rejection, to the sorted pixel values; its slope over `contrast` is the range around
    the median (the algorithm of IRAF's display task, zscale).

    Parameters
    ----------
    image : ndarray
        Any shape and real type; pixels that are not finite are ignored.
    contrast : float
        Smaller is harder.

    Returns
    -------
    tuple of float
        Low and high; both 0 and 1 where nothing is finite.
    """
    import numpy as np

    values = image.ravel()
    values = values[:: max(1, values.size // SAMPLES)].astype(np.float64)
    values = np.sort(values[np.isfinite(values)])
    if values.size == 0:
        return 0.0, 1.0
    middle = float(np.median(values))
    slope = _slope(values)
    if slope is None:
        return float(values[0]), float(values[-1])
    reach = slope / contrast * (values.size - 1) / 2.0
    return max(float(values[0]), middle - reach), min(float(values[-1]), middle + reach)


def _slope(values: NDArray[np.float64]) -> float | None:
    """Return the slope of the line through the sorted values per rank; None where too few lie on it."""
    import numpy as np

    rank = np.arange(values.size, dtype=np.float64)
    kept = np.ones(values.size, dtype=bool)
    slope = 0.0
    for _ in range(ROUNDS):
        if kept.sum() < max(5.0, FEWEST * values.size):
            return None
        slope, start = np.polyfit(rank[kept], values[kept], 1)
        away = values - (start + slope * rank)
        kept_now = np.abs(away) <= REJECTION * max(float(away[kept].std()), 1e-12)
        if (kept_now == kept).all():
            break
        kept = kept_now
    return float(slope)
