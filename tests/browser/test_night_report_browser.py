"""The night report in a real browser, opened from a file, without a network."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.unit.portal.network import Network
from toros.portal.night_report import write_night_report


@pytest.fixture
def report(network: Network, tmp_path: Path) -> str:
    return write_night_report(network.config, "A", tmp_path / "night.html", ask=network.ask).as_uri()


def test_every_picture_is_inside(page: Any, report: str) -> None:
    page.goto(report)
    assert page.evaluate("[...document.images].every((image) => image.naturalWidth > 0)")
    assert page.locator("img").count() == 20
    assert page.locator("svg .bar").count() == 4
    assert page.faults == []
    assert [url for url in page.asked if not url.startswith("data:")] == [report]


@pytest.mark.parametrize("width", [360, 768, 1280])
def test_nothing_is_wider_than_the_screen(page: Any, report: str, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    page.goto(report)
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_timeline_s_words_stay_inside(page: Any, report: str) -> None:
    page.goto(report)
    outside = page.evaluate(
        "() => { const box = document.querySelector('.timeline').getBoundingClientRect();"
        " return [...document.querySelectorAll('.timeline text')].filter((text) => {"
        " const each = text.getBoundingClientRect();"
        " return each.left < box.left || each.right > box.right; }).length; }"
    )
    assert outside == 0
