"""What was finished before is not made again while it is whole; what needs too much memory is refused, by name."""

from __future__ import annotations

import hashlib
from pathlib import Path

from toros.errors import BadFrame
from toros.reduction.journal import NoJournal
from toros.reduction.memory import Need, Room
from toros.reduction.product import Job, Made
from toros.reduction.production import Production
from toros.reduction.recipe import Input, Recipe
from toros.reduction.work import here


class Known(NoJournal):
    """A journal that knows some products, and hears of failures."""

    def __init__(self, **known: Made) -> None:
        self.known, self.failures = known, dict[str, str]()

    def recall(self, key: str, recipe: str) -> Made | None:
        return self.known.get(key)

    def failed(self, key: str, reason: str) -> None:
        self.failures[key] = reason


def job(folder: Path, need: Need | None = None) -> Job:
    """Return a job of a frame that is not there."""
    recipe = Recipe("calibrated", (Input("frame", "raw:none.fits", "0" * 64),), ())
    paths = {"raw:none.fits": str(folder / "none.fits")}
    return Job(recipe=recipe, paths=paths, output=str(folder / "out.fits"), cards={}, need=need or Need())


def production(journal: NoJournal, room: Room | None = None) -> Production:
    return Production(here, lambda fraction, message: None, journal, 2, room or Room(), [])


def test_what_cannot_fit_is_refused_and_remembered_without_a_try(tmp_path: Path) -> None:
    journal = Known()
    need = Need(memory=5000, addresses=9000, what="a frame of 30000 x 30000")
    (answer,) = production(journal, Room(together=100, each=100)).made([("big", job(tmp_path, need))], "made", (0, 1))
    assert isinstance(answer, BadFrame)
    assert journal.failures == {"big": str(answer)}
    assert "a frame of 30000 x 30000" in str(answer)


def test_a_whole_product_is_recalled_and_a_damaged_one_is_tried_again(tmp_path: Path) -> None:
    whole, damaged = tmp_path / "whole.fits", tmp_path / "damaged.fits"
    whole.write_bytes(b"product")
    damaged.write_bytes(b"damaged")
    sha = hashlib.sha256(b"product").hexdigest()
    journal = Known(whole=Made(str(whole), sha, 7), damaged=Made(str(damaged), sha, 7))
    jobs = [("damaged", job(tmp_path)), ("whole", job(tmp_path))]
    tried, recalled = production(journal).made(jobs, "made", (0, 1))
    assert recalled == journal.known["whole"]
    assert isinstance(tried, BaseException)
    assert list(journal.failures) == ["damaged"]
