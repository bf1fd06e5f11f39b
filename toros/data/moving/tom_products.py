"""The data products of a TOM Toolkit: files of its media folder, of a target and perhaps of an observation."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from toros.data.moving.plain import plain_text
from toros.data.moving.source import Source
from workorders.data import FRAMES

if TYPE_CHECKING:
    from toros.data.moving.tom import TomDatabase

__all__ = ["TomProduct", "TomProducts"]

NEEDED = ("id", "target_id", "data", "data_product_type")
OURS = {"image_file": "image", "spectrum": "spectroscopy"}
ANOTHER = "other"  # the type of what says none


@dataclass(frozen=True)
class TomProduct:
    """One row.

    Attributes
    ----------
    id, target : int
        Its row there, and that of its target.
    path : str
        Of its file, below the media folder.
    product_type : str
        In our words.
    observation : str or None
        What the facility calls its observation.
    groups : list of str
        Groups of people that alone may see it; none where all may who see its target.
    tags : list of str
        The groups of products that it is in.
    description : str
    """

    id: int
    target: int
    path: str
    product_type: str
    observation: str | None
    groups: list[str]
    tags: list[str]
    description: str


class TomProducts:
    """The table of data products, with their groups.

    Parameters
    ----------
    tom : TomDatabase
    """

    def __init__(self, tom: TomDatabase) -> None:
        self._tom, self._source = tom, tom.source
        source: Source = tom.source
        self._products = source.table("tom_dataproducts_dataproduct", columns=NEEDED)
        self._members = source.table(
            "tom_dataproducts_dataproduct_group", columns=("id", "dataproduct_id", "dataproductgroup_id")
        )
        self._groups = source.table("tom_dataproducts_dataproductgroup", columns=("id", "name"))
        self._records = source.table("tom_observations_observationrecord")

    def count(self) -> int:
        """Return how many products there are."""
        return self._source.count(self._products)

    def pages(self, after: int) -> Iterator[list[TomProduct]]:
        """Yield the products behind a row, some at a time."""
        if self._products is None:
            return
        for page in self._source.pages(self._products, after=after, size=100):
            numbers = [row["id"] for row in page]
            people, tags = self._tom.groups(("dataproduct",), numbers), self._tags(numbers)
            records = self._observations([row.get("observation_record_id") for row in page])
            yield [
                TomProduct(
                    row["id"], row["target_id"], str(row["data"] or ""), _type(row["data_product_type"]),
                    records.get(row.get("observation_record_id")), people.get(row["id"], []), tags.get(row["id"], []),
                    plain_text(row.get("extra_data"), 2000),
                )
                for row in page
            ]  # fmt: skip

    def paths(self, numbers: list[Any]) -> dict[Any, str]:
        """Return the paths of products, by their rows."""
        rows = self._source.hanging(self._products, "id", sorted(numbers))
        return {number: str(found[0]["data"] or "") for number, found in rows.items()}

    def _tags(self, numbers: list[Any]) -> dict[Any, list[str]]:
        members = self._source.hanging(self._members, "dataproduct_id", numbers)
        wanted = sorted({row["dataproductgroup_id"] for rows in members.values() for row in rows})
        names = self._source.hanging(self._groups, "id", wanted)
        return {
            number: [plain_text(names[row["dataproductgroup_id"]][0]["name"], 128) for row in rows
                     if row["dataproductgroup_id"] in names]
            for number, rows in members.items()
        }  # fmt: skip

    def _observations(self, numbers: list[Any]) -> dict[Any, str]:
        if self._records is None:
            return {}
        table = self._records
        query = sa.select(table.c.id, table.c.observation_id).where(table.c.id.in_([n for n in numbers if n]))
        return {row["id"]: plain_text(row["observation_id"], 128) or f"tom:{row['id']}"
                for row in self._source.all(query)}  # fmt: skip


def _type(cell: object) -> str:
    """Return a type in our words: small letters, digits and _; never that of a frame of our own reduction."""
    word = re.sub("[^a-z0-9]+", "_", plain_text(cell, 60).casefold()).strip("_")
    word = OURS.get(word, word) or ANOTHER
    return f"tom_{word}" if word in FRAMES or not word[0].isalpha() else word
