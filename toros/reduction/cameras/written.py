"""Reading a camera's file: every key checked, and what is wrong said in one sentence."""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from toros.config.written import Key, Written, read
from toros.reduction.amplifier import Amplifier, check_places
from toros.reduction.cameras.camera import COMBINATIONS, METHODS, STATISTICS, STEPS, Camera
from toros.reduction.cameras.zone import zone_of
from toros.reduction.section import Section, read_directed

__all__ = ["KEYS", "read_camera"]

KINDS = ("bias", "dark", "flat", "light")
THINGS = (
    "kind", "exposure", "filter", "gain", "read_noise", "saturation", "camera", "object", "temperature", "ra", "dec",
    "date", "time", "overscan", "trim", "readout",
)  # fmt: skip
_KEYWORD = re.compile(r"[A-Z0-9_-]{1,8}")
_BANDS = 32  # characters of a band's name


def read_camera(file: Path, folder: Path | None = None) -> Camera:
    """Return the camera that a file describes.

    Parameters
    ----------
    file : Path
    folder : Path, optional
        Where a bad-pixel mask would lie.

    Raises
    ------
    ConfigurationError
        File, line, key, value and what is allowed, in one sentence.
    """
    written = read(file)
    values: dict[str, Any] = {}
    for key, value in written.values.items():
        if key not in KEYS:
            near = difflib.get_close_matches(key, KEYS, 1)
            hint = f", did you mean {near[0]}?" if near else ""
            raise written.error((key,), f"unknown key {key}{hint}; allowed: {', '.join(KEYS)}")
        if value is not None:
            values[key] = KEYS[key](_Value(written, (key,), value))
    camera = Camera(name=file.stem, folder=folder, **values)
    _check_sections(camera, written)
    return camera


@dataclass(frozen=True)
class _Value:
    """One value of the file, and where it stands."""

    written: Written
    key: Key
    value: Any

    def refuse(self, allowed: str) -> NoReturn:
        """Raise the error of this value."""
        dotted = ".".join(str(part) for part in self.key)
        raise self.written.error(self.key, f"{dotted} = {self.value!r}; allowed: {allowed}")

    def items(self, allowed: str) -> list[tuple[Any, _Value]]:
        """Return the keys and values of a mapping."""
        if not isinstance(self.value, Mapping):
            self.refuse(allowed)
        return [(name, _Value(self.written, (*self.key, name), one)) for name, one in self.value.items()]

    def list(self, allowed: str) -> list[_Value]:
        """Return the values of a list."""
        if not isinstance(self.value, list):
            self.refuse(allowed)
        return [_Value(self.written, (*self.key, n), one) for n, one in enumerate(self.value)]


def _number(low: float, high: float, unit: str) -> Callable[[_Value], float]:
    def check(value: _Value) -> float:
        number = value.value
        good = isinstance(number, (int, float)) and not isinstance(number, bool) and math.isfinite(number)
        if not good or not low <= number <= high:
            value.refuse(f"a number from {low:g} to {high:g} ({unit})")
        return float(number)

    return check


def _choice(*allowed: str) -> Callable[[_Value], str]:
    def check(value: _Value) -> str:
        if value.value not in allowed:
            value.refuse(" or ".join(allowed))
        return str(value.value)

    return check


def _yes(value: _Value) -> bool:
    if not isinstance(value.value, bool):
        value.refuse("true or false")
    return bool(value.value)


def _text(value: _Value) -> str:
    if not isinstance(value.value, str) or not value.value.strip():
        value.refuse("a text")
    return value.value.strip()


def _keyword(value: _Value, name: Any) -> str:
    if not _KEYWORD.fullmatch(str(name)):
        value.refuse("below a keyword of FITS: up to 8 capitals, digits, - and _")
    return str(name)


def _match(value: _Value) -> dict[str, str]:
    forms = {}
    for name, one in value.items("a mapping of keywords to regular expressions"):
        try:
            re.compile(str(one.value))
        except re.error as error:
            one.refuse(f"a regular expression, and this is none: {error}")
        forms[_keyword(one, name)] = str(one.value)
    return forms


def _cards(value: _Value) -> dict[str, Any]:
    cards = {}
    for name, one in value.items("a mapping of keywords to values"):
        if not isinstance(one.value, (str, int, float, bool)):
            one.refuse("a text, a number, true or false")
        cards[_keyword(one, name)] = one.value
    return cards


def _lists(*allowed: str) -> Callable[[_Value], dict[str, tuple[str, ...]]]:
    """Return a check of lists of texts under names that are known."""

    def check(value: _Value) -> dict[str, tuple[str, ...]]:
        lists = {}
        for name, one in value.items(f"a mapping of {', '.join(allowed)} to lists of texts"):
            if name not in allowed:
                one.refuse(f"a list below one of {', '.join(allowed)}")
            lists[str(name)] = tuple(_text(item) for item in one.list("a list of texts"))
        return lists

    return check


def _filters(value: _Value) -> dict[str, str]:
    bands = {}
    for name, one in value.items("a mapping of filters' names to bands"):
        bands[str(name)] = _text(one)
        if len(bands[str(name)]) > _BANDS:
            one.refuse(f"a band's name of up to {_BANDS} characters")
    return bands


def _linearity(value: _Value) -> tuple[float, ...]:
    items = value.list("a list of up to 6 coefficients")
    if len(items) > 6:
        value.refuse("a list of up to 6 coefficients")
    return tuple(_number(-1, 1, "per count, per count squared, ...")(item) for item in items)


