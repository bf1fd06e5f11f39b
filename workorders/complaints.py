"""What pydantic says about an order, in our words: one refusal with the field, the value and what is allowed."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import PydanticCustomError

from workorders.refusal import FaultCode, Refusal
from workorders.words import allowed

__all__ = ["one_of", "own_first", "refusal_of"]

LONGEST = 64  # characters of a field's name that are quoted

# What is wrong, by the beginning of pydantic's name for it; the first that fits is taken.
REASONS = (
    ("greater_than", "is out of range"),
    ("less_than", "is out of range"),
    ("finite_number", "is not a finite number"),
    ("literal_error", "is not one of the choices"),
    ("string_pattern_mismatch", "is not written as it must be"),
    ("string_too", "has the wrong length"),
    ("string_unicode", "is not text that can be written"),
    ("too_", "has the wrong number of items"),
    ("int_from_float", "is not a whole number"),
)


def one_of(order: BaseModel, *fields: str) -> None:
    """Raise ValueError unless exactly one of the fields is given."""
    given = [field for field in fields if getattr(order, field) is not None]
    if len(given) != 1:
        names = " or ".join(fields)
        raise PydanticCustomError(
            "one_of",
            "gives {count} of {names}, where one is needed",
            {"count": len(given) or "none", "names": names, "field": fields[0], "allowed": f"one of the two: {names}"},
        )


def refusal_of(error: ValidationError, model: type[BaseModel], name: str, spellings: Mapping[str, str]) -> Refusal:
    """Return pydantic's most telling complaint as a refusal.

    Parameters
    ----------
    error : ValidationError
        What pydantic found.
    model : type of BaseModel
        The request's model.
    name : str
        The request's name.
    spellings : mapping
        Today's name of each field that came under an older one, with that older name.
    """
    details = error.errors(include_url=False)
    unknown = [detail for detail in details if detail["type"] == "extra_forbidden"]
    detail = (unknown or details)[0]  # a field that is misspelt explains the one that is missing
    place = [part for part in detail["loc"] if part != "[key]"]
    field = ".".join(str(part) for part in place)
    if unknown:
        return _unknown(field, place, detail["input"], model, name, spellings)
    if detail["type"] == "missing":
        return Refusal(FaultCode.MISSING_FIELD, f"{name} needs {field}", field=field, allowed=allowed(model, place))
    context = detail.get("ctx", {})
    if detail["type"] == "one_of":
        return Refusal(
            FaultCode.BAD_VALUE, f"{name} {detail['msg']}", field=context["field"], allowed=context["allowed"]
        )
    older = f" (written {spellings[field]})" if field in spellings else ""
    return Refusal(
        FaultCode.BAD_VALUE,
        f"{name}: {field}{older} {_reason(detail)}",
        field=field, value=detail["input"], allowed=allowed(model, detail["loc"]),
    )  # fmt: skip


def _reason(detail: Mapping[str, Any]) -> str:
    kind = detail["type"]
    if kind == "value_error":
        return str(detail["ctx"]["error"])
    return next((reason for start, reason in REASONS if kind.startswith(start)), "is of the wrong type")


def _unknown(
    field: str,
    place: list[Any],
    value: object,
    model: type[BaseModel],
    name: str,
    spellings: Mapping[str, str],
) -> Refusal:
    """Return the refusal of a field that does not exist, with the nearest that does."""
    known = allowed(model, place[:-1]).removeprefix("a struct of ") if place[:-1] else ", ".join(own_first(model))
    near = difflib.get_close_matches(str(place[-1]).lower()[:LONGEST], known.split(", "), n=1, cutoff=0.6)
    hint = f", did you mean {near[0]}?" if near else ""
    shown = _readable(spellings.get(field, field))
    return Refusal(
        FaultCode.UNKNOWN_FIELD, f"{name} has no field {shown}{hint}", field=shown, value=value, allowed=known
    )


def _readable(field: str) -> str:
    """Return a stranger's field name so that it can stand in a sentence."""
    return field if field.isprintable() and 0 < len(field) <= LONGEST else repr(field[:LONGEST])


def own_first(model: type[BaseModel]) -> list[str]:
    """Return a model's fields, its own before the envelope's."""
    own = [name for name in model.model_fields if name in model.__annotations__ and name != "request"]
    return [*own, *(name for name in model.model_fields if name not in own)]
