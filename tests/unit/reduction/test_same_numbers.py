"""The chain of steps gives ccdproc's own numbers, with the same options, over whatever frames and masters there are.

Equal means within four units in the last place of float32 of the largest operand. Of a standard deviation that is
eight of its variance's, which is what adds up.
"""

from __future__ import annotations

import io
import warnings
from typing import Any

import ccdproc
import numpy as np
from astropy import units as u
from astropy.nddata import CCDData, StdDevUncertainty
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.examples import examples
from toros.reduction.bands import CalibratedRows
from toros.reduction.chain import Planes, chain_of
from toros.reduction.planes import ArrayRows, PlainRows, Rows
from toros.reduction.recipe import Step

BITPIX = {"uint8": 8, "int16": 16, "int32": 32, "float64": -64}
ULP = float(np.finfo(np.float32).eps)


@st.composite
def situations(draw: st.DrawFn) -> dict[str, Any]:
    """Return a frame, its masters and the options of its steps."""
    rows, columns = draw(st.integers(2, 24)), draw(st.integers(2, 40))
    over = draw(st.sampled_from([0, 1, 2, 5, 8]))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    kind = draw(st.sampled_from(["uint16", "float32", *BITPIX]))
    most = {"uint8": 255, "int16": 32767}.get(kind, 65535)
    raw = rng.integers(0, most + 1, (rows, columns + over)).astype(kind)
    if kind.startswith("float"):
        raw += rng.normal(0, 1, raw.shape).astype(kind)
        raw[rng.random(raw.shape) < draw(st.sampled_from([0.0, 0.05]))] = np.nan
    errors = draw(st.booleans())
    masks = draw(st.booleans())

    def master(low: float, high: float, error: float, holes: float = 0.0) -> CCDData:
        data = rng.uniform(low, high, (rows, columns)).astype("f4")
        data[rng.random(data.shape) < holes] = draw(st.sampled_from([0.0, np.nan]))
        spread = StdDevUncertainty(rng.uniform(0, error, data.shape).astype("f4")) if errors else None
        return CCDData(data, unit="adu", uncertainty=spread, mask=rng.random(data.shape) < 0.1 if masks else None)

    return {
        "raw": raw,
        "over": over,
        "trim": f"[1:{columns},1:{rows}]",
        "strip": f"[{columns + 1}:{columns + over},1:{rows}]" if over else None,
        "median": draw(st.booleans()),
        "bias": master(0, 3000, 20) if draw(st.booleans()) else None,
        "dark": master(0, draw(st.sampled_from([0, 500])), 20) if draw(st.booleans()) else None,
        "flat": master(0.2, 2.0, 0.1, draw(st.sampled_from([0.0, 0.05]))) if draw(st.booleans()) else None,
        "scale": draw(st.booleans()),
        "times": (draw(st.sampled_from([1.0, 30.0, 61.7])), draw(st.sampled_from([30.0, 120.0]))),
        "gain": draw(st.sampled_from([None, 0.8, 1.5])),
        "noise": (draw(st.sampled_from([1.0, 1.5])), draw(st.sampled_from([0.0, 8.0]))),
        "level": draw(st.sampled_from([1.0, 0.75])),
    }


def steps_of(s: dict[str, Any]) -> list[Step]:
    """Return the situation's steps."""
    steps = [Step("mask_pixels")]
    if s["over"]:
        steps.append(Step("subtract_overscan", {"section": s["strip"], "method": "median" if s["median"] else "mean"}))
        steps.append(Step("trim_image", {"section": s["trim"]}))
    if s["bias"] is not None:
        steps.append(Step("subtract_bias"))
    steps.append(Step("create_deviation", {"gain": s["noise"][0], "read_noise": s["noise"][1]}))
    if s["dark"] is not None:
        data, dark = s["times"]
        steps.append(Step("subtract_dark", {"data_exposure": data, "dark_exposure": dark, "scale": s["scale"]}))
    if s["flat"] is not None:
        steps.append(Step("flat_correct", {"norm_value": s["level"]}))
    if s["gain"]:
        steps.append(Step("gain_correct", {"gain": s["gain"]}))
    return steps


def by_toros(s: dict[str, Any]) -> tuple[Any, Any, Any]:
    """Return image, standard deviation and flags as our chain makes them."""
    masters = {role: planes(s[role]) for role in ("bias", "dark", "flat") if s[role] is not None}
    rows = CalibratedRows(chain_of(steps_of(s), s["raw"].shape), Planes(stored(s["raw"])), masters)
    data, error, flags = (np.empty(rows.shape, kind) for kind in ("f4", "f4", "u1"))
    for start, stop in rows.bands():
        rows.fill(start, stop, data[start:stop], error[start:stop], flags[start:stop])
    return data, error, flags


