"""Writing a product: image, uncertainty, mask and counts, whole or not at all under its name, hashed on the way."""

from __future__ import annotations

import hashlib
import os
import tempfile
import warnings
from collections.abc import Iterator, Mapping
from contextlib import suppress
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, cast

if TYPE_CHECKING:
    import io

    import numpy as np
    from astropy.io.fits import Header
    from numpy.typing import NDArray

__all__ = ["Parked", "is_part", "write_fits"]

BLOCK = 2880
PIECE = 1 << 18  # numbers that are turned and written at once


class Parked:
    """A plane that waits in a nameless file, as it will be written: memory is wanted for something else meanwhile.

    Parameters
    ----------
    folder : Path
        Where the file is made; that of the product, so that there is room.

    Attributes
    ----------
    shape : (int, int)
        Rows and columns that it has so far.
    dtype : dtype or None
        None before its first rows.
    """

    def __init__(self, folder: Path) -> None:
        self.shape: tuple[int, int] = (0, 0)
        self.dtype: np.dtype[Any] | None = None
        self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 - lives as long as the plane waits

    def add(self, rows: NDArray[Any]) -> Parked:
        """Put rows, all of one length and type, behind those that it has; return itself."""
        self.shape, self.dtype = (self.shape[0] + rows.shape[0], rows.shape[1]), rows.dtype
        for piece in _pieces(rows):
            self._file.write(piece)
        return self

    def pieces(self) -> Iterator[bytes]:
        """Give its bytes, once."""
        self._file.seek(0)
        while piece := self._file.read(4 * PIECE):
            yield piece
        self._file.close()

    def array(self) -> NDArray[Any]:
        """Return its numbers, in memory again."""
        import numpy as np

        array = np.empty(self.shape, self.dtype)
        flat, start = array.reshape(-1), 0
        for piece in self.pieces():
            stored = np.frombuffer(piece, dtype=array.dtype.newbyteorder(">"))
            flat[start : start + stored.size] = stored
            start += stored.size
        if array.dtype == np.uint16:
            array ^= np.uint16(0x8000)
        return array


def write_fits(
    output: Path,
    header: Header,
    image: NDArray[Any] | Parked,
    planes: Mapping[str, NDArray[Any] | Parked],
    *,
    compress: bool = False,
    stars: NDArray[Any] | None = None,
) -> tuple[str, int]:
    """Write, sync and rename, so that under its name the product is always whole.

    Parameters
    ----------
    output : Path
        The file.
    header : Header
        Of the image; what describes the storage is added here.
    image : float32 (a mask: uint8) array or Parked, shape (rows, columns)
    planes : mapping of str to array or Parked
        More images of that shape by extension name: UNCERT (float32), MASK (uint8), COUNT (uint8 or uint16).
    compress : bool
        Whether images are compressed tile by tile (Rice; floats are quantised to a quarter of their noise, dithered).
    stars : structured array, optional
        Written as the table STARS, behind the planes.

    Returns
    -------
    sha256 : str
        Of the file.
    size : int
        Bytes.

    Raises
    ------
    OSError
        It cannot be written; nothing of it is left behind.
    """
    part = output.with_name(f".{output.name}.{os.getpid()}.part")
    try:
        with part.open("w+b") as file:
            written = _write_compressed if compress else _write_plain
            digest = written(file, header, image, planes, b"" if stars is None else _table(stars, "STARS"))
            file.flush()
            os.fsync(file.fileno())
            size = file.seek(0, 2)
        part.replace(output)
    finally:
        part.unlink(missing_ok=True)
    _sync_folder(output.parent)
    return digest, size


def is_part(path: Path) -> bool:
    """Tell whether a file is what a writer that died left behind."""
    return path.name.startswith(".") and path.name.endswith(".part")


def _table(rows: NDArray[Any], name: str) -> bytes:
    """Return the unit of a table, as it stands in a file."""
    import io

    from astropy.io import fits

    buffer = io.BytesIO()
    primary = fits.PrimaryHDU()
    fits.HDUList([primary, fits.BinTableHDU(rows, name=name)]).writeto(buffer)
    return buffer.getvalue()[len(primary.header.tostring()) :]


