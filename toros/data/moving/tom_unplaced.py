"""What a TOM Toolkit remembers and nothing here does: told row by row, so that nobody believes that it came along."""

from __future__ import annotations

from collections.abc import Iterator

from toros.data.moving.plain import plain_text
from toros.data.moving.source import Record, Source
from toros.data.targets.importing.problems import Problem

__all__ = ["UNPLACED", "unplaced"]

UNPLACED = {  # tables, and what one and all of their rows are called
    "django_comments": ("comment", "comments"),
    "tom_alerts_brokerquery": ("broker query", "broker_queries"),
    "tom_dataservices_dataservicequery": ("data service query", "data_service_queries"),
    "tom_targets_persistentshare": ("persistent share", "persistent_shares"),
}
TELLING = ("comment", "name", "destination")  # columns that a person knows a row by


def unplaced(source: Source, name: str, after: int) -> Iterator[list[Problem]]:
    """Yield the rows of a table behind one, some at a time, each as a row that is not taken.

    Parameters
    ----------
    source : Source
    name : str
        One of `UNPLACED`.
    after : int
        Rows up to this `id` are left out.
    """
    table = source.table(name, columns=("id",))
    if table is not None:
        for page in source.pages(table, after=after):
            yield [_told(row, UNPLACED[name][0]) for row in page]


def _told(row: Record, noun: str) -> Problem:
    field = next((column for column in TELLING if column in row), "id")
    return Problem(row["id"], f"the {noun} {row['id']} has no place here", field, plain_text(row[field], 60))
