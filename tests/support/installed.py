"""Packages with entry points that look installed, for as long as a test lasts."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from toros.data import hooks
from toros.data.processors import registry

__all__ = ["Install", "install", "installing"]

Install = Callable[[str, str, Mapping[str, Mapping[str, str]]], None]


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


@pytest.fixture
def installing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Give a function that installs a package for this test, in this process."""

    def forget() -> None:
        for found in (hooks._installed, registry._entry_points):
            found.cache_clear()

    def install_here(name: str, module: str, entries: Mapping[str, Mapping[str, str]]) -> None:
        monkeypatch.syspath_prepend(install(tmp_path / "installed" / name, name, module, entries))
        monkeypatch.delitem(sys.modules, name, raising=False)
        forget()

    yield install_here
    forget()
