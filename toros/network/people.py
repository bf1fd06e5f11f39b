"""People in a node's identities file: written by the data manager's order, beside the daemons that are there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from toros.errors import Permanent
from toros.network.auth import changed_file
from toros.network.service import Context, Outcome
from workorders.roles import RESERVED, requests_of

if TYPE_CHECKING:
    from pathlib import Path

    from workorders.desk import Person, SaveIdentities

__all__ = ["order_save_identities", "save_people"]

SENDER = "data_manager"


def order_save_identities(order: SaveIdentities, context: Context) -> Outcome:
    """Write the people into this node's identities file.

    Raises
    ------
    Permanent
        Somebody else than the data manager orders it.
    """
    security = context.config.security
    if not security.authentication:
        return Outcome({"written": False, "reason": "this node lets everybody in"})
    if order.user != SENDER:
        raise Permanent(f"user: only {SENDER} writes the identities of people")
    path = context.config.state.expanduser() / security.identities
    if order.dry_run:
        return Outcome({"written": False, "reason": "dry run"})
    return Outcome(save_people(path, order.people, as_of=order.as_of))


def save_people(path: Path, people: list[Person], *, as_of: str) -> dict[str, Any]:
    """Replace the people in an identities file, in one step, and return what came of it.

    Identities that are no person's stay as they are: no person gets the name or the token of one. A person whom the
    file has and who is not told of any more is revoked.

    Parameters
    ----------
    path : Path
        The identities file.
    people : list of Person
        Everybody who has or had a token.
    as_of : str
        When this was true; UTC, ISO 8601. What is older than what the file has changes nothing.

    Returns
    -------
    dict
        `written`, `people` (how many may ask), and `refused`: names that are something else in this file.

    Raises
    ------
    ConfigurationError
        The file cannot be used.
    """
    with changed_file(path) as entries:
        ours = {name: entry for name, entry in entries.items() if entry.get("person") is None}
        theirs = {name: entry for name, entry in entries.items() if name not in ours}
        if any(str(entry["person"]) > as_of for entry in theirs.values()):
            return {"written": False, "reason": "this node knows of a later change"}
        taken = {name.casefold() for name in (*ours, *RESERVED)}
        tokens = {entry["sha256"] for entry in ours.values()}
        refused = [each.name for each in people if each.name.casefold() in taken or each.sha256 in tokens]
        told = {each.name: _entry(each, as_of) for each in people if each.name not in refused}
        gone = {name: entry | {"revoked": True, "person": as_of} for name, entry in theirs.items() if name not in told}
        entries.clear()
        entries.update(ours | gone | told)
    able = sum(not entry.get("revoked", False) for entry in told.values())
    return {"written": True, "people": able} | ({"refused": refused} if refused else {})


def _entry(person: Person, as_of: str) -> dict[str, Any]:
    """Return a person as the file has it: never one who speaks for others."""
    entry: dict[str, Any] = {"sha256": person.sha256, "requests": requests_of(person.role, person.requests)}
    if person.expires is not None:
        entry["expires"] = person.expires
    if person.revoked:
        entry["revoked"] = True
    return entry | {"person": as_of}
