"""What can be asked, as plain values that any XML-RPC client can read: the answer to `describe`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib.resources import files
from typing import Any

from workorders.envelope import VERSION
from workorders.vocabulary import PLANNED, VOCABULARY, Request
from workorders.words import schema_of

__all__ = ["describe", "example_text"]

WIDEST = 2**31  # XML-RPC's int has 32 bits


def describe(service: str | None = None, named: str | None = None) -> dict[str, Any]:
    """Return the language, or a part of it, with a JSON Schema for each request.

    Parameters
    ----------
    service : str, optional
        Only what this desk takes, and what every desk does.
    named : str, optional
        Only this request.

    Returns
    -------
    dict
        `language` (its version) and `requests`: by name, `desk`, `served` and, where it is served, `kind`, `repeat`,
        `lane`, `summary`, `moves_hardware`, `without_ledger` and `schema`. What is planned for a later version says
        `served: False`. There is no None and no integer beyond 32 bits in it.
    """
    requests = {name: entry for name, entry in _entries(service) if named in (None, name)}
    return {"language": VERSION, "requests": requests}


def example_text(name: str) -> str:
    """Return the example of a request: a commented YAML file; empty where there is none."""
    file = files("workorders") / "examples" / f"{name}.yaml"
    return file.read_text(encoding="utf-8") if name in VOCABULARY and file.is_file() else ""


def _entries(service: str | None) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, request in VOCABULARY.items():
        if service is None or request.desk in ("every", service):
            yield name, _served(request)
    for name, desk in PLANNED.items():
        if service in (None, desk):
            yield name, {"desk": desk, "served": False}


def _served(request: Request) -> dict[str, Any]:
    return {
        "desk": request.desk,
        "served": True,
        "kind": request.kind,
        "repeat": request.repeat,
        "lane": request.lane,
        "summary": request.summary,
        "moves_hardware": request.moves_hardware,
        "without_ledger": request.without_ledger,
        "schema": _plain(schema_of(request.model)),
    }


def _plain(value: Any) -> Any:
    """Return a schema as XML-RPC can carry it; null, which means absent, is no choice of its own."""
    if isinstance(value, Mapping):
        value = _without_null(value)
        return {name: _plain(item) for name, item in value.items() if item is not None}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    wide = isinstance(value, int) and not isinstance(value, bool) and not -WIDEST <= value < WIDEST
    return float(value) if wide else value


def _without_null(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    choices = schema.get("anyOf")
    if not isinstance(choices, list):
        return schema
    (kept,) = [choice for choice in choices if choice.get("type") != "null"]
    return {**kept, **{name: item for name, item in schema.items() if name != "anyOf"}}
