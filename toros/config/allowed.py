"""What a setting may hold, in words: for errors and for the reference."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from toros.config.settings import Config

__all__ = ["allowed", "names_in", "schema_of"]


def schema_of(key: Sequence[str | int]) -> Mapping[str, Any]:
    """Return the JSON Schema of the setting at `key`; empty where there is none."""
    whole = Config.model_json_schema()
    schema = _flat(whole, whole)
    for part in key:
        schema = _flat(schema.get("properties", {}).get(part) or _each(schema), whole)
    return schema


def _each(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the schema of each value of a dict or list."""
    patterns = schema.get("patternProperties")
    inner = next(iter(patterns.values())) if patterns else schema.get("additionalProperties") or schema.get("items")
    return inner if isinstance(inner, Mapping) else {}


def _flat(schema: Mapping[str, Any], whole: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a schema with its reference followed and `null` left out of its choices."""
    if "$ref" in schema:
        schema = {**whole["$defs"][schema["$ref"].rpartition("/")[2]], **schema}
    choices = [choice for choice in schema.get("anyOf", ()) if choice.get("type") != "null"]
    return {**_flat(choices[0], whole), **schema} if choices else schema


def names_in(key: Sequence[str | int]) -> list[str]:
    """Return the keys that the section at `key` may hold."""
    schema = schema_of(key)
    return list(schema.get("properties") or schema.get("propertyNames", {}).get("enum", ()))


def allowed(schema: Mapping[str, Any]) -> str:
    """Return what a schema allows, in words."""
    if "words" in schema:
        return str(schema["words"])
    if "enum" in schema:
        return " or ".join(str(choice) for choice in schema["enum"])
    kind = schema.get("type")
    if kind in ("integer", "number"):
        return f"{'a whole number' if kind == 'integer' else 'a number'}{_range(schema)}"
    if kind == "string":
        return f"text of {schema.get('minLength', 0)} to {schema['maxLength']} characters"
    if kind == "array":
        return f"a list of at most {schema['maxItems']}: {allowed(schema.get('items', {}))}"
    return {"boolean": "true or false", "object": "a mapping of keys"}.get(str(kind), "see the reference of settings")


def _range(schema: Mapping[str, Any]) -> str:
    """Return the bounds of a number, such as ` from 1 to 65535`."""
    low = f" from {schema['minimum']}" if "minimum" in schema else ""
    low = f" above {schema['exclusiveMinimum']}" if "exclusiveMinimum" in schema else low
    high = f" to {schema['maximum']}" if "maximum" in schema else ""
    return low + (f" to below {schema['exclusiveMaximum']}" if "exclusiveMaximum" in schema else high)
