"""The night report: the story of one alert on one page that needs nothing else, to keep and to send."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from toros.errors import Permanent, TorosError
from toros.files import Roots
from toros.portal import words
from toros.portal.gathering import Ask, ask_desk, ask_desks, gather_rows
from toros.portal.pictures import Pictures
from toros.portal.rendering import environment
from toros.portal.snapshot import Desk, look_at_desks
from toros.portal.story import Tree, tree_of
from toros.portal.timeline import Timeline, timeline_of
from toros.portal.tree import Node, build_forest, find_node, walk

if TYPE_CHECKING:
    from toros.config import Config

__all__ = ["write_night_report"]

ROWS = 5000  # orders of each desk that are looked at
PRODUCTS = 1000  # in the table
PAIRS = 4  # of pictures before and after
SMALL = 72  # pixels of a picture in the table
YEAR = 365.25 * 86400  # seconds
NUMBERS = frozenset({
    "ra", "dec", "distance_mpc", "probability", "area_deg2", "credible_level", "map_distance_mpc",
    "map_distance_error_mpc", "latency_s", "far",
})  # fmt: skip
LARGEST_ALERT = 32_000_000  # bytes


@dataclass(frozen=True)
class Process:
    """A daemon's part in the night: the desk, and the processes whose workers did its orders."""

    desk: Desk
    processes: list[str]


@dataclass(frozen=True)
class Pair:
    """A frame before and after calibration, as `data:` addresses."""

    product: Mapping[str, Any]
    before: str
    after: str


@dataclass
class Report:
    """All that the page shows; see the template."""

    tree: Tree
    root: Mapping[str, Any]
    alert: dict[str, Any] = field(default_factory=dict)
    sky: str = ""
    timeline: Timeline | None = None
    products: list[Mapping[str, Any]] = field(default_factory=list)
    small: dict[int, str] = field(default_factory=dict)
    pairs: list[Pair] = field(default_factory=list)
    unusable: list[Mapping[str, Any]] = field(default_factory=list)
    marks: list[str] = field(default_factory=list)
    daemons: list[Process] = field(default_factory=list)
    silent: Mapping[str, str] = field(default_factory=dict)
    night: str = ""
    folder: str = ""
    first_product: str = ""


