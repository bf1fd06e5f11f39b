"""The page of every request: whose it is, its fields, and an example."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable

from pydantic import BaseModel

from generating.markup import default_of, table, title, wrapped
from workorders import DESKS, VOCABULARY, Request, WorkOrder
from workorders.complaints import own_first
from workorders.description import example_text
from workorders.vocabulary import PLANNED
from workorders.words import allowed

__all__ = ["requests_page"]

ENVELOPE = tuple(WorkOrder.model_fields)


def requests_page() -> str:
    """Return the page of every request: whose it is, its fields, and an example."""
    parts = [
        title("Requests", "="),
        "Every request is a struct with the fields of the envelope and its own, side by side. An **order** asks for\n"
        "work: it is stored, answered with a receipt, and done once. A **question** is answered at once and never\n"
        "stored. *Repeat* says what may be done after a crash in the middle: ``pure`` and ``idempotent`` work is done\n"
        "again, ``never`` is looked at first.\n",
        title("The envelope", "-"),
        "The fields of every order and question.\n",
        _field_table(WorkOrder, ENVELOPE),
    ]
    for desk in ("every", *DESKS):
        served = [request for request in VOCABULARY.values() if request.desk == desk]
        planned = [name for name, home in PLANNED.items() if home == desk]
        parts.append(title("Every desk" if desk == "every" else desk, "-"))
        parts += [_request(request) for request in served]
        if planned:
            names = ", ".join(f"``{name}``" for name in planned)
            parts.append(wrapped(f"Not served by this version, and refused as such: {names}."))
    return "\n".join(parts)


def _request(request: Request) -> str:
    own = [name for name in own_first(request.model) if name not in ENVELOPE]
    facts = [request.kind, f"repeat: {request.repeat}"]
    facts += [f"lane: {request.lane}"] if request.kind == "order" else []
    facts += ["moves hardware: it must carry an id"] if request.moves_hardware else []
    facts += ["done even when the desk cannot store it"] if request.without_ledger else []
    description = textwrap.dedent("    " + (request.model.__doc__ or "").strip()).replace("`", "``")
    example = textwrap.indent(example_text(request.name), "   ")
    return "\n".join(
        [
            f".. _request-{request.name}:\n",
            title(request.name, "~"),
            f"*{'; '.join(facts)}*\n",
            f"{description}\n",
            _field_table(request.model, own) if own else "No fields beside the envelope's.\n",
            f".. code-block:: yaml\n\n{example}",
        ]
    )


def _field_table(model: type[BaseModel], names: Iterable[str]) -> str:
    rows = []
    for name in names:
        info = model.model_fields[name]
        needed = info.is_required()
        default = "needed" if needed else default_of(info.get_default(call_default_factory=name != "id"))
        meaning = info.description or ""
        words = allowed(model, [name]).removesuffix(f" ({meaning})")
        rows.append((f"``{name}``", meaning, words, default))
    return table(("Field", "Meaning and unit", "Allowed", "Default"), rows, "14 36 34 16")