def _shape(value: _Value) -> tuple[int, int]:
    allowed = "two whole numbers, rows and columns"
    items = value.list(allowed)
    if len(items) != 2 or not all(type(item.value) is int and 0 < item.value <= 100_000 for item in items):
        value.refuse(allowed)
    return items[0].value, items[1].value


def _section(value: _Value) -> str:
    if not isinstance(value.value, str) or read_directed(value.value, (1 << 30, 1 << 30)) is None:
        value.refuse('a section such as "[1:1320,1:5280]": columns, then rows, counted from 1')
    return value.value.strip()


def _directed(value: _Value) -> tuple[Section, bool, bool]:
    read = read_directed(value.value, None) if isinstance(value.value, str) else None
    if read is None:
        value.refuse('a section with all its ends, such as "[1:1320,1:5280]": columns, then rows, counted from 1')
    return read


def _amplifier(value: _Value) -> Amplifier:
    allowed = "data, place, and if wanted overscan, gain, read_noise, saturation"
    parts: dict[str, Any] = {}
    for name, one in value.items(f"a mapping of {allowed}"):
        if name not in ("data", "overscan", "place", "gain", "read_noise", "saturation"):
            value.refuse(allowed)
        if one.value is not None:
            parts[name] = KEYS[name](one) if name in ("gain", "read_noise", "saturation") else _directed(one)
    if "data" not in parts or "place" not in parts:
        value.refuse(allowed)
    data, (place, flip_rows, flip_columns) = parts.pop("data")[0], parts.pop("place")
    overscan = parts.pop("overscan", (None,))[0]
    if data.shape != place.shape:
        value.refuse("a place of the shape of the data")
    if overscan is not None:
        beside = overscan.beside(data)
        if beside is None:
            value.refuse("an overscan that lies beside the data and has all its rows, or all its columns")
        overscan = beside
    return Amplifier(data, overscan, place, flip_rows, flip_columns, **parts)


def _amplifiers(value: _Value) -> tuple[Amplifier, ...]:
    found = tuple(_amplifier(item) for item in value.list("a list of amplifiers"))
    if len(found) > 256:
        value.refuse("up to 256 amplifiers")
    if found and (reason := check_places([one.place for one in found])):
        raise value.written.error(value.key, f"{reason}; allowed: places that cover the mosaic, each pixel once")
    return found


def _steps(value: _Value) -> dict[str, bool]:
    steps = dict.fromkeys(STEPS, True)
    for name, one in value.items("a mapping of steps to true or false"):
        if name not in STEPS:
            one.refuse(f"true or false below one of {', '.join(STEPS)}")
        steps[name] = _yes(one)
    return steps


def _combine(value: _Value) -> dict[str, str]:
    ways = dict(Camera().combine)
    for name, one in value.items(f"a mapping of {', '.join(ways)} to {', '.join(COMBINATIONS)}"):
        if name not in ways:
            one.refuse(f"{' or '.join(COMBINATIONS)} below one of {', '.join(ways)}")
        ways[name] = _choice(*COMBINATIONS)(one)
    return ways


def _validity(value: _Value) -> dict[str, float]:
    days = dict(Camera().validity)
    for name, one in value.items("a mapping of kinds of masters to days"):
        if name not in days:
            one.refuse(f"days below one of {', '.join(days)}")
        days[name] = _number(0, 36500, "days")(one)
    return days


def _timezone(value: _Value) -> str:
    if not isinstance(value.value, str) or zone_of(value.value) is None:
        value.refuse("a time zone such as America/Phoenix, an offset such as -07:00, or UTC")
    return value.value


def _file(value: _Value) -> str:
    name = _text(value)
    if Path(name).name != name or name.startswith("."):
        value.refuse("the name of a file that lies beside this one")
    return name


KEYS: Mapping[str, Callable[[_Value], Any]] = {
    "match": _match,
    "keywords": _lists(*THINGS),
    "cards": _cards,
    "kinds": _lists(*KINDS),
    "filters": _filters,
    "gain": _number(0.01, 1000, "electrons per count"),
    "read_noise": _number(0, 500, "electrons"),
    "saturation": _number(1, 1e9, "counts"),
    "linearity": _linearity,
    "shape": _shape,
    "overscan": _section,
    "trim": _section,
    "amplifiers": _amplifiers,
    "overscan_method": _choice(*METHODS),
    "overscan_statistic": _choice(*STATISTICS),
    "combine": _combine,
    "steps": _steps,
    "dark_scaling": _yes,
    "temperature_tolerance": _number(0, 100, "degrees Celsius"),
    "validity": _validity,
    "pixel_scale": _number(1e-3, 1000, "arcseconds per pixel"),
    "timezone": _timezone,
    "bad_pixels": _file,
}


def _check_sections(camera: Camera, written: Written) -> None:
    """Refuse sections that leave the array which the file itself describes."""
    if camera.amplifiers and (camera.overscan or camera.trim):
        raise written.error(("amplifiers",), "amplifiers and overscan or trim; allowed: the one or the others")
    if camera.shape is None:
        return
    for n, one in enumerate(camera.amplifiers):
        if not all(section is None or section.lies_in(camera.shape) for section in (one.data, one.overscan)):
            rows, columns = camera.shape
            raise written.error(
                ("amplifiers", n), f"amplifiers.{n} leaves the array; allowed: within {columns} x {rows} pixels"
            )
