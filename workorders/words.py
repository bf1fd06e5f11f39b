"""What a field may hold, in words: for refusals, for `describe`, and for the reference."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from pydantic import BaseModel

__all__ = ["allowed", "schema_of"]


@cache
def schema_of(model: type[BaseModel]) -> Mapping[str, Any]:
    """Return a model's JSON Schema; treat it as read-only."""
    return model.model_json_schema()


def allowed(model: type[BaseModel], place: Sequence[str | int]) -> str:
    """Return in words what the field at `place` may hold; empty where there is none."""
    whole = schema_of(model)
    schema: Mapping[str, Any] = whole
    description = ""
    for part in place:
        schema = _flat(_inside(schema, part), whole)
        description = schema.get("description", description)
    words = _words(schema, whole)
    return f"{words} ({description})" if schema.get("type") in ("integer", "number") and description else words


def _inside(schema: Mapping[str, Any], part: str | int) -> Mapping[str, Any]:
    """Return the schema of one field, of an item of a list, or of a value of a dict."""
    if part in schema.get("properties", {}):
        return schema["properties"][part]  # type: ignore[no-any-return]
    if part == "[key]":
        return schema.get("propertyNames", {})  # type: ignore[no-any-return]
    inner: Any = schema.get("items") or next(iter(schema.get("patternProperties", {}).values()), {})
    return inner if isinstance(inner, Mapping) else {}


def _flat(schema: Mapping[str, Any], whole: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a schema with its reference followed, and without the choice of null, which is never sent."""
    if "$ref" in schema:
        schema = {**whole["$defs"][schema["$ref"].rpartition("/")[2]], **schema}
    choices = [choice for choice in schema.get("anyOf", ()) if choice.get("type") != "null"]
    return {**_flat(choices[0], whole), **schema} if choices else schema


def _words(schema: Mapping[str, Any], whole: Mapping[str, Any]) -> str:
    kind = schema.get("type")
    if "words" in schema:
        return str(schema["words"])
    if "enum" in schema or "const" in schema:
        return ", ".join(str(choice) for choice in schema.get("enum", [schema.get("const")]))
    if kind in ("integer", "number"):
        return ("a whole number" if kind == "integer" else "a finite number") + _range(schema)
    if kind == "string" and "maxLength" in schema:
        return f"text of {schema.get('minLength', 0)} to {schema['maxLength']} characters"
    if kind == "array":
        items = _words(_flat(schema.get("items", {}), whole), whole)
        return f"a list of at most {schema['maxItems']}, each: {items}"
    if kind == "object" and "properties" in schema:
        return f"a struct of {', '.join(schema['properties'])}"
    return {"boolean": "true or false", "object": "a struct", "string": "text"}.get(str(kind), "")


def _range(schema: Mapping[str, Any]) -> str:
    """Return the bounds of a number, such as ` from 0 to below 360`."""
    low = f" from {schema['minimum']}" if "minimum" in schema else ""
    low = f" above {schema['exclusiveMinimum']}" if "exclusiveMinimum" in schema else low
    high = f" to {schema['maximum']}" if "maximum" in schema else ""
    return low + (f" to below {schema['exclusiveMaximum']}" if "exclusiveMaximum" in schema else high)
