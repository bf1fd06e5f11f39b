"""The database of torosmanager, our forerunner: nights of frames, and what was made of them."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any

from toros.data.moving.plain import plain_text
from toros.data.moving.source import Record, Source
from toros.data.targets.importing.problems import Problem
from toros.errors import Permanent

__all__ = ["ManagerDatabase", "ManagerFrame"]

KINDS = {0: "light", 1: "flat", 2: "dark", 3: "bias"}
MADE = {0: "calibrated", 1: "master_flat", 2: "master_dark", 3: "master_bias", 4: "stacked"}
LONGEST_EXPOSURE = 7200.0  # seconds


@dataclass(frozen=True)
class ManagerFrame:
    """One frame: an exposure, or a combination of others.

    Attributes
    ----------
    id : int
        Its row.
    batch, folder : str
        The night that it is of: a name that no other has, and the last part of its folder.
    file : str
        Name of its file.
    kind : str
        "light", "flat" and so on of an exposure; "calibrated", "master_flat" and so on of a combination.
    exposure_time : float or None
        Seconds.
    exposures, combinations : list of int
        The rows of what it was made from.
    """

    id: int
    batch: str
    folder: str
    file: str
    kind: str
    exposure_time: float | None = None
    exposures: list[int] = field(default_factory=list)
    combinations: list[int] = field(default_factory=list)


class ManagerDatabase:
    """What torosmanager remembers.

    Parameters
    ----------
    source : Source

    Raises
    ------
    Permanent
        It is the database of something else.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        nights = source.table("NightBundle", columns=("id", "telescope_night_bundle_id", "directory_path"))
        exposures = source.table("Exposure", columns=("id", "night_bundle", "filename", "exposure_type", "exptime"))
        made = source.table("ExposureCombination", columns=("id", "night_bundle", "filename", "combination_type"))
        if nights is None or exposures is None or made is None:
            raise Permanent("the database has no tables NightBundle, Exposure and ExposureCombination of torosmanager")
        self._nights, self._exposures, self._made = nights, exposures, made
        self._of_exposures = source.table("Exposure_ExposureCombination", columns=("exposure", "exposurecombination"))
        self._of_made = source.table(
            "ExposureCombination_ExposureCombination", columns=("exposurecombination", "exposurecombination_2")
        )

    def exposures(self, after: int = 0) -> Iterator[list[ManagerFrame | Problem]]:
        """Yield the exposures behind a row, some at a time."""
        for page in self._source.pages(self._exposures, after=after, size=200):
            nights = self._nights_of(page)
            yield [self._frame(row, "exposure", KINDS.get(row["exposure_type"]), nights) for row in page]

    def combinations(self, after: int = 0) -> Iterator[list[ManagerFrame | Problem]]:
        """Yield what was made of frames, some at a time."""
        for page in self._source.pages(self._made, after=after, size=200):
            nights, numbers = self._nights_of(page), [row["id"] for row in page]
            exposures = self._source.hanging(self._of_exposures, "exposurecombination", numbers)
            made = self._source.hanging(self._of_made, "exposurecombination", numbers)
            yield [
                self._frame(
                    row, "combination", MADE.get(row["combination_type"]), nights,
                    exposures=[each["exposure"] for each in exposures.get(row["id"], [])],
                    combinations=[each["exposurecombination_2"] for each in made.get(row["id"], [])],
                )
                for row in page
            ]  # fmt: skip

    def frames(self, exposures: list[int], combinations: list[int]) -> Iterator[tuple[str, ManagerFrame | Problem]]:
        """Yield frames by their rows, each with its role: "exposure" or "combination"."""
        for role, table, kinds, numbers in (
            ("exposure", self._exposures, KINDS, exposures), ("combination", self._made, MADE, combinations)
        ):  # fmt: skip
            column = "exposure_type" if role == "exposure" else "combination_type"
            for start in range(0, len(numbers), 400):
                found = self._source.hanging(table, "id", numbers[start : start + 400])
                rows = [row for each in found.values() for row in each]
                nights = self._nights_of(rows)
                yield from ((role, self._frame(row, role, kinds.get(row[column]), nights)) for row in rows)

    def _nights_of(self, rows: list[Record]) -> dict[Any, Record]:
        numbers = sorted({row["night_bundle"] for row in rows if isinstance(row["night_bundle"], int)})
        return {number: rows[0] for number, rows in self._source.hanging(self._nights, "id", numbers).items()}

    def _frame(
        self, row: Record, what: str, kind: str | None, nights: dict[Any, Record], **more: Any
    ) -> ManagerFrame | Problem:  # fmt: skip
        number, night = row["id"], nights.get(row["night_bundle"])
        if kind is None:
            return Problem(number, f"the {what} {number} is of a type that torosmanager does not have", f"{what}_type",
                           plain_text(row[f"{what}_type"], 60))  # fmt: skip
        if night is None:
            return Problem(number, f"the {what} {number} belongs to no night", "night_bundle")
        folder = str(night["directory_path"])
        digest = hashlib.sha256(folder.encode("utf-8", "replace")).hexdigest()[:12]
        seconds = row.get("exptime")
        exposed = float(seconds) if isinstance(seconds, int | float) else math.nan
        return ManagerFrame(
            number, f"torosmanager-{night['id']}-{digest}", PurePath(folder).name, str(row["filename"]), kind,
            exposed if 0 <= exposed <= LONGEST_EXPOSURE else None, **more,
        )  # fmt: skip
