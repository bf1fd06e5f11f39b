"""Frames of stars with known places, light and shape."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from ccdproc import CCDData
from numpy.typing import NDArray

REACH = 25  # pixels from its centre that a star is drawn


@dataclass
class Stars:
    """The truth: places in pixels, light in electrons."""

    x: NDArray[Any]
    y: NDArray[Any]
    flux: NDArray[Any]

    def moved(self, dx: float, dy: float, part: float = 1.0) -> Stars:
        """Return the same stars elsewhere, seen through clouds that let a part of their light through."""
        return Stars(self.x + dx, self.y + dy, self.flux * part)


def strewn(number: int, side: int, *, seed: int, faint: float = 3000.0, bright: float = 3e5) -> Stars:
    """Return stars at random places, ten times more of them for a tenth of the light to the power 0.8."""
    rng = np.random.default_rng(seed)
    u = rng.uniform(size=number)
    flux = (faint**-0.8 - u * (faint**-0.8 - bright**-0.8)) ** (-1 / 0.8)
    return Stars(*rng.uniform(0, side - 1, (2, number)), flux)


def on_a_grid(side: int, apart: int, flux: float, *, seed: int) -> Stars:
    """Return equal stars, none near another, none in the middle of its pixel."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[apart // 2 : side - apart // 2 : apart, apart // 2 : side - apart // 2 : apart].astype(float)
    return Stars(*(a.ravel() + rng.uniform(-0.5, 0.5, a.size) for a in (x, y)), np.full(x.size, flux))


def drawn(
    stars: Stars, side: int, *, fwhm: float = 3.0, ellipticity: float = 0.0, angle: float = 0.0, beta: float = 3.5,
    sky: float = 400.0, read_noise: float = 8.0, seed: int = 1,
) -> NDArray[np.float32]:  # fmt: skip
    """Return a frame of elliptical Moffat stars on a flat sky, with the noise of photons and reading; electrons.

    `fwhm` is the geometric mean of the axes, `angle` that of the long one, degrees from x towards y.
    """
    rng = np.random.default_rng(seed)
    light = np.zeros((side + 4 * REACH,) * 2)
    dy, dx = np.mgrid[-REACH : REACH + 1, -REACH : REACH + 1].astype(float)
    ratio, turn = math.sqrt(1 - ellipticity), math.radians(angle)
    width = fwhm / 2 / math.sqrt(2 ** (1 / beta) - 1)
    peak = (beta - 1) / (math.pi * width**2)
    for x, y, flux in zip(stars.x, stars.y, stars.flux, strict=True):
        column, row = round(x), round(y)
        if not (-REACH < column < side + REACH and -REACH < row < side + REACH):
            continue
        u, v = dx - (x - column), dy - (y - row)
        long, short = u * math.cos(turn) + v * math.sin(turn), v * math.cos(turn) - u * math.sin(turn)
        shape = (1 + ((long * ratio) ** 2 + (short / ratio) ** 2) / width**2) ** -beta
        light[row + REACH : row + 3 * REACH + 1, column + REACH : column + 3 * REACH + 1] += flux * peak * shape
    inner = light[2 * REACH : 2 * REACH + side, 2 * REACH : 2 * REACH + side]
    return (rng.poisson(inner + sky) + rng.normal(0, read_noise, inner.shape)).astype(np.float32)


def ccd(image: NDArray[Any], mask: NDArray[Any] | None = None) -> CCDData:
    """Return a frame as a product is."""
    return CCDData(image, unit="electron", mask=mask)
