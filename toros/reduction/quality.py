"""A few cheap numbers that say whether a frame is any good."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from ccdproc import CCDData
    from numpy.typing import NDArray

__all__ = ["measure"]

MESH = 64  # pixels; side of the boxes that the sky is measured in
THRESHOLD = 5.0  # standard deviations
FEWEST = 4  # pixels of a source
CLIP = 3.0  # standard deviations beyond which a pixel is no sky
CLIPPED = 1.0134  # what cutting a normal distribution there takes off its deviation
ROUNDS = 5


def measure(ccd: CCDData, *, counts: bool) -> dict[str, Any]:
    """Return the quality of a product.

    Parameters
    ----------
    ccd : CCDData
        The product.
    counts : bool
        Whether sources are counted: on frames of the sky.

    Returns
    -------
    dict
        background, noise : float
            Median over the sky and its standard deviation, stars left out; unit of the image.
        masked_fraction : float
            Part of the pixels that are masked: saturated, dead, or struck by cosmic rays.
        sources : int
            Groups of at least four pixels above five times the noise.
    """
    import numpy as np

    image = np.where(ccd.mask, np.nan, ccd.data) if ccd.mask is not None else ccd.data
    if not np.isfinite(image).any():
        return {"masked_fraction": 1.0}
    mesh = _mesh(image)
    flat = image - _spread(mesh, image.shape)
    noise = _sigma(flat)
    found: dict[str, Any] = {
        "background": float(np.nanmedian(mesh)),
        "noise": noise,
        "masked_fraction": float(np.mean(ccd.mask)) if ccd.mask is not None else 0.0,
    }
    if counts:
        found["sources"] = _count(flat, noise)
    return {k: round(v, 6) if isinstance(v, float) else v for k, v in found.items()}


def _mesh(image: NDArray[Any]) -> NDArray[np.float64]:
    """Return the median of each box of the image."""
    import warnings

    import numpy as np

    rows, columns = (max(1, n // MESH) for n in image.shape)
    edges_r = np.linspace(0, image.shape[0], rows + 1).astype(int)
    edges_c = np.linspace(0, image.shape[1], columns + 1).astype(int)
    mesh = np.empty((rows, columns))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # boxes that are masked through and through
        for r in range(rows):
            for c in range(columns):
                mesh[r, c] = np.nanmedian(image[edges_r[r] : edges_r[r + 1], edges_c[c] : edges_c[c + 1]])
    mesh[~np.isfinite(mesh)] = np.nanmedian(mesh)
    return mesh


def _spread(mesh: NDArray[Any], shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Return the mesh stretched over the image, straight between the boxes' centres."""
    import numpy as np

    rows = (np.arange(shape[0]) + 0.5) * mesh.shape[0] / shape[0] - 0.5
    columns = (np.arange(shape[1]) + 0.5) * mesh.shape[1] / shape[1] - 0.5
    along = np.stack([np.interp(columns, np.arange(mesh.shape[1]), row) for row in mesh]).astype(np.float32)
    low = np.clip(np.floor(rows).astype(int), 0, mesh.shape[0] - 1)
    high = np.minimum(low + 1, mesh.shape[0] - 1)
    part = np.clip(rows - low, 0, 1)[:, None].astype(np.float32)
    spread: NDArray[np.float32] = along[low] * (1 - part) + along[high] * part
    return spread


def _sigma(image: NDArray[Any]) -> float:
    """Return the standard deviation without what lies far out; the deviation of whole numbers only begins it."""
    import numpy as np

    sample = image.ravel()[:: max(1, image.size // 200_000)]
    sample = sample[np.isfinite(sample)]
    away = np.abs(sample - np.median(sample))
    sigma = 1.482602218505602 * float(np.median(away))
    for _ in range(ROUNDS):
        near = sample[away <= CLIP * sigma]
        if near.size < 2 or sigma == 0:
            break
        sigma = float(near.std()) * CLIPPED
    return sigma


def _count(image: NDArray[Any], noise: float) -> int:
    import numpy as np
    from scipy import ndimage  # type: ignore[import-untyped]

    if noise <= 0:
        return 0
    with np.errstate(invalid="ignore"):
        labels, number = ndimage.label(image > THRESHOLD * noise)
    sizes = np.bincount(labels.ravel(), minlength=number + 1)[1:]
    return int((sizes >= FEWEST).sum())
