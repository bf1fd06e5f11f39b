"""Alerts that came as an Avro file, as SCiMMA's broker carries them."""

from __future__ import annotations

import base64
import io
import json
from typing import Any

from toros.alerts.fields import decoded
from toros.errors import Unreadable

__all__ = ["MAGIC", "decoded_avro"]

MAGIC = b"Obj\x01"
SIMPLE = ("null", "boolean", "int", "long", "float", "double", "bytes", "string")
MOST_PARTS = 1000  # LVK's schema has some 40
OPEN = 0  # parts of a type whose definition has not ended
CODEC = ("null", "")  # a compressed file of a megabyte may hold gigabytes


def decoded_avro(content: bytes) -> dict[str, Any]:
    """Return the one record of a file, its maps in base 64: just what the same alert is as JSON.

    Raises
    ------
    Unreadable
        It is damaged, compressed, holds another number of records, or its schema allows what has no end.
    """
    try:
        import fastavro
    except ImportError:
        raise Unreadable("the alert is Avro, which is read where the package fastavro is installed") from None
    try:
        reader = fastavro.reader(io.BytesIO(content))
        _check(reader.codec, reader.writer_schema)
        first, second = next(reader, None), next(reader, None)
    except Unreadable:
        raise
    except Exception as error:  # noqa: BLE001 - fastavro raises almost anything over a damaged file
        raise Unreadable(f"the alert is a damaged Avro file: {type(error).__name__} {str(error)[:120]}") from None
    if not isinstance(first, dict) or second is not None:
        raise Unreadable("the alert is an Avro file, but not of one record")
    return decoded(json.dumps(first, default=_plain))


def _plain(value: object) -> str:
    return base64.b64encode(value).decode() if isinstance(value, bytes) else str(value)


def _check(codec: str, schema: Any) -> None:
    if (codec or "") not in CODEC:
        raise Unreadable(f"the alert is an Avro file compressed with {codec[:20]}; only uncompressed ones are read")
    parts = _parts(schema, {})
    if parts > MOST_PARTS:
        raise Unreadable(f"the alert's Avro schema has {parts} parts, more than the {MOST_PARTS} that are read")


def _parts(schema: Any, known: dict[str, int]) -> int:
    """Return how many parts a record may have besides the entries of its lists; `known` holds those of named types.

    Types that hold themselves, and lists of what takes no byte, would have no end: both are refused.
    """
    if isinstance(schema, list):
        return sum(_parts(each, known) for each in schema)
    if isinstance(schema, str):
        return 1 if schema in SIMPLE else _named(schema, known)
    if schema["type"] in ("record", "error", "enum", "fixed"):
        name = _last(schema["name"])
        if name in known:
            raise Unreadable(f"the alert's Avro schema has two types called {name[:60]!r}")
        known[name] = OPEN
        known[name] = 1 + sum(_parts(field["type"], known) for field in schema.get("fields", ()))
        return known[name]
    if schema["type"] in ("array", "map"):
        items = schema.get("items", schema.get("values"))
        kind = items["type"] if isinstance(items, dict) else items
        if kind not in SIMPLE or kind == "null":
            raise Unreadable("the alert's Avro schema has a list of neither numbers nor texts, which alerts never have")
        return 1
    return _parts(schema["type"], known)


def _named(name: str, known: dict[str, int]) -> int:
    parts = known.get(_last(name), OPEN)
    if parts == OPEN:
        raise Unreadable(f"the alert's Avro schema refers to {name[:60]!r}, which is not defined before")
    return parts


def _last(name: str) -> str:
    return name.rpartition(".")[2]
