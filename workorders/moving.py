"""What can be asked of who moves in from another system."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from workorders.complaints import one_of
from workorders.envelope import WorkOrder
from workorders.observations import ObservationStatus
from workorders.quantities import InstanceName, Location, Name

__all__ = ["MoveIn"]

Names = Annotated[dict[Name, Name], Field(max_length=1000)]


class MoveIn(WorkOrder):
    """Take in what another system remembers; the same again changes nothing.

    Of a TOM Toolkit's database: targets with aliases, extras and groups, lists, observation records and templates, data
    products, photometry and spectra. Of BHTOM's exports: a table of targets, and files of photometry. Of torosmanager's
    database: nights with their exposures, and what was made of them. Every row that is not taken is in the report, with
    its reason.
    """

    request: Literal["move_in"] = "move_in"
    system: Literal["tom", "bhtom", "torosmanager"] = Field(
        "tom", description="whose it is: a TOM Toolkit's, BHTOM's exports, or torosmanager's"
    )
    file_location: Location | None = Field(
        None, description="the database, a SQLite file, or BHTOM's table of targets (CSV); root:path"
    )
    database: InstanceName | None = Field(
        None, description="instead of a file: a PostgreSQL database, by its name in moving.databases"
    )
    folder_location: Location | None = Field(
        None,
        description="folder of the files: a TOM's media folder; BHTOM's photometry, a file for each target that is "
        "named like it; the folders of torosmanager's nights; root:path",
    )
    access: Literal["open", "public", "private"] | None = Field(
        None, description="who sees new targets of whom the database does not say it (public where absent)"
    )
    observations: bool = Field(True, description="whether observation records and templates are moved too")
    products: bool = Field(True, description="whether data products are moved too; their files need folder_location")
    photometry: bool = Field(True, description="whether photometry is moved too")
    spectra: bool = Field(True, description="whether spectra are moved too")
    users: Names = Field(default_factory=dict, description="our users, by the names that they have there")
    groups: Names = Field(default_factory=dict, description="our groups of people, by the names that they have there")
    statuses: Annotated[dict[Name, ObservationStatus], Field(max_length=100)] = Field(
        default_factory=dict, description="what statuses of observations mean that only a facility knows"
    )

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        one_of(self, "file_location", "database")
        if self.database is not None and self.system == "bhtom":
            raise PydanticCustomError(
                "one_of",
                "gives a database, where BHTOM gives out files",
                {"field": "database", "allowed": "file_location"},
            )
        return self
