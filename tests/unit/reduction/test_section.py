"""Sections that fit are used; stale ones are ignored, and that is said."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toros.reduction.section import read_sections

SHAPE = (100, 120)  # rows, columns


@pytest.mark.parametrize(
    ("bias", "trim", "overscan", "kept"),
    [
        ("[101:120,1:100]", "[1:100,1:100]", "[101:120,1:100]", "[1:100,1:100]"),
        ("[101:120, :]", "[1:100, :]", "[101:120,1:100]", "[1:100,1:100]"),
        ("[101:120]", "[1:100]", "[101:120,1:100]", "[1:100,1:100]"),
        ("[1:10,1:100]", "[11:120,1:100]", "[1:10,1:100]", "[11:120,1:100]"),
        ("[1:120,91:100]", "[1:120,1:90]", "[1:120,91:100]", "[1:120,1:90]"),
        (None, "[1:100,1:100]", None, "[1:100,1:100]"),
        (None, "[1:120,1:100]", None, None),
        (None, None, None, None),
        ("[101:120,6:95]", "[1:100,6:95]", "[101:120,1:100]", "[1:100,6:95]"),
    ],
)
def test_sections_that_fit(bias: str | None, trim: str | None, overscan: str | None, kept: str | None) -> None:
    found, keep, marks = read_sections(bias, trim, SHAPE)
    assert (found and str(found), keep and str(keep)) == (overscan, kept)
    assert marks == []


@pytest.mark.parametrize(
    ("bias", "trim", "words"),
    [
        ("[4096:4109]", None, "BIASSEC [4096:4109] reaches beyond the 120 x 100 array (stale): ignored"),
        (None, "[1:4096, :]", "TRIMSEC [1:4096, :] reaches beyond"),
        ("[20:10,1:100]", None, "runs backwards"),
        ("[0:10,1:100]", None, "runs backwards"),
        ("somewhere", None, "cannot be read"),
        ("[90:120,1:100]", "[1:100,1:100]", "overlaps the image"),
        ("[101:120,1:50]", "[1:100,1:100]", "does not span the image"),
        ("[1:120,1:100]", None, "leaves no image"),
    ],
)
def test_sections_that_do_not_fit_are_ignored_and_said(bias: str | None, trim: str | None, words: str) -> None:
    overscan, _, marks = read_sections(bias, trim, SHAPE)
    assert overscan is None
    assert any(words in mark for mark in marks)


def test_without_a_trimsec_the_image_beside_the_overscan_is_kept() -> None:
    overscan, keep, marks = read_sections("[101:120,1:100]", None, SHAPE)
    assert (str(overscan), str(keep)) == ("[101:120,1:100]", "[1:100,1:100]")
    assert "there is no TRIMSEC" in marks[0]


@given(
    st.text(max_size=30) | st.from_regex(r"\[\d{1,5}:\d{1,5},\d{1,5}:\d{1,5}\]", fullmatch=True), st.none() | st.text()
)
def test_no_text_breaks_it_and_what_comes_out_lies_inside(bias: str, trim: str | None) -> None:
    for section in read_sections(bias, trim, SHAPE)[:2]:
        if section is not None:
            assert 1 <= section.left <= section.right <= SHAPE[1]
            assert 1 <= section.bottom <= section.top <= SHAPE[0]
