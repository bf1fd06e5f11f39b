"""What a row changes of a target that is there already."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert, select, update

from toros.data.permissions import Viewer
from toros.data.tables import Target, TargetExtra, TargetGroup, TargetTag
from toros.data.targets.fields import COLUMNS
from toros.data.targets.updating import update_target
from workorders.targets import UpdateTarget

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from toros.data.targets.importing.prepared import Prepared

__all__ = ["Revision"]

CHUNK = 400  # values in one query; SQLite's oldest limit is 999


class Revision:
    """Brings rows into targets that are there.

    Parameters
    ----------
    session : Session
        Inside a transaction.
    viewer : Viewer
        Who changes them.
    recorded : str
        The time now; UTC, ISO 8601.
    on_match : {"existing", "update", "new"}
        Values are changed by "update" alone; names and tags are added by all three.
    imagined : dict, optional
        In a dry run: the tags that targets would have by now. It is added to, and nothing is written.
    """

    def __init__(
        self, session: Session, viewer: Viewer, recorded: str, on_match: str, imagined: dict[int, set[str]] | None
    ) -> None:
        self._session = session
        self._viewer = viewer
        self._recorded = recorded
        self._values = on_match == "update"
        self._imagined = imagined

    def revise(self, rows: Sequence[tuple[Prepared, int, bool]]) -> Iterator[str]:
        """Yield what became of the target of each row: `same` or `changed`.

        Parameters
        ----------
        rows : sequence of tuple
            A row, the number of its target, and whether it brought a name.
        """
        numbers = sorted({number for _, number, _ in rows if number > 0})
        tags = self._tags(numbers) if any(row.order.tags for row, _, _ in rows) else {}
        if self._imagined is not None:
            self._imagined.update({number: words for number, words in tags.items() if number not in self._imagined})
            tags = self._imagined
        known = self._known(numbers) if self._values else {}
        touched: set[int] = set()
        for row, number, fresh in rows:
            missing = sorted(set(row.order.tags) - tags.setdefault(number, set()))
            other = self._differing(row, known[number]) if number in known else {}
            if other and self._imagined is None:
                self._update(number, other)
                known[number] = self._known([number])[number]
            if missing:
                tags[number] |= set(missing)
                if self._imagined is None:
                    self._session.execute(insert(TargetTag), [{"target": number, "tag": tag} for tag in missing])
            if fresh or missing:
                touched.add(number)
            yield "changed" if fresh or missing or other else "same"
        if self._imagined is None:
            for start in range(0, len(touched), CHUNK):
                some = sorted(touched)[start : start + CHUNK]
                self._session.execute(update(Target).where(Target.number.in_(some)).values(changed=self._recorded))

    def _differing(self, row: Prepared, known: dict[str, Any]) -> dict[str, Any]:
        """Return the fields of a row whose values are others than those of its target."""
        order = row.order
        said = {column: getattr(order, column) for column in COLUMNS if getattr(order, column) is not None}
        other = {column: value for column, value in said.items() if known[column] != value}
        extras = {name: value for name, value in order.extras.items() if known["extras"].get(name) != value
                  or type(known["extras"][name]) is not type(value)}  # fmt: skip
        if extras:
            other["extras"] = extras
        if order.groups is not None and sorted(set(order.groups)) != known["groups"]:
            other["groups"] = order.groups
        return other

    def _update(self, number: int, other: dict[str, Any]) -> None:
        target = self._session.get_one(Target, number)
        asked = UpdateTarget.model_validate({"target": target.name, **other})
        update_target(self._session, asked, viewer=self._viewer, recorded=self._recorded)

    def _tags(self, numbers: Sequence[int]) -> dict[int, set[str]]:
        found: dict[int, set[str]] = {}
        for chunk in _chunks(numbers):
            query = select(TargetTag.target, TargetTag.tag).where(TargetTag.target.in_(chunk))
            for target, tag in self._session.execute(query):
                found.setdefault(target, set()).add(tag)
        return found

    def _known(self, numbers: Sequence[int]) -> dict[int, dict[str, Any]]:
        """Return the values of targets, with their extras and groups."""
        found: dict[int, dict[str, Any]] = {}
        for chunk in _chunks(numbers):
            columns = select(Target.__table__).where(Target.number.in_(chunk))
            for row in self._session.execute(columns).mappings():
                found[row["number"]] = {**row, "extras": {}, "groups": []}
            for extra in self._session.scalars(select(TargetExtra).where(TargetExtra.target.in_(chunk))):
                found[extra.target]["extras"][extra.name] = getattr(extra, extra.kind)
            groups = select(TargetGroup.target, TargetGroup.group_name).where(TargetGroup.target.in_(chunk))
            for target, group in self._session.execute(groups.order_by(TargetGroup.group_name)):
                found[target]["groups"].append(group)
        return found


def _chunks(values: Sequence[int]) -> list[Sequence[int]]:
    return [values[start : start + CHUNK] for start in range(0, len(values), CHUNK)]
