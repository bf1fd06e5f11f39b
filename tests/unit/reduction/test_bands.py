"""Frames of many amplifiers, read a few rows at a time, turned and placed as their sections say."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toros.errors import BadFrame
from toros.reduction.bands import CalibratedRows
from toros.reduction.chain import Planes, chain_of
from toros.reduction.flags import Flag
from toros.reduction.planes import ArrayRows
from toros.reduction.recipe import Step


def filled(rows: CalibratedRows, step: int | None = None) -> tuple[Any, Any, Any]:
    """Return image, standard deviation and flags, a few rows at a time; the values alone are those of the image."""
    height = rows.shape[0]
    data, error, flags = (np.empty(rows.shape, kind) for kind in ("f4", "f4", "u1"))
    values = np.empty_like(data)
    for start in range(0, height, step or height):
        stop = min(height, start + (step or height))
        rows.fill(start, stop, data[start:stop], error[start:stop], flags[start:stop])
        rows.read(start, stop, values[start:stop])
    assert np.array_equal(values, np.where(flags == 0, data, np.nan), equal_nan=True)
    return data, error, flags


def calibrated(raw: Any, steps: list[Step], **masters: Any) -> CalibratedRows:
    """Return the rows of a raw array after some steps."""
    given = {role: Planes(ArrayRows(np.asarray(array))) for role, array in masters.items()}
    return CalibratedRows(chain_of(steps, raw.shape), Planes(ArrayRows(raw)), given)


class Detector:
    """Four amplifiers, read from the corners: each with its level, gain and overscan, some turned round."""

    ROWS, COLUMNS, OVER = 7, 11, 4
    LEVELS, GAINS = (1000.0, 1200.0, 900.0, 1100.0), (1.5, 1.6, 1.4, 1.7)

    def __init__(self) -> None:
        rng = np.random.default_rng(3)
        rows, columns, over = self.ROWS, self.COLUMNS, self.OVER
        self.sky = rng.integers(200, 400, (2 * rows, 2 * columns)).astype("f4")
        self.raw = np.empty((2 * rows, 2 * (columns + over)), "f4")
        self.amplifiers: list[list[str]] = []
        self.strips: list[str] = []
        for k, (level, gain) in enumerate(zip(self.LEVELS, self.GAINS, strict=True)):
            up, right = divmod(k, 2)
            image = self.sky[up * rows : (up + 1) * rows, right * columns : (right + 1) * columns] / gain
            image = image[:: -1 if up else 1, :: -1 if right else 1]  # as it comes out of the corner
            left, bottom = right * (columns + over), up * rows
            self.raw[bottom : bottom + rows, left : left + columns] = image + level
            self.raw[bottom : bottom + rows, left + columns : left + columns + over] = level
            data = f"[{left + 1}:{left + columns},{bottom + 1}:{bottom + rows}]"
            place = f"[{right * columns + 1}:{(right + 1) * columns},{up * rows + 1}:{(up + 1) * rows}]"
            self.amplifiers.append([data, place, " ".join(["rows"] * up + ["columns"] * right)])
            self.strips.append(f"[{left + columns + 1}:{left + columns + over},{bottom + 1}:{bottom + rows}]")

    def steps(self, **way: str) -> list[Step]:
        """Return the steps that put the sky together again."""
        return [
            Step("mask_pixels", {"saturation": [5000.0] * 4}),
            Step("subtract_overscan", {"sections": self.strips, **way}),
            Step("mosaic_amplifiers", {"amplifiers": self.amplifiers}),
            Step("gain_correct", {"gain": list(self.GAINS)}),
        ]


@pytest.mark.parametrize("method", ["median", "mean", "trimmed_mean"])
@pytest.mark.parametrize("model", ["rows", "constant"])
@pytest.mark.parametrize("step", [None, 1, 3, 5])
def test_the_mosaic_of_amplifiers_is_the_sky(method: str, model: str, step: int | None) -> None:
    detector = Detector()
    rows = calibrated(detector.raw, detector.steps(method=method, model=model))
    data, _, flags = filled(rows, step)
    assert np.allclose(data, detector.sky, rtol=1e-6, atol=1e-3)
    assert not flags.any()


def test_masters_lie_in_the_mosaic_and_not_in_the_raw_array() -> None:
    detector = Detector()
    rng = np.random.default_rng(5)
    bias, flat = (
        rng.normal(0, 3, detector.sky.shape).astype("f4"),
        rng.uniform(0.5, 1.5, detector.sky.shape).astype("f4"),
    )
    steps = [*detector.steps(), Step("subtract_bias"), Step("flat_correct", {"norm_value": 1.0})]
    data, _, _ = filled(calibrated(detector.raw, steps, bias=bias, flat=flat), 4)
    assert np.allclose(data, (detector.sky - bias) / flat, rtol=1e-5, atol=1e-3)


def test_noise_is_that_of_each_amplifier() -> None:
    detector = Detector()
    steps = [*detector.steps(), Step("create_deviation", {"gain": 1.0, "read_noise": [3.0, 4.0, 5.0, 6.0]})]
    _, error, _ = filled(calibrated(detector.raw, steps))
    noise = np.repeat(np.repeat([[3.0, 4.0], [5.0, 6.0]], Detector.ROWS, 0), Detector.COLUMNS, 1)
    assert np.allclose(error, np.sqrt(detector.sky + noise**2), rtol=1e-5)


def test_a_full_pixel_is_marked_where_it_belongs() -> None:
    detector = Detector()
    detector.raw[Detector.ROWS, 0] = 5000.0  # first pixel out of the upper left corner
    _, _, flags = filled(calibrated(detector.raw, detector.steps()), 2)
    assert flags[-1, 0] == Flag.SATURATED
    assert np.count_nonzero(flags) == 1


@settings(max_examples=50, deadline=None)
@given(st.sampled_from(["u2", "f4"]), st.booleans(), st.integers(0, 2**32 - 1))
def test_values_alone_are_those_of_the_whole_image(kind: str, less: bool, seed: int) -> None:
    rng = np.random.default_rng(seed)
    raw = rng.integers(0, 60000, (6, 40)).astype(kind)
    if kind == "f4":
        raw[rng.random(raw.shape) < 0.2] = rng.choice([np.nan, np.inf, -np.inf, -70000.0])
    bias, dark, flat = (Planes(ArrayRows(rng.normal(1, 0.3, raw.shape).astype("f4"))) for _ in range(3))
    bias.mask = ArrayRows(rng.random(raw.shape) < 0.1)
    exposures = {"data_exposure": 3.0, "dark_exposure": 7.0, "scale": True, "without_bias": less}
    steps = [
        Step("mask_pixels", {"saturation": 50000.5}),
        Step("subtract_bias"),
        Step("linearize", {"coefficients": [1e-6]}),
        Step("subtract_dark", exposures),
        Step("flat_correct", {"norm_value": 0.9}),
        Step("gain_correct", {"gain": 1.7}),
    ]
    masters = {"bias": bias, "dark": dark, "flat": flat}
    _, _, flags = filled(CalibratedRows(chain_of(steps, raw.shape), Planes(ArrayRows(raw)), masters), 4)
    assert flags.any() and not flags.all()


@settings(max_examples=50, deadline=None)
@given(st.integers(2, 30), st.integers(2, 50), st.integers(1, 30), st.integers(0, 2**32 - 1))
def test_pieces_of_any_height_give_the_same_frame(rows: int, columns: int, step: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    raw = rng.integers(0, 60000, (rows, columns + 3)).astype("u2")
    steps = [
        Step("subtract_overscan", {"section": f"[{columns + 1}:{columns + 3},1:{rows}]"}),
        Step("trim_image", {"section": f"[1:{columns},1:{rows}]"}),
        Step("subtract_bias"),
        Step("create_deviation", {"gain": 2.0, "read_noise": 5.0}),
    ]
    chain = calibrated(raw, steps, bias=rng.normal(0, 1, (rows, columns)).astype("f4"))
    for whole, pieces in zip(filled(chain), filled(chain, step), strict=True):
        assert np.array_equal(whole, pieces)


def test_an_overscan_along_the_rows_is_measured_column_by_column() -> None:
    rng = np.random.default_rng(1)
    levels = rng.normal(1000, 30, 20).astype("f4")
    raw = np.concatenate([np.full((10, 20), 50, "f4"), np.zeros((3, 20), "f4")]) + levels
    steps = [Step("subtract_overscan", {"section": "[1:20,11:13]"}), Step("trim_image", {"section": "[1:20,1:10]"})]
    data, _, _ = filled(calibrated(raw, steps), 4)
    assert np.allclose(data, 50, atol=1e-3)


def test_an_overscan_row_without_any_value_masks_that_row_only() -> None:
    raw = np.full((5, 8), 100, "f4")
    raw[2, 6:] = np.nan
    steps = [Step("subtract_overscan", {"section": "[7:8,1:5]"}), Step("trim_image", {"section": "[1:6,1:5]"})]
    data, _, flags = filled(calibrated(raw, steps))
    assert (flags[2] == Flag.NO_VALUE).all()
    assert not np.delete(flags, 2, axis=0).any()
    assert (np.delete(data, 2, axis=0) == 0).all()


def test_counts_above_the_bias_are_made_linear() -> None:
    true = np.linspace(0, 50000, 60, dtype="f4").reshape(6, 10)
    c1, c2 = 2e-7, 1e-12
    seen = true.astype(float)
    for _ in range(50):  # the counts that the correction turns into the true ones
        seen = true / (1 + c1 * seen + c2 * seen**2)
    steps = [Step("subtract_bias"), Step("linearize", {"coefficients": [c1, c2]})]
    data, _, _ = filled(calibrated((seen + 300).astype("f4"), steps, bias=np.full(true.shape, 300, "f4")))
    assert np.allclose(data, true, rtol=1e-6, atol=0.02)


def test_a_flat_without_light_and_a_bad_pixel_say_why_they_are_masked() -> None:
    flat = np.ones((4, 4), "f4")
    flat[0, 0], flat[1, 1], flat[2, 2] = 0.0, -1.0, np.nan
    bad = np.zeros((4, 4), "u1")
    bad[3, 3] = 8
    masters = {"flat": Planes(ArrayRows(flat)), "bad_pixels": Planes(ArrayRows(bad), mask=ArrayRows(bad))}
    steps = [Step("mask_bad_pixels"), Step("flat_correct", {"norm_value": 1.0})]
    raw = np.full((4, 4), 9, "f4")
    _, _, flags = filled(CalibratedRows(chain_of(steps, raw.shape), Planes(ArrayRows(raw)), masters))
    assert [int(flags[i, i]) & int(Flag.NO_LIGHT) for i in range(4)] == [8, 8, 8, 0]
    assert flags[3, 3] == Flag.DEFECT
    assert np.count_nonzero(flags) == 4


def test_a_frame_keeps_the_uncertainty_and_the_mask_that_it_brings() -> None:
    raw, own, bad = np.full((3, 4), 7, "f4"), np.full((3, 4), 2, "f4"), np.eye(3, 4, dtype="u1")
    planes = Planes(ArrayRows(raw), ArrayRows(own), ArrayRows(bad))
    steps = [Step("gain_correct", {"gain": 3.0})]
    data, error, flags = filled(CalibratedRows(chain_of(steps, raw.shape), planes, {}))
    assert (data == 21).all()
    assert np.allclose(error, 6)
    assert ((flags == Flag.DEFECT) == (bad != 0)).all()


@pytest.mark.parametrize(
    ("steps", "word"),
    [
        ([Step("subtract_bias")], "names none"),
        ([Step("polish")], "does not know"),
        ([Step("gain_correct", {"gain": 1.0}), Step("gain_correct", {"gain": 1.0})], "twice"),
        ([Step("gain_correct", {})], "cannot be read"),
        ([Step("gain_correct", {"gain": [1.0, 2.0]})], "2 numbers for 1 amplifiers"),
        ([Step("trim_image", {"section": "[1:9,1:3]"})], "reaches beyond"),
        ([Step("subtract_overscan", {"section": "[1:2,1:3]", "method": "mode"})], "cannot be read"),
    ],
)
def test_a_recipe_that_cannot_be_carried_out_says_why(steps: list[Step], word: str) -> None:
    with pytest.raises(BadFrame, match=word):
        calibrated(np.zeros((3, 4), "f4"), steps)


def test_a_master_of_another_shape_is_refused() -> None:
    with pytest.raises(BadFrame, match="5 x 4 pixels and the frame 4 x 3"):
        calibrated(np.zeros((3, 4), "f4"), [Step("subtract_bias")], bias=np.zeros((4, 5), "f4"))
