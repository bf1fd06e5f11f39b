"""The portal in a real browser: it refreshes itself, fits a phone, runs no stranger's script, asks nobody else."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.portal.network import Network

# The page's own rule against evaluated text refuses a predicate that is asked again and again; a promise is asked once.
DECODED = "choice => Promise.all([...document.querySelectorAll(choice)].slice(0, 5).map((image) => image.decode()))"
NASTY = "<img src=x onerror=alert(1)><script>alert(2)</script>"


def await_pictures(page: Any, choice: str) -> None:
    """The first five pictures of ``choice`` have come, whole; a broken one is an error."""
    assert page.evaluate(DECODED, choice), f"no picture {choice}"


def test_the_overview_shows_the_network_and_asks_nobody_else(page: Any, portal: str) -> None:
    page.goto(portal)
    assert page.locator(".desk.up").count() == 5
    assert page.locator(".desk.down").count() == 1
    assert page.locator(".card").count() == 4
    assert "NGC4993" in page.locator(".card").last.inner_text()
    assert page.faults == []
    assert all(url.startswith(portal) for url in page.asked)


def test_it_refreshes_itself_and_keeps_open_what_the_reader_opened(page: Any, portal: str, network: Network) -> None:
    page.goto(portal)
    page.locator("summary").first.click()
    assert page.locator("details[open]").count() == 1
    running = next(row for row in network.rows if row["id"] == "R")
    running.update(state="done", finished="2026-11-20T02:31:00.000")
    page.locator(".card", has_text="HAT-P-32").locator(".line.done").wait_for(timeout=8000)
    assert page.locator("details[open]").count() == 1
    assert page.locator("progress").count() == 0
    assert page.faults == []


def test_a_portal_that_went_away_is_said(page: Any, portal: str) -> None:
    page.goto(portal)
    assert not page.locator("#silence").is_visible()
    page.route("**/*fragment*", lambda route: route.abort())
    page.locator("#silence").wait_for(state="visible", timeout=8000)
    assert page.locator(".desk").count() == 6
    page.unroute("**/*fragment*")
    page.locator("#silence").wait_for(state="hidden", timeout=8000)


def test_an_order_is_a_click_away_and_has_its_picture(page: Any, portal: str) -> None:
    page.goto(portal)
    page.get_by_role("link", name="MS261120ab").click()
    page.locator(".sky img").wait_for()
    await_pictures(page, ".sky img")
    assert "8 of 9 lights calibrated" in page.locator(".tree").inner_text()
    assert page.faults == []


def test_products_show_their_pictures(page: Any, portal: str) -> None:
    page.goto(portal + "/products")
    await_pictures(page, "img")
    assert page.locator("tbody tr").count() == 11
    page.get_by_role("link", name="MS261120ab").first.click()
    assert page.locator(".heading .chip").inner_text() == "event MS261120ab"
    assert page.faults == []


def test_no_script_of_a_stranger_runs(page: Any, portal: str, network: Network) -> None:
    for row in network.rows:
        row["fields"] = {"target": NASTY, "event": NASTY}
        row["result"] = {NASTY: NASTY, "galaxy": NASTY, "notes": [NASTY]}
    network.products = [dict(each, marks=[NASTY], target=NASTY) for each in network.products]
    for address in ("/", "/orders/A", "/products"):
        page.goto(portal + address)
        page.wait_for_timeout(2600 if address == "/" else 300)
        assert NASTY in page.locator("main").inner_text()
    assert page.faults == []


@pytest.mark.parametrize("width", [360, 768, 1280])
def test_nothing_is_wider_than_the_screen(page: Any, portal: str, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    for address in ("/", "/orders/A", "/products", "/orders/unknown"):
        page.goto(portal + address)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, address


@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_text_stands_out_from_its_ground(page: Any, portal: str, scheme: str) -> None:
    page.emulate_media(color_scheme=scheme)
    page.goto(portal)
    for selector in (".said", ".quiet", ".facts", ".chip.done", ".chip.buried", ".chip.running", ".why", ".state"):
        assert page.evaluate(CONTRAST, selector) >= 4.5, selector


# Contrast of text and ground as WCAG 2.2 defines it (relative luminance, https://www.w3.org/TR/WCAG22/).
CONTRAST = """(selector) => {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const paint = (colours) => {
    for (const colour of colours) { canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1); }
    return [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3);
  };
  const light = (colour) => colour.map((c) => c / 255)
    .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const element = document.querySelector(selector);
  const grounds = [];
  for (let each = element; each; each = each.parentElement) grounds.unshift(getComputedStyle(each).backgroundColor);
  const both = [[...grounds, getComputedStyle(element).color], grounds];
  const [a, b] = both.map((colours) => light(paint(colours))).sort((x, y) => y - x);
  return (a + 0.05) / (b + 0.05);
}"""
