"""One camera: how its frames are known, what their headers do not say, and how they are reduced."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from toros.errors import ConfigurationError
from toros.reduction.amplifier import Amplifier

__all__ = ["COMBINATIONS", "METHODS", "STATISTICS", "STEPS", "Camera", "camera_of", "load_cameras"]

METHODS = ("none", "rows", "constant")
STATISTICS = ("median", "mean", "trimmed_mean")
COMBINATIONS = ("clip", "median", "minmax")
STEPS = ("overscan", "linearity", "bias", "dark", "flat", "gain", "bad_pixels", "cosmic_rays")


@dataclass(frozen=True)
class Camera:
    """One camera, as its file describes it.

    Attributes
    ----------
    name : str
        The file's name without its ending.
    match : dict of str to str
        Keyword and regular expression, found anywhere in the card's value, whatever its case; all must be found.
        A camera without any is every camera for which there is no other.
    keywords : dict of str to tuple of str
        Which keywords say a thing (kind, exposure, filter, gain, ...) where they are not the usual ones.
    cards : dict
        Cards that are read in place of the header's own, where those are wrong or missing.
    kinds : dict of str to tuple of str
        More words for bias, dark, flat and light.
    filters : dict of str to str
        The band of a filter whose name says it to nobody else.
    gain : float or None
        Electrons per count.
    read_noise : float or None
        Electrons.
    saturation : float or None
        Counts.
    linearity : tuple of float
        Coefficients c1, c2, ...: true counts are counts * (1 + c1 * counts + c2 * counts**2 + ...), above the bias.
    shape : (int, int) or None
        Rows and columns of the raw array that the sections are written for.
    overscan, trim : str or None
        Sections of the one read-out, where the header does not say them.
    amplifiers : tuple of Amplifier
        Where several read the detector.
    overscan_method : {"rows", "constant", "none"}
    overscan_statistic : {"trimmed_mean", "median", "mean"}
    combine : dict of {"bias", "dark", "flat"} to {"clip", "median", "minmax"}
        How frames become a master: mean without outliers, median, or mean without the least and the greatest.
    steps : dict of str to bool
        Which steps may be done; one that is off is not done though its masters are there, or an order asks for it.
    dark_scaling : bool
        Whether a dark may be scaled to another exposure time.
    temperature_tolerance : float
        Degrees Celsius by which frames and masters may differ.
    validity : dict of str to float
        Days for which a master of a kind may be used.
    pixel_scale : float or None
        Arcseconds per pixel, not binned.
    timezone : str
        Of a DATE-OBS that does not say its own: a name such as America/Phoenix or an offset such as -07:00.
    bad_pixels : str or None
        File of the bad-pixel mask, beside the camera's file.
    folder : Path or None
        Where the camera's file lies; None for one that comes with TOROS.
    """

    name: str = "generic"
    match: Mapping[str, str] = field(default_factory=dict)
    keywords: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    cards: Mapping[str, Any] = field(default_factory=dict)
    kinds: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    filters: Mapping[str, str] = field(default_factory=dict)
    gain: float | None = None
    read_noise: float | None = None
    saturation: float | None = None
    linearity: tuple[float, ...] = ()
    shape: tuple[int, int] | None = None
    overscan: str | None = None
    trim: str | None = None
    amplifiers: tuple[Amplifier, ...] = ()
    overscan_method: str = "rows"
    overscan_statistic: str = "trimmed_mean"
    combine: Mapping[str, str] = field(default_factory=lambda: dict.fromkeys(("bias", "dark", "flat"), "clip"))
    steps: Mapping[str, bool] = field(default_factory=lambda: dict.fromkeys(STEPS, True))
    dark_scaling: bool = True
    temperature_tolerance: float = 2.0
    validity: Mapping[str, float] = field(
        default_factory=lambda: {"bias": 30.0, "dark": 30.0, "flat": 30.0, "bad_pixels": 365.0}
    )
    pixel_scale: float | None = None
    timezone: str = "UTC"
    bad_pixels: str | None = None
    folder: Path | None = None

    def knows(self, header: Mapping[str, Any]) -> bool:
        """Tell whether a frame is this camera's."""
        return all(
            (value := header.get(key)) is not None and re.search(form, str(value), re.IGNORECASE)
            for key, form in self.match.items()
        )


def camera_of(header: Mapping[str, Any], cameras: Iterable[Camera]) -> Camera:
    """Return the first camera that knows a frame; one that nobody described where none does."""
    return next((camera for camera in cameras if camera.knows(header)), Camera())


def load_cameras(folder: Path | None = None) -> Sequence[Camera]:
    """Return the cameras that come with TOROS and those of a folder, in the order in which they are asked.

    A file of the folder goes before those of TOROS and replaces one of the same name. Of one origin, the camera that
    asks for more cards goes first, so that a general description never hides a special one.

    Parameters
    ----------
    folder : Path, optional
        Its `*.yaml` files.

    Raises
    ------
    ConfigurationError
        The folder cannot be read, or a file in it is wrong: file, line, key, value and what is allowed.
    """
    own: tuple[Camera, ...] = () if folder is None else _read_all(_files_of(folder), folder)
    names = {camera.name for camera in own}
    everything = [*own, *(camera for camera in _shipped() if camera.name not in names)]
    return sorted(everything, key=lambda camera: not camera.match)  # those that know every frame come last


@cache
def _shipped() -> tuple[Camera, ...]:
    with resources.as_file(resources.files("toros.reduction.cameras")) as folder:
        return _read_all(sorted(folder.glob("*.yaml")), None)


def _files_of(folder: Path) -> list[Path]:
    try:
        return sorted(p for p in folder.iterdir() if p.suffix in (".yaml", ".yml") and not p.name.startswith("."))
    except OSError as error:
        raise ConfigurationError(f"{folder}: the folder of cameras cannot be read ({error.strerror})") from None


def _read_all(files: Sequence[Path], folder: Path | None) -> tuple[Camera, ...]:
    from toros.reduction.cameras.written import read_camera

    cameras = [read_camera(file, folder) for file in files]
    return tuple(sorted(cameras, key=lambda camera: (-len(camera.match), camera.name)))
