"""A simulated frame of stars, sky, noise and cosmic rays, and the truth about it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

__all__ = ["Scene", "Score", "sky_scene"]

BETA = 3.0  # of the Moffat profile
STEPS = 4  # of a cosmic ray's path in each pixel
PACKETS = 12  # that the charge of a step spreads in
DIFFUSION = 0.3  # pixels


@dataclass(frozen=True)
class Score:
    """How good a mask of cosmic rays is.

    Attributes
    ----------
    completeness, purity : float
        Of pixels.
    hits_found, hits_true : float
        The part of the true hits of which at least half of the charge is masked, and of the connected pieces of the
        mask that touch a true one.
    core_pixels : int
        Masked pixels within stars, where there is no hit.
    """

    completeness: float
    purity: float
    hits_found: float
    hits_true: float
    core_pixels: int


@dataclass(frozen=True)
class Scene:
    """A frame and what it was made of.

    Attributes
    ----------
    image : array (rows, columns), float32
        Counts; the sky is in it.
    deposit : array (rows, columns), float32
        Electrons that cosmic rays left.
    hits : array (rows, columns), int32
        Which cosmic ray, from 1, left the most in each pixel; 0 where what is left drowns in the noise.
    cores : array (rows, columns), bool
        Within one FWHM of a star that stands out of the noise.
    stars : array (number, 3), float64
        Row, column, and electrons of each star.
    gain : float
        Electrons for each count.
    read_noise, sky : float
        Electrons.
    """

    image: NDArray[np.float32]
    deposit: NDArray[np.float32]
    hits: NDArray[np.int32]
    cores: NDArray[np.bool_]
    stars: NDArray[np.float64]
    gain: float
    read_noise: float
    sky: float

    @cached_property
    def truth(self) -> NDArray[np.bool_]:
        """True where a cosmic ray can be seen."""
        return self.hits > 0

    def score(self, mask: NDArray[np.bool_]) -> Score:
        """Return how good a mask is."""
        truth = self.truth
        number = int(self.hits.max())
        charge = np.bincount(self.hits.ravel(), self.deposit.ravel(), number + 1)[1:]
        masked = np.bincount(self.hits[mask], self.deposit[mask], number + 1)[1:]
        pieces, count = ndimage.label(mask, np.ones((3, 3)))
        true_pieces = np.unique(pieces[truth & mask]).size
        seen = charge > 0
        return Score(
            completeness=_part((mask & truth).sum(), truth.sum()),
            purity=_part((mask & truth).sum(), mask.sum()),
            hits_found=_part((masked[seen] >= charge[seen] / 2).sum(), seen.sum()),
            hits_true=_part(true_pieces, count),
            core_pixels=int((mask & self.cores & (self.deposit == 0)).sum()),
        )


def sky_scene(
    shape: tuple[int, int] = (512, 512),
    *,
    fwhm: float = 3.0,
    gain: float = 1.0,
    read_noise: float = 6.5,
    sky: float = 200.0,
    stars: float = 600.0,
    hits: float = 120.0,
    full_well: float = np.inf,
    seed: int = 1,
) -> Scene:
    """Return a simulated frame.

    Parameters
    ----------
    shape : int, int
        Rows and columns.
    fwhm : float
        Of the stars; pixels.
    gain : float
        Electrons for each count.
    read_noise, sky : float
        Electrons.
    stars, hits : float
        How many in each million pixels.
    full_well : float
        Electrons that a pixel holds at most.
    seed : int
        The same seed makes the same frame.
    """
    random = np.random.default_rng(seed)
    expected = np.full(shape, sky, np.float64)
    catalogue = _scatter_stars(random, shape, round(stars * shape[0] * shape[1] / 1e6))
    for row, column, flux in catalogue:
        _add_star(expected, row, column, flux, fwhm)
    noise = np.sqrt(expected + read_noise**2)
    deposit, number = _rain(random, shape, round(hits * shape[0] * shape[1] / 1e6))
    image = random.poisson(expected + deposit).astype(np.float32)
    image += random.normal(0, read_noise, shape).astype(np.float32)
    np.minimum(image, full_well, out=image)
    image /= np.float32(gain)
    number[deposit < 3 * noise] = 0
    cores = _cores(shape, catalogue, fwhm, float(np.hypot(np.sqrt(sky), read_noise)))
    return Scene(image, deposit, number, cores, catalogue, gain, read_noise, sky)


def _part(some: Any, all_: Any) -> float:
    return float(some / all_) if all_ else 1.0


def _scatter_stars(random: np.random.Generator, shape: tuple[int, int], number: int) -> NDArray[np.float64]:
    """Return stars anywhere, also a little outside, ten times as many for each ten times fainter."""
    electrons = 300.0 / random.uniform(1e-4, 1, number)
    return np.column_stack([random.uniform(-10, side + 9, number) for side in shape] + [electrons])


def _add_star(expected: NDArray[np.float64], row: float, column: float, electrons: float, fwhm: float) -> None:
    """Add a Moffat profile, integrated over pixels by 5 x 5 points in each."""
    radius = int(min(60, 4 * fwhm * (1 + np.log10(electrons / 300))))
    scale = fwhm / (2 * np.sqrt(2 ** (1 / BETA) - 1))
    rows, columns = _near(row, expected.shape[0], radius), _near(column, expected.shape[1], radius)
    if not rows.size or not columns.size:
        return
    within = (np.arange(5) - 2) / 5
    y = ((rows[:, None] + within).ravel() - row) ** 2
    x = ((columns[:, None] + within).ravel() - column) ** 2
    profile = (1 + (y[:, None] + x) / scale**2) ** -BETA
    binned = profile.reshape(rows.size, 5, columns.size, 5).mean(axis=(1, 3))
    expected[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] += (
        electrons * (BETA - 1) / (np.pi * scale**2) * binned
    )


def _near(place: float, number: int, reach: int) -> NDArray[np.int64]:
    """Return which of `number` pixels are within reach of a place."""
    return np.arange(max(0, round(place) - reach), min(number, round(place) + reach + 1))


def _cores(shape: tuple[int, int], stars: NDArray[np.float64], fwhm: float, noise: float) -> NDArray[np.bool_]:
    """Return what lies within one FWHM of stars whose peak is ten times the noise of the sky."""
    cores = np.zeros(shape, bool)
    reach = int(np.ceil(fwhm)) + 1
    for row, column, electrons in stars:
        if electrons < 10 * noise * fwhm**2:
            continue
        rows, columns = _near(row, shape[0], reach), _near(column, shape[1], reach)
        if not rows.size or not columns.size:
            continue
        inside = np.hypot(rows[:, None] - row, columns - column) <= fwhm
        cores[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] |= inside
    return cores


def _rain(
    random: np.random.Generator, shape: tuple[int, int], number: int
) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
    """Return what cosmic rays leave, and which of them, from 1, the most."""
    deposit, most = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
    which = np.zeros(shape, np.int32)
    for hit in range(1, number + 1):
        path, charge = _path(random)
        spread = random.normal(0, DIFFUSION, (*path.shape[:1], PACKETS, 2))
        places = path[:, None] + random.uniform(0, shape) + spread
        index = np.round(places).astype(np.int64).reshape(-1, 2)
        weight = np.repeat(charge / PACKETS, PACKETS)
        inside = ((index >= 0) & (index < shape)).all(axis=1)
        flat, back = np.unique(index[inside, 0] * shape[1] + index[inside, 1], return_inverse=True)
        left = np.bincount(back, weight[inside], flat.size).astype(np.float32)
        deposit.ravel()[flat] += left
        here = flat[left > most.ravel()[flat]]
        which.ravel()[here] = hit
        most.ravel()[flat] = np.maximum(most.ravel()[flat], left)
    return deposit, which


def _path(random: np.random.Generator) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return where a particle goes, and the electrons that it leaves at each step: a point, a track or a worm."""
    kind = random.choice(["point", "track", "worm"], p=[0.35, 0.4, 0.25])
    if kind == "point":
        steps, turn, each = 1, 0.0, random.lognormal(7.3, 0.9)
    elif kind == "track":  # a muon: straight, and some 1000 electrons in each pixel
        steps, turn, each = 1 + int(STEPS * random.lognormal(1.8, 0.7)), 0.0, random.lognormal(6.6, 0.4) / STEPS
    else:  # an electron, scattered many times
        steps, turn, each = 1 + int(STEPS * random.lognormal(2.5, 0.5)), 0.35, random.lognormal(6.6, 0.5) / STEPS
    angles = random.uniform(0, 2 * np.pi) + np.cumsum(random.normal(0, turn, steps))
    path = np.cumsum(np.column_stack([np.sin(angles), np.cos(angles)]), axis=0) / STEPS
    charge = each * random.lognormal(0, 0.5, steps)
    return path, charge
