"""Reading a YAML file into plain values that remember the line they stand on."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from toros.errors import ConfigurationError

__all__ = ["Key", "Written", "read"]

Key = tuple[str | int, ...]

LARGEST = 256_000  # bytes; the commented default file has about 8 kB
MOST_VALUES = 10_000  # aliases expand, so values are counted, not characters
DEEPEST = 12

_TAG = "tag:yaml.org,2002:"
# YAML 1.1 takes 1e6 for text and 12:30 for the number 750; people mean the opposite.
_EXPONENT = re.compile(r"[-+]?\d+(\.\d*)?[eE][-+]?\d+")
_ODD_NUMBER = re.compile(r".*:|[-+]?0[0-7_]+$")


@dataclass
class Written:
    """What a file says.

    Attributes
    ----------
    file : Path
        The file.
    values : dict
        Its plain values.
    lines : dict of key to int
        The line (from 1) on which each key stands.
    """

    file: Path
    values: dict[str, Any] = field(default_factory=dict)
    lines: dict[Key, int] = field(default_factory=dict)

    def error(self, key: Key, sentence: str) -> ConfigurationError:
        """Return the error of a key: file, line, and the sentence."""
        known = next((key[:n] for n in range(len(key), 0, -1) if key[:n] in self.lines), None)
        place = f"{self.file}, line {self.lines[known]}" if known else str(self.file)
        return ConfigurationError(f"{place}: {sentence}")


def read(file: Path) -> Written:
    """Read a YAML mapping with the safe types only.

    Raises
    ------
    ConfigurationError
        The file cannot be read, is too large, is not YAML, is no mapping, or gives a key twice.
    """
    written = Written(file)
    node = _composed(file, _text(file))
    if node is None:
        return written
    if not isinstance(node, yaml.MappingNode):
        raise ConfigurationError(
            f"{file}, line {_line(node)}: the file must be a mapping of keys such as state: /var/lib"
        )
    written.values = _Reader(written).mapping(node, ())
    return written


def _text(file: Path) -> str:
    try:
        with file.open("rb") as stream:
            content = stream.read(LARGEST + 1)
    except OSError as error:
        raise ConfigurationError(f"{file}: the configuration cannot be read ({error.strerror})") from None
    if len(content) > LARGEST:
        raise ConfigurationError(f"{file}: the configuration is too large; allowed: up to {LARGEST} bytes")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ConfigurationError(f"{file}, line {line}: the configuration is not text; allowed: UTF-8") from None


def _composed(file: Path, text: str) -> yaml.Node | None:
    try:
        return yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f"{file}, line {mark.line + 1}" if mark else str(file)
        problem = error.problem or "not YAML"
        if "'\\t'" in problem:
            problem = "a tab; allowed: indent with spaces"
        raise ConfigurationError(f"{place}: {problem}") from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise ConfigurationError(f"{file}, line {line}: a control character; allowed: plain text") from None
    except RecursionError:
        raise ConfigurationError(f"{file}: nested too deeply; allowed: {DEEPEST} levels") from None


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1


class _Reader:
    """Turns composed nodes into plain values, and counts them as it goes."""

    def __init__(self, written: Written) -> None:
        self.written = written
        self.count = 0

    def mapping(self, node: yaml.MappingNode, at: Key) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for name_node, value_node in node.value:
            if not isinstance(name_node, yaml.ScalarNode):
                raise self._error(name_node, "a key must be a word")
            name = str(name_node.value)
            key = (*at, name)
            if name in values:
                raise self._error(name_node, f"{_dotted(key)} is given twice (first on line {self.written.lines[key]})")
            self.written.lines[key] = _line(name_node)
            values[name] = self.value(value_node, key)
        return values

    def value(self, node: yaml.Node, key: Key) -> Any:
        self.count += 1
        if self.count > MOST_VALUES:
            raise self._error(node, f"too many values; allowed: {MOST_VALUES}, aliases counted each time")
        if len(key) > DEEPEST:
            raise self._error(node, f"nested too deeply; allowed: {DEEPEST} levels")
        if isinstance(node, yaml.MappingNode) and node.tag == _TAG + "map":
            return self.mapping(node, key)
        if isinstance(node, yaml.SequenceNode) and node.tag == _TAG + "seq":
            self.written.lines.update({(*key, i): _line(item) for i, item in enumerate(node.value)})
            return [self.value(item, (*key, i)) for i, item in enumerate(node.value)]
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node, key)
        raise self._error(node, f"{_dotted(key)} has the tag {node.tag}; allowed: plain values")

    def _scalar(self, node: yaml.ScalarNode, key: Key) -> Any:
        kind, text = node.tag.removeprefix(_TAG), str(node.value)
        if kind in ("null", "bool"):
            return yaml.SafeLoader("").construct_object(node)
        if kind in ("int", "float") and not _ODD_NUMBER.match(text):
            try:
                return yaml.SafeLoader("").construct_object(node)
            except ValueError:  # more digits than Python reads
                raise self._error(node, f"{_dotted(key)} is no number that can be read") from None
        if kind == "str" and node.style is None and _EXPONENT.fullmatch(text):
            return float(text)
        if kind in ("str", "int", "float", "timestamp"):
            return text
        raise self._error(node, f"{_dotted(key)} has the tag {node.tag}; allowed: plain values")

    def _error(self, node: yaml.Node, sentence: str) -> ConfigurationError:
        return ConfigurationError(f"{self.written.file}, line {_line(node)}: {sentence}")


def _dotted(key: Key) -> str:
    return ".".join(str(part) for part in key)
