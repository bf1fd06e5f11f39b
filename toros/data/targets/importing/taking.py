"""Taking rows into the database: some hundred in one short transaction, each thing in the sky once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Literal, cast

from sqlalchemy import Table

from toros.data.auditing import note_rows
from toros.data.many import insert_many
from toros.data.permissions import Viewer
from toros.data.tables import Target, TargetExtra, TargetGroup, TargetName, TargetTag
from toros.data.targets.creating import DEFAULT_ACCESS
from toros.data.targets.fields import COLUMNS, extra_row
from toros.data.targets.importing.problems import Problem, because_of
from toros.data.targets.importing.revising import Revision
from toros.data.targets.importing.surroundings import Known, Surroundings
from toros.data.targets.lists import add_to_list
from toros.data.targets.names import is_name, key_of
from toros.data.targets.updating import may_change
from toros.errors import Permanent
from toros.sky.coordinates import separation

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from toros.data.targets.importing.prepared import Prepared

__all__ = ["OnMatch", "Taken", "Taker"]

# Plain tables: the ORM would write rows with other empty columns in statements of their own.
TARGETS, NAMES, EXTRAS, TAGS, GROUPS = (
    cast(Table, noun.__table__) for noun in (Target, TargetName, TargetExtra, TargetTag, TargetGroup)
)
SAID = attrgetter(*COLUMNS)
OnMatch = Literal["existing", "update", "new"]


@dataclass
class Taken:
    """What came of some rows.

    Attributes
    ----------
    counts : Counter
        Of `new`, `same` and `changed` targets.
    problems : list of Problem
        Rows that were refused.
    listed : int
        Targets that were not in the list before.
    """

    counts: Counter[str] = field(default_factory=Counter)
    problems: list[Problem] = field(default_factory=list)
    listed: int = 0


class Taker:
    """Takes rows, as one order asks.

    Parameters
    ----------
    viewer : Viewer
        Who makes the targets, and owns them; what they may not see is not matched.
    recorded : str
        The time now; UTC, ISO 8601.
    match_radius : float
        A target within this distance is the same one; arcseconds.
    on_match : {"existing", "update", "new"}
        What becomes of a target that we have: it gets the new names and tags; it gets the values of the row too; or a
        new one is made although one lies there.
    target_list : str, optional
        A list that all targets of the rows are put in.
    dry_run : bool
        Nothing is written; what earlier rows would have made is remembered instead.
    """

    def __init__(
        self,
        viewer: Viewer,
        *,
        recorded: str,
        match_radius: float,
        on_match: OnMatch = "existing",
        target_list: str | None = None,
        dry_run: bool = False,
    ) -> None:
        self._viewer = viewer
        self._recorded = recorded
        self._radius = match_radius / 3600
        self._on_match = on_match
        self._list = target_list
        self._dry_run = dry_run
        self._imagined = Surroundings() if dry_run else None
        self._tags: dict[int, set[str]] | None = {} if dry_run else None

    def imagined(self, name: str) -> Known | None:
        """Return the target that, in a dry run, would have this name by now."""
        if self._imagined is None or not is_name(name):
            return None
        return self._imagined.targets.get(self._imagined.names.get(key_of(name), 0))

    def take(self, session: Session, rows: Sequence[Prepared]) -> Taken:
        """Take rows inside a transaction; each is taken whole, or refused with a reason."""
        around = self._imagined or Surroundings()
        around.look(session, rows, self._viewer)
        work = _Work(around, Revision(session, self._viewer, self._recorded, self._on_match, self._tags))
        for row in rows:
            try:
                known = self._meant(row, around)
                if known is not None and known.number > 0 and self._on_match == "update":
                    self._may_change(session, known)
                work.decide(row, known)
            except Permanent as error:
                work.taken.problems.append(because_of(row.row.line, error))
        if self._tags is not None:
            self._tags.update({number: set(row.order.tags) for row, number in work.made})
        numbers = {} if self._dry_run else self._write(session, work)
        work.revise(numbers)
        if self._list is not None and not self._dry_run:
            members = list(dict.fromkeys(numbers.get(number, number) for number in work.members))
            work.taken.listed = add_to_list(session, self._list, members, viewer=self._viewer, recorded=self._recorded)
        return work.taken

    def _meant(self, row: Prepared, around: Surroundings) -> Known | None:
        """Return the target that a row speaks of; raise Permanent where its names are those of other things."""
        known = self._by_name(row, around)
        if known is None and self._on_match != "new":
            near = around.nearest(row, self._radius)
            known = near[0] if near else None
        for key, (name, _) in row.names.items():
            other = around.names.get(key)
            if other is not None and (known is None or other != known.number):
                raise Permanent(f"aliases: {name!r} is taken")
        return known

    def _may_change(self, session: Session, known: Known) -> None:
        if not self._viewer.everything:
            may_change(session.get_one(Target, known.number), self._viewer, known.name)

    def _by_name(self, row: Prepared, around: Surroundings) -> Known | None:
        number = around.names.get(row.key)
        if number is None:
            return None
        known, order = around.targets[number], row.order
        if not known.seen:
            raise Permanent(f"name: {order.name!r} is taken")
        if known.ra is None and order.scheme is not None:
            return known
        how_far = "which moves on an orbit"
        if known.ra is not None and known.dec is not None and order.ra is not None and order.dec is not None:
            away = separation(known.ra, known.dec, order.ra, order.dec)
            if away <= self._radius:
                return known
            how_far = f"{away:.6g} degrees from there"
        raise Permanent(f"name: {order.name!r} is a name of the target {known.name!r}, {how_far}; choose another")

    def _write(self, session: Session, work: _Work) -> dict[int, int]:
        """Write new targets and names; return the number that each provisional one became."""
        made = [row for row, _ in work.made]
        numbers: dict[int, int] = {}
        if made:
            values = [self._values(row) for row in made]
            returned = insert_many(session, TARGETS, values, TARGETS.c.number, TARGETS.c.name)
            by_name = {name: number for number, name in returned}
            note_rows(session, TARGETS, ({**each, "number": by_name[each["name"]]} for each in values))
            numbers = {provisional: by_name[row.order.name] for row, provisional in work.made}
            hanging = _Hanging()
            for row, provisional in work.made:
                hanging.add(row, numbers[provisional])
            hanging.write(session)
        names = [
            {"key": key, "name": name, "target": numbers.get(number, number), "source": source, "main": False}
            for number, key, name, source in work.names
        ]
        insert_many(session, NAMES, names)
        return numbers

    def _values(self, row: Prepared) -> dict[str, Any]:
        order = row.order
        values: dict[str, Any] = dict(zip(COLUMNS, SAID(order), strict=True))
        values.update(
            access=order.access or DEFAULT_ACCESS, name=order.name, owner=self._viewer.name, created=self._recorded,
            changed=self._recorded, last_mjd=None, last_magnitude=None,
        )  # fmt: skip
        if order.scheme is None:
            values["epoch"] = order.epoch if order.epoch is not None else 2000.0
            values.update(row.place, kind="sidereal")
        else:
            values |= dict.fromkeys(("healpix", "galactic_longitude", "galactic_latitude", "constellation"))
            values["kind"] = "non_sidereal"
        values.update(row.row.measured)
        return values


class _Work:
    """What is to be done for some rows."""

    def __init__(self, around: Surroundings, revision: Revision) -> None:
        self.taken = Taken()
        self.made: list[tuple[Prepared, int]] = []
        self.names: list[tuple[int, str, str, str | None]] = []  # target, key, name, source
        self.members: list[int] = []
        self._around = around
        self._revision = revision
        self._known: list[tuple[Prepared, int, bool]] = []

    def decide(self, row: Prepared, known: Known | None) -> None:
        """Make a target of a row, or note what it adds to the one that we have."""
        if known is None:
            number = self._around.provisional()
            made = Known(number, row.order.name, row.order.ra, row.order.dec)
            self._around.add(made, row.names, row.vicinity.pixel if row.vicinity else None)
            self.made.append((row, number))
            self.members.append(number)
            self.taken.counts["new"] += 1
            return
        fresh = [key for key in row.names if key not in self._around.names]
        for key in fresh:
            self._around.names[key] = known.number
            self.names.append((known.number, key, *row.names[key]))
        self.members.append(known.number)
        self._known.append((row, known.number, bool(fresh)))

    def revise(self, numbers: dict[int, int]) -> None:
        """Bring what the rows say of targets that were there into them, and count them."""
        known = [(row, numbers.get(number, number), fresh) for row, number, fresh in self._known]
        self.taken.counts.update(self._revision.revise(known))


class _Hanging:
    """Rows that hang on new targets."""

    def __init__(self) -> None:
        self._rows: dict[Table, list[dict[str, Any]]] = {table: [] for table in (NAMES, TAGS, EXTRAS, GROUPS)}

    def add(self, row: Prepared, number: int) -> None:
        order = row.order
        self._rows[NAMES] += [
            {"key": key, "name": name, "target": number, "source": source, "main": key == row.key}
            for key, (name, source) in row.names.items()
        ]
        self._rows[TAGS] += [{"target": number, "tag": tag} for tag in sorted(set(order.tags))]
        self._rows[EXTRAS] += [extra_row(number, name, value) for name, value in order.extras.items()]
        self._rows[GROUPS] += [{"target": number, "group_name": group} for group in sorted(set(order.groups or ()))]

    def write(self, session: Session) -> None:
        for table, rows in self._rows.items():
            insert_many(session, table, rows)
