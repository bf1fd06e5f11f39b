"""A camera as the text of its file: for a camera that was learnt from its frames."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from toros.reduction.amplifier import Amplifier
from toros.reduction.cameras.camera import Camera
from toros.reduction.section import Section

__all__ = ["file_text"]


def file_text(camera: Camera) -> str:
    """Return the text of a camera's file, without the keys that are at their defaults; `read_camera` reads it again.

    Parameters
    ----------
    camera : Camera
    """
    import yaml

    usual, lines = Camera(), []
    for one in fields(Camera):
        value = _plain(getattr(camera, one.name))
        if one.name not in ("name", "folder") and value != _plain(getattr(usual, one.name)):
            flow = None if isinstance(value, (list, dict)) else False  # one line for each key, or for each amplifier
            lines.append(yaml.safe_dump({one.name: value}, default_flow_style=flow, width=120, allow_unicode=True))
    return "".join(lines)


def _plain(value: Any) -> Any:
    if isinstance(value, Amplifier):
        return _amplifier(value)
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return {key: _plain(item) for key, item in value.items()} if isinstance(value, dict) else value


def _amplifier(one: Amplifier) -> dict[str, Any]:
    parts = {
        "data": str(one.data),
        "overscan": None if one.overscan is None else str(one.overscan),
        "place": _directed(one.place, one.flip_rows, one.flip_columns),
        "gain": one.gain,
        "read_noise": one.read_noise,
        "saturation": one.saturation,
    }
    return {key: value for key, value in parts.items() if value is not None}


def _directed(place: Section, flip_rows: bool, flip_columns: bool) -> str:
    """Return a place as its text; one that turns the amplifier round runs backwards."""
    columns = (place.right, place.left) if flip_columns else (place.left, place.right)
    rows = (place.top, place.bottom) if flip_rows else (place.bottom, place.top)
    return f"[{columns[0]}:{columns[1]},{rows[0]}:{rows[1]}]"
