"""The tree of orders: any rows, in any order, make the same trees."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.unit.portal.rows import Row, night, parcel, row
from toros.portal.tree import Node, build_forest, find_node, tally, walk


def shape(nodes: list[Node]) -> list[tuple[int, str, str]]:
    return [(depth, node.id, node.state) for depth, node in walk(nodes)]


def test_a_night_reads_from_the_alert_to_its_products() -> None:
    assert shape(build_forest(night())) == [
        (0, "A", "done"),
        (1, "O", "done"),
        (2, "B", "done"),
        (3, "P", "done"),
        (3, "Q", "done"),
    ]


def test_the_latest_tree_comes_first() -> None:
    later = row("Z", "telescope", "observation", 50)
    assert [node.id for node in build_forest([*night(), later])] == ["Z", "A"]


def test_an_order_on_its_way_hangs_below_its_sender_with_its_reason() -> None:
    waiting = parcel("B", "preprocessor", "calibrate_file_batch", "waiting", reason="the peer is down")
    rows = [row("O", "telescope", "observation", 1, waiting)]
    (tree,) = build_forest(rows)
    (child,) = tree.children
    assert (child.id, child.state, child.row["reason"], child.told) == ("B", "waiting", "the peer is down", False)
    assert child.row["parent"] == "O"


def test_an_order_that_arrived_takes_the_place_of_its_parcel() -> None:
    rows = night()[:2]
    (tree,) = build_forest(rows)
    assert shape([tree])[-1] == (2, "B", "delivered")
    (tree,) = build_forest([*rows, row("B", "preprocessor", "calibrate_file_batch", 5, parent="O", state="running")])
    assert shape([tree])[-1] == (2, "B", "running")


def test_orders_of_a_parent_that_nobody_tells_about_stay_together() -> None:
    (tree,) = build_forest(night()[3:])
    assert shape([tree]) == [(0, "B", "unknown"), (1, "P", "done"), (1, "Q", "done")]
    assert not tree.told


def test_a_row_told_twice_counts_once_at_its_latest() -> None:
    young = row("A", "alert_robot", "process_alert", 0, state="running", finished="", fraction=0.2)
    for rows in ([young, *night()], [*night(), young]):
        assert tally(build_forest(rows)) == {"done": 5}


def test_orders_of_one_name_at_two_desks_stay_two_and_children_find_the_one_that_sent_them() -> None:
    first = row("X", "alert_robot", "process_alert", 0)
    sender = row("X", "telescope", "observation", 5, parcel("C", "preprocessor", "calibrate_file_batch"))
    child = row("C", "preprocessor", "calibrate_file_batch", 6, parent="X")
    forest = build_forest([first, sender, child])
    assert {node.row["desk"]: [c.id for c in node.children] for node in forest} == {
        "alert_robot": [],
        "telescope": ["C"],
    }


def test_an_order_that_names_itself_or_a_circle_is_shown_once() -> None:
    selfish = row("S", "portal", "retry", 0, parent="S")
    circle = [row("X", "portal", "retry", 1, parent="Y"), row("Y", "portal", "retry", 2, parent="X")]
    assert shape(build_forest([selfish, *circle])) == [(0, "X", "done"), (1, "Y", "done"), (0, "S", "done")]


def test_a_very_long_chain_is_no_trouble() -> None:
    rows = [row(f"N{i}", "portal", "retry", 0, **({"parent": f"N{i - 1}"} if i else {})) for i in range(5000)]
    forest = build_forest(rows)
    assert len(forest) == 1
    assert sum(1 for _ in walk(forest)) == 5000
    assert max(depth for depth, _ in walk(forest)) == 4999


def test_find_node_prefers_an_order_that_was_told_about() -> None:
    forest = build_forest(night())
    node = find_node(forest, "B")
    assert node is not None and node.told and [child.id for child in node.children] == ["P", "Q"]
    assert find_node(forest, "nowhere") is None


names = st.sampled_from("ABCDEFGH")
desks = st.sampled_from(["alert_robot", "telescope", "preprocessor"])


@st.composite
def any_rows(draw: st.DrawFn) -> list[Row]:
    """Draw rows with any parents, circles, doubles, parcels and missing parts."""
    rows: list[Row] = []
    for _ in range(draw(st.integers(0, 12))):
        more: dict[str, Any] = {}
        if draw(st.booleans()):
            more["parent"] = draw(names)
        if draw(st.booleans()):
            more["state"] = draw(st.sampled_from(["queued", "running", "done", "buried"]))
        onward = [
            parcel(draw(names), draw(desks), "observation", draw(st.sampled_from(["waiting", "delivered", "parked"])))
            for _ in range(draw(st.integers(0, 2)))
        ]
        rows.append(row(draw(names), draw(desks), "observation", draw(st.integers(0, 90)), *onward, **more))
    return rows


@given(st.data())
def test_any_permutation_of_rows_gives_the_same_forest(data: st.DataObject) -> None:
    rows = data.draw(any_rows())
    assert build_forest(data.draw(st.permutations(rows))) == build_forest(rows)


@given(any_rows())
def test_every_order_is_shown_exactly_once(rows: list[Row]) -> None:
    shown = [(node.id, node.row.get("desk")) for _, node in walk(build_forest(rows)) if node.told]
    assert sorted(shown) == sorted({(each["id"], each["desk"]) for each in rows})
