"""Saying in words what a row of an order holds; rows come from other desks, so nothing in them is taken for granted."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

__all__ = ["SIGNS", "ago", "clock_time", "duration", "moment", "number", "process_of", "seconds_between", "sentence"]

SIGNS: Mapping[str, str] = {
    "queued": "○", "running": "◐", "done": "●", "buried": "✕", "cancelled": "⊘", "expired": "⊘", "waiting": "→",
    "delivered": "→", "parked": "✕", "unknown": "?",
}  # fmt: skip
SHORT = 160  # characters of a sentence
Row = Mapping[str, Any]


def sentence(row: Row) -> str:
    """Return what there is to say about an order in one line: its reason, its progress, or what came of it."""
    if row.get("reason"):
        return str(row["reason"])
    if row.get("state") == "running":
        return str(row.get("message") or "at work")
    result, fields = (each if isinstance(each, Mapping) else {} for each in (row.get("result"), row.get("fields")))
    if row.get("request") == "ingest_data_product":
        return _cut(_product(result, fields))
    return _cut(_RESULTS.get(str(row.get("request")), _anything)(result) if result else _anything(fields))


def process_of(row: Row) -> str:
    """Return the process id of the worker that has or had the order, from `instance@host:pid`; empty if unknown."""
    found = re.search(r":(\d+)", str(row.get("worker", "")))
    return found[1] if found else ""


def moment(text: object) -> datetime | None:
    """Return an ISO time as a UTC moment; None where it is not one."""
    try:
        found = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def seconds_between(earlier: object, later: object) -> float | None:
    """Return the seconds from one ISO time to another; None where one is missing."""
    start, end = moment(earlier), moment(later)
    return (end - start).total_seconds() if start and end else None


def duration(seconds: float | None) -> str:
    """Return a length of time as people say it: 0.42 s, 12 s, 3 min 05 s, 2 h 10 min, 3 d 4 h."""
    if seconds is None:
        return ""
    if seconds < 0:
        return "−" + duration(-seconds)
    if seconds < 9.95:
        return f"{seconds:.2f} s" if seconds < 0.995 else f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02} s"
    if whole < 86400:
        return f"{whole // 3600} h {whole % 3600 // 60:02} min"
    return f"{whole // 86400} d {whole % 86400 // 3600} h"


def ago(text: object, now: datetime) -> str:
    """Return how long ago an ISO time was; empty where it is not one."""
    then = moment(text)
    return duration(max(0.0, (now - then).total_seconds())) if then else ""


def clock_time(text: object) -> str:
    """Return the time of day of an ISO time, to the second; UTC."""
    found = moment(text)
    return f"{found:%H:%M:%S}" if found else ""


def number(value: object, digits: int = 3) -> str:
    """Return a number with so many significant digits, others as text: truths as yes and no, lists item by item."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return "; ".join(number(each, digits) for each in value)
    if not isinstance(value, float) or not math.isfinite(value):
        return str(value)
    if value and (abs(value) < 1e-4 or abs(value) >= 1e7):
        mantissa, _, exponent = f"{value:.{digits - 1}e}".partition("e")
        return f"{float(mantissa):g} × 10{_superscript(int(exponent))}"
    return f"{float(f'{value:.{digits}g}'):,.10g}"


def _superscript(value: int) -> str:
    return str(value).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))


def _alert(result: Row) -> str:
    parts = [" ".join(str(result[name]).lower() if name == "alert_type" else str(result[name])
                      for name in ("event", "alert_type") if name in result)]  # fmt: skip
    if "galaxy" in result:
        parts.append(f"galaxy {result['galaxy']}")
    if "distance_mpc" in result:
        parts.append(f"{number(result['distance_mpc'])} Mpc")
    if "probability" in result:
        parts.append(f"probability {number(result['probability'])}")
    if "area_deg2" in result:
        parts.append(f"region {number(result['area_deg2'])} deg²")
    if result.get("ordered") is False:
        notes = result.get("notes")
        parts.append(str(notes[-1]) if isinstance(notes, list) and notes else "nothing ordered")
    return ", ".join(part for part in parts if part)


