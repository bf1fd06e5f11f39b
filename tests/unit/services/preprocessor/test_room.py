"""The configuration bounds the memory of a batch, and what does not fit says which setting to raise."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from services.preprocessor import SERVICE
from tests.unit.reduction import made_frames as made
from tests.unit.services.preprocessor.desk import BATCH, Here, ordered, raw
from tests.unit.services.rehearsal import Rehearsal, rehearsing
from toros.errors import Permanent

WHERE = f"raw:{BATCH}"


class Counting(Here):
    """An engine that remembers how many pieces of work were allowed at once."""

    def __init__(self) -> None:
        super().__init__()
        self.widths: dict[str, set[int | None]] = {}

    def stream(
        self, function: Callable[..., Any], arguments: Iterable[tuple[Any, ...]], /, width: int | None = None
    ) -> Iterator[tuple[int, Any]]:
        """Remember the width, and run it here."""
        self.widths.setdefault(function.__name__, set()).add(width)
        return super().stream(function, arguments, width)


def reduced(folder: Path, **settings: Any) -> tuple[dict[str, Any], Counting]:
    """Return the result of a small night, and the engine that it was reduced by."""
    with rehearsing(folder, "preprocessor", SERVICE.tables, **settings) as desk:
        desk.engine = engine = Counting()  # type: ignore[assignment]
        made.write_night(raw(desk), biases=3, darks=0, flats=0, lights=2)
        return dict(ordered(desk, "calibrate_file_batch", file_location=WHERE).result), engine


@pytest.mark.parametrize(
    ("engine", "reduction", "width"),
    [
        ({"processes": 4}, {}, 4),
        ({"processes": 4}, {"memory": 800}, 3),
        ({"processes": 4}, {"memory": 256}, 1),
        ({"processes": 4}, {"frames_at_once": 2}, 2),
        ({"kind": "dask", "scheduler": "tcp://127.0.0.1:9"}, {"memory": 2600}, 10),
    ],
)
def test_frames_under_way_are_as_many_as_memory_allows(
    engine: dict[str, Any], reduction: dict[str, Any], width: int, tmp_path: Path
) -> None:
    result, counted = reduced(tmp_path, engine=engine, reduction=reduction)
    assert result["calibrated"] == 2
    assert max(w or 0 for w in counted.widths["make_product"]) == width


def test_a_batch_that_is_larger_than_its_memory_says_what_to_raise(tmp_path: Path) -> None:
    result, _ = reduced(tmp_path, reduction={"memory": 256})
    assert any(mark.endswith("raise the setting reduction.memory") for mark in result["marks"])


def test_a_frame_that_no_child_can_hold_names_the_setting(tmp_path: Path) -> None:
    result, engine = reduced(tmp_path, engine={"memory": 300})
    assert result["calibrated"] == 0
    assert {u["file"] for u in result["unusable"]} == {"light-000.fits", "light-001.fits"}
    assert all(u["reason"].endswith("raise the setting engine.memory") for u in result["unusable"])
    assert engine.made == []


def test_an_image_beyond_the_limit_of_a_small_child_names_the_setting(tmp_path: Path) -> None:
    with rehearsing(tmp_path, "preprocessor", SERVICE.tables, engine={"memory": 256}) as desk:
        large(desk)
        with pytest.raises(Permanent, match=r"the limit is 67.1 MB, by the setting engine\.memory"):
            ordered(desk, "calibrate_file_batch", file_location=WHERE)


def large(desk: Rehearsal) -> None:
    """Write a frame whose image takes 72 MB."""
    raw(desk).mkdir(parents=True)
    made.write_frame(raw(desk) / "light.fits", np.zeros((3000, 6000), np.uint8), IMAGETYP="LIGHT", EXPTIME=30.0)
