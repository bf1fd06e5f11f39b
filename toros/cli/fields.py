"""Work orders from the words of a command line, and from files."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from workorders import VOCABULARY, Refusal
from workorders.refusal import FaultCode

__all__ = ["fields_of_file", "fields_of_words", "looks_like_a_file"]

INTEGER = re.compile(r"^[+-]?\d+$")
NUMBER = re.compile(r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$")
CONSTANTS: Mapping[str, Any] = {"true": True, "false": False, "null": None, "~": None, "": None}


def looks_like_a_file(word: str) -> bool:
    """True where the word names a file of orders, or standard input (`-`), and not a request."""
    return word == "-" or word.endswith((".yaml", ".yml", ".json")) or "/" in word


def fields_of_words(words: Iterable[str], request: str | None = None) -> dict[str, Any]:
    """Read `key=value` words.

    A value is a YAML scalar: a number, true, false, null, or text; times and sexagesimal angles stay text. `@file` is
    the file's text, `@-` standard input; what begins with `{` or `[` is JSON. Where `request` takes text in a field,
    the value is text whatever it looks like; quotes around it are taken off.

    Raises
    ------
    Refusal
        A word without `=`, a key twice, a file that cannot be read.
    """
    texts = _text_fields(request)
    fields: dict[str, Any] = {}
    for word in words:
        key, equals, value = word.partition("=")
        key = key.strip()
        if not equals or not key:
            raise Refusal(FaultCode.BAD_VALUE, f"{word!r} is not of the form key=value", allowed="such as ra=197.45")
        if key in fields:
            raise Refusal(FaultCode.BAD_VALUE, "this field is given twice", field=key)
        fields[key] = _value(key, value, as_text=key in texts)
    return {key: value for key, value in fields.items() if value is not None}


def fields_of_file(name: str) -> list[dict[str, Any]]:
    """Read the orders of a YAML or JSON file, or of standard input (`-`): one, a list, or several documents.

    Raises
    ------
    Refusal
        The file cannot be read, is not YAML, or holds something else than orders.
    """
    import yaml

    text = _text_of(name)
    try:
        documents = list(yaml.load_all(text, Loader=_plain_loader()))
    except yaml.YAMLError as error:
        raise Refusal(FaultCode.MALFORMED, f"{name} is not YAML: {' '.join(str(error).split())}") from None
    orders: list[dict[str, Any]] = []
    for document in documents:
        orders.extend(document if isinstance(document, list) else [document])
    if not orders or not all(isinstance(order, dict) for order in orders):
        raise Refusal(FaultCode.MALFORMED, f"{name} holds no work order", allowed="one order, or a list of orders")
    return orders


def _value(key: str, text: str, *, as_text: bool) -> Any:
    if text.startswith("@"):
        return _text_of(text[1:])
    if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"":
        return text[1:-1]
    if as_text:
        return text
    if text.startswith(("{", "[")):
        try:
            return json.loads(text)
        except ValueError as error:
            raise Refusal(FaultCode.BAD_VALUE, f"not JSON: {error}", field=key, value=text) from None
    return _scalar(text)


def _scalar(text: str) -> Any:
    if text.lower() in CONSTANTS:
        return CONSTANTS[text.lower()]
    if INTEGER.match(text):
        return int(text)
    return float(text) if NUMBER.match(text) else text


def _text_of(name: str) -> str:
    if name == "-":
        return sys.stdin.read()
    try:
        return Path(name).expanduser().read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not a text file"
        raise Refusal(FaultCode.BAD_VALUE, f"{name} cannot be read: {reason}") from None


def _text_fields(request: str | None) -> set[str]:
    """Return the fields of a request that take text and nothing else."""
    entry = VOCABULARY.get(request or "")
    if entry is None:
        return set()
    properties: Mapping[str, Mapping[str, Any]] = entry.model.model_json_schema()["properties"]
    return {name for name, schema in properties.items() if set(_kinds(schema)) <= {"string", "null"}}


def _kinds(schema: Mapping[str, Any]) -> Sequence[str]:
    if "anyOf" in schema:
        return [kind for choice in schema["anyOf"] for kind in _kinds(choice)]
    return [str(schema.get("type", "any"))]


def _plain_loader() -> Any:
    """Return YAML's safe loader without its own idea of times, so that 2026-11-20 stays text."""
    import yaml

    class PlainLoader(yaml.SafeLoader):
        pass

    PlainLoader.yaml_implicit_resolvers = {
        first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith(":timestamp")]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }
    return PlainLoader