def _observation(result: Row) -> str:
    frames = result.get("frames")
    return ", ".join([
        *([_many(frames, "frame")] if frames is not None else []),
        *([f"in {result['file_location']}"] if "file_location" in result else []),
    ]) or _anything(result)  # fmt: skip


def _batch(result: Row) -> str:
    if "would" in result:
        return f"would {result['would']}"
    parts = []
    if "lights" in result:
        parts.append(f"{_count(result.get('calibrated', 0))} of {_count(result['lights'])} lights calibrated")
    if "masters" in result:
        parts.append(_many(result["masters"], "master"))
    if result.get("unusable"):
        parts.append(f"{_many(result['unusable'], 'frame')} unusable")
    return ", ".join(parts) or _anything(result)


def _masters(result: Row) -> str:
    return _batch({name: value for name, value in result.items() if name != "lights"})


def _product(result: Row, fields: Row) -> str:
    kind = str(fields.get("product_type", "")).replace("_", " ")
    name = str(fields.get("file_location", "")).rpartition("/")[2]
    said = f"product {number(result['product'])}" if "product" in result else _anything(result)
    return ", ".join(part for part in (f"{kind} {name}".strip(), said) if part)


def _targets(result: Row) -> str:
    if "targets" not in result:
        return _anything(result)
    late = [str(note) for note in result["notes"]] if isinstance(result.get("notes"), list) else []
    return ", ".join(
        [f"{_many(result['targets'], 'target')}, {_count(result.get('ordered', 0))} to be observed", *late]
    )


def _target(result: Row) -> str:
    if "name" not in result or "made" not in result:
        return _anything(result)
    if result.get("dry_run"):
        return f"{result['name']} {'would be a new target' if result['made'] else 'is known'} (only tried)"
    return f"{result['name']}, {'new target' if result['made'] else 'known as target'} {_count(result.get('target'))}"


def _followed(result: Row) -> str:
    if "observation" not in result:
        return _anything(result)
    return f"observation {_count(result['observation'])} {str(result.get('status', '')).lower()}".rstrip()


def _notice(result: Row) -> str:
    if "told" not in result:
        return _anything(result)
    return ", ".join(["sky map drawn"] * ("sky_plot" in result) + ["told" if result["told"] else "nobody to be told"])


def _processed(result: Row) -> str:
    """Say what was found in a product: the points of its target, or why there are none."""
    if "not_measured" in result:
        return f"not measured: {result['not_measured']}"
    if "target" not in result or "new" not in result:
        return _anything(result)
    found = [f"{_count(result[kind])} {kind}" for kind in ("new", "revised", "same", "refused") if result.get(kind)]
    return f"{result['target']}, points: {', '.join(found) or 'none'}"


def _anything(result: Row) -> str:
    """Return names and short values; lists by their length."""
    said = []
    for name, value in result.items():
        if isinstance(value, list | tuple | Mapping):
            if value:
                said.append(f"{len(value)} {name}")
        elif value not in ("", None):
            said.append(f"{name} {number(value, 6)}")
    return ", ".join(said)


_RESULTS: Mapping[str, Callable[[Row], str]] = {
    "process_alert": _alert,
    "observation": _observation,
    "calibrate_file_batch": _batch,
    "resume_file_batch": _batch,
    "restart_file_batch": _batch,
    "calibrate_frame": _batch,
    "make_masters": _masters,
    "receive_targets": _targets,
    "add_target": _target,
    "update_observation": _followed,
    "tell_alert": _notice,
    "process_product": _processed,
}


def _count(value: object) -> str:
    return str(len(value)) if isinstance(value, list | tuple | Mapping) else number(value)


def _many(value: object, noun: str) -> str:
    count = _count(value)
    return f"{count} {noun}{'' if count == '1' else 's'}"


def _cut(text: str) -> str:
    return text if len(text) <= SHORT else text[: SHORT - 1] + "…"
