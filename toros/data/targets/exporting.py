"""Writing targets into tables, in the columns of the TOM Toolkit and BHTOM; reading them again loses nothing.

Written is what can be said of a target, without blanks at the ends of texts. What follows from it (galactic
coordinates, constellation) and what is ours to give (number, owner, times of creation) is left out.
"""

from __future__ import annotations

import csv
import io
import json
import warnings
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from toros.data.tables import Target, TargetExtra, TargetGroup, TargetTag
from toros.data.targets.importing.columns import NUMBERS, Column, column_of
from toros.data.targets.importing.rows import guessed
from toros.data.targets.names import names_of
from toros.errors import Permanent

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

__all__ = ["Spool", "spooled", "write_table"]

ALWAYS = ("name", "type", "ra", "dec")
OPTIONAL = (
    "epoch", "pm_ra", "pm_dec", "parallax", "scheme", "epoch_of_elements", "inclination", "lng_asc_node",
    "arg_of_perihelion", "eccentricity", "mean_anomaly", "semimajor_axis", "mean_daily_motion", "perihdist",
    "epoch_of_perihelion", "importance", "cadence", "classification", "description", "permissions", "groups", "tags",
    "last_mjd", "last_magnitude",
)  # fmt: skip
IN_CAPITALS = ("scheme", "permissions")  # as the TOM Toolkit writes them
CHUNK = 400  # values in one query; SQLite's oldest limit is 999
Cells = dict[str, str | float]


