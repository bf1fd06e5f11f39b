"""Images, FITS or such as cameras and people make: what they are, and a small picture."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from toros.data.processors.options import PhotometryOptions
from toros.errors import Permanent

__all__ = ["PICTURE", "read"]

PICTURE = "picture"  # PNG; becomes the product's thumbnail
SIZE = 512  # pixels of its longest side
SAID = {"object": "OBJECT", "date_obs": "DATE-OBS", "exposure_time": "EXPTIME", "filter": "FILTER",
        "telescope": "TELESCOP", "instrument": "INSTRUME"}  # fmt: skip


def read(path: Path, options: PhotometryOptions) -> dict[str, Any]:  # noqa: ARG001 - every processor is told them
    """Return rows, columns and what the header says, with the picture as PNG.

    Raises
    ------
    Permanent
        It is no image.
    """
    with path.open("rb") as file:
        fits = file.read(9) == b"SIMPLE  ="
    return _fits(path) if fits else _picture(path)


def _fits(path: Path) -> dict[str, Any]:
    from astropy.io import fits

    from toros.sky.thumbnail import thumbnail

    try:
        with fits.open(path, lazy_load_hdus=True) as units, TemporaryDirectory() as folder:
            unit = next((each for each in units if each.is_image and each.header.get("NAXIS", 0) in (2, 3)), None)
            if unit is None:
                raise Permanent(f"{path.name} holds no image of two or three dimensions")
            image = unit.data if unit.data.ndim == 2 else unit.data[0]
            thumbnail(image, Path(folder) / "picture.png", SIZE)
            picture = (Path(folder) / "picture.png").read_bytes()
            headers = (units[0].header, unit.header)
            said = {name: _plain(next((h[key] for h in headers if key in h), None)) for name, key in SAID.items()}
            rows, columns = image.shape
    except (OSError, ValueError, TypeError) as error:
        raise Permanent(f"{path.name} is no FITS file that can be read: {error}") from None
    known = {name: value for name, value in said.items() if value is not None}
    return {"rows": int(rows), "columns": int(columns), **known, PICTURE: picture}


def _picture(path: Path) -> dict[str, Any]:
    from io import BytesIO

    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(path) as image:
            columns, rows = image.size
            kind = image.format or ""
            image.thumbnail((SIZE, SIZE))
            small = BytesIO()
            image.convert("RGB").save(small, "PNG")
    except UnidentifiedImageError:
        raise Permanent(f"{path.name} is no image of a kind that is known: FITS, PNG, JPEG, TIFF, GIF") from None
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise Permanent(f"{path.name} cannot be read as an image: {error}") from None
    return {"rows": rows, "columns": columns, "kind": kind, PICTURE: small.getvalue()}


def _plain(value: object) -> str | int | float | None:
    """Return a header's value where it can be told as it is."""
    if isinstance(value, str):
        return value.strip()[:128] or None
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None
