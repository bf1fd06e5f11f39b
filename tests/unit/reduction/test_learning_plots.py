"""Whatever was learnt can be drawn, and nothing that was not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from matplotlib.image import imread

from tests.unit.reduction.made_camera import MadeCamera
from tests.unit.reduction.test_learning import frames
from toros.reduction.learning import Learnt, learn
from toros.reduction.learning_plots import draw_all


@pytest.fixture(scope="module")
def learnt() -> Learnt:
    camera = MadeCamera(gains=(1.5, 2.0), noises=(8.0, 5.0), rows=128, columns=128, full_well=90_000.0, dead=((5, 5),))
    return learn(frames(camera, (1.0, 2.0, 4.0, 8.0, 16.0, 32.0)), camera.amplifiers)


def test_three_pictures_are_drawn(learnt: Learnt, tmp_path: Path) -> None:
    made = draw_all(learnt, tmp_path / "new" / "plots", "North")
    assert [path.name for path in made] == ["photon_transfer.png", "linearity.png", "bad_pixels.png"]
    for path in made:
        drawn = imread(path)
        assert drawn.shape[:2] == (648, 864)
        assert 0.5 < (drawn[..., :3] > 0.99).all(axis=-1).mean() < 0.99  # mostly paper, and something on it


@pytest.mark.parametrize("amplifiers", [1, 5, 16])
def test_any_number_of_amplifiers_is_drawn(learnt: Learnt, amplifiers: int, tmp_path: Path) -> None:
    several = replace(learnt, amplifiers=(learnt.amplifiers * amplifiers)[:amplifiers])
    assert len(draw_all(several, tmp_path, "North")) == 3


def test_a_detector_full_of_bad_pixels_is_drawn(learnt: Learnt, tmp_path: Path) -> None:
    bad = np.random.default_rng(1).random((128, 256)) < 0.2
    assert len(draw_all(replace(learnt, bad_pixels=bad), tmp_path, "North")) == 3


def test_what_was_not_learnt_is_not_drawn(tmp_path: Path) -> None:
    camera = MadeCamera(rows=64, columns=64)
    nothing = learn([camera.sample("bias"), camera.sample("bias")], camera.amplifiers)
    assert draw_all(nothing, tmp_path, "North") == []
    full = MadeCamera(rows=64, columns=64, full_counts=30_000)
    no_gain = learn(frames(full, (60.0,)), full.amplifiers)
    assert [path.name for path in draw_all(no_gain, tmp_path, "North")] == ["photon_transfer.png", "bad_pixels.png"]