class Spool:
    """Targets on their way into a table: gathered in a file, while it turns out which columns there are.

    Parameters
    ----------
    path : Path
        File for the rows, one a line.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.targets = 0
        self._columns: dict[str, None] = {}
        self._stream: io.TextIOWrapper | None = None

    @property
    def titles(self) -> dict[str, str]:
        """How each column that holds something is called in the table, the fields first.

        The kind of an extra is told where one would be mistaken without it.
        """
        fields = [name for name in (*ALWAYS, *OPTIONAL) if name in ALWAYS or name in self._columns]
        told = {name: name for name in fields}
        kinds: dict[str, set[str]] = {}
        others = sorted(name for name in self._columns if name not in told)
        for name in others:
            column = column_of(name)
            if column.role == "extra":
                kinds.setdefault(column.name, set()).add(column.kind)
        for name in others:
            column = column_of(name)
            if column.role != "extra":
                told[name] = name
            elif kinds[column.name] in ({"guessed"}, {"number"}) and _means(column.name, Column("extra", column.name)):
                told[name] = column.name
            else:
                told[name] = f"extra:{column.name}:{'text' if column.kind == 'guessed' else column.kind}"
        return told

    def __enter__(self) -> Spool:
        self._stream = self.path.open("w", encoding="utf-8")
        return self

    def __exit__(self, *exception: object) -> None:
        assert self._stream is not None
        self._stream.close()
        self._stream = None

    def add(self, cells: Cells) -> None:
        """Add a target."""
        assert self._stream is not None
        self._columns.update(dict.fromkeys(cells))
        self.targets += 1
        self._stream.write(json.dumps(cells) + "\n")

    def rows(self) -> Iterator[Cells]:
        """Yield the targets."""
        with self.path.open(encoding="utf-8") as stream:
            for line in stream:
                yield json.loads(line)


def spooled(session: Session, numbers: Sequence[int], spool: Spool) -> None:
    """Gather targets, in the order of their numbers given; one that is gone is left out."""
    rows: dict[int, Mapping[Any, Any]] = {}
    hanging: dict[str, dict[int, list[Any]]] = {"tags": {}, "groups": {}, "extras": {}}
    for start in range(0, len(numbers), CHUNK):
        some = numbers[start : start + CHUNK]
        for row in session.execute(select(Target.__table__).where(Target.number.in_(some))).mappings():
            rows[row["number"]] = row
        for tag in session.scalars(select(TargetTag).where(TargetTag.target.in_(some)).order_by(TargetTag.tag)):
            hanging["tags"].setdefault(tag.target, []).append(tag.tag)
        groups = select(TargetGroup).where(TargetGroup.target.in_(some)).order_by(TargetGroup.group_name)
        for group in session.scalars(groups):
            hanging["groups"].setdefault(group.target, []).append(group.group_name)
        for extra in session.scalars(select(TargetExtra).where(TargetExtra.target.in_(some))):
            hanging["extras"].setdefault(extra.target, []).append((extra.name, getattr(extra, extra.kind)))
    aliases = names_of(session, numbers)
    for number in numbers:
        if number in rows:
            about = {name: found.get(number, []) for name, found in hanging.items()}
            spool.add(_cells(rows[number], aliases.get(number, []), about))


def write_table(spool: Spool, kind: str, path: Path) -> None:
    """Write what was gathered as a table: csv, ecsv or votable."""
    if kind == "csv":
        with path.open("w", encoding="utf-8", newline="") as stream:
            titles = spool.titles
            writer = csv.DictWriter(stream, list(dict.fromkeys(titles.values())), restval="")
            writer.writeheader()
            for cells in spool.rows():
                writer.writerow({titles[name]: _written(value) for name, value in cells.items()})
        return
    if kind not in ("ecsv", "votable"):
        raise Permanent(f"format: {kind!r} is not written; allowed: csv, ecsv, votable")
    _write_with_astropy(spool, kind, path)


def _write_with_astropy(spool: Spool, kind: str, path: Path) -> None:
    import numpy as np
    from astropy.table import MaskedColumn, Table

    from toros.data.targets.importing.tables import UNITS

    titles = spool.titles
    numeric = {title for name, title in titles.items() if _is_number(name)}
    rows = [{titles[name]: value for name, value in cells.items()} for cells in spool.rows()]
    table = Table()
    for name in dict.fromkeys(titles.values()):
        values = [cells.get(name) for cells in rows]
        unit = UNITS.get(column_of(name).name) if column_of(name).role == "field" else None
        if name in numeric:
            numbers = np.array([np.nan if value is None else value for value in values], dtype=float)
            table[name] = MaskedColumn(numbers, mask=np.isnan(numbers), unit=unit)
        else:
            texts = np.array(["" if value is None else value for value in values], dtype=str)
            table[name] = MaskedColumn(texts, mask=[value is None for value in values])
    if kind == "ecsv":
        table.write(path, format="ascii.ecsv", overwrite=True)
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # identifiers are made of the names, which are kept beside them
        table.write(path, format="votable", overwrite=True)


def _is_number(name: str) -> bool:
    column = column_of(name)
    return column.name in NUMBERS if column.role == "field" else column.kind == "number"


def _cells(row: Mapping[Any, Any], aliases: Sequence[Mapping[str, str]], about: Mapping[str, list[Any]]) -> Cells:
    """Return the cells of one target, by column; what is not known is left out."""
    cells: Cells = {"type": "SIDEREAL" if row["scheme"] is None else "NON_SIDEREAL", "permissions": row["access"]}
    for name in (*ALWAYS, *OPTIONAL):
        if row.get(name) is not None:
            cells[name] = row[name]
    for name in IN_CAPITALS:
        if name in cells:
            cells[name] = str(cells[name]).upper()
    for name in ("groups", "tags"):
        if about[name]:
            cells[name] = _joined(about[name])
    seen: Counter[str] = Counter()
    for alias in aliases:
        source = alias.get("source", "")
        seen[source] += 1
        cells[_alias_column(source, seen[source])] = alias["name"]
    for name, value in about["extras"]:
        if value != "":
            cells[_extra_column(name, value)] = value if isinstance(value, float) else _text(value)
    return cells


def _alias_column(source: str, which: int) -> str:
    if not source:
        return f"name{which}"
    usual = f"{source}_name{which if which > 1 else ''}"
    return usual if _means(usual, Column("alias", source)) else f"alias:{source}:{which}"


def _extra_column(name: str, value: str | float | bool) -> str:
    """Return the column for an extra; it says the kind of numbers and truths, and where a text looks like one."""
    kind = "truth" if isinstance(value, bool) else "number" if isinstance(value, float) else "text"
    plain = kind == "text" and isinstance(value, str) and value == value.strip() and guessed(value) == value
    return name if plain and _means(name, Column("extra", name)) else f"extra:{name}:{kind}"


def _means(name: str, column: Column) -> bool:
    try:
        return column_of(name) == column
    except Permanent:
        return False


def _joined(words: Sequence[str]) -> str:
    stream = io.StringIO()
    csv.writer(stream, lineterminator="").writerow(words)
    return stream.getvalue()


def _written(value: str | float) -> str:
    return value if isinstance(value, str) else repr(value)


def _text(value: str | bool) -> str:
    return str(value).lower() if isinstance(value, bool) else value
