"""What can be asked of who moves in from another system."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from workorders.envelope import WorkOrder
from workorders.quantities import Location

__all__ = ["MoveIn"]


class MoveIn(WorkOrder):
    """Take in what another system remembers; the same again changes nothing.

    Of a TOM Toolkit's database (a SQLite file): targets with aliases, extras and groups, lists, and photometry. Every
    row that is not taken is in the report, with its reason.
    """

    request: Literal["move_in"] = "move_in"
    system: Literal["tom"] = Field("tom", description="whose database it is: a TOM Toolkit's")
    file_location: Location = Field(description="the database, a SQLite file; root:path")
    access: Literal["open", "public", "private"] | None = Field(
        None, description="who sees new targets of whom the database does not say it (public where absent)"
    )
    photometry: bool = Field(True, description="whether photometry is moved too")
