"""What each role of a person may ask: the one place that says it.

A node's identities file lists the requests of each identity; those of a person follow from the role, narrowed where the
person's token is for less.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, get_args

from workorders.vocabulary import DESKS, VOCABULARY

__all__ = ["NOBODY", "OPERATOR", "RESERVED", "ROLES", "Role", "RoleName", "requests_of"]

RoleName = Literal["observer", "scientist", "admin"]
OPERATOR = "operator"  # the identity that `toros init` makes: an administrator before there are people
NOBODY = "anonymous"  # what a desk calls who did not say
RESERVED = frozenset({*DESKS, OPERATOR, NOBODY})  # names that no person has
EVERYTHING = "*"


@dataclass(frozen=True)
class Role:
    """What a person of this role may do.

    Attributes
    ----------
    desks : frozenset of str
        All that these desks take as orders, but for what is of administrators alone.
    requests : frozenset of str
        Orders beside these.
    everything : bool
        Every request of every desk, and every row: nothing is hidden.
    """

    desks: frozenset[str] = frozenset()
    requests: frozenset[str] = frozenset()
    everything: bool = False


ROLES: Mapping[str, Role] = MappingProxyType(
    {
        "observer": Role(frozenset({"telescope", "data_manager"}), frozenset({"calibrate_file_batch"})),
        "scientist": Role(frozenset({"alert_robot", "preprocessor", "harvester", "data_manager"})),
        "admin": Role(everything=True),
    }
)
assert set(ROLES) == set(get_args(RoleName))

# Orders show what everybody has asked, private targets too, and end other people's work; the rest is between daemons.
ADMINISTRATION = frozenset(
    {
        "list_orders",
        "cancel",
        "retry",
        "save_identities",
        "call_hook",
        "process_product",
        "follow_observations",
        "send_notice",
        "move_in",
    }
)


def requests_of(role: str, only: Iterable[str] = ()) -> list[str]:
    """Return the requests that a role may ask, sorted; all of them is "*".

    Parameters
    ----------
    role : str
        One of `ROLES`.
    only : iterable of str, optional
        Narrow them to these: what a token is for.
    """
    wanted = frozenset(only)
    if ROLES[role].everything:
        return sorted(wanted) or [EVERYTHING]
    may = {name for name in VOCABULARY if _may(ROLES[role], name)}
    return sorted(may & wanted if wanted else may)


def _may(role: Role, name: str) -> bool:
    request = VOCABULARY[name]
    if name in ADMINISTRATION:
        return False
    return request.kind == "question" or request.desk in role.desks or name in role.requests
