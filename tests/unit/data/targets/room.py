"""What tests of targets say to the room, in few words."""

from __future__ import annotations

from typing import Any

from sqlalchemy import MetaData, func, select

from toros.data.permissions import Viewer
from toros.data.tables import METADATA, Target
from toros.data.targets.creating import Added, add_target
from toros.data.targets.finding import Page, find_targets
from toros.data.targets.lists import add_to_list
from toros.data.targets.merging import merge_targets
from toros.data.targets.names import number_of
from toros.data.targets.rows import show_target
from toros.data.targets.updating import update_target
from toros.store.database import Database
from workorders.finding import TargetFilter
from workorders.targets import AddTarget, UpdateTarget

__all__ = ["CERES", "NOW", "Room", "order"]

NOW = "2026-11-20T03:00:00.000"
MJD = 61000.0
ALL = Viewer.all_seeing()
CERES: dict[str, Any] = {
    "scheme": "mpc_minor_planet", "epoch_of_elements": 60600.0, "inclination": 10.588, "lng_asc_node": 80.249,
    "arg_of_perihelion": 73.299, "eccentricity": 0.0794, "mean_anomaly": 145.84, "semimajor_axis": 2.7666,
}  # fmt: skip


def order(name: str, ra: float | None = None, dec: float | None = None, **more: Any) -> AddTarget:
    """Return the order to add a target."""
    return AddTarget.model_validate({"name": name, "ra": ra, "dec": dec, **more})


class Room:
    """A database of targets."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def add(self, name: str, ra: float | None = None, dec: float | None = None, /, viewer: Viewer = ALL,
            radius: float = 3.0, **more: Any) -> Added:  # fmt: skip
        """Add a target."""
        asked = order(name, ra, dec, **more)
        return self.database.write(
            lambda session: add_target(session, asked, viewer=viewer, recorded=NOW, match_radius=radius)
        )

    def update(self, target: str, viewer: Viewer = ALL, **more: Any) -> None:
        """Change a target."""
        asked = UpdateTarget.model_validate({"target": target, **more})
        self.database.write(lambda session: update_target(session, asked, viewer=viewer, recorded=NOW) and None)

    def merge(self, primary: str, secondary: str, viewer: Viewer = ALL) -> None:
        """Merge two targets."""
        self.database.write(
            lambda session: merge_targets(session, primary, secondary, viewer=viewer, recorded=NOW) and None
        )

    def listed(self, name: str, *numbers: int) -> int:
        """Put targets into a list."""
        return self.database.write(lambda session: add_to_list(session, name, numbers, viewer=ALL, recorded=NOW))

    def show(self, name: str, viewer: Viewer = ALL) -> dict[str, Any]:
        """Return all that is known of a target."""
        return self.database.read(lambda session: show_target(session, name, viewer=viewer, now=MJD))

    def number(self, name: str, viewer: Viewer = ALL) -> int | None:
        """Return the number of the target of this name."""
        return self.database.read(lambda session: number_of(session, name, viewer))

    def page(self, *, viewer: Viewer = ALL, now: float = MJD, sort: str | None = None, descending: bool = False,
             limit: int = 100, after: str | None = None, **asked: Any) -> Page:  # fmt: skip
        """Return a page of targets."""
        wanted = TargetFilter.model_validate(asked)
        return self.database.read(
            lambda session: find_targets(session, wanted, viewer=viewer, now=now, sort=sort, descending=descending,
                                         limit=limit, after=after)
        )  # fmt: skip

    def find(self, *, limit: int = 100, **asked: Any) -> list[dict[str, Any]]:
        """Return the targets of all pages, each page as long as `limit`."""
        found: list[dict[str, Any]] = []
        after = None
        while True:
            page = self.page(limit=limit, after=after, **asked)
            assert len(page.targets) == limit or page.next is None
            found += page.targets
            after = page.next
            if after is None:
                return found

    def names(self, **asked: Any) -> list[str]:
        """Return the names of the targets of all pages."""
        return [each["name"] for each in self.find(**asked)]

    def count(self, table: str = Target.__tablename__) -> int:
        """Return how many rows a table has."""
        tables: MetaData = METADATA
        query = select(func.count()).select_from(tables.tables[table])
        return self.database.read(lambda session: session.scalar(query) or 0)
