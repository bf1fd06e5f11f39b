"""Making the products of a batch: what was finished before is recalled, what does not fit into memory is refused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from toros.errors import BadFrame
from toros.reduction.journal import Journal
from toros.reduction.memory import Room
from toros.reduction.product import Job, Made, is_still_there, make_product
from toros.reduction.work import Note, Progress, Run, Work, reason_of

__all__ = ["Production"]


@dataclass(frozen=True)
class Production:
    """How the jobs of a batch are run.

    Attributes
    ----------
    run : callable
        `run(function, arguments, width)` yields position and answer of each item as it ends.
    progress : callable
        `progress(fraction, message)`; what it raises ends the batch.
    journal : Journal
        Remembers what was finished, and what failed.
    width : int
        Products under way at once, at most.
    room : Room
        The memory that these may take.
    marks : list of str
        Added to: what a person should know.
    """

    run: Run
    progress: Progress
    journal: Journal
    width: int
    room: Room
    marks: list[str]

    def made(self, jobs: Sequence[tuple[str, Job]], word: str, span: tuple[float, float]) -> list[Any]:
        """Return what came of each job: Made, from memory where it was finished before, or an exception."""
        answers: list[Any] = self._recalled(jobs, span[0])
        for i, (key, job) in enumerate(jobs):
            refusal = self.room.refusal(job.need)
            if answers[i] is None and refusal is not None:
                answers[i] = BadFrame(refusal)
                self.journal.failed(key, refusal)
        todo = [i for i, answer in enumerate(answers) if answer is None]
        needs = [jobs[i][1].need for i in todo]
        self.marks.extend(self.room.remarks(needs))
        work = Work(self.run, self.progress, word, span, before=len(jobs) - len(todo), writes=True, room=self.room)
        arguments = [(jobs[i][1],) for i in todo]
        made = work.through(make_product, arguments, needs, self.width, self._noting(jobs, todo))
        for i, answer in zip(todo, made, strict=True):
            answers[i] = answer
        return answers

    def _recalled(self, jobs: Sequence[tuple[str, Job]], fraction: float) -> list[Made | None]:
        """Return the products that were finished before and are still whole."""
        known = [self.journal.recall(key, job.recipe.hash) for key, job in jobs]
        at = [i for i, made in enumerate(known) if made is not None]
        arguments = [(made.path, made.sha256) for made in known if made is not None]
        if at:
            self.progress(fraction, f"looking whether {len(at)} products of an earlier try are whole")
        for position, answer in self.run(is_still_there, arguments, self.width):
            if answer is not True:
                known[at[position]] = None
        return known

    def _noting(self, jobs: Sequence[tuple[str, Job]], todo: Sequence[int]) -> Note:
        """Return what remembers each product as it is finished."""

        def note(position: int, answer: Any) -> None:
            key, job = jobs[todo[position]]
            if isinstance(answer, Made):
                self.journal.finished(key, job.recipe.hash, answer)
            else:
                self.journal.failed(key, reason_of(answer))

        return note
