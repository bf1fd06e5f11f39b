"""A file with the shape of GLADE+'s text, made quickly: one block of rows again and again, at other places."""

from __future__ import annotations

from pathlib import Path

import numpy as np

__all__ = ["write_glade"]

ROW = (
    "{number:08d} {pgc} {gwgc} null {twomass} {wise} null {kind} {ra} {dec} {b} 0.043 0 -18.1764 13.0230 0.0270 "
    "12.4210 0.0310 12.0610 0.0390 11.5320 0.0230 11.4760 0.0210 0 "
    "{bj} null {z:.8f} {z:.8f} {z_flag} {v_err} 0.00012 {d} "
    "{d_err} {dist_flag} {mass} {mass_err} 0 0.7413 0.1207\n"
)
BLOCK = 50_000


def write_glade(path: Path, rows: int) -> None:
    """Write so many rows, one in a hundred of them a quasar; the file has some 250 bytes a row."""
    random = np.random.default_rng(22)
    block, starts = _block(random)
    text = np.frombuffer(block, np.uint8)
    width = starts[0]
    with path.open("wb") as file:
        for first in range(0, rows, BLOCK):
            count = min(BLOCK, rows - first)
            turned = text.reshape(BLOCK, -1)[:count].copy()
            turned[:, width : width + 3] = _digits(random.integers(0, 360, count), 3)
            turned[:, width + 4 : width + 10] = _digits(random.integers(0, 10**6, count), 6)
            sine = random.uniform(-1.0, 1.0, count)
            dec = np.degrees(np.arcsin(sine))
            turned[:, width + 11] = np.where(dec < 0, ord("-"), ord("+"))
            turned[:, width + 12 : width + 14] = _digits(np.abs(dec).astype(int), 2)
            turned[:, width + 15 : width + 21] = _digits(random.integers(0, 10**6, count), 6)
            file.write(turned.tobytes())


def _digits(values: np.ndarray, count: int) -> np.ndarray:
    return (values[:, None] // 10 ** np.arange(count - 1, -1, -1) % 10 + ord("0")).astype(np.uint8)


def _block(random: np.random.Generator) -> tuple[bytes, list[int]]:
    """Return rows of one length, and where the right ascension begins in each."""
    rows = []
    for number in range(BLOCK):
        z = 0.001 + 0.5 * random.uniform() ** 0.5
        known, photometric = random.uniform() < 0.1, random.uniform() < 0.8
        rows.append(
            ROW.format(
                number=number, kind="Q" if number % 100 == 99 else "G", ra="000.000000", dec="+00.000000",
                pgc=f"{number:07d}" if known else "null   "[:4], gwgc="NGC4993" if number == 0 else "null",
                twomass=f"{number:08d}+1234567" if known else "null", wise=f"{number:08d}.51-423156.6",
                b="15.8280" if random.uniform() < 0.7 else "null", bj="16.1280", z=z, z_flag=int(z < 0.05),
                v_err="0.00054" if z < 0.05 else "null", d=f"{4300.0 * z:.6f}", d_err=f"{20.0:.6f}",
                dist_flag=1 if photometric else 3, mass=f"{3.4:.6f}" if random.uniform() < 0.8 else "null",
                mass_err="0.911",
            )
        )  # fmt: skip
    longest = max(len(row) for row in rows)
    starts = []
    for k, row in enumerate(rows):  # the number in front grows zeros, so that all are of one length
        rows[k] = "0" * (longest - len(row)) + row
        starts.append(rows[k].index(" 000.000000 ") + 1)
    return _aligned(rows, starts)


def _aligned(rows: list[str], starts: list[int]) -> tuple[bytes, list[int]]:
    """Return rows whose right ascensions stand in one column: zeros move from the front to the last word."""
    first = max(starts)
    moved = ["0" * (first - start) + row[:-1] for row, start in zip(rows, starts, strict=True)]
    longest = max(len(row) for row in moved)
    return "".join(row + "0" * (longest - len(row)) + "\n" for row in moved).encode(), [first]
