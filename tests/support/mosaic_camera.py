"""A simulated camera of sixteen amplifiers, each with its own level, gain and noise, and a night of its frames.

The layout is that of TOROS's own camera, eight amplifiers across in two rows, at any scale.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from astropy.io import fits
from numpy.typing import NDArray

__all__ = ["MosaicCamera"]

WIDE, HIGH = 8, 2
SEEING = 2.4  # pixels, FWHM


@dataclass(frozen=True)
class MosaicCamera:
    """Sixteen amplifiers of `rows` times `columns` pixels of sky, with `over` columns of overscan each.

    Attributes
    ----------
    rows, columns, over : int
    gap : int
        Rows that hold nothing, between the lower and the upper amplifiers.
    seed : int
    """

    rows: int = 60
    columns: int = 44
    over: int = 12
    gap: int = 4
    seed: int = 1

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of the sky."""
        return HIGH * self.rows, WIDE * self.columns

    @cached_property
    def gains(self) -> NDArray[np.float64]:
        """Electrons per count, of each amplifier."""
        return np.random.default_rng(self.seed).uniform(1.1, 1.9, WIDE * HIGH).round(3)

    @cached_property
    def noises(self) -> NDArray[np.float64]:
        """Read noise of each amplifier; electrons."""
        return np.random.default_rng(self.seed + 1).uniform(4, 9, WIDE * HIGH).round(2)

    @cached_property
    def flat(self) -> NDArray[np.float64]:
        """The response: fainter in the corners, uneven from pixel to pixel, mean 1."""
        y, x = np.meshgrid(*(np.linspace(-1, 1, n) for n in self.shape), indexing="ij")
        uneven = np.random.default_rng(self.seed + 2).normal(1, 0.01, self.shape)
        flat: NDArray[np.float64] = (1 - 0.12 * (x**2 + y**2)) * uneven
        return flat / flat.mean()

    @cached_property
    def dark(self) -> NDArray[np.float64]:
        """Electrons per second: a little everywhere, much in a few pixels."""
        random = np.random.default_rng(self.seed + 3)
        dark: NDArray[np.float64] = np.full(self.shape, 0.05)
        hot = random.random(self.shape) < 1e-3
        dark[hot] = random.exponential(15, hot.sum())
        return dark

    @cached_property
    def sky(self) -> NDArray[np.float64]:
        """Electrons per second: an even sky and stars."""
        random = np.random.default_rng(self.seed + 4)
        sky = np.full(self.shape, 6.0)
        sigma, reach = SEEING / 2.3548, 8
        for _ in range(max(20, self.shape[0] * self.shape[1] // 900)):
            row, column = random.uniform(reach, np.subtract(self.shape, reach + 1))
            y, x = np.mgrid[int(row) - reach : int(row) + reach + 1, int(column) - reach : int(column) + reach + 1]
            light = 20 * random.pareto(1.0) / (2 * np.pi * sigma**2)
            star = min(light, 3000) * np.exp(-((y - row) ** 2 + (x - column) ** 2) / (2 * sigma**2))
            sky[y[0, 0] : y[-1, 0] + 1, x[0, 0] : x[0, -1] + 1] += star
        return sky

    def electrons(self, kind: str, seconds: float) -> NDArray[np.float64]:
        """Return what is expected in each pixel of the sky."""
        light = {"light": self.sky * seconds, "flat": np.full(self.shape, 30000.0)}.get(kind, np.zeros(self.shape))
        return light * self.flat + self.dark * seconds

    def expose(self, kind: str, seconds: float, number: int) -> NDArray[np.uint16]:
        """Return the raw array of one exposure; counts."""
        random = np.random.default_rng((self.seed, {"bias": 0, "dark": 1, "flat": 2, "light": 3}[kind], number))
        seen = random.poisson(self.electrons(kind, seconds)).astype(float)
        raw = np.zeros((HIGH * self.rows + self.gap, WIDE * (self.columns + self.over)))
        for k, (bottom, left) in enumerate(self._corners()):
            up, right = divmod(k, WIDE)
            level = 900 + 40 * k + random.normal(0, 2) + np.linspace(0, 5, self.rows)[:, None]
            part = seen[up * self.rows : (up + 1) * self.rows, right * self.columns : (right + 1) * self.columns]
            whole = np.hstack([part, np.zeros((self.rows, self.over))]) / self.gains[k] + level
            whole += random.normal(0, self.noises[k] / self.gains[k], whole.shape)
            raw[bottom : bottom + self.rows, left : left + self.columns + self.over] = whole
        return np.clip(np.round(raw), 0, 65535).astype(np.uint16)

    def _corners(self) -> list[tuple[int, int]]:
        """Return the first row and column of each amplifier in the raw array, from 0."""
        high, wide = self.rows + self.gap, self.columns + self.over
        return [(up * high, right * wide) for up in range(HIGH) for right in range(WIDE)]

    def write_camera(self, folder: Path) -> Path:
        """Write the file that describes the camera."""
        amplifiers = []
        for k, (bottom, left) in enumerate(self._corners()):
            up, right = divmod(k, WIDE)
            span = f"{bottom + 1}:{bottom + self.rows}"
            place = (up * self.rows, right * self.columns)
            amplifiers.append(
                {
                    "data": f"[{left + 1}:{left + self.columns},{span}]",
                    "overscan": f"[{left + self.columns + 1}:{left + self.columns + self.over},{span}]",
                    "place": f"[{place[1] + 1}:{place[1] + self.columns},{place[0] + 1}:{place[0] + self.rows}]",
                    "gain": float(self.gains[k]),
                    "read_noise": float(self.noises[k]),
                }
            )
        shape = [HIGH * self.rows + self.gap, WIDE * (self.columns + self.over)]
        text = yaml.safe_dump({"match": {"INSTRUME": "^MOSAIC 16$"}, "shape": shape, "amplifiers": amplifiers})
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "mosaic16.yaml").write_text(text, encoding="utf-8")
        return folder

    def write_night(self, folder: Path, frames: dict[str, tuple[float, int]] | None = None) -> Path:
        """Write the frames of a night: for each kind its exposure time (seconds) and how many."""
        frames = frames or {"bias": (0.0, 5), "dark": (60.0, 5), "flat": (5.0, 5), "light": (30.0, 2)}
        folder.mkdir(parents=True, exist_ok=True)
        minute = 0
        for kind, (seconds, number) in frames.items():
            for n in range(number):
                minute += 1
                self._write(folder / f"{kind}-{n:03d}.fits", kind, seconds, n, minute)
        return folder

    def _write(self, path: Path, kind: str, seconds: float, number: int, minute: int) -> None:
        cards: dict[str, Any] = {
            "IMAGETYP": f"{kind.capitalize()} Frame", "EXPTIME": seconds, "INSTRUME": "MOSAIC 16",
            "DATE-OBS": f"2026-11-20T{minute // 60:02d}:{minute % 60:02d}:00.000", "OBJECT": "NGC 1",
        }  # fmt: skip
        if kind in ("flat", "light"):
            cards["FILTER"] = "r"
        fits.PrimaryHDU(self.expose(kind, seconds, number), fits.Header(list(cards.items()))).writeto(path)