def _write_plain(
    file: BinaryIO, header: Header, image: NDArray[Any] | Parked, planes: Mapping[str, NDArray[Any] | Parked],
    table: bytes,
) -> str:  # fmt: skip
    """Write with the bytes turned round a piece at a time, and return the hash."""
    digest = hashlib.sha256()
    for head, array in _units(header, image, planes):
        size = 0
        for piece in chain([head], array.pieces() if isinstance(array, Parked) else _pieces(array)):
            digest.update(piece)
            file.write(piece)
            _begin_to_store(file, len(piece))
            size += len(piece)
        padding = bytes(-size % BLOCK)
        digest.update(padding)
        file.write(padding)
    digest.update(table)
    file.write(table)
    return digest.hexdigest()


def _begin_to_store(file: BinaryIO, size: int) -> None:
    """Have the disk begin with the bytes written last, so that the sync at the end finds little left to wait for.

    Linux starts to write what is said not to be needed any more, and drops only what is on the disk already.
    """
    if hasattr(os, "posix_fadvise"):
        file.flush()
        with suppress(OSError):  # a file system that takes no advice is only slower
            os.posix_fadvise(file.fileno(), file.tell() - size, size, os.POSIX_FADV_DONTNEED)


def _units(
    header: Header, image: NDArray[Any] | Parked, planes: Mapping[str, NDArray[Any] | Parked]
) -> Iterator[tuple[bytes, NDArray[Any] | Parked]]:
    """Give the header and the numbers of each unit."""
    import numpy as np
    from astropy.io import fits

    for name, array in {"": image, **planes}.items():
        small = np.zeros((1, array.shape[1]), np.int16 if array.dtype == np.uint16 else array.dtype)
        hdu = fits.ImageHDU(small, name=name) if name else fits.PrimaryHDU(small, header)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # comments of raw cards that are too long are cut, as before
            hdu.verify("silentfix")
            head = hdu.header.copy()
            head["NAXIS2"] = array.shape[0]
            if array.dtype == np.uint16:
                head["BZERO"] = (32768, "unsigned numbers")
            if name == "UNCERT":
                head["UTYPE"] = "StdDevUncertainty"
            if not name:
                head.set("EXTEND", True, after="NAXIS2")
            yield head.tostring().encode("ascii"), array


def _pieces(array: NDArray[Any]) -> Iterator[bytes]:
    """Give the numbers as FITS stores them, the high byte first; unsigned ones of 16 bits less 32768."""
    import numpy as np

    flat = array.reshape(-1)
    for start in range(0, flat.size, PIECE):
        part = flat[start : start + PIECE]
        if part.dtype == np.uint16:
            part = (part ^ np.uint16(0x8000)).view(np.int16)
        yield part.astype(part.dtype.newbyteorder(">")).tobytes()


def _write_compressed(
    file: BinaryIO, header: Header, image: NDArray[Any] | Parked, planes: Mapping[str, NDArray[Any] | Parked],
    table: bytes,
) -> str:  # fmt: skip
    from astropy.io import fits

    quantised = {"compression_type": "RICE_1", "quantize_level": 4.0, "quantize_method": 2, "dither_seed": 1}
    hdus = fits.HDUList([fits.PrimaryHDU()])
    pixels = image.array() if isinstance(image, Parked) else image
    hdus.append(
        fits.CompImageHDU(pixels, header, **(quantised if pixels.dtype.kind == "f" else {"compression_type": "RICE_1"}))
    )
    for name, plane in planes.items():
        array = plane.array() if isinstance(plane, Parked) else plane
        options = quantised if array.dtype.kind == "f" else {"compression_type": "RICE_1"}
        hdus.append(fits.CompImageHDU(array, name=name, **options))
        if name == "UNCERT":
            hdus[-1].header["UTYPE"] = "StdDevUncertainty"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        hdus.writeto(file, output_verify="silentfix")
    file.seek(0, 2)
    file.write(table)
    file.flush()
    file.seek(0)
    return hashlib.file_digest(cast("io.BufferedReader", file), "sha256").hexdigest()


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
