"""The tree of orders: from an alert to its products, whatever desks they went through."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

__all__ = ["Node", "build_forest", "find_node", "tally", "walk"]

Row = Mapping[str, Any]
Key = tuple[str, str]  # id, desk: two desks may hold orders of the same name

ON_ITS_WAY = {
    "waiting": "not delivered yet",
    "delivered": "delivered; its desk has not told about it",
    "parked": "refused by its desk",
}


@dataclass(frozen=True)
class Node:
    """One order and what it has caused.

    Attributes
    ----------
    row : mapping
        As a desk's `list_orders` tells it. Orders that no desk has told about have a row too, with what is known:
        `state` is "waiting", "delivered" or "parked" for one on its way from its parent's outbox, and "unknown" for a
        parent that others name.
    children : tuple of Node
        The orders that it caused, the earliest first.
    """

    row: Row
    children: tuple[Node, ...] = ()

    @property
    def id(self) -> str:
        """The order's id."""
        return str(self.row["id"])

    @property
    def state(self) -> str:
        """The order's state; see `row`."""
        return str(self.row.get("state", "unknown"))

    @property
    def told(self) -> bool:
        """True where a desk has told about it, False where it is only known by hearsay."""
        return "accepted" in self.row


def build_forest(rows: Iterable[Row]) -> list[Node]:
    """Return the trees that these rows make, the latest first; the order of the rows does not matter.

    A row seen twice counts once, at its latest. Orders on their way, and parents that nobody has told about, get
    nodes of their own. Orders that name one another in a circle are cut open at the earliest.

    Parameters
    ----------
    rows : iterable of mapping
        Orders as `list_orders` tells them, of any desks.
    """
    known = _latest(rows)
    known.update(_on_their_way(known))
    known.update(_unknown_parents(known))
    parent_of = _parents(known)
    children: dict[Key | None, list[Key]] = defaultdict(list)
    for key in known:
        children[parent_of.get(key)].append(key)
    nodes: dict[Key, Node] = {}
    for key in _leaves_first(children):
        below = sorted((nodes[child] for child in children[key]), key=_age)
        nodes[key] = Node(known[key], tuple(below))
    return sorted((nodes[key] for key in children[None]), key=_tree_age, reverse=True)


def walk(nodes: Sequence[Node], depth: int = 0) -> Iterator[tuple[int, Node]]:
    """Go through trees from the top, each node with its depth; trees of any depth."""
    waiting = [(depth, node) for node in reversed(nodes)]
    while waiting:
        at, node = waiting.pop()
        yield at, node
        waiting.extend((at + 1, child) for child in reversed(node.children))


def find_node(nodes: Sequence[Node], order_id: str) -> Node | None:
    """Return the node of this order; one that a desk has told about rather than one of hearsay."""
    found = [node for _, node in walk(nodes) if node.id == order_id]
    return max(found, key=lambda node: node.told, default=None)


def tally(nodes: Sequence[Node]) -> Counter[str]:
    """Count the orders of these trees by state."""
    return Counter(node.state for _, node in walk(nodes))


def _latest(rows: Iterable[Row]) -> dict[Key, Row]:
    """Return the rows by id and desk; of one told twice, the one that is further in its life."""
    known: dict[Key, Row] = {}
    for row in rows:
        key = _key(row)
        if key not in known or _progress(row) > _progress(known[key]):
            known[key] = row
    return known


def _key(row: Row) -> Key:
    return str(row["id"]), str(row.get("desk", ""))


def _progress(row: Row) -> tuple[str, ...]:
    """Return what grows while an order lives; the text at the end makes the choice total."""
    delivered = sum(parcel.get("state") != "waiting" for parcel in row.get("onward", ()))
    return (
        str(row.get("finished", "")),
        str(row.get("started", "")),
        f"{row.get('attempts', 0):09}",
        f"{row.get('fraction', 0.0):.6f}",
        f"{delivered:09}",
        repr(sorted(row.items(), key=lambda item: item[0])),
    )


def _on_their_way(known: Mapping[Key, Row]) -> dict[Key, Row]:
    """Return rows for orders in somebody's outbox that no desk has told about."""
    told = {key[0] for key in known}
    found: dict[Key, Row] = {}
    for key in sorted(known):
        row = known[key]
        for parcel in row.get("onward", ()):
            if str(parcel["id"]) in told:
                continue
            state = str(parcel.get("state", "waiting"))
            pseudo = {**parcel, "parent": row["id"], "reason": parcel.get("reason") or ON_ITS_WAY.get(state, "")}
            found.setdefault(_key(pseudo), pseudo)
    return found


def _unknown_parents(known: Mapping[Key, Row]) -> dict[Key, Row]:
    """Return rows for parents that are named but that no desk has told about."""
    ids = {key[0] for key in known}
    named = {str(row["parent"]) for row in known.values() if row.get("parent")}
    reason = "no desk that answered knows this order"
    return {(name, ""): {"id": name, "state": "unknown", "reason": reason} for name in named - ids}


def _parents(known: Mapping[Key, Row]) -> dict[Key, Key]:
    """Return each order's parent; circles are cut open at their earliest order."""
    by_id: dict[str, list[Key]] = defaultdict(list)
    for key in sorted(known, key=lambda key: (_time(known[key]), key)):
        by_id[key[0]].append(key)
    sent_by: dict[tuple[str, str], Key] = {}
    for key in sorted(known):
        for parcel in known[key].get("onward", ()):
            sent_by.setdefault((key[0], str(parcel["id"])), key)
    parent_of: dict[Key, Key] = {}
    for key, row in known.items():
        name = str(row.get("parent") or "")
        if name in by_id:
            parent_of[key] = sent_by.get((name, key[0]), by_id[name][0])
    return _without_circles(parent_of, known)


def _without_circles(parent_of: dict[Key, Key], known: Mapping[Key, Row]) -> dict[Key, Key]:
    safe: set[Key] = set()
    for start in sorted(parent_of):
        path: list[Key] = []
        key: Key | None = start
        while key is not None and key not in safe and key not in path:
            path.append(key)
            key = parent_of.get(key)
        if key is not None and key in path:
            circle = path[path.index(key) :]
            del parent_of[min(circle, key=lambda each: (_time(known[each]), each))]
        safe.update(path)
    return parent_of


def _leaves_first(children: Mapping[Key | None, list[Key]]) -> list[Key]:
    """Return every order after all that it has caused."""
    order: list[Key] = list(children.get(None, ()))
    for key in order:
        order.extend(children.get(key, ()))
    return order[::-1]


def _time(row: Row) -> str:
    return str(row.get("accepted") or row.get("datetime") or "")


def _age(node: Node) -> tuple[str, str, str]:
    """Sort key of siblings: by acceptance, those on their way last."""
    return (_time(node.row) or "9999", *_key(node.row))


def _tree_age(node: Node) -> tuple[str, str, str]:
    """Sort key of trees: of one whose top is unknown, its earliest order's."""
    times = [_time(node.row), *(_time(child.row) for child in node.children)]
    return (min((time for time in times if time), default=""), *_key(node.row))
