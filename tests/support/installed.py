"""Packages with entry points that look installed, for as long as a test lasts."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

__all__ = ["install"]


def install(folder: Path, name: str, module: str, entries: Mapping[str, Mapping[str, str]]) -> Path:
    """Write a package of one module with its entry points, and return the folder to put on the path.

    Parameters
    ----------
    folder : Path
        Where to.
    name : str
        Of the package and its module.
    module : str
        What it says.
    entries : mapping of group to mapping
        Entry points of each group: name to `module:attribute`.
    """
    about = folder / f"{name}-1.0.dist-info"
    about.mkdir(parents=True)
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    groups = (f"[{group}]\n" + "".join(f"{k} = {v}\n" for k, v in points.items()) for group, points in entries.items())
    (about / "entry_points.txt").write_text("\n".join(groups))
    (folder / f"{name}.py").write_text(module)
    return folder
