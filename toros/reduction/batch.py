"""Reducing a folder: look at every file, make the masters, calibrate the lights; one bad frame never stops the others.

Nothing here knows of orders or databases: who runs the work, who remembers what is finished and who hears of the
progress is handed in. A notebook hands in nothing and the work runs where it stands.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from toros.errors import UnfinishedFrame
from toros.reduction.batch_product import Product, made_mask, made_master, product_of
from toros.reduction.calibrate import Calibration, calibration_of, correction_of
from toros.reduction.cameras.camera import Camera
from toros.reduction.choice import Rules, choose, said_of, same_exposure
from toros.reduction.inventory import Inventory, Seen, Unusable, classify, inspect, some
from toros.reduction.jobs import Jobs
from toros.reduction.journal import Journal, NoJournal
from toros.reduction.keys import key_of_light, key_of_master, unique
from toros.reduction.masks import camera_mask, look_at_mask, mask_path, masks_to_make
from toros.reduction.masters import Dark, Master, finished, master_recipe
from toros.reduction.memory import Need, Room, need_to_look
from toros.reduction.piles import groups, pedestal_of, without_spoilers
from toros.reduction.product import Job, Made, is_still_there
from toros.reduction.production import Production
from toros.reduction.structure import Limits
from toros.reduction.work import Progress, Run, Work, here, reason_of

__all__ = ["Batch"]

INSPECTED, MASTERED = 0.2, 0.4  # parts of the progress
FRESH = 60.0  # seconds; a file that was written to since may still be on its way
NEEDS = {
    "bias": ("bias",), "dark": ("bias", "dark"), "flat": ("bias", "dark", "flat"),
    "bad_pixels": ("bias", "dark", "flat", "bad_pixels"),
}  # fmt: skip
MOST_MARKS = 50  # of one master


@dataclass
class Batch:
    """The reduction of one folder.

    Attributes
    ----------
    output : Path
        Folder of the products.
    name_of : callable
        Returns `root:path` of a product's absolute path.
    run : callable
        `run(function, arguments, width)` yields position and answer of each item as it ends, like `Engine.stream`.
    progress : callable
        `progress(fraction, message)`; what it raises ends the batch.
    journal : Journal
    limits : Limits
    width : int
        Frames under way at once, at most.
    room : Room
        The memory that these may take.
    cosmic_rays : bool
    rules : Rules
        How far a master may be from a frame.
    cameras : sequence of Camera or None
        Those that come with TOROS where None.
    earlier : sequence of Master
        Masters of other nights, and those that this batch made at an earlier time.
    incomplete : bool
        Whether lights are reduced that lack a master.
    compress : bool
        Whether products are written Rice-compressed.
    taken : collection of str
        Keys of products that are not to be written again.
    marks : list of str
        What a person should know about the batch.
    unusable : list of Unusable
        The files that were set aside.
    """

    output: Path
    name_of: Callable[[Path], str] = str
    run: Run = here
    progress: Progress = lambda fraction, message: None
    journal: Journal = field(default_factory=NoJournal)
    limits: Limits = field(default_factory=Limits)
    width: int = 4
    room: Room = field(default_factory=Room)
    cosmic_rays: bool = False
    rules: Rules = field(default_factory=Rules)
    cameras: Sequence[Camera] | None = None
    earlier: Sequence[Master] = ()
    incomplete: bool = True
    compress: bool = False
    taken: Collection[str] = ()
    marks: list[str] = field(default_factory=list)
    unusable: list[Unusable] = field(default_factory=list)
    _whole: dict[str, bool] = field(default_factory=dict)

    @property
    def _jobs(self) -> Jobs:
        return Jobs(self.output, self.limits, self.compress, self.rules)

    @property
    def _production(self) -> Production:
        return Production(self.run, self.progress, self.journal, self.width, self.room, self.marks)

    def look(self, files: Sequence[tuple[Path, str]], marks: Sequence[str] = ()) -> Inventory:
        """Return what files hold.

        Parameters
        ----------
        files : sequence of (Path, str)
            Absolute path and `root:path` of each.
        marks : sequence of str
            About the folder.
        """
        arguments = [(str(path), name, self.limits, self.cameras) for path, name in files]
        needs = [_need_to_look(path, self.limits) for path, _ in files]
        work = Work(self.run, self.progress, "looked at", (0.0, INSPECTED), room=self.room)
        answers = work.through(inspect, arguments, needs, self.width)
        seen = [a for a in answers if isinstance(a, Seen)]
        pairs = zip(files, answers, strict=True)
        bad = [Unusable(path.name, _why(path, a)) for (path, _), a in pairs if isinstance(a, BaseException)]
        inventory = classify(seen, bad, marks)
        self.marks.extend(inventory.marks)
        self.unusable.extend(inventory.unusable)
        return inventory

    def sweep(self) -> None:
        """Remove what an earlier try, cut off in the middle, left half-written."""
        for part in self.output.rglob(".*.part"):
            part.unlink(missing_ok=True)

    def make_masters(self, inventory: Inventory, kinds: Collection[str] = ()) -> tuple[list[Master], list[Product]]:
        """Return the masters that there are, made and found, and the products that they are.

        Parameters
        ----------
        inventory : Inventory
            What the folder holds.
        kinds : collection of {"bias", "dark", "flat", "bad_pixels"}
            Those that are wanted; what they need is made too. All where empty.
        """
        wanted = {need for kind in kinds or NEEDS for need in NEEDS.get(kind, ())}
        masters: list[Master] = []
        products: list[Product] = []
        piles = {
            "bias": groups(inventory.bias),
            "dark": groups(inventory.dark, by_exposure=True),
            "flat": groups(inventory.flat, by_filter=True),
        }
        for kind in (kind for kind in piles if kind in wanted):
            found = [s for s in inventory.masters if s.frame.kind == kind]
            masters += [finished(s, self._bias_level(s, masters)) for s in found]
            left = self._without_spoilers(kind, self._still_to_make(kind, piles[kind]), inventory.bias, masters)
            masters += self._combine(kind, left, masters, products)
        if "bad_pixels" in wanted:
            masters += [finished(s) for s in inventory.masters if s.frame.kind == "bad_pixels"]
            masters += self._find_bad_pixels(masters, products)
        return masters, [product_of(m) for m in masters if not m.made] + products

    def calibrate(self, lights: Sequence[Seen], masters: Sequence[Master]) -> list[Product]:
        """Return the calibrated lights; those that fail are added to `unusable`."""

        masters = [*masters, *self._camera_masks(lights)]

        def plan(at_hand: Sequence[Master]) -> list[Calibration]:
            return [calibration_of(one, at_hand, cosmic_rays=self.cosmic_rays, rules=self.rules) for one in lights]

        planned = zip(lights, self._planned(plan, masters), strict=True)
        chosen = [(light, one) for light, one in planned if self._may_be_made(light, one)]
        keys = unique([key_of_light(light) for light, _ in chosen], self.taken)
        jobs = [self._jobs.of_light(k, light, one) for k, (light, one) in zip(keys, chosen, strict=True)]
        answers = self._production.made(list(zip(keys, jobs, strict=True)), "calibrated", (MASTERED, 1.0))
        products = []
        for key, (light, one), job, answer in zip(keys, chosen, jobs, answers, strict=True):
            if isinstance(answer, Made):
                answer.quality["saturated_fraction"] = round(light.saturated, 6)
                products.append(self._product(key, light, (light,), one.masters, job, answer))
            else:
                self.unusable.append(Unusable(light.file, reason_of(answer)))
        return products

    def _bias_level(self, dark: Seen, masters: Sequence[Master]) -> float | None:
        """Return the level of the bias that suits a finished dark."""
        biases = [m for m in [*masters, *self.earlier] if m.kind == "bias"]
        return next((bias.level for bias in choose(biases, dark, rules=self.rules)), None)

    def _still_to_make(self, kind: str, piles: Sequence[list[Seen]]) -> list[list[Seen]]:
        """Return the piles that this batch made no master of at an earlier time."""
        own = [m for m in self.earlier if m.kind == kind and m.origin == "batch"]
        left = []
        for pile in piles:
            fitting = choose(own, pile[0], filter=kind == "flat", rules=self.rules)
            if any(kind != "dark" or same_exposure(m.exposure_time, pile[0].frame.exposure_time) for m in fitting):
                late = some([one.file for one in pile])
                self.marks.append(f"came after the master {kind} was made, and left out of it: {late}")
            else:
                left.append(pile)
        return left

    def _without_spoilers(
        self, kind: str, piles: Sequence[list[Seen]], biases: Sequence[Seen], masters: Sequence[Master]
    ) -> list[list[Seen]]:
        """Return the piles without the frames that would spoil their masters, which are set aside."""
        left = []
        for pile in piles:
            kept, aside = without_spoilers(kind, pile, pedestal_of(pile, biases, [*masters, *self.earlier]))
            self.unusable.extend(aside)
            left.append(kept)
        return left

    def _find_bad_pixels(self, masters: Sequence[Master], products: list[Product]) -> list[Master]:
        """Make the masks of bad pixels of which there are darks and flats; add their products."""
        known = [m for m in self.earlier if m.kind == "bad_pixels" and m.origin == "batch"]
        masks = masks_to_make(masters, {p.name: len(p.frames) for p in products}, self.rules, known)
        keys = unique([key_of_master("bad_pixels", one.dark.like) for one in masks], self.taken)
        jobs = [self._jobs.of_mask(key, one) for key, one in zip(keys, masks, strict=True)]
        answers = self._production.made(
            list(zip(keys, jobs, strict=True)), "bad-pixel masks made", (MASTERED, MASTERED)
        )
        made = []
        for key, one, job, answer in zip(keys, masks, jobs, answers, strict=True):
            if isinstance(answer, Made):
                product = self._product(key, one.dark.like, (), (one.dark, one.flat), job, answer)
                products.append(product)
                made.append(made_mask(one.dark, product))
            else:
                self.marks.append(f"no {key} was made: {reason_of(answer)}")
        return made

    def _camera_masks(self, lights: Sequence[Seen]) -> list[Master]:
        """Return the masks that the lights' cameras bring along; say which cannot be used."""
        cameras = {path: one.frame.settings for one in lights if (path := mask_path(one.frame.settings)) is not None}
        paths, found = list(cameras), []
        for position, looked in self.run(look_at_mask, [(str(path), self.limits) for path in paths], self.width):
            path = paths[position]
            if isinstance(looked, tuple):
                found.append(camera_mask(cameras[path], path, looked))
            else:
                self.marks.append(f"the camera's mask {path.name} cannot be used: {reason_of(looked)}")
        return found

    def _combine(
        self, kind: str, piles: Sequence[list[Seen]], masters: Sequence[Master], products: list[Product]
    ) -> list[Master]:
        """Make the masters of one kind; add their products, and say which could not be made."""
        plans = self._planned(lambda at_hand: [self._plan(kind, pile, at_hand) for pile in piles], masters)
        keys = unique([key_of_master(kind, pile[0]) for pile in piles], self.taken)
        jobs = [self._jobs.of_master(k, kind, pile, plan) for k, pile, plan in zip(keys, piles, plans, strict=True)]
        answers = self._production.made(
            list(zip(keys, jobs, strict=True)), f"master {kind} made", (INSPECTED, MASTERED)
        )
        made = []
        for key, pile, plan, job, answer in zip(keys, piles, plans, jobs, answers, strict=True):
            if isinstance(answer, Made):
                product = self._product(key, pile[0], tuple(pile), plan.masters, job, answer)
                products.append(product)
                made.append(made_master(kind, pile, product))
            else:
                self.marks.append(f"no {key} was made: {reason_of(answer)}")
        return made

    def _plan(self, kind: str, pile: list[Seen], masters: Sequence[Master]) -> Calibration:
        """Return how a master is made of a pile."""
        biases = [m for m in masters if m.kind == "bias" and kind != "bias"]
        darks = [m for m in masters if m.kind == "dark" and kind == "flat"]
        correction = correction_of(pile, biases, darks, self.rules)
        recipe = master_recipe(kind, pile, correction.bias, correction.dark, overscan=correction.overscan)
        at_hand = [correction.bias, correction.dark.master if isinstance(correction.dark, Dark) else None]
        names = {i.name for i in recipe.inputs}
        used = tuple(m for m in at_hand if m is not None and m.name in names)
        said = dict.fromkeys([*(m for s in pile for m in s.frame.marks), *correction.marks])
        marks = tuple(said)[:MOST_MARKS] + tuple(m for one in used for m in said_of(one, pile[0], self.rules))
        marks += (f"made of {len(pile)} frame only",) if len(pile) == 1 else ()
        if kind != "bias" and correction.bias is None and not ({"bias", "dark"} & pile[0].frame.done):
            marks += ("no bias was subtracted: there is none",) if not correction.dark else ()
        return Calibration(recipe, used, marks)

    def _planned(
        self, plan: Callable[[Sequence[Master]], list[Calibration]], masters: Sequence[Master]
    ) -> list[Calibration]:
        """Return plans with these masters and those of other nights; of the latter only files that are whole."""
        doubtful = {m.name for m in self.earlier}
        while True:
            plans = plan([*masters, *(m for m in self.earlier if self._whole.get(m.name, True))])
            used = {m.name: m for one in plans for m in one.masters if m.name in doubtful}
            unsure = [m for name, m in used.items() if name not in self._whole]
            if not unsure:
                return plans
            self._check(unsure)

    def _check(self, masters: Sequence[Master]) -> None:
        """See whether masters of other nights are still what they were."""
        arguments = [(m.path, m.sha256) for m in masters]
        for position, answer in self.run(is_still_there, arguments, self.width):
            one = masters[position]
            self._whole[one.name] = answer is True
            if answer is not True:
                self.marks.append(f"the {one.kind} {one.name} is gone or damaged: not used")

    def _may_be_made(self, light: Seen, plan: Calibration) -> bool:
        """Tell whether a light is reduced although it lacks a master; set it aside where not."""
        if self.incomplete or not plan.lacks:
            return True
        self.unusable.append(Unusable(light.file, f"there is no {', no '.join(plan.lacks)} for it: set aside as asked"))
        return False

    def _product(
        self, key: str, seen: Seen, frames: tuple[Seen, ...], masters: tuple[Master, ...], job: Job, made: Made
    ) -> Product:
        return Product(
            key, job.recipe.product, made, self.name_of(Path(made.path)), job.recipe, seen, frames, masters, job.marks,
            dict(job.thumbnails),
        )  # fmt: skip


def _need_to_look(path: Path, limits: Limits) -> Need:
    """Return the memory that it takes to look at a file; one that cannot be asked for its size will say so itself."""
    try:
        size = path.stat().st_size
    except OSError:
        size = 0
    return need_to_look(size, packed=path.suffix.lower() in (".gz", ".fz"), most=limits.size)


def _why(path: Path, error: BaseException) -> str:
    """Return why a file cannot be used, and what to do where it is not whole yet: it was written to just now."""
    reason = reason_of(error)
    if not isinstance(error, UnfinishedFrame):
        return reason
    try:
        age = time.time() - path.stat().st_mtime
    except OSError:
        return reason
    return f"{reason}; it was written to {max(0, round(age))} s ago: resume the batch later" if age < FRESH else reason
