"""A camera whose gain, noise, saturation, linearity and bad pixels are known, and frames of it."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from toros.reduction.amplifier import Amplifier
from toros.reduction.patches import Sample
from toros.reduction.planes import ArrayRows
from toros.reduction.section import Section


@dataclass
class MadeCamera:
    """One read-out, or several beside one another, each with its overscan at the right."""

    gains: tuple[float, ...] = (1.5,)  # electrons per count
    noises: tuple[float, ...] = (8.0,)  # electrons
    rows: int = 384
    columns: int = 384  # of each read-out
    overscan: int = 0  # columns of each
    bias: float = 1000.0  # counts
    full_well: float = 1e9  # electrons
    full_counts: int = 65535
    nonlinear: float = 0.0  # counts read are true * (1 - nonlinear * true), nearly
    drift: float = 0.0  # counts from the first row to the last
    dark: float = 0.1  # electrons per second
    hot: tuple[tuple[int, int], ...] = ()
    dead: tuple[tuple[int, int], ...] = ()
    wander: float = 0.0  # counts from frame to frame
    seed: int = 1
    _random: np.random.Generator = field(init=False)

    def __post_init__(self) -> None:
        self._random = np.random.default_rng(self.seed)
        fixed = np.random.default_rng(99)
        y, x = np.mgrid[-1 : 1 : self.rows * 1j, -1 : 1 : self.columns * len(self.gains) * 1j]
        self.response = (1 - 0.15 * (x**2 + y**2)) * (1 + 0.01 * fixed.standard_normal(x.shape))
        for place in self.dead:
            self.response[place] *= 0.2
        self.pattern = fixed.normal(0, 3.0, (1, x.shape[1])) + fixed.normal(0, 1.0, (self.rows, 1))

    @property
    def amplifiers(self) -> tuple[Amplifier, ...]:
        """Where the read-outs lie in the raw array."""
        made, wide = [], self.columns + self.overscan
        for n in range(len(self.gains)):
            left = n * wide + 1
            made.append(Amplifier(
                Section(left, left + self.columns - 1, 1, self.rows),
                Section(left + self.columns, left + wide - 1, 1, self.rows) if self.overscan else None,
                Section(n * self.columns + 1, (n + 1) * self.columns, 1, self.rows),
            ))  # fmt: skip
        return tuple(made)

    def counts(self, light: float = 0.0, seconds: float = 0.0, *, rays: int = 0) -> NDArray[np.uint16]:
        """Return a raw frame; `light` in electrons for the brightest pixel."""
        electrons = self.response * light + self.dark * seconds
        for place in self.hot:
            electrons[place] += 50.0 * seconds
        electrons = np.minimum(self._random.poisson(electrons), self.full_well).astype(float)
        for y, x in self._random.integers(0, (self.rows, electrons.shape[1] - 6), (rays, 2)):
            electrons[y, x : x + 6] += self._random.uniform(500, 20_000)
        parts, moved = [], self._random.normal(0, 1) * self.wander
        for n, (gain, noise) in enumerate(zip(self.gains, self.noises, strict=True)):
            columns = slice(n * self.columns, (n + 1) * self.columns)
            true = electrons[:, columns] / gain
            parts.append(true * (1 - self.nonlinear * true) + self.pattern[:, columns])
            parts[-1] = np.pad(parts[-1], ((0, 0), (0, self.overscan)))
            parts[-1] += self._random.normal(0, noise / gain, parts[-1].shape)
        raw = np.concatenate(parts, axis=1) + self.bias + moved + np.linspace(0, self.drift, self.rows)[:, None]
        return np.clip(np.rint(raw), 0, self.full_counts).astype(np.uint16)

    def sample(self, kind: str, light: float = 0.0, seconds: float = 0.0, *, rays: int = 0) -> Sample:
        """Return a raw frame to learn from."""
        raw = self.counts(light, seconds, rays=rays)
        return Sample(kind, ArrayRows(raw), float(np.median(raw)), seconds, "r" if kind == "flat" else "")
