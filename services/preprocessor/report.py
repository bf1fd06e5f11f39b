"""What an order's result tells about a batch, and what is kept of its files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from toros.reduction.batch import Batch
from toros.reduction.batch_product import Product
from toros.reduction.inventory import Inventory, Seen, Unusable
from toros.reduction.masters import Master
from toros.reduction.night_sky import FieldTrend

__all__ = ["frame_rows", "intention", "kept_marks", "result_of", "together"]

PUT_ASIDE = "put aside: listed here"  # behind the number of such files
MOST_MARKS = 100
MOST_FIELDS = 100  # whose trend a result tells
KINDS = ("bias", "dark", "flat", "light", "masters")


def intention(name: str, inventory: Inventory, batch: Batch, *, lights: bool) -> dict[str, Any]:
    """Return what would be done."""
    counts = {kind: len(getattr(inventory, kind)) for kind in KINDS}
    found = ", ".join(f"{n} {kind}" for kind, n in counts.items() if n)
    what = f"calibrate {counts['light']} lights with masters from what there is" if lights else "make masters"
    return {
        "batch": name,
        "would": f"{what}: {found}",
        "lights": counts["light"],
        "calibrated": 0,
        "masters": 0,
        "unusable": _plain(batch.unusable),
        "marks": kept_marks([*batch.marks, *(m for s in inventory.light for m in s.frame.marks)]),
    }


def result_of(
    name: str,
    lights: int,
    batch: Batch,
    products: Sequence[Product],
    masters: Sequence[Master],
    trends: Sequence[FieldTrend] = (),
) -> dict[str, Any]:
    """Return what was done."""
    calibrated = [p for p in products if p.kind == "calibrated"]
    result = {
        "batch": name,
        "lights": lights,
        "calibrated": len(calibrated),
        "masters": len(masters),
        "unusable": _plain(batch.unusable),
        "marks": kept_marks([*_aside(batch.unusable), *batch.marks, *(m for p in products for m in p.marks)]),
    }
    return {**result, "trend": [one.summary() for one in trends][:MOST_FIELDS]} if trends else result


def together(earlier: Mapping[str, Any], later: Mapping[str, Any]) -> dict[str, Any]:
    """Return the result of a batch that was finished before, and of what was added to it."""
    marks = [*later["marks"], *(mark for mark in earlier["marks"] if PUT_ASIDE not in mark)]
    sums = {key: earlier[key] + later[key] for key in ("calibrated", "masters")}
    lights = earlier["calibrated"] + later["lights"]  # a light that failed before is among the later ones
    return {
        **_trend(earlier),
        **later,
        **sums,
        "lights": lights,
        "marks": kept_marks(marks),
        "added": later["calibrated"],
    }


def _trend(result: Mapping[str, Any]) -> dict[str, Any]:
    return {"trend": result["trend"]} if "trend" in result else {}


def frame_rows(inventory: Inventory, unusable: Iterable[Unusable]) -> list[Mapping[str, Any]]:
    """Return the rows that say what each file is, or why it cannot be used."""
    usable = [*inventory.bias, *inventory.dark, *inventory.flat, *inventory.light, *inventory.masters]
    rows: dict[str, Mapping[str, Any]] = {
        s.file: {"file": s.file, "kind": _kind(s), "master": s.frame.master, "sha256": s.sha256, "state": "usable"}
        for s in usable
    }
    for u in unusable:
        rows[u.file] = {"file": u.file[:255], "master": False, "state": "unusable", "reason": u.reason[:1000]}
    return list(rows.values())


def _kind(seen: Seen) -> str:
    """Return the kind as a row of frames has it."""
    return "mask" if seen.frame.kind == "bad_pixels" else seen.frame.kind


def kept_marks(marks: Iterable[str]) -> list[str]:
    """Return each mark once, no longer and no more than an order carries."""
    return [mark[:500] for mark in dict.fromkeys(marks)][:MOST_MARKS]


def _aside(unusable: Sequence[Unusable]) -> list[str]:
    if not unusable:
        return []
    files = "1 file was" if len(unusable) == 1 else f"{len(unusable)} files were"
    return [f"{files} {PUT_ASIDE}, left where they are"]


def _plain(unusable: Iterable[Unusable]) -> list[dict[str, str]]:
    return [{"file": u.file, "reason": u.reason} for u in sorted(unusable, key=lambda u: u.file)]