def stored(raw: Any) -> Rows:
    """Return a raw frame as it is read: of other types than the usual ones from a file."""
    if raw.dtype.name not in BITPIX:
        return ArrayRows(raw)
    file = io.BytesIO(raw.astype(raw.dtype.newbyteorder(">")).tobytes())
    return PlainRows(file, 0, BITPIX[raw.dtype.name], raw.shape, 1.0, 0.0, None)


def planes(ccd: CCDData) -> Planes:
    """Return a master as the chain takes it."""
    error = None if ccd.uncertainty is None else ArrayRows(ccd.uncertainty.array)
    return Planes(ArrayRows(ccd.data), error, None if ccd.mask is None else ArrayRows(ccd.mask))


def by_ccdproc(s: dict[str, Any]) -> tuple[CCDData, Any, Any]:
    """Return the frame as ccdproc's own functions make it, and the largest operands of value and variance."""
    ccd = CCDData(s["raw"].astype("f4"), unit="adu")
    largest = np.abs(ccd.data)
    if s["over"]:
        ccd = ccdproc.subtract_overscan(ccd, fits_section=s["strip"], median=s["median"])
        largest = np.maximum(largest, np.abs(ccd.data))
        ccd = ccdproc.trim_image(ccd, fits_section=s["trim"])
        largest = largest[:, : ccd.shape[1]]
    if s["bias"] is not None:
        ccd = ccdproc.subtract_bias(ccd, s["bias"])
        largest = np.maximum(np.maximum(largest, np.abs(s["bias"].data)), np.abs(ccd.data))
    own = 0.0 if ccd.uncertainty is None else ccd.uncertainty.array**2
    gain, noise = s["noise"]
    ccd = ccdproc.create_deviation(
        ccd, gain=gain * u.electron / u.adu, readnoise=noise * u.electron, disregard_nan=True
    )
    ccd.uncertainty = StdDevUncertainty(np.sqrt(ccd.uncertainty.array**2 + own))  # ccdproc forgets the bias's
    variance = largest / gain + (noise / gain) ** 2 + own
    if s["dark"] is not None:
        data, dark = s["times"]
        ccd = ccdproc.subtract_dark(
            ccd, s["dark"], data_exposure=data * u.s, dark_exposure=dark * u.s, scale=s["scale"]
        )
        factor = data / dark if s["scale"] else 1.0
        # what is left is divided next, and is larger than both where they have different signs
        largest = np.maximum(np.maximum(largest, factor * np.abs(s["dark"].data)), np.abs(ccd.data))
        if s["dark"].uncertainty is not None:
            variance = variance + (factor * s["dark"].uncertainty.array) ** 2
    if s["flat"] is not None:
        ccd = ccdproc.flat_correct(ccd, s["flat"], norm_value=s["level"] * u.adu)
        flat = np.abs(s["flat"].data / s["level"])
        if s["flat"].uncertainty is not None:
            variance = variance + (largest * s["flat"].uncertainty.array / s["flat"].data) ** 2
        largest, variance = largest / flat, variance / flat**2
    if s["gain"]:
        ccd = ccdproc.gain_correct(ccd, s["gain"] * u.electron / u.adu)
        largest, variance = largest * s["gain"], variance * s["gain"] ** 2
    return ccd, largest, variance


@settings(max_examples=examples(75), deadline=None)
@given(situations())
def test_the_chain_gives_the_numbers_of_ccdproc(s: dict[str, Any]) -> None:
    data, error, flags = by_toros(s)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        theirs, largest, variance = by_ccdproc(s)
    good = flags == 0
    if s["over"]:  # ccdproc lets one pixel without a value spoil its whole row's overscan; we do without that pixel
        good &= np.isfinite(s["raw"][:, data.shape[1] :].astype(float)).all(axis=1)[:, None]
    assert np.all(np.isfinite(theirs.data[good]))
    assert np.all(np.abs(data - theirs.data)[good] <= 4 * ULP * largest[good])
    assert np.all(np.abs(error.astype(float) ** 2 - theirs.uncertainty.array**2)[good] <= 8 * ULP * variance[good])


@settings(max_examples=examples(40), deadline=None)
@given(situations())
def test_a_pixel_is_masked_where_ccdproc_masks_it_or_has_no_value(s: dict[str, Any]) -> None:
    _, _, flags = by_toros(s)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        theirs, _, _ = by_ccdproc(s)
    masked = np.zeros(flags.shape, bool) if theirs.mask is None else theirs.mask
    dark = np.zeros(flags.shape, bool) if s["flat"] is None else ~(s["flat"].data > 0)
    known = masked | dark | ~np.isfinite(theirs.data)
    if s["over"]:  # ccdproc lets one pixel without a value spoil its whole row's overscan; we do without that pixel
        there = np.isfinite(s["raw"].astype(float))
        image, strip = there[:, : flags.shape[1]], there[:, flags.shape[1] :]
        known = masked | dark | ~image | ~strip.any(axis=1)[:, None]
    assert ((flags != 0) == known).all()
