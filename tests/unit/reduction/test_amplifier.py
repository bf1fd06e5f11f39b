"""Several amplifiers are put in their places; what does not fit is said in a sentence and never guessed."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toros.errors import BadFrame
from toros.reduction.amplifier import Amplifier, amplifiers_of, extensions_to_stack, mosaic_shape
from toros.reduction.cameras.camera import Camera, load_cameras
from toros.reduction.section import Section
from toros.reduction.structure import Unit

PLACES = ("[1:50,1:40]", "[100:51,1:40]", "[1:50,80:41]", "[100:51,80:41]")


def extensions(places: tuple[str, ...] = PLACES, **cards: Any) -> list[dict[str, Any]]:
    """Return the headers of extensions of 40 x 60: 50 columns of sky, 10 of overscan."""
    common = {"DATASEC": "[1:50,1:40]", "BIASSEC": "[51:60,1:40]"}
    return [{**common, "DETSEC": place, "GAIN": 1.0 + n, **cards} for n, place in enumerate(places)]


def unit(
    *keywords: str, shape: tuple[int, ...] = (40, 60), name: str = "", bits: int = 16, kind: str = "image"
) -> Unit:
    header = b"".join(f"{key:<8}= '[1:50,1:40]'".ljust(80).encode() for key in keywords)
    return Unit(kind, name, header, 0, 0, bits, shape)


def stack(*units: Unit) -> list[int]:
    headers = [{"DATASEC": "[1:50,1:40]"} for _ in units]  # the primary's card is in every merged header
    return extensions_to_stack(units, headers)


def test_each_extension_is_an_amplifier_of_the_stack() -> None:
    found, marks = amplifiers_of(extensions(), None, (160, 60))
    assert marks == ()
    assert mosaic_shape(found) == (80, 100)
    assert found[3] == Amplifier(
        Section(1, 50, 121, 160), Section(51, 60, 121, 160), Section(51, 100, 41, 80), True, True, gain=4.0
    )
    assert [(a.flip_rows, a.flip_columns) for a in found] == [
        (False, False), (False, True), (True, False), (True, True),
    ]  # fmt: skip


@given(st.permutations(range(4)), st.tuples(*[st.booleans()] * 8))
def test_a_scene_cut_into_amplifiers_comes_together_again(order: list[int], turns: tuple[bool, ...]) -> None:
    """Each amplifier is cut out of a scene, turned as its DETSEC says, and stacked; the sections undo all of it."""
    scene = np.arange(80 * 100).reshape(80, 100)
    raw, headers = np.full((160, 60), -1), []
    for n, which in enumerate(order):
        left, bottom = 50 * (which % 2), 40 * (which // 2)
        part = scene[bottom : bottom + 40, left : left + 50]
        up, across = turns[2 * n], turns[2 * n + 1]
        raw[40 * n : 40 * n + 40, :50] = part[:: -1 if up else 1, :: -1 if across else 1]
        rows = (bottom + 40, bottom + 1) if up else (bottom + 1, bottom + 40)
        columns = (left + 50, left + 1) if across else (left + 1, left + 50)
        headers.append(extensions((f"[{columns[0]}:{columns[1]},{rows[0]}:{rows[1]}]",))[0])
    found, _ = amplifiers_of(headers, None, (160, 60))
    mosaic = np.full(mosaic_shape(found), -2)
    for one in found:
        part = raw[one.data.slices]
        mosaic[one.place.slices] = part[:: -1 if one.flip_rows else 1, :: -1 if one.flip_columns else 1]
    assert (mosaic == scene).all()


def test_a_detector_that_is_part_of_a_larger_field_begins_at_one() -> None:
    found, _ = amplifiers_of(extensions(("[2049:2098,5001:5040]", "[2099:2148,5001:5040]")), None, (80, 60))
    assert [str(a.place) for a in found] == ["[1:50,1:40]", "[51:100,1:40]"]


def test_places_counted_in_pixels_that_are_not_binned() -> None:
    places = ("[1:100,1:120]", "[101:200,1:120]")
    found, _ = amplifiers_of(extensions(places), None, (80, 60), binning=(3, 2))
    assert [str(a.place) for a in found] == ["[1:50,1:40]", "[51:100,1:40]"]


def test_ccdsec_is_taken_where_detsec_makes_no_mosaic() -> None:
    headers = extensions(("[1:50,1:40]", "[1:50,1:40]"))
    for n, header in enumerate(headers):
        header["CCDSEC"] = f"[{1 + 50 * n}:{50 + 50 * n},1:40]"
    found, _ = amplifiers_of(headers, None, (80, 60))
    assert mosaic_shape(found) == (40, 100)


def one_array(**cards: Any) -> dict[str, Any]:
    return {
        "DATASEC1": "[1:50,1:40]", "BIASSEC1": "[51:60,1:40]", "DETSEC1": "[1:50,1:40]", "GAIN1": 1.1, "RDNOISE1": 7.0,
        "DATASEC2": "[71:120,1:40]", "BIASSEC2": "[61:70,1:40]", "DETSEC2": "[51:100,1:40]", "GAIN2": 1.2, **cards,
    }  # fmt: skip


def test_one_array_tells_its_amplifiers_apart_by_numbers() -> None:
    found, marks = amplifiers_of([one_array()], None, (40, 120))
    assert marks == ()
    assert found[1] == Amplifier(Section(71, 120, 1, 40), Section(61, 70, 1, 40), Section(51, 100, 1, 40), gain=1.2)
    assert found[0].read_noise == 7.0


def test_or_by_letters_or_by_the_numbers_of_four_corners() -> None:
    header = {f"{key[:-1]}{'AB'[int(key[-1]) - 1]}": value for key, value in one_array().items()}
    assert [a.gain for a in amplifiers_of([header], None, (40, 120))[0]] == [1.1, 1.2]
    corners = {"11": (1, 1), "12": (71, 1), "21": (1, 41), "22": (71, 41)}
    header = {f"DSEC{n}": f"[{x}:{x + 49},{y}:{y + 39}]" for n, (x, y) in corners.items()}
    header |= {"BSEC11": "[51:60,1:40]", "GTGAIN22": 2.5, "GTRON22": 4.0}
    found, marks = amplifiers_of([header], None, (80, 120))
    assert [str(a.place) for a in found] == ["[1:50,1:40]", "[51:100,1:40]", "[1:50,41:80]", "[51:100,41:80]"]
    assert (found[3].gain, found[3].read_noise, found[0].gain) == (2.5, 4.0, None)
    assert "they were put together as they lie in the raw array" in marks[0]


@pytest.mark.parametrize("header", [{}, {"DATASEC": "[1:50,1:40]"}, {"DATASEC1": "[1:50,1:40]"}, {"GAIN1": 1.0}])
def test_one_read_out_has_no_amplifiers(header: dict[str, Any]) -> None:
    assert amplifiers_of([header], None, (40, 60)) == ((), ())


@pytest.mark.parametrize(
    ("headers", "words"),
    [
        (
            extensions(("[1:50,1:40]", "[26:75,1:40]")),
            "amplifiers 1 and 2 lie on one another in the mosaic: [1:50,1:40]",
        ),
        (extensions(("[1:50,1:40]", "[61:110,1:40]")), "the amplifiers fill 4000 of the mosaic's 4400 pixels"),
        (extensions(("[1:50,1:40]", "[51:90,1:40]")), "amplifier 2 has [1:50,41:80] of the sky and the place"),
        (extensions(("[1:50,1:40]", "")), "its amplifier 2 has no DETSEC"),
        (extensions(("", "")), "its 2 amplifiers have no DETSEC or CCDSEC or CSEC"),
        (extensions(("[1:50,1:40]", "[:,:]")), "'[:,:]' cannot be read"),
        (extensions(("[1:50,1:40]", "[0:49,1:40]")), "'[0:49,1:40]' cannot be read"),
        (extensions(DATASEC="[1:61,1:40]"), "of its amplifier 1 leaves the 60 x 40 pixels"),
        (extensions(DATASEC="everything"), "section 'everything' of its amplifier 1 cannot be read"),
    ],
)
def test_amplifiers_that_do_not_fit_are_refused(headers: list[dict[str, Any]], words: str) -> None:
    with pytest.raises(BadFrame, match=re.escape(words)):
        amplifiers_of(headers, None, (40 * len(headers), 60))


@pytest.mark.parametrize("overscan", ["[41:60,1:40]", "[51:60,1:20]"])
def test_an_overscan_that_is_not_beside_its_data_is_ignored_and_said(overscan: str) -> None:
    found, marks = amplifiers_of(extensions(BIASSEC=overscan), None, (160, 60))
    assert all(a.overscan is None for a in found)
    assert marks[0] == f"the overscan {overscan} of amplifier 1 does not lie beside [1:50,1:40]: ignored"


def test_an_overscan_has_exactly_the_rows_or_the_columns_of_its_data() -> None:
    headers = extensions(("[1:50,1:30]", "[51:100,1:30]"), DATASEC="[1:50,6:35]")
    assert {str(a.overscan) for a in amplifiers_of(headers, None, (80, 60))[0]} == {"[51:60,6:35]", "[51:60,46:75]"}
    headers = extensions(("[1:50,1:30]", "[51:100,1:30]"), DATASEC="[1:50,1:30]", BIASSEC="[1:60,31:40]")
    assert {str(a.overscan) for a in amplifiers_of(headers, None, (80, 60))[0]} == {"[1:50,31:40]", "[1:50,71:80]"}


def test_what_cannot_be_a_gain_is_said_and_the_cameras_own_is_taken() -> None:
    camera = Camera(gain=1.5, read_noise=3.0, saturation=60000.0)
    found, marks = amplifiers_of(extensions(GAIN=-1.0), camera, (160, 60))
    assert {(a.gain, a.read_noise, a.saturation) for a in found} == {(1.5, 3.0, 60000.0)}
    assert marks == ("GAIN = -1 cannot be electrons per count: ignored",)


def test_the_camera_of_toros_fits_its_own_array() -> None:
    camera = next(c for c in load_cameras() if c.name == "toros")
    found, _ = amplifiers_of([{}], camera, (10600, 12000))
    assert len(found) == 16
    assert mosaic_shape(found) == (10560, 10560)
    assert {a.data.shape for a in found} == {(5280, 1320)}
    assert {a.overscan.shape for a in found if a.overscan} == {(5280, 180)}
    sections = [s for a in found for s in (a.data, a.overscan) if s]
    assert not any(one.overlaps(other) for n, one in enumerate(sections) for other in sections[:n])
    with pytest.raises(
        BadFrame, match="has 6000 x 5300 pixels; the amplifiers of the camera toros are written for 12000"
    ):
        amplifiers_of([{}], camera, (5300, 6000))


def test_a_cameras_sections_that_leave_the_array_are_refused() -> None:
    camera = Camera("small", amplifiers=(Amplifier(Section(1, 50, 1, 40), None, Section(1, 50, 1, 40)),))
    with pytest.raises(BadFrame, match=re.escape("has 50 x 30 pixels; amplifier 1 of small is at [1:50,1:40]")):
        amplifiers_of([{}], camera, (30, 50))


def test_extensions_with_sections_of_their_own_are_stacked() -> None:
    primary = unit("DATASEC", shape=())
    table = unit("DATASEC", kind="other")
    mask = unit("DATASEC", name="MASK")
    cube = unit("DATASEC", "DETSEC", shape=(1, 40, 60), kind="compressed")
    assert stack(primary, cube, unit("BIASSEC"), mask, table, unit("CCDSEC")) == [1, 2, 5]


def test_an_ordinary_file_is_not_stacked() -> None:
    assert stack(unit("DATASEC")) == []
    assert stack(unit(shape=()), unit(), unit()) == [], "the sections are the primary's"
    assert stack(unit("DATASEC"), unit()) == []


def test_amplifiers_of_different_shapes_or_types_are_refused() -> None:
    with pytest.raises(BadFrame, match="its amplifiers differ in shape: 60 x 30 and 60 x 40 pixels"):
        stack(unit("DATASEC"), unit("DATASEC", shape=(30, 60)))
    with pytest.raises(BadFrame, match="differ in the type of their numbers"):
        stack(unit("DATASEC"), unit("DATASEC", bits=-32))