def write_night_report(
    config: Config,
    root_order_id: str,
    path: Path,
    *,
    ask: Ask = ask_desk,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Path:
    """Write the story of an order and all that it caused as one HTML page, its pictures inside, and return its path.

    Parameters
    ----------
    config : Config
        Where the desks are, and the roots of the pictures.
    root_order_id : str
        The order at the top: an alert's, mostly.
    path : Path
        The page to write; an older one is replaced in one step.
    ask, now : callable, optional
        How a desk is asked, and the time.

    Raises
    ------
    Permanent
        No desk that answers knows the order.
    OSError
        The page cannot be written.
    """
    report = _gathered(config, root_order_id, ask, now)
    style = (resources.files("toros.portal") / "static" / "report.css").read_text("utf-8")
    template = environment().get_template("report.html")
    text = template.render(report=report, style=style, observatory=config.observatory, now=now())
    path.parent.mkdir(parents=True, exist_ok=True)
    number, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(number, "w", encoding="utf-8") as file:
            file.write(text)
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    return path


def _gathered(config: Config, order_id: str, ask: Ask, now: Callable[[], datetime]) -> Report:
    gathering = gather_rows(config, root=order_id, limit=ROWS, ask=ask)
    node = find_node(build_forest(gathering.rows), order_id)
    if node is None:
        silent = "".join(f"; {desk} did not answer: {reason}" for desk, reason in gathering.silent.items())
        raise Permanent(f"no desk that answers knows the order {order_id}{silent}")
    pictures = Pictures(config)
    report = Report(tree_of(node), node.row, timeline=timeline_of(node), silent=gathering.silent)
    report.alert = _alert(node, config)
    report.sky = pictures.embedded(report.alert.get("sky_plot"))
    report.products = _products(config, node, ask)
    report.pairs = _pairs(report.products, pictures)
    report.small = {p["number"]: _small(_thumbnail(p, "after"), pictures) for p in report.products}
    batches = [row.get("result") or {} for row in _rows(node, "calibrate_file_batch")]
    report.unusable = [each for batch in batches for each in _list(batch.get("unusable")) if isinstance(each, Mapping)]
    report.marks = list(dict.fromkeys(str(mark) for batch in batches for mark in _list(batch.get("marks"))))
    report.night = next((str(p["night"]) for p in report.products if p.get("night")), "")
    places = [str(p["file_location"]) for p in report.products if p.get("file_location")]
    report.folder = os.path.commonprefix(places).rpartition("/")[0]
    report.daemons = _daemons(node, look_at_desks(config, now, ask=ask))
    ends = [str(row["finished"]) for row in _rows(node, "calibrate_file_batch") if row.get("finished")]
    since = report.alert.get("time_created") or node.row.get("accepted")
    report.first_product = words.duration(words.seconds_between(since, min(ends, default="")))
    return report


def _rows(node: Node, request: str) -> list[Mapping[str, Any]]:
    return [each.row for _, each in walk([node]) if each.row.get("request") == request]


def _list(value: object) -> Sequence[Any]:
    return value if isinstance(value, list | tuple) else []


def _alert(node: Node, config: Config) -> dict[str, Any]:
    """Return what is known about the alert: the robot's result, and what the alert itself says of its event."""
    results = [row["result"] for row in _rows(node, "process_alert") if isinstance(row.get("result"), Mapping)]
    if not results:
        return {}
    alert = _sound(results[0])
    said = _spooled(alert.get("location"), config).get("event")
    said = said if isinstance(said, Mapping) else {}
    for name in ("far", "classification", "instruments", "pipeline", "group"):
        if name not in alert and said.get(name):
            alert[name] = said[name]
    kinds = alert.get("classification")
    if isinstance(kinds, Mapping):
        numbers = {str(kind): value for kind, value in kinds.items() if isinstance(value, int | float)}
        alert["classification"] = sorted(numbers.items(), key=lambda item: -item[1])
    far = alert.get("far")
    if isinstance(far, int | float) and far > 0:
        alert["far_words"] = _rate(float(far))
    return alert


def _sound(result: Mapping[str, Any]) -> dict[str, Any]:
    """Return a result without what is not of the kind that the page counts on."""
    alert = {
        name: value
        for name, value in result.items()
        if not (name in NUMBERS and (isinstance(value, bool) or not isinstance(value, int | float)))
    }
    named = [each for each in _list(alert.get("candidates")) if isinstance(each, Mapping) and "name" in each]
    alert["candidates"] = [_sound(each) for each in named] if named else []
    alert["notes"] = [str(note) for note in _list(alert.get("notes"))]
    return alert


def _rate(far: float) -> str:
    """Return a rate in hertz as people say it."""
    years = 1 / (far * YEAR)
    return f"one in {words.number(years, 2)} years" if years >= 1 else f"{words.number(1 / years, 2)} a year"


def _spooled(location: object, config: Config) -> Mapping[str, Any]:
    """Return the alert as it was kept; empty where this node does not have it."""
    try:
        with Roots(config.files.roots, config.state).open(str(location)) as file:
            found = json.loads(file.read(LARGEST_ALERT))
    except (TorosError, OSError, ValueError):
        return {}
    return found if isinstance(found, Mapping) else {}


def _products(config: Config, node: Node, ask: Ask) -> list[Mapping[str, Any]]:
    """Return the products of the tree's batches, from the data manager, the first recorded first."""
    found: list[Mapping[str, Any]] = []
    for row in _rows(node, "calibrate_file_batch"):
        after, more = 0, True
        while more and len(found) < PRODUCTS:
            question = {"request": "find_products", "batch": str(row["id"]), "after": after, "limit": 200}
            (reply,) = ask_desks(config, [("data_manager", question)], ask=ask)
            page = list(_list(reply.answer.get("products")))
            found += page
            more = bool(reply.answer.get("more")) and bool(page)
            after = page[-1]["number"] if page else after
    return found


def _thumbnail(product: Mapping[str, Any], which: str) -> object:
    thumbnails = product.get("thumbnails")
    return thumbnails.get(which) if isinstance(thumbnails, Mapping) else None


def _pairs(products: Sequence[Mapping[str, Any]], pictures: Pictures) -> list[Pair]:
    """Return a few frames before and after calibration, spread over the night."""
    able = [p for p in products if _thumbnail(p, "before") and _thumbnail(p, "after")]
    step = max(1, -(-len(able) // PAIRS))
    found = (Pair(p, *(pictures.embedded(_thumbnail(p, which)) for which in ("before", "after"))) for p in able[::step])
    return [pair for pair in found if pair.before and pair.after]


def _small(location: object, pictures: Pictures) -> str:
    """Return a picture made small for the table; empty where there is none."""
    import base64
    import io

    from PIL import Image, UnidentifiedImageError

    if not location:
        return ""
    try:
        image = Image.open(io.BytesIO(pictures.read(str(location))), formats=["PNG"])
        image.thumbnail((2 * SMALL, 2 * SMALL))
        made = io.BytesIO()
        image.save(made, "PNG", optimize=True)
    except (TorosError, OSError, UnidentifiedImageError, Image.DecompressionBombError, ValueError, SyntaxError):
        return ""
    return "data:image/png;base64," + base64.b64encode(made.getvalue()).decode("ascii")


def _daemons(node: Node, desks: Sequence[Desk]) -> list[Process]:
    """Return each desk with the processes that worked for it in this tree."""
    processes: dict[str, list[str]] = {}
    for _, each in walk([node]):
        process = words.process_of(each.row)
        seen = processes.setdefault(str(each.row.get("instance") or each.row.get("desk") or ""), [])
        if process and process not in seen:
            seen.append(process)
    return [Process(desk, processes.get(desk.name, [])) for desk in desks]
