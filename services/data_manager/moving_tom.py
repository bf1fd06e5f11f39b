"""Moving in from a TOM Toolkit, after the targets: people, lists, observations, files, points and spectra."""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from services.data_manager.moving_files import MovedFiles
from services.data_manager.viewers import viewer_of
from toros.clock import iso
from toros.data.measurements.ingestion import ingest_reading, preview_reading
from toros.data.measurements.spectra import compare_spectrum, record_spectrum
from toros.data.moving.course import Part
from toros.data.moving.matching import Matching
from toros.data.moving.observations import record_observations
from toros.data.moving.tom_measurements import TomPoint, TomReducedData, readings_of, spectrum_of
from toros.data.moving.tom_observations import TomObservations
from toros.data.moving.tom_products import TomProducts
from toros.data.moving.tom_templates import TomTemplates, record_templates
from toros.data.moving.tom_unplaced import UNPLACED, unplaced
from toros.data.tables import User, UserGroup
from toros.data.targets.importing.problems import Problem
from toros.data.targets.lists import add_to_list, count_missing, may_add
from toros.errors import Permanent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from toros.data.moving.tom import TomDatabase
    from toros.data.targets.importing.journal import Journal
    from toros.data.targets.importing.taking import Taker
    from toros.network.service import Context
    from workorders.moving import MoveIn

__all__ = ["TomMove"]

NOBODY = "AnonymousUser"  # whom django-guardian makes
NOT_MOVED = "its target {name!r} was not moved"


