"""Small frames with honest noise, and files that lie, made where a test needs them."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import numpy as np
from astropy.io import fits
from numpy.typing import NDArray

GAIN, READ_NOISE = 1.5, 8.0  # electrons per count, electrons
BIAS, DARK_RATE, SKY_RATE = 1000.0, 0.5, 20.0  # counts; counts per second
SHAPE = (60, 80)
STAMP = "2026-11-20T23:{:02d}:00.000"


def vignette(shape: tuple[int, int] = SHAPE) -> NDArray[np.float64]:
    """Return the true flat: 20 % fainter in the corners, mean 1."""
    y, x = np.mgrid[-1 : 1 : shape[0] * 1j, -1 : 1 : shape[1] * 1j]
    flat: NDArray[np.float64] = 1 - 0.1 * (x**2 + y**2)
    return flat / flat.mean()


def counts(kind: str, exposure: float, seed: int, shape: tuple[int, int] = SHAPE) -> NDArray[np.uint16]:
    """Return the counts of one exposure, with photon and read noise."""
    rng = np.random.default_rng(seed)
    light = {"light": SKY_RATE * exposure, "flat": 20000.0}.get(kind, 0.0) * vignette(shape)
    if kind == "light":
        light[20, 30] += 5000
        light[10:13, 20:23] += 2000
    electrons = rng.poisson((light + DARK_RATE * exposure) * GAIN) + rng.normal(0, READ_NOISE, shape)
    return np.clip(np.round(BIAS + electrons / GAIN), 0, 65535).astype(np.uint16)


def write_frame(path: Path, data: NDArray[Any], **cards: Any) -> Path:
    """Write a frame; None leaves a card out, `_` stands for `-`."""
    header = fits.Header()
    defaults = {"GAIN": GAIN, "RDNOISE": READ_NOISE, "INSTRUME": "Made up", "OBJECT": "NGC 1"}
    for key, value in {**defaults, **{k.replace("_", "-"): v for k, v in cards.items()}}.items():
        if value is not None:
            header[key] = value
    hdu = fits.PrimaryHDU(data, header)
    if path.suffix == ".gz":
        path.write_bytes(gzip.compress(_bytes(hdu)))
    else:
        path.write_bytes(_bytes(hdu))
    return path


def _bytes(hdu: fits.PrimaryHDU) -> bytes:
    import io

    buffer = io.BytesIO()
    hdu.writeto(buffer)
    return buffer.getvalue()


def write_night(
    folder: Path, *, biases: int = 5, darks: int = 5, flats: int = 5, lights: int = 2, shape: tuple[int, int] = SHAPE
) -> Path:
    """Write a folder of frames as a telescope does: darks of 60 s, flats of 2 s in r, lights of 30 s in r."""
    folder.mkdir(parents=True, exist_ok=True)
    plan = [("bias", 0.0, biases), ("dark", 60.0, darks), ("flat", 2.0, flats), ("light", 30.0, lights)]
    seed = 0
    for kind, exposure, number in plan:
        for n in range(number):
            seed += 1
            write_frame(
                folder / f"{kind}-{n:03d}.fits",
                counts(kind, exposure, seed, shape),
                IMAGETYP=f"{kind.capitalize()} Frame",
                EXPTIME=exposure,
                FILTER="r" if kind in ("flat", "light") else None,
                DATE_OBS=STAMP.format(seed),
            )
    return folder


def header_block(**cards: Any) -> bytes:
    """Return a header of exactly these cards, true or not."""
    lines = [f"{key:<8}= {_card(value):>20}" for key, value in cards.items()]
    text = "".join(line.ljust(80) for line in [*lines, "END"])
    return text.ljust(-(-len(text) // 2880) * 2880).encode()


def _card(value: Any) -> str:
    return {True: "T", False: "F"}.get(value, str(value)) if isinstance(value, bool) else (
        f"'{value:<8}'" if isinstance(value, str) else str(value)
    )  # fmt: skip


def lie(**cards: Any) -> bytes:
    """Return a file whose header claims what its 2880 bytes of data cannot hold."""
    return header_block(SIMPLE=True, **cards) + bytes(2880)


def gzip_bomb(size: int = 1_600_000_000) -> bytes:
    """Return about 1.5 MB that unpack to a FITS image of zeros of this many bytes."""
    import zlib

    packer = zlib.compressobj(9, wbits=31)
    side = int((size // 2) ** 0.5)
    parts = [packer.compress(header_block(SIMPLE=True, BITPIX=16, NAXIS=2, NAXIS1=side, NAXIS2=side))]
    zeros = bytes(1 << 24)
    for _ in range(size // len(zeros) + 1):
        parts.append(packer.compress(zeros))
    return b"".join([*parts, packer.flush()])


def compressed_lie(claim: int = 60000) -> bytes:
    """Return a small tile-compressed file whose header claims an image of `claim` x `claim`."""
    import io

    buffer = io.BytesIO()
    small = np.arange(100 * 100, dtype=np.int16).reshape(100, 100)
    fits.HDUList([fits.PrimaryHDU(), fits.CompImageHDU(small, compression_type="RICE_1")]).writeto(buffer)
    text = buffer.getvalue()
    for axis in (1, 2):
        old = f"ZNAXIS{axis} = {100:>20}".encode()
        assert old in text
        text = text.replace(old, f"ZNAXIS{axis} = {claim:>20}".encode())
    return text


HOSTILE: dict[str, bytes] = {
    "claims-80-GB.fits": lie(BITPIX=16, NAXIS=2, NAXIS1=200_000, NAXIS2=200_000),
    "naxis-999.fits": lie(BITPIX=16, NAXIS=999, NAXIS1=10, NAXIS2=10),
    "naxis-minus-5.fits": lie(BITPIX=16, NAXIS=2, NAXIS1=-5, NAXIS2=10),
    "no-naxis2.fits": lie(BITPIX=16, NAXIS=2, NAXIS1=10),
    "bitpix-7.fits": lie(BITPIX=7, NAXIS=2, NAXIS1=10, NAXIS2=10),
    "overflow.fits": lie(BITPIX=8, NAXIS=4, NAXIS1=2**62, NAXIS2=2**62, NAXIS3=2**62, NAXIS4=4),
    "zero-size.fits": lie(BITPIX=16, NAXIS=2, NAXIS1=0, NAXIS2=10),
    "text.fits": b"These are not the frames that you are looking for.\n" * 100,
    "short-text.fits": b"hello",
    "empty.fits": b"",
    "endless-header.fits": header_block(SIMPLE=True, BITPIX=16, NAXIS=0).replace(b"END", b"ENT") * 2000,
    "header-cut.fits": header_block(SIMPLE=True, BITPIX=16, NAXIS=2, NAXIS1=10, NAXIS2=10)[:1000],
    "packed.fits": b"BZh91AY&SY" + bytes(100),
    "damaged.fits.gz": gzip.compress(bytes(100_000))[:-20] + bytes(20),
    "cut.fits.gz": gzip.compress(np.random.default_rng(1).bytes(100_000))[:5000],
    "compressed-lie.fits": compressed_lie(),
    "pcount-lie.fits": header_block(SIMPLE=True, BITPIX=8, NAXIS=0)
    + header_block(XTENSION="BINTABLE", BITPIX=8, NAXIS=2, NAXIS1=8, NAXIS2=2, PCOUNT=10**12, GCOUNT=1, TFIELDS=1),
}
