"""A camera's file is read key by key, and a mistake in it is told with its line, its value and what is allowed."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toros.errors import ConfigurationError
from toros.reduction.amplifier import Amplifier
from toros.reduction.cameras.camera import Camera
from toros.reduction.cameras.written import KEYS, read_camera
from toros.reduction.cameras.zone import zone_of
from toros.reduction.section import Section

HOWTO = Path(__file__).parents[4] / "docs" / "howto" / "describe_a_camera.rst"
WHOLE = r"""
match: {TELESCOP: "^North$", INSTRUME: "CG\\d+"}
keywords: {temperature: [CAMTEMP], readout: [SPEED]}
kinds: {flat: [evening sky]}
filters: {"7": r}
cards: {GAIN: 1.5, OBSERVER: nobody, COOLED: true}
gain: 1.5
read_noise: 0
saturation: 60000
linearity: [1e-6, -2.5e-12]
shape: [100, 120]
amplifiers:
  - {data: "[1:50,1:100]", overscan: "[51:60,1:100]", place: "[1:50,1:100]", gain: 1.4}
  - {data: "[71:120,1:100]", place: "[100:51,100:1]", saturation: 50000}
overscan_method: constant
overscan_statistic: median
combine: {flat: median}
steps: {dark: false}
dark_scaling: false
temperature_tolerance: 0.5
validity: {flat: 7}
pixel_scale: 0.5
timezone: "-07:00"
bad_pixels: north_mask.fits
"""


def read(folder: Path, text: str) -> Camera:
    file = folder / "north.yaml"
    file.write_text(text)
    return read_camera(file, folder)


def test_every_key_is_read(tmp_path: Path) -> None:
    assert read(tmp_path, WHOLE) == Camera(
        name="north",
        match={"TELESCOP": "^North$", "INSTRUME": r"CG\d+"},
        keywords={"temperature": ("CAMTEMP",), "readout": ("SPEED",)},
        kinds={"flat": ("evening sky",)},
        filters={"7": "r"},
        cards={"GAIN": 1.5, "OBSERVER": "nobody", "COOLED": True},
        gain=1.5,
        read_noise=0.0,
        saturation=60000.0,
        linearity=(1e-6, -2.5e-12),
        shape=(100, 120),
        amplifiers=(
            Amplifier(Section(1, 50, 1, 100), Section(51, 60, 1, 100), Section(1, 50, 1, 100), gain=1.4),
            Amplifier(Section(71, 120, 1, 100), None, Section(51, 100, 1, 100), True, True, saturation=50000.0),
        ),
        overscan_method="constant",
        overscan_statistic="median",
        combine={"bias": "clip", "dark": "clip", "flat": "median"},
        steps={**Camera().steps, "dark": False},
        dark_scaling=False,
        temperature_tolerance=0.5,
        validity={**Camera().validity, "flat": 7.0},
        pixel_scale=0.5,
        timezone="-07:00",
        bad_pixels="north_mask.fits",
        folder=tmp_path,
    )


def test_every_key_of_a_camera_can_be_written_and_is_explained() -> None:
    assert set(KEYS) == set(Camera.__dataclass_fields__) - {"name", "folder"}
    page = HOWTO.read_text()
    for key in KEYS:
        assert f"\n``{key}``\n   " in page, f"{key} is not explained in {HOWTO.name}"
    for step in Camera().steps:
        assert f"``{step}``" in page


def test_what_the_page_shows_is_read(tmp_path: Path) -> None:
    blocks = re.findall(r"code-block:: yaml\n\n((?:   .*\n|\n)+)", HOWTO.read_text())
    assert len(blocks) == 2
    for block in blocks:
        assert read(tmp_path, re.sub(r"(?m)^   ", "", block)) != Camera("north", folder=tmp_path)


def test_an_empty_file_is_a_camera_like_any(tmp_path: Path) -> None:
    assert read(tmp_path, "") == Camera("north", folder=tmp_path)
    assert read(tmp_path, "gain:\n") == Camera("north", folder=tmp_path)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("gian: 1.5", "line 1: unknown key gian, did you mean gain?; allowed: match, keywords"),
        ("name: other", "unknown key name"),
        ("\ngain: 0", "line 2: gain = 0; allowed: a number from 0.01 to 1000 (electrons per count)"),
        ("gain: 1,5", "gain = '1,5'; allowed: a number"),
        ("gain: .nan", "allowed: a number from"),
        ("gain: true", "gain = True; allowed: a number from"),
        ("read_noise: -9.8", "read_noise = -9.8; allowed: a number from 0 to 500 (electrons)"),
        ("saturation: []", "saturation = []; allowed: a number from 1 to 1e+09 (counts)"),
        ("match: CG16", "match = 'CG16'; allowed: a mapping of keywords to regular expressions"),
        ('match: {INSTRUME: "("}', "match.INSTRUME = '('; allowed: a regular expression, and this is none"),
        ("match: {instrume: a}", "match.instrume = 'a'; allowed: below a keyword of FITS"),
        ("keywords: {colour: [FILTER]}", "keywords.colour = ['FILTER']; allowed: a list below one of kind, exposure"),
        ("keywords: {filter: WHEEL}", "keywords.filter = 'WHEEL'; allowed: a list of texts"),
        ("kinds: {arc: [lamp]}", "allowed: a list below one of bias, dark, flat, light"),
        ("filters: [r]", "filters = ['r']; allowed: a mapping of filters' names to bands"),
        ("filters: {a: " + "b" * 40 + "}", "allowed: a band's name of up to 32 characters"),
        ("cards: {GAIN: [1]}", "cards.GAIN = [1]; allowed: a text, a number, true or false"),
        ("linearity: [5]", "linearity.0 = 5; allowed: a number from -1 to 1"),
        ("linearity: [0, 0, 0, 0, 0, 0, 0]", "allowed: a list of up to 6 coefficients"),
        ("shape: [100]", "shape = [100]; allowed: two whole numbers, rows and columns"),
        ("shape: [100, 1.5]", "allowed: two whole numbers"),
        ("shape: [100, true]", "allowed: two whole numbers"),
        ('overscan: "1:10,1:20"', 'allowed: a section such as "[1:1320,1:5280]"'),
        ("overscan: [1:10,1:20]", "allowed: a section such as"),
        ("overscan_method: columns", "overscan_method = 'columns'; allowed: none or rows or constant"),
        ("overscan_statistic: mode", "allowed: median or mean or trimmed_mean"),
        ("combine: {light: clip}", "combine.light = 'clip'; allowed: clip or median or minmax below one of bias, dark"),
        ("combine: {bias: sum}", "combine.bias = 'sum'; allowed: clip or median or minmax"),
        ("steps: {flatten: true}", "steps.flatten = True; allowed: true or false below one of overscan, linearity"),
        ("steps: {flat: perhaps}", "steps.flat = 'perhaps'; allowed: true or false"),
        ("dark_scaling: 1", "dark_scaling = 1; allowed: true or false"),
        ("temperature_tolerance: -1", "allowed: a number from 0 to 100 (degrees Celsius)"),
        ("validity: {sky: 3}", "allowed: days below one of bias, dark, flat, bad_pixels"),
        ("validity: {flat: -3}", "validity.flat = -3; allowed: a number from 0 to 36500 (days)"),
        ("timezone: Mars/Olympus", "timezone = 'Mars/Olympus'; allowed: a time zone such as America/Phoenix"),
        ('timezone: "-25:00"', "allowed: a time zone"),
        ("timezone: ../../etc/passwd", "allowed: a time zone"),
        ("bad_pixels: ../mask.fits", "allowed: the name of a file that lies beside this one"),
        ("gain: 1.5\ngain: 1.6", "line 2: gain is given twice (first on line 1)"),
        ("- gain", "the file must be a mapping of keys"),
    ],
)
def test_a_mistake_is_told_in_one_sentence(text: str, sentence: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=re.escape(sentence)) as caught:
        read(tmp_path, text)
    assert str(caught.value).startswith(str(tmp_path / "north.yaml"))
    assert "\n" not in str(caught.value)


LEFT, RIGHT = '{data: "[1:50,1:40]", place: "[1:50,1:40]"}', '{data: "[51:100,1:40]", place: "[51:100,1:40]"}'


@pytest.mark.parametrize(
    ("amplifiers", "sentence"),
    [
        (f"[{LEFT}, {LEFT}]", "amplifiers 1 and 2 lie on one another in the mosaic"),
        (f"[{RIGHT}]", "the amplifiers fill 2000 of the mosaic's 4000 pixels"),
        ('[{data: "[1:50,1:40]"}]', "amplifiers.0 = {'data': '[1:50,1:40]'}; allowed: data, place, and if wanted"),
        (f"[{LEFT[:-1]}, colour: red}}]", "allowed: data, place, and if wanted overscan, gain, read_noise, saturation"),
        ('[{data: "[1:50,1:40]", place: "[1:40,1:50]"}]', "allowed: a place of the shape of the data"),
        (
            '[{data: "[:,:]", place: "[1:40,1:50]"}]',
            "amplifiers.0.data = '[:,:]'; allowed: a section with all",
        ),
        (f'[{LEFT[:-1]}, overscan: "[41:60,1:40]"}}]', "allowed: an overscan that lies beside the data"),
        (f"[{LEFT[:-1]}, gain: -1}}]", "amplifiers.0.gain = -1; allowed: a number"),
        ("yes", "allowed: a list of amplifiers"),
        (f"[{LEFT}]\ntrim: '[1:10,1:10]'", "amplifiers and overscan or trim; allowed: the one or the others"),
        (f"[{LEFT}]\nshape: [40, 49]", "amplifiers.0 leaves the array; allowed: within 49 x 40 pixels"),
    ],
)
def test_amplifiers_that_make_no_mosaic_are_refused(amplifiers: str, sentence: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=re.escape(sentence)):
        read(tmp_path, f"amplifiers: {amplifiers}")


@given(st.sampled_from(sorted(KEYS)), st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3), max_leaves=5,
))  # fmt: skip
def test_no_value_breaks_it(tmp_path_factory: pytest.TempPathFactory, key: str, value: Any) -> None:
    import yaml

    file = tmp_path_factory.mktemp("cameras") / "any.yaml"
    file.write_text(yaml.safe_dump({key: value}, allow_unicode=True), encoding="utf-8", errors="replace")
    try:
        assert read_camera(file).name == "any"
    except ConfigurationError as error:
        assert str(error).startswith(str(file))


@pytest.mark.parametrize(("text", "hours"), [("UTC", 0), ("-07:00", -7), ("+0530", 5.5), ("America/Phoenix", -7)])
def test_time_zones(text: str, hours: float) -> None:
    zone = zone_of(text)
    assert zone is not None
    assert zone.utcoffset(datetime(2026, 1, 1)) == timedelta(hours=hours)


@pytest.mark.parametrize("text", ["", "Nowhere", "/etc/localtime", "+24:00", "-7", "a\0b"])
def test_what_is_no_time_zone(text: str) -> None:
    assert zone_of(text) is None