class TomMove:
    """One move.

    Parameters
    ----------
    order : MoveIn
    context : Context
    tom : TomDatabase
    journal : Journal
    taker : Taker
        What took the targets.
    """

    def __init__(self, order: MoveIn, context: Context, tom: TomDatabase, journal: Journal, taker: Taker) -> None:
        self._order, self._context, self._tom, self._journal = order, context, tom, journal
        imagined = taker.imagined if order.dry_run else None
        self._matching = Matching(tom, context.read, context.config.targets.match_radius, imagined)
        self._viewer = viewer_of(order, context)
        self._files = MovedFiles(order, context)
        self._people: dict[int, str] = {}

    def all(self) -> dict[str, Any]:
        """Move everything that is asked for; return what came of each part, and what was left behind."""
        told: dict[str, Any] = {"unknown_people": self.people(), "lists": self.lists()}
        left: dict[str, int] = {}
        observations = TomObservations(self._tom.source, self._order.statuses)
        templates = TomTemplates(self._tom.source)
        products, reduced = TomProducts(self._tom), TomReducedData(self._tom.source)
        if self._order.observations:
            told["observations"] = self.observations(observations)
            told["templates"] = self.templates(templates)
        else:
            left |= {"observation_records": observations.count(), "observation_templates": templates.count()}
        if self._order.products:
            told["products"] = self.products(products)
        else:
            left["data_products"] = products.count()
        if self._order.photometry:
            told["photometry"] = self.photometry(reduced, products)
        if self._order.spectra:
            told["spectra"] = self.spectra(reduced, products)
        left["other_reduced_data"] = self.others(reduced)
        left |= {several: self.unplaced(table) for table, (_, several) in UNPLACED.items()}
        left = {name: count for name, count in left.items() if count}
        return told | ({"not_moved": left} if left else {})

    def people(self) -> int:
        """Look up users and groups; return how many are not known here."""
        part = Part(self._journal, "people")
        theirs = {number: self._order.users.get(name, name) for number, name in self._tom.users().items()}
        ours = set(self._context.read(lambda session: session.scalars(select(User.name)).all()))
        groups = set(self._context.read(lambda session: session.scalars(select(UserGroup.name)).all()))
        self._people = {number: name for number, name in theirs.items() if name in ours}
        if not part.after:
            hint = "save_user makes one, or say in {} who it is"
            problems = [Problem(number, f"the user {name!r} is none of ours: {hint.format('users')}", "user", name[:60])
                        for number, name in theirs.items() if name not in ours and name != NOBODY]  # fmt: skip
            problems += [
                Problem(number, f"the group {name!r} has no members here: {hint.format('groups')}", "group", name[:60])
                for name, number in self._tom.group_names().items() if name not in groups
            ]  # fmt: skip
            problems += [Problem(row, f"the grant {row} is for a single user; access is given to groups here", "grant")
                         for row, _ in self._tom.own_grants()]  # fmt: skip
            part.done(1, Counter(), problems)
        return part.counts["refused"]

    def lists(self) -> dict[str, int]:
        """Fill the lists; return how many there are, and how many targets were not in them before."""
        part = Part(self._journal, "lists")
        counts: Counter[str] = Counter()
        problems: list[Problem] = []
        now, seen = iso(self._context.clock.now()), set()
        for name, members in [] if part.after else self._tom.lists():
            seen.add(name)
            try:
                self._context.read(lambda session, name=name: may_add(session, name, self._viewer))  # type: ignore[misc]
            except Permanent as error:
                problems.append(Problem(0, f"the list {name!r}: {error}", "target_list", name[:60]))
                continue
            numbers = list(self._matching.numbers(members).values())
            if self._order.dry_run:
                counts["listed"] += self._context.read(
                    partial(count_missing, name=name, targets=numbers, viewer=self._viewer)
                )
            else:
                counts["listed"] += self._context.write(
                    partial(add_to_list, name=name, targets=numbers, viewer=self._viewer, recorded=now)
                )
            self._context.progress(0.35, f"the list {name}")
        if not part.after:
            part.begin("listed")
            part.done(1, counts + Counter(lists=len(seen)), problems)
        return {"lists": part.counts.get("lists", 0), "listed": part.counts["listed"]}

    def observations(self, records: TomObservations) -> dict[str, int]:
        """Record the observations; return how many were new, the same, revised and refused."""
        part = Part(self._journal, "observations")
        part.begin("new", "same", "revised")
        run: Any = self._context.read if self._order.dry_run else self._context.write
        for last, good, problems in records.pages(part.after):
            counts, refused = run(
                partial(
                    record_observations, records=good, targets=self._matching.numbers(each.target for each in good),
                    people=self._people, order_id=self._order.id, owner=self._viewer.name,
                    recorded=iso(self._context.clock.now()), dry_run=self._order.dry_run,
                )
            )  # fmt: skip
            part.done(last, counts, [*problems, *refused])
            self._context.progress(0.4, f"observation records up to {last}")
        return part.counts

    def templates(self, templates: TomTemplates) -> dict[str, int]:
        """Keep the templates of observations; return how many were new, the same and refused."""
        part = Part(self._journal, "templates")
        part.begin("new", "same")
        run: Any = self._context.read if self._order.dry_run else self._context.write
        for last, good, problems in templates.pages(part.after):
            counts, refused = run(
                partial(record_templates, templates=good, owner=self._viewer.name,
                        recorded=iso(self._context.clock.now()), dry_run=self._order.dry_run)
            )  # fmt: skip
            part.done(last, counts, [*problems, *refused])
            self._context.progress(0.45, f"observation templates up to {last}")
        return part.counts

    def products(self, products: TomProducts) -> dict[str, int]:
        """Take the files in; return how many were new, the same and refused."""
        part = Part(self._journal, "products")
        part.begin("new", "same")
        for page in products.pages(part.after):
            numbers = self._matching.numbers(each.target for each in page)
            names = self._tom.places(sorted({each.target for each in page if isinstance(each.target, int)}))
            for each in page:
                name = str(names.get(each.target, {}).get("name"))
                try:
                    if each.target not in numbers:
                        raise Permanent(NOT_MOVED.format(name=name))
                    counts, problems = Counter([self._files.take(each, name)]), []
                except Permanent as error:
                    words = f"the data product {each.id}: {error}"
                    counts, problems = Counter[str](), [Problem(each.id, words, "data", each.path[:60])]
                part.done(each.id, counts, problems)
                self._context.progress(0.5, f"data product {each.id}")
        return part.counts

    def photometry(self, reduced: TomReducedData, products: TomProducts) -> dict[str, int]:
        """Take the points in; return how many were new, known already, revised and refused."""
        part = Part(self._journal, "photometry")
        part.begin("new", "same", "revised")
        for target in reduced.targets(part.after):
            number = self._matching.numbers([target]).get(target)
            counts: Counter[str] = Counter()
            problems: list[Problem] = []
            for points, bad in reduced.points(target):
                problems += bad
                if number is None:
                    reason = NOT_MOVED.format(name=self._name(target))
                    problems += [Problem(point.id, f"reduced datum: {reason}") for point in points]
                else:
                    problems += self._points(number, points, products, counts)
            part.done(target, counts, problems)
            self._context.progress(0.7, f"photometry of {self._name(target)}")
        return part.counts

    def spectra(self, reduced: TomReducedData, products: TomProducts) -> dict[str, int]:
        """Take the spectra in; return how many were new, known already, revised and refused."""
        part = Part(self._journal, "spectra")
        part.begin("new", "same", "revised")
        if not part.after:
            part.done(0, Counter(), reduced.too_long())
        for last, target, point in reduced.spectra(part.after):
            if isinstance(point, TomPoint):
                counts, problems = self._spectrum(target, point, products)
            else:
                counts, problems = Counter(), [point]
            part.done(last, counts, problems)
            self._context.progress(0.9, f"spectrum {last}")
        return part.counts

    def others(self, reduced: TomReducedData) -> int:
        """Report the reduced data that have no place here; return how many there are."""
        part = Part(self._journal, "others")
        part.begin()
        for problems in reduced.others(part.after):
            part.done(problems[-1].line, Counter(), problems)
        return part.counts["refused"]

    def unplaced(self, table: str) -> int:
        """Report the rows of a table that have no place here; return how many there are."""
        part = Part(self._journal, table)
        part.begin()
        for problems in unplaced(self._tom.source, table, part.after):
            part.done(problems[-1].line, Counter(), problems)
        return part.counts["refused"]

    def _points(
        self, number: int, points: Sequence[TomPoint], products: TomProducts, counts: Counter[str]
    ) -> list[Problem]:
        """Take points of one target in, those of each file by themselves; return what was refused."""
        problems: list[Problem] = []
        files = self._files.numbers(products.paths([point.product for point in points if point.product]))
        for product in sorted({files.get(point.product or 0) or 0 for point in points}):
            some = [point for point in points if (files.get(point.product or 0) or 0) == product]
            for reading in readings_of(some):
                if number < 0:
                    counts["new"] += len(reading.points)
                else:
                    if self._order.dry_run:
                        taken = preview_reading(self._context.read, number, reading).taken
                    else:
                        now = iso(self._context.clock.now())
                        write = self._context.write
                        taken = ingest_reading(write, number, reading, recorded=now, product=product or None).taken
                    counts.update(new=taken.new, same=taken.same, revised=taken.revised)
                problems += [
                    Problem(each.line, f"reduced datum: {each.field} {each.reason}", each.field, each.value)
                    for each in reading.problems.first
                ]
        return sorted(problems, key=lambda problem: problem.line)

    def _spectrum(
        self, target: Any, point: TomPoint, products: TomProducts
    ) -> tuple[Counter[str], list[Problem]]:  # fmt: skip
        number = self._matching.numbers([target]).get(target)
        try:
            if number is None:
                raise ValueError(f"is not taken: {NOT_MOVED.format(name=self._name(target))}")
            spectrum = spectrum_of(point)
        except ValueError as error:
            return Counter(), [Problem(point.id, f"the reduced datum {point.id} {error}")]
        became = "new"
        if number > 0:
            became = self._context.read(partial(compare_spectrum, target=number, spectrum=spectrum))
        if became != "same" and not self._order.dry_run:
            files = self._files.numbers(products.paths([point.product] if point.product else []))
            self._context.write(
                partial(record_spectrum, target=number, spectrum=spectrum, recorded=iso(self._context.clock.now()),
                        product=files.get(point.product or 0))
            )  # fmt: skip
        return Counter([became]), [Problem(each.line, f"reduced datum: {each.field} {each.reason}", each.field,
                                           each.value) for each in spectrum.problems.first]  # fmt: skip

    def _name(self, target: Any) -> str:
        return str(self._tom.places([target]).get(target, {}).get("name"))
