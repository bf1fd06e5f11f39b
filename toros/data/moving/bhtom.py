"""The files that BHTOM gives out: one of photometry for each target, named like it."""

from __future__ import annotations

import re
from pathlib import Path

from toros.errors import Permanent

__all__ = ["photometry_files", "target_named"]

ENDINGS = (".csv", ".txt", ".dat")
MOST = 200_000  # files of a folder
AROUND = re.compile(r"(?:target_|photometry_)?(.+?)(?:_photometry|_radio|_high_energy)?", re.IGNORECASE)


def photometry_files(folder: Path) -> list[Path]:
    """Return the tables in a folder, by name; raise Permanent where there are too many to be what is meant."""
    found: list[Path] = []
    for path in folder.iterdir():
        if path.suffix.casefold() in ENDINGS and not path.name.startswith("."):
            found.append(path)
            if len(found) > MOST:
                raise Permanent(f"folder_location: {folder.name} holds more than {MOST} tables")
    return sorted(found)


def target_named(path: Path) -> list[str]:
    """Return what the target of a file may be called: the file's own name, and that without the words around it."""
    inner = AROUND.fullmatch(path.stem)
    return list(dict.fromkeys([path.stem, *([inner[1]] if inner else [])]))
