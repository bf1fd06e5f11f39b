"""Moving in from torosmanager: its nights become batches, its frames exposures and combinations, where they lie."""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from services.data_manager.viewers import viewer_of
from toros.clock import iso
from toros.data.ingestion import find_product, record_inputs, record_product
from toros.data.moving.course import Part
from toros.data.moving.manager import ManagerFrame
from toros.data.targets.importing.problems import Problem
from toros.data.verification import identify_file
from toros.errors import OutsideRoots, Permanent
from workorders.complaints import refusal_of
from workorders.data import FRAMES, FrameInput, IngestDataProduct

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sqlalchemy.orm import Session

    from toros.data.moving.manager import ManagerDatabase
    from toros.data.targets.importing.journal import Journal
    from toros.network.service import Context
    from workorders.moving import MoveIn

__all__ = ["ManagerMove"]

CHUNK = 500  # inputs in one transaction


class ManagerMove:
    """One move.

    Parameters
    ----------
    order : MoveIn
        Its folder holds the folders of the nights, or is that of the only one.
    context : Context
    manager : ManagerDatabase
    journal : Journal
    """

    def __init__(self, order: MoveIn, context: Context, manager: ManagerDatabase, journal: Journal) -> None:
        self._order, self._context, self._manager, self._journal = order, context, manager, journal

    def all(self) -> dict[str, dict[str, int]]:
        """Move exposures, then what was made of them; return how many of each were new, the same and refused."""
        return {
            "exposures": self._part("exposures", self._manager.exposures),
            "combinations": self._part("combinations", self._manager.combinations),
        }

    def _part(self, name: str, pages: Any) -> dict[str, int]:
        part = Part(self._journal, name)
        part.begin("new", "same")
        for page in pages(part.after):
            for frame in page:
                counts, problems = self._frame(name, frame)
                last = frame.line if isinstance(frame, Problem) else frame.id
                part.done(last, counts, problems)
                self._context.progress(0.4 if name == "exposures" else 0.8, f"{name} up to {last}")
        return part.counts

    def _frame(self, name: str, frame: ManagerFrame | Problem) -> tuple[Counter[str], list[Problem]]:
        if isinstance(frame, Problem):
            return Counter(), [frame]
        try:
            inputs, problems = self._inputs(frame)
            return Counter([self._record(frame, name == "exposures", inputs)]), problems
        except Permanent as error:
            words = f"the {name.removesuffix('s')} {frame.id}: {error}"
            return Counter(), [Problem(frame.id, words, "filename", frame.file[:60])]

    def _record(self, frame: ManagerFrame, raw: bool, inputs: list[FrameInput]) -> str:
        """Record a frame with what it came from; return "new" or "same"."""
        order = self._order_for(frame, raw, inputs)
        assert order.sha256 is not None
        known = self._context.read(partial(find_product, sha256=order.sha256, location=order.file_location))
        if not self._order.dry_run and known is None:
            if raw:
                inputs = [self._input(frame, "exposure")]
            for start in range(0, len(inputs), CHUNK):
                self._context.write(partial(_know, inputs=inputs[start : start + CHUNK]))
            for start in range(0, max(1, len(order.inputs)), CHUNK):
                some = order.model_copy(update={"inputs": order.inputs[start : start + CHUNK]})
                self._context.write(
                    partial(record_product, order=some, recorded=iso(self._context.clock.now()),
                            viewer=viewer_of(self._order, self._context))
                )  # fmt: skip
        return "new" if known is None else "same"

    def _order_for(self, frame: ManagerFrame, raw: bool, inputs: Iterable[FrameInput]) -> IngestDataProduct:
        """Return how the frame would have been told of, had it come here first."""
        location = self._location(frame)
        size, sha256 = identify_file(self._context.files.path(location), name=location)
        said = {
            "id": self._order.id, "user": self._order.user, "file_location": location, "size": size, "sha256": sha256,
            "product_type": "raw" if raw else frame.kind, "batch": frame.batch,
            "batch_location": location.rpartition("/")[0] or f"{location.partition(':')[0]}:",
            "exposure_time": frame.exposure_time, "process": False,
        }  # fmt: skip
        try:
            return IngestDataProduct.model_validate(said).model_copy(update={"inputs": list(inputs)})
        except ValidationError as error:
            raise Permanent(str(refusal_of(error, IngestDataProduct, "the frame", {}))) from None

    def _inputs(self, frame: ManagerFrame) -> tuple[list[FrameInput], list[Problem]]:
        """Return what a frame was made from, and what of that cannot be found."""
        inputs: list[FrameInput] = []
        problems: list[Problem] = []
        for role, each in self._manager.frames(frame.exposures, frame.combinations):
            try:
                if isinstance(each, Problem):
                    raise Permanent(each.message)
                inputs.append(self._input(each, role))
            except Permanent as error:
                words = f"the combination {frame.id} is kept without one of its inputs: {error}"
                problems.append(Problem(frame.id, words, role))
        return inputs, problems

    def _input(self, frame: ManagerFrame, role: str) -> FrameInput:
        location = self._location(frame)
        if role == "combination" and frame.kind not in FRAMES:
            raise Permanent(f"{location} is {frame.kind}, which is no input")
        _, sha256 = identify_file(self._context.files.path(location), name=location)
        return FrameInput.model_validate(
            {"location": location, "sha256": sha256, "role": role, "kind": frame.kind,
             "exposure_time": frame.exposure_time}
        )  # fmt: skip

    def _location(self, frame: ManagerFrame) -> str:
        """Return where a frame lies below the folder; raise Permanent where it is not there."""
        if self._order.folder_location is None:
            raise Permanent("its file is not looked for: the order says no folder_location")
        files, folder = self._context.files, self._order.folder_location.rstrip("/")
        base = folder if folder.endswith(":") else f"{folder}/"
        if not frame.file or frame.file.startswith("/") or len(frame.file) > 255:
            raise OutsideRoots(f"{frame.file[:200]!r} is not the name of a file")
        for location in _candidates(base, frame):
            path = files.path(location, must_exist=False)
            if not path.is_relative_to(files.path(self._order.folder_location)):
                raise OutsideRoots(f"{location} leads out of the folder of files")
            if path.is_file():
                return location
        raise Permanent(f"{base}{frame.folder}/{frame.file} does not exist")


def _candidates(base: str, frame: ManagerFrame) -> Iterator[str]:
    if frame.folder:
        yield f"{base}{frame.folder}/{frame.file}"
    yield f"{base}{frame.file}"


def _know(session: Session, *, inputs: list[FrameInput]) -> None:
    record_inputs(session, inputs)
