"""Given rows of orders, what is printed tells their story and cannot steer a terminal."""

from __future__ import annotations

import io

from rich.console import Console

from toros.cli.screen import clean, order_line, orders_table, orders_tree, plain_line, told
from toros.portal.tree import build_forest

ALERT = {
    "id": "A", "request": "process_alert", "desk": "alert_robot", "state": "done",
    "accepted": "2026-11-20T02:00:00.000", "started": "2026-11-20T02:00:00.100",
    "finished": "2026-11-20T02:00:01.300", "worker": "alert_robot@host:41",
    "result": {"event": "MS261120a", "galaxy": "NGC4993"},
    "onward": [{"id": "B", "desk": "telescope", "request": "observation", "state": "delivered"}],
}  # fmt: skip
OBSERVATION = {
    "id": "B", "request": "observation", "desk": "telescope", "state": "running", "parent": "A", "attempts": 2,
    "accepted": "2026-11-20T02:00:02.000", "worker": "telescope@host:42", "fraction": 0.25, "message": "light 1",
    "onward": [{"id": "C", "desk": "preprocessor", "request": "calibrate_file_batch", "state": "parked",
                "reason": "it has no such field"}],
}  # fmt: skip


def drawn(thing: object) -> str:
    console = Console(file=io.StringIO(), width=160, color_system=None)
    console.print(thing)
    out = console.file
    assert isinstance(out, io.StringIO)
    return out.getvalue()


def test_a_tree_tells_state_process_time_and_reason_of_every_order() -> None:
    lines = drawn(orders_tree(build_forest([OBSERVATION, ALERT]), "tonight")).splitlines()
    assert lines[0] == "tonight"
    for line, parts in zip(
        lines[1:],
        [
            ("└── ", "done", "process_alert", "pid 41", "1.2 s", "MS261120a", "NGC4993"),
            ("    └── ", "running", "observation", "telescope", "pid 42", "2 tries", "25% light 1"),
            ("        └── ", "parked", "calibrate_file_batch", "preprocessor", "it has no such field"),
        ],
        strict=True,
    ):
        assert line.startswith(parts[0])
        assert all(part in line for part in parts)


def test_a_tree_of_any_depth_can_be_drawn() -> None:
    rows = [{"id": f"{i:04}", "request": "observation", "desk": "telescope", "state": "done",
             "accepted": f"2026-11-20T02:{i // 60:02}:{i % 60:02}"} for i in range(300)]  # fmt: skip
    for i, row in enumerate(rows[1:]):
        row["parent"] = rows[i]["id"]
    assert drawn(orders_tree(build_forest(rows))).count("observation") >= 30


def test_what_a_stranger_wrote_is_shown_and_not_obeyed() -> None:
    row = {"id": "x\x1b[2J", "request": "\x1b]0;owned\x07", "desk": "[red]d[/]", "state": "buried",
           "reason": "[bold]no[/]\r\n\x1b[31m"}  # fmt: skip
    for text in (
        plain_line(row),
        drawn(order_line(row)),
        drawn(orders_table([row])),
        drawn(orders_tree(build_forest([row]))),
    ):
        assert "\x1b" not in text
        assert "\x07" not in text
        assert "[bold]no[/]" in text
    assert clean("Großhadern ± 2 °") == "Großhadern ± 2 °"


def test_lists_are_told_a_line_an_item() -> None:
    assert told(["one\x1b[2J", "two"]) == "one [2J\ntwo"
    assert told([{"file": "a.fits", "reason": "is\nempty"}]) == "a.fits: is empty"
    assert told({"frames": 2, "filter": "r"}) == "frames 2, filter r"
    assert (told([]), told(7.5)) == ("", "7.5")
