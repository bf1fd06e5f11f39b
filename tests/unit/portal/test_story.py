"""Trees made ready to be drawn: balanced steps, folds, words of the whole."""

from __future__ import annotations

from tests.unit.portal.network import night
from tests.unit.portal.rows import parcel, row
from toros.portal.story import DEEPEST, draw, line_of, overall_state, tree_of
from toros.portal.timeline import timeline_of
from toros.portal.tree import build_forest


def kinds(steps: object) -> str:
    short = {"order": "o", "end": ".", "down": "(", "up": ")", "fold": "[", "unfold": "]"}
    return "".join(short[step.kind] for step in steps)  # type: ignore[attr-defined]


def test_a_night_is_drawn_with_its_products_folded() -> None:
    (node,) = build_forest(night())
    tree = tree_of(node)
    assert kinds(tree.steps) == "o(o(o([" + "o." * 10 + "]o.).).)."
    fold = next(step for step in tree.steps if step.kind == "fold")
    assert fold.count == 10
    assert (tree.title, tree.began, tree.lasted) == ("MS261120ab", "2026-11-20 02:00:00", "6 min 30 s")
    assert tree.counts == [("waiting", 1), ("done", 13)]
    assert tree.state == "waiting"


def test_orders_that_differ_are_not_folded() -> None:
    rows = [row(f"N{i}", "portal", "retry", 1, parent="T", state="buried" if i % 2 else "done") for i in range(8)]
    (node,) = build_forest([row("T", "portal", "retry", 0), *rows])
    assert "[" not in kinds(draw([node]))


def test_a_very_deep_tree_is_drawn_flat_below_and_stays_balanced() -> None:
    rows = [row(f"N{i}", "portal", "retry", 0, **({"parent": f"N{i - 1}"} if i else {})) for i in range(300)]
    written = kinds(draw(build_forest(rows)))
    assert written.count("(") == written.count(")") == DEEPEST
    assert written.count("o") == written.count(".") == 300


def test_a_line_says_when_how_long_and_by_whom() -> None:
    (node,) = build_forest(night())
    line = line_of(node.children[0], "2026-11-20T02:00:00.000")
    assert (line.accepted, line.after, line.took, line.process) == ("02:01:00", "+1 min 00 s", "30 s", "401")


def test_trouble_speaks_for_a_tree_before_success() -> None:
    rows = [row("A", "portal", "retry", 0), row("B", "portal", "retry", 1, parent="A", state="buried", reason="no")]
    assert overall_state(build_forest(rows)[0]) == "buried"
    rows.append(row("C", "portal", "retry", 1, parent="A", state="running"))
    assert overall_state(build_forest(rows)[0]) == "running"


def test_a_timeline_has_a_bar_a_kind_of_order_on_one_axis() -> None:
    timeline = timeline_of(build_forest(night())[0])
    assert timeline is not None
    assert [(bar.name, bar.count) for bar in timeline.bars] == [
        ("process_alert", 1), ("observation", 1), ("calibrate_file_batch", 1), ("ingest_data_product", 10),
    ]  # fmt: skip
    assert timeline.bars[-1].end == 1000
    assert all(0 <= bar.asked <= bar.start <= bar.end <= 1000 for bar in timeline.bars)
    assert timeline.ticks[0] == (0, "0")
    assert 3 <= len(timeline.ticks) <= 8


def test_no_timeline_before_anything_has_ended() -> None:
    waiting = row("A", "portal", "retry", 0, parcel("B", "portal", "retry"), state="queued", started="", finished="")
    assert timeline_of(build_forest([waiting])[0]) is None


def test_a_timeline_of_a_blink_and_of_a_month() -> None:
    for minutes in (0, 60 * 24 * 30):
        late = row("B", "portal", "retry", 0, parent="A")
        late["finished"] = f"2026-{11 + bool(minutes)}-20T02:00:00.{600:03}"
        first = row("A", "portal", "retry", 0, finished="2026-11-20T02:00:00.510")
        timeline = timeline_of(build_forest([first, late])[0])
        assert timeline is not None and 2 <= len(timeline.ticks) <= 12
