"""Reducing a folder: look at every file, make the masters, calibrate the lights; one bad frame never stops the others.

Nothing here knows of orders or databases: who runs the work, who remembers what is finished and who hears of the
progress is handed in. A notebook hands in nothing and the work runs where it stands.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, TypeVar

from toros.errors import BadFrame, ChildDied, LeaseLost, OrderCancelled, Temporary
from toros.reduction.calibrate import Calibration, calibration_of, correction_of
from toros.reduction.cards import cards_of
from toros.reduction.inventory import Inventory, Seen, Unusable, classify, groups, inspect
from toros.reduction.masters import Dark, Master, finished, master_recipe
from toros.reduction.product import Job, Made, make_product
from toros.reduction.recipe import Recipe
from toros.reduction.structure import Limits

__all__ = ["Batch", "Journal", "NoJournal", "Product", "here"]

T = TypeVar("T")
Run = Callable[[Callable[..., Any], Sequence[tuple[Any, ...]]], Sequence[Any]]
Progress = Callable[[float, str], None]
log = logging.getLogger(__name__)

INSPECTED, MASTERED = 0.2, 0.4  # parts of the progress


class Journal(Protocol):
    """Who remembers what is finished, so that nothing is done twice."""

    def recall(self, key: str, recipe: str) -> Made | None:
        """Return the product of this key, where it was made by this very recipe and is whole."""
        ...

    def finished(self, key: str, recipe: str, made: Made) -> None:
        """Remember a product."""
        ...

    def failed(self, key: str, reason: str) -> None:
        """Remember that a product could not be made."""
        ...


class NoJournal:
    """Remembers nothing."""

    def recall(self, key: str, recipe: str) -> Made | None:  # noqa: ARG002
        """Return None."""
        return None

    def finished(self, key: str, recipe: str, made: Made) -> None:
        """Forget."""

    def failed(self, key: str, reason: str) -> None:
        """Forget."""


def here(function: Callable[..., T], arguments: Sequence[tuple[Any, ...]]) -> Sequence[T | BaseException]:
    """Run a function over many arguments in this process; an item that fails gives its exception."""
    answers: list[T | BaseException] = []
    for argument in arguments:
        try:
            answers.append(function(*argument))
        except Exception as error:  # noqa: BLE001 - the caller looks at each item by itself
            answers.append(error)
    return answers


@dataclass(frozen=True)
class Product:
    """One product of a batch.

    Attributes
    ----------
    key : str
        Its name within the batch, such as "calibrated/light-001".
    kind : {"master_bias", "master_dark", "master_flat", "calibrated"}
    made : Made
    name : str
        `root:path`.
    recipe : Recipe or None
        None for a finished master that was found.
    seen : Seen
        The light, or the first frame of a master.
    frames : tuple of Seen
        The raw frames that it was made of.
    masters : tuple of Master
        The masters that it was made with.
    marks : tuple of str
    thumbnails : dict of {"before", "after"} to str
        Absolute paths.
    """

    key: str
    kind: str
    made: Made
    name: str
    recipe: Recipe | None
    seen: Seen
    frames: tuple[Seen, ...] = ()
    masters: tuple[Master, ...] = ()
    marks: tuple[str, ...] = ()
    thumbnails: dict[str, str] = field(default_factory=dict)


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
        `run(function, arguments)` runs a function over many arguments, like `Engine.map`.
    progress : callable
        `progress(fraction, message)`; what it raises ends the batch.
    journal : Journal
    limits : Limits
    width : int
        Frames between two words of progress.
    cosmic_rays : bool
    """

    output: Path
    name_of: Callable[[Path], str] = str
    run: Run = here
    progress: Progress = lambda fraction, message: None
    journal: Journal = field(default_factory=NoJournal)
    limits: Limits = field(default_factory=Limits)
    width: int = 4
    cosmic_rays: bool = False
    marks: list[str] = field(default_factory=list)
    unusable: list[Unusable] = field(default_factory=list)

    def look(self, files: Sequence[tuple[Path, str]], marks: Sequence[str] = ()) -> Inventory:
        """Return what files hold.

        Parameters
        ----------
        files : sequence of (Path, str)
            Absolute path and `root:path` of each.
        marks : sequence of str
            About the folder.
        """
        arguments = [(str(path), name, self.limits) for path, name in files]
        answers = self._each(inspect, arguments, "looked at", 0.0, INSPECTED)
        seen = [a for a in answers if isinstance(a, Seen)]
        pairs = zip(files, answers, strict=True)
        bad = [Unusable(path.name, reason_of(a)) for (path, _), a in pairs if isinstance(a, BaseException)]
        inventory = classify(seen, bad, marks)
        self.marks.extend(inventory.marks)
        self.unusable.extend(inventory.unusable)
        return inventory

    def make_masters(self, inventory: Inventory) -> tuple[list[Master], list[Product]]:
        """Return the masters that there are, made and found, and the products that they are."""
        found = {kind: [s for s in inventory.masters if s.frame.kind == kind] for kind in ("bias", "dark", "flat")}
        biases = [finished(s) for s in found["bias"]]
        products: list[Product] = []
        biases += self._combine("bias", groups(inventory.bias), [], [], products)
        level = biases[0].level if biases else None
        darks = [finished(s, level) for s in found["dark"]]
        darks += self._combine("dark", groups(inventory.dark, by_exposure=True), biases, [], products)
        flats = [finished(s) for s in found["flat"]]
        flats += self._combine("flat", groups(inventory.flat, by_filter=True), biases, darks, products)
        masters = [*biases, *darks, *flats]
        return masters, [_as_found(m) for m in masters if not m.made] + products

    def calibrate(self, lights: Sequence[Seen], masters: Sequence[Master]) -> list[Product]:
        """Return the calibrated lights; those that fail are added to `unusable`."""
        plans = [calibration_of(light, masters, cosmic_rays=self.cosmic_rays) for light in lights]
        keys = _unique([f"calibrated/{_stem(light.file)}" for light in lights])
        jobs = [self._job_of_light(k, light, plan) for k, light, plan in zip(keys, lights, plans, strict=True)]
        answers = self._make(list(zip(keys, jobs, strict=True)), "calibrated", MASTERED, 1.0)
        products = []
        for key, light, plan, job, answer in zip(keys, lights, plans, jobs, answers, strict=True):
            if isinstance(answer, Made):
                answer.quality["saturated_fraction"] = round(light.saturated, 6)
                products.append(self._product(key, light, (light,), plan.masters, job, answer))
            else:
                self.unusable.append(Unusable(light.file, reason_of(answer)))
        return products

    def _combine(
        self,
        kind: str,
        piles: Sequence[list[Seen]],
        biases: Sequence[Master],
        darks: Sequence[Master],
        products: list[Product],
    ) -> list[Master]:
        """Make the masters of one kind; add their products, and say which could not be made."""
        plans = [self._plan(kind, pile, biases, darks) for pile in piles]
        keys = _unique([f"masters/{_master_stem(kind, pile[0])}" for pile in piles])
        jobs = [
            Job(
                recipe=recipe,
                paths=_paths(pile, used),
                output=str(self.output / f"{key}.fits"),
                cards=cards_of(pile[0], f"master_{kind}"),
                marks=marks,
                limits=self.limits,
            )
            for key, pile, (recipe, used, marks) in zip(keys, piles, plans, strict=True)
        ]
        masters = []
        answers = self._make(list(zip(keys, jobs, strict=True)), f"master {kind} made", INSPECTED, MASTERED)
        for key, pile, (recipe, used, marks), job, answer in zip(keys, piles, plans, jobs, answers, strict=True):
            if isinstance(answer, Made):
                product = self._product(key, pile[0], tuple(pile), used, job, answer)
                products.append(product)
                masters.append(_as_master(kind, pile, recipe, product, marks))
            else:
                self.marks.append(f"no {key} was made: {reason_of(answer)}")
        return masters

    def _plan(
        self, kind: str, pile: list[Seen], biases: Sequence[Master], darks: Sequence[Master]
    ) -> tuple[Recipe, tuple[Master, ...], tuple[str, ...]]:
        correction = correction_of(pile, biases, darks)
        recipe = master_recipe(kind, pile, correction.bias, correction.dark, overscan=correction.overscan)
        at_hand = [correction.bias, correction.dark.master if isinstance(correction.dark, Dark) else None]
        names = {i.name for i in recipe.inputs}
        used = tuple(m for m in at_hand if m is not None and m.name in names)
        said = dict.fromkeys([*(m for s in pile for m in s.frame.marks), *correction.marks])
        marks = tuple(said)[:50] + ((f"made of {len(pile)} frame only",) if len(pile) == 1 else ())
        if kind != "bias" and correction.bias is None and not ({"bias", "dark"} & pile[0].frame.done):
            marks += ("no bias was subtracted: there is none",) if not correction.dark else ()
        return recipe, used, marks

    def _job_of_light(self, key: str, light: Seen, plan: Calibration) -> Job:
        return Job(
            recipe=plan.recipe,
            paths=_paths([light], plan.masters),
            output=str(self.output / f"{key}.fits"),
            cards=cards_of(light, "calibrated"),
            marks=plan.marks,
            thumbnails={
                w: str(self.output / f"thumbnails/{key.split('/', 1)[1]}-{w}.png") for w in ("before", "after")
            },
            limits=self.limits,
        )

    def _product(
        self, key: str, seen: Seen, frames: tuple[Seen, ...], masters: tuple[Master, ...], job: Job, made: Made
    ) -> Product:
        return Product(
            key, job.recipe.product, made, self.name_of(Path(made.path)), job.recipe, seen, frames, masters, job.marks,
            dict(job.thumbnails),
        )  # fmt: skip

    def _make(self, jobs: Sequence[tuple[str, Job]], word: str, start: float, stop: float) -> list[Any]:
        """Return what came of each job: Made, from memory where it was finished before, or an exception."""
        answers: list[Any] = [self.journal.recall(key, job.recipe.hash) for key, job in jobs]
        todo = [i for i, answer in enumerate(answers) if answer is None]
        if len(todo) < len(jobs):
            log.info("%d of %d products were finished before", len(jobs) - len(todo), len(jobs))

        def note(index: int, answer: Any) -> None:
            key, job = jobs[todo[index]]
            if isinstance(answer, OSError):  # a full disk will not be better for the next frame
                raise Temporary(f"the product {key} could not be written: {answer.strerror or answer}") from answer
            if isinstance(answer, Made):
                self.journal.finished(key, job.recipe.hash, answer)
            else:
                self.journal.failed(key, reason_of(answer))
            answers[todo[index]] = answer

        arguments = [(jobs[i][1],) for i in todo]
        self._each(make_product, arguments, word, start, stop, note, before=len(jobs) - len(todo))
        return answers

    def _each(
        self,
        function: Callable[..., Any],
        arguments: Sequence[tuple[Any, ...]],
        word: str,
        start: float,
        stop: float,
        note: Callable[[int, Any], None] = lambda index, answer: None,
        before: int = 0,
    ) -> list[Any]:
        """Run a function over arguments, a few at a time; one whose child dies is tried once more, then given up."""
        answers: list[Any] = []
        total = before + len(arguments)
        for begin in range(0, len(arguments), self.width):
            done = before + begin
            self.progress(start + (stop - start) * done / total, f"{done} of {total} {word}")
            part = arguments[begin : begin + self.width]
            for index, answer in enumerate(self.run(function, part)):
                if isinstance(answer, ChildDied):
                    log.warning("a child died (%s): its item is tried once more", answer)
                    answer = self.run(function, [part[index]])[0]
                if isinstance(answer, (OrderCancelled, LeaseLost)):
                    raise answer
                note(begin + index, answer)
                answers.append(answer)
        if total:
            self.progress(stop, f"{total} of {total} {word}")
        return answers


