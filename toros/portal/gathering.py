"""Asking every desk of the network at once, and bearing with those that do not answer."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from toros.config import Config, ServiceName

__all__ = ["Ask", "Gathering", "Reply", "ask_desk", "ask_desks", "gather_rows"]

TIMEOUT = 3.0  # seconds that a desk may take to answer before it counts as down
PAGE = 500  # rows asked for at once
GENERATIONS = 64  # of orders causing orders that are followed; a bound against desks that invent them

Question = tuple[ServiceName, str, str | None]  # desk, which telescope of another node, order at the top
Ask = Callable[[Config, ServiceName, Mapping[str, Any]], Mapping[str, Any]]


@dataclass(frozen=True)
class Reply:
    """What a desk answered, or why it did not.

    Attributes
    ----------
    answer : mapping
        Empty where the desk is silent.
    silent : str
        The reason, in one sentence; empty where it answered.
    """

    answer: Mapping[str, Any] = field(default_factory=dict)
    silent: str = ""


@dataclass(frozen=True)
class Gathering:
    """Orders of all desks that answered.

    Attributes
    ----------
    rows : list of mapping
        For `toros.portal.tree.build_forest`.
    silent : mapping of service to str
        The desks that did not answer, and why.
    """

    rows: list[Mapping[str, Any]]
    silent: Mapping[str, str]


def ask_desk(config: Config, service: ServiceName, body: Mapping[str, Any]) -> Mapping[str, Any]:
    """Ask one desk a question with this node's token.

    Raises
    ------
    TorosError or Refusal
        The desk is down, slow, or will not answer this.
    """
    from toros.network.client import client_of

    with client_of(config, service, timeout=TIMEOUT, instance=body.get("to")) as client:
        return client.front_desk(body)


def ask_desks(
    config: Config, questions: Iterable[tuple[ServiceName, Mapping[str, Any]]], *, ask: Ask = ask_desk
) -> list[Reply]:
    """Put several questions at the same time; a desk that is down gives its reason, never an exception."""
    asked = list(questions)
    if not asked:
        return []
    with ThreadPoolExecutor(min(8, len(asked)), "ask") as pool:
        return list(pool.map(partial(_reply, config, ask), *zip(*asked, strict=True)))


def _reply(config: Config, ask: Ask, service: ServiceName, body: Mapping[str, Any]) -> Reply:
    from toros.errors import TorosError
    from workorders import Refusal

    try:
        return Reply(ask(config, service, body))
    except (TorosError, Refusal, OSError) as error:
        return Reply(silent=str(error) or type(error).__name__)


def gather_rows(config: Config, *, root: str | None = None, limit: int = 200, ask: Ask = ask_desk) -> Gathering:
    """Ask all desks for their latest orders, or for one tree wherever it has grown.

    Parameters
    ----------
    config : Config
        Where the desks are.
    root : str, optional
        The order at the top of the tree; the latest of every desk where absent.
    limit : int
        Most rows of each desk; of a tree, most rows altogether of each desk and generation.
    ask : callable, optional
        How a desk is asked.
    """
    body: dict[str, Any] = {"request": "list_orders"}
    if root is not None:
        body["root"] = root
    questions: list[tuple[ServiceName, Mapping[str, Any]]] = [(service, body) for service in config.services]
    asked: set[Question] = {(service, "", root) for service in config.services}
    rows: dict[tuple[str, str], Mapping[str, Any]] = {}
    silent: dict[str, str] = {}
    for _ in range(GENERATIONS):
        for row in _pages(config, questions, limit, ask, silent):
            rows[str(row["id"]), str(row.get("desk"))] = row
        if root is None:
            break
        onward = {question for question in _onward(rows, config) - asked if _who(*question[:2]) not in silent}
        if not onward:
            break
        asked |= onward
        questions = [
            (desk, body | {"root": parent} | ({"to": to} if to else {})) for desk, to, parent in sorted(onward)
        ]
    return Gathering(list(rows.values()), silent)


def _onward(rows: Mapping[tuple[str, str], Mapping[str, Any]], config: Config) -> set[Question]:
    """Return whom to ask next: those that hold children which nobody has told about, with the parent's id."""
    return {
        (parcel["desk"], _elsewhere(parcel, config), str(row["id"]))
        for row in rows.values()
        for parcel in row.get("onward", ())
        if parcel.get("desk") in config.services and (str(parcel["id"]), parcel["desk"]) not in rows
    }


def _elsewhere(parcel: Mapping[str, Any], config: Config) -> str:
    """Return the name of another node's telescope where an order went to one, else nothing."""
    to = str(parcel.get("to", ""))
    one = config.telescopes.get(to) if parcel["desk"] == "telescope" else None
    return to if one is not None and one.http is not None else ""


def _body(to: str, root: str | None) -> dict[str, Any]:
    return {"request": "list_orders", "root": root} | ({"to": to} if to else {})


def _who(service: str, to: str) -> str:
    """Return a desk's name for those who are told that it is silent."""
    return f"{service} {to}" if to else service


def _pages(
    config: Config,
    questions: list[tuple[ServiceName, Mapping[str, Any]]],
    limit: int,
    ask: Ask,
    silent: dict[str, str],
) -> list[Mapping[str, Any]]:
    """Put the questions and turn the pages of each answer until `limit` rows; note who was silent."""
    rows: list[Mapping[str, Any]] = []
    taken = [0] * len(questions)
    open_questions = [(i, service, dict(body, limit=min(PAGE, limit))) for i, (service, body) in enumerate(questions)]
    while open_questions:
        replies = ask_desks(config, [(service, body) for _, service, body in open_questions], ask=ask)
        following = []
        for (i, service, body), reply in zip(open_questions, replies, strict=True):
            if reply.silent:
                silent[_who(service, body.get("to", ""))] = reply.silent
                continue
            page = list(reply.answer.get("orders", ()))
            rows.extend(page)
            taken[i] += len(page)
            if reply.answer.get("more") and page and taken[i] < limit:
                body = {**body, "before": page[-1]["id"], "limit": min(PAGE, limit - taken[i])}
                following.append((i, service, body))
        open_questions = following
    return rows
