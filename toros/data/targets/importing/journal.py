"""How far an import has come, in a folder of its own: what is done is not done again after a crash."""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from toros.data.targets.importing.problems import Problem

__all__ = ["Journal", "Progress"]

HEADER = ("line", "field", "value", "allowed", "message")


@dataclass
class Progress:
    """How far an import has come.

    Attributes
    ----------
    records : int
        Rows of the file that are done, refused ones too.
    counts : Counter
        Of `new`, `same`, `changed` and `refused` rows, and of those `listed`.
    bytes : int
        Length of the report of what was refused.
    parts : dict
        Of what follows on the rows: how far each part has come, and its counts.
    """

    records: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    bytes: int = 0
    parts: dict[str, dict[str, int]] = field(default_factory=dict)


class Journal:
    """Progress of one import, and the report of every row that was refused (`refused.csv`).

    It is written after each chunk is durable. After a crash in between, that one chunk is taken again, and its new
    targets are counted as the same.

    Parameters
    ----------
    folder : Path
        Its own; made where it is not there.
    file : Path or None
        What is imported; where it has changed since, the import begins anew. None of what is no file.
    """

    def __init__(self, folder: Path, file: Path | None) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.report = folder / "refused.csv"
        self._state = folder / "progress.json"
        seen = file.stat() if file is not None else None
        self._file = [seen.st_size, seen.st_mtime_ns] if seen is not None else []
        self.progress = self._recalled()
        self._begin_report()

    def done(self, records: int, counts: Counter[str], problems: Iterable[Problem]) -> None:
        """Remember that some more rows are done."""
        found = list(problems)
        if found:
            with self.report.open("a", encoding="utf-8", newline="") as stream:
                writer = csv.writer(stream)
                writer.writerows([p.line, p.field, p.value, p.allowed, p.message] for p in found)
        self.progress.records += records
        self.progress.counts.update(counts)
        self.progress.counts["refused"] += len(found)
        self.progress.bytes = self.report.stat().st_size
        told = {"file": self._file, "records": self.progress.records, "counts": self.progress.counts,
                "bytes": self.progress.bytes, "parts": self.progress.parts}  # fmt: skip
        beside = self._state.with_suffix(".new")
        beside.write_text(json.dumps(told), encoding="utf-8")
        beside.replace(self._state)

    def first_problems(self, most: int) -> list[dict[str, Any]]:
        """Return the first rows that were refused, as plain values."""
        found: list[dict[str, Any]] = []
        with self.report.open(encoding="utf-8", newline="") as stream:
            for row in csv.DictReader(stream):
                if len(found) == most:
                    break
                told = Problem(int(row["line"]), row["message"], row["field"], row["value"], row["allowed"])
                found.append(told.plain())
        return found

    def _recalled(self) -> Progress:
        try:
            told = json.loads(self._state.read_text(encoding="utf-8"))
            if told["file"] == self._file and self.report.stat().st_size >= told["bytes"]:
                return Progress(told["records"], Counter(told["counts"]), told["bytes"], told.get("parts", {}))
        except (OSError, ValueError, KeyError, TypeError):
            pass
        return Progress()

    def _begin_report(self) -> None:
        """Leave in the report what the progress knows of."""
        if self.progress.bytes:
            with self.report.open("r+b") as stream:
                stream.truncate(self.progress.bytes)
            return
        with self.report.open("w", encoding="utf-8", newline="") as stream:
            csv.writer(stream).writerow(HEADER)
        self.progress.bytes = self.report.stat().st_size