def reason_of(error: BaseException) -> str:
    """Return why a frame cannot be used, as a person reads it."""
    if isinstance(error, BadFrame):
        return str(error)
    if isinstance(error, ChildDied):
        return f"cost two child processes their life: {error}"
    log.warning("a frame failed in a way that nobody foresaw", exc_info=error)
    return f"could not be worked on: {type(error).__name__}: {error}"


def _as_found(master: Master) -> Product:
    made = Made(master.path, master.sha256, master.size)
    return Product(
        master.name, f"master_{master.kind}", made, master.name, None, master.like, marks=master.marks
    )  # fmt: skip


def _as_master(kind: str, pile: list[Seen], recipe: Recipe, product: Product, marks: tuple[str, ...]) -> Master:
    steps = {s.name for s in recipe.steps}
    holds = set() if "subtract_overscan" in steps or "overscan" in pile[0].frame.done else {"overscan"}
    without_bias = "subtract_bias" in steps or "bias" in pile[0].frame.done
    if kind == "dark" and not without_bias:
        holds.add("bias")
    quality = product.made.quality
    return Master(
        kind=kind, name=product.name, path=product.made.path, sha256=product.made.sha256, size=product.made.size,
        like=pile[0], shape=pile[0].image_shape, holds=frozenset(holds), exposure_time=pile[0].frame.exposure_time,
        read_noise_adu=quality.get("read_noise_adu"), level=quality.get("background", 0.0), marks=marks,
    )  # fmt: skip


def _paths(frames: Sequence[Seen], masters: Sequence[Master]) -> dict[str, str]:
    return {**{f.name: f.path for f in frames}, **{m.name: m.path for m in masters}}


def _stem(name: str) -> str:
    """Return a file's name without its endings, safe for a product's name."""
    bare = re.sub(r"(\.(fits?|fts|gz|fz))+$", "", name, flags=re.IGNORECASE)
    return re.sub(r"[^A-Za-z0-9._-]+", "-", bare).strip(".-")[:100] or "frame"


def _master_stem(kind: str, seen: Seen) -> str:
    exposure = f"_{seen.frame.exposure_time:g}s" if kind == "dark" else ""
    filter = f"_{seen.frame.filter}" if kind == "flat" and seen.frame.filter else ""
    return _stem(f"master_{kind}{exposure}{filter}")


def _unique(keys: list[str]) -> list[str]:
    """Return the keys, a number added to those that came before in any case of letters."""
    taken: set[str] = set()
    unique = []
    for key in keys:
        name, n = key, 1
        while name.lower() in taken:
            n += 1
            name = f"{key}-{n}"
        taken.add(name.lower())
        unique.append(name)
    return unique
