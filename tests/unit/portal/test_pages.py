"""The portal's pages: what they show, that they never run what strangers write, and what they never serve."""

from __future__ import annotations

import os
import re
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.unit.portal.network import EVENT, Network, png
from tests.unit.portal.reader import get
from tests.unit.portal.rows import row
from toros.portal import snapshot
from toros.portal.pages import HEADERS, Pages

NASTY = "<script>alert(1)</script>"
EVIL = "\"><img src=x onerror=alert(1)>'&lt;"


@pytest.fixture
def network(tmp_path: Path) -> Network:
    return Network(tmp_path)


@pytest.fixture
def pages(network: Network) -> Pages:
    return Pages(network.config, ask=network.ask, now=lambda: datetime(2026, 11, 20, 2, 31, tzinfo=UTC))


def test_the_overview_shows_desks_and_trees(pages: Pages) -> None:
    page = get(pages, "/")
    assert page.status == 200
    for words in (
        "alert_robot", "process 4242", "up 2 h 20 min", "(not ours)", "down", "nobody listens", "HAT-P-32",
        "MS261120ab",
        "galaxy NGC4993", "process 405", "raw:nowhere does not exist", "light-020.fits: 21 of 48", 'value="0.420"',
        "2 tries", "10 × ingest data product", "waiting", "is the daemon running?",
    ):  # fmt: skip
        assert words in page.text, words


def test_a_network_that_is_all_down_is_a_page_and_no_error(network: Network, pages: Pages) -> None:
    network.down = dict.fromkeys(network.config.services, "nobody listens")
    page = get(pages, "/")
    assert page.status == 200
    assert page.text.count('class="desk down"') == 6
    assert get(pages, "/products").status == 200
    assert get(pages, "/orders/A").status == 404


def test_one_order_with_all_that_it_caused(pages: Pages) -> None:
    page = get(pages, "/orders/A")
    assert page.status == 200
    for words in (
        "8 of 9 lights calibrated",
        "region",
        "33.4",
        f"/pictures/alerts:{EVENT}/sky.png",
        "alert_robot@host",
    ):
        assert words in page.text, words
    assert "caused by A" in get(pages, "/orders/O").text


def test_an_unknown_order_is_said_to_be_one(pages: Pages) -> None:
    page = get(pages, "/orders/nope")
    assert page.status == 404
    assert "No desk that answers knows the order" in page.text
    assert "harvester did not answer" in page.text


def test_products_with_their_pictures_the_latest_first(network: Network, pages: Pages) -> None:
    page = get(pages, "/products")
    assert [int(n) for n in re.findall(r'<span class="quiet">(\d+)</span>', page.text)] == list(range(11, 0, -1))
    assert "/pictures/products:2026-11-19/B/light-000-before.png" in page.text
    assert "no GAIN in the headers" in page.text
    assert "1 light, 1 master bias" in page.text


def test_products_are_filtered_and_paged_by_the_address(network: Network, pages: Pages) -> None:
    assert "No products of these yet" in get(pages, "/products?target=M31").text
    get(pages, "/products?event=MS261120ab&before=5&limit=9999999&after=x")
    assert network.asked[-1][1] == {"request": "find_products", "limit": 50, "event": "MS261120ab", "before": 5}
    get(pages, f"/products?target={'x' * 500}&before=-1")
    assert network.asked[-1][1]["target"] == "x" * 128
    assert network.asked[-1][1]["before"] == 2**31 - 1


def test_older_products_are_a_page_away(network: Network, pages: Pages) -> None:
    network.products = [dict(network.products[0], number=i + 1) for i in range(60)]
    page = get(pages, "/products?event=MS261120ab")
    assert 'href="/products?event=MS261120ab&amp;before=11"' in page.text
    assert page.text.count("data-refresh") == 1
    assert get(pages, "/products?event=MS261120ab&before=11").text.count("data-refresh") == 0


@pytest.mark.parametrize("address", ["/", "/orders/A", "/products"])
def test_the_changing_part_alone(pages: Pages, address: str) -> None:
    part = get(pages, f"{address}?fragment=1")
    whole = get(pages, address)
    assert "<html" not in part.text
    assert f'data-refresh="{address}?fragment=1"' in whole.text
    assert part.text.strip() in whole.text


@pytest.mark.parametrize("address", ["/", "/orders/A", "/orders/nope", "/products", "/static/portal.js", "/pictures/x"])
def test_no_page_may_run_or_fetch_what_is_not_ours(pages: Pages, address: str) -> None:
    page = get(pages, address)
    for name, value in HEADERS.items():
        assert page.headers[name.lower()] == value
    assert "unsafe" not in page.headers["content-security-policy"]
    assert not re.search(r"<script(?! src=\"/static/)", page.text)
    assert not re.search(r"\son\w+=|\sstyle=|<style|javascript:", page.text)
    assert not re.search(r'(src|href)="(?!/)', page.text)


def test_what_strangers_write_stays_text(network: Network, pages: Pages) -> None:
    for each in network.rows:
        each["fields"] = {"target": NASTY, "event": EVIL, "file_location": NASTY}
        each["worker"] = EVIL
        each["user"] = NASTY
        each["result"] = {
            "galaxy": NASTY,
            EVIL: NASTY,
            "notes": [NASTY],
            "candidates": [{NASTY: EVIL}],
            "sky_plot": EVIL,
        }
        each["onward"] = [{"id": NASTY, "desk": EVIL, "request": NASTY, "state": NASTY, "reason": EVIL}]
    network.rows.append(row(EVIL, "telescope", NASTY, 3, state="buried", reason=NASTY, instance=EVIL))
    network.products = [
        dict(p, target=NASTY, event=EVIL, marks=[NASTY], file_location=EVIL, filter=NASTY, thumbnails={"after": EVIL},
             inputs=[{"kind": NASTY}])
        for p in network.products
    ]  # fmt: skip
    network.down["harvester"] = NASTY
    for address in ("/", "/orders/A", f"/orders/{NASTY}", "/products", f"/products?target={NASTY}"):
        text = get(pages, address).text
        assert "<script>" not in text
        assert "<img src=x" not in text
        assert 'onerror=alert(1)>"' not in text
    assert "&lt;script&gt;" in get(pages, "/products").text


def test_rows_without_their_parts_are_no_error(network: Network, pages: Pages) -> None:
    network.rows = [
        {"id": "A", "desk": "telescope"},
        {"id": "B", "desk": "telescope", "parent": "A", "accepted": "soon"},
    ]
    network.products = [{"number": 1}]
    for address in ("/", "/orders/A", "/orders/B", "/products"):
        assert get(pages, address).status == 200


def test_many_readers_cost_the_network_no_more_than_one(
    network: Network, pages: Pages, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshot, "time", SimpleNamespace(monotonic=lambda: 100.0))  # all within one moment
    get(pages, "/")
    asked = len(network.asked)
    for _ in range(10):
        get(pages, "/")
    assert len(network.asked) == asked


def test_pages_only_read(pages: Pages) -> None:
    for method in ("POST", "PUT", "DELETE"):
        assert get(pages, "/", method).status == 405


def test_a_picture_inside_the_roots_is_served(network: Network, pages: Pages) -> None:
    page = get(pages, f"/pictures/alerts:{EVENT}/sky.png")
    assert (page.status, page.headers["content-type"]) == (200, "image/png")
    assert page.body == png(0, noise=0.02)


@pytest.mark.parametrize(
    "location",
    [
        "alerts:../secret.png", "alerts:/etc/passwd", "/etc/passwd", "file:///etc/passwd", "nowhere:x.png",
        "secret.png",
        "alerts:link.png", "alerts:folder/secret.png", "alerts:%2e%2e/secret.png", "alerts:..%2fsecret.png",
        "alerts:text.png", "alerts:frame.fits", "alerts:frame.fits%00.png", "alerts:folder.png", "alerts:pipe.png",
        "other:sky.png", "alerts:", "alerts:gone.png", "alerts:huge.png",
    ],
)  # fmt: skip
def test_nothing_else_is_served(network: Network, location: str) -> None:
    state = network.config.state
    (state / "secret.png").write_bytes(png(1))
    alerts = state / "alerts"
    (alerts / "link.png").symlink_to(state / "secret.png")
    (alerts / "folder").symlink_to(state)
    (alerts / "folder.png").mkdir()
    (alerts / "text.png").write_text("root:x:0:0")
    (alerts / "frame.fits").write_bytes(png(2))
    (alerts / "huge.png").write_bytes(png(3) + bytes(16 * 1024 * 1024))
    os.mkfifo(alerts / "pipe.png")
    (state / "other").mkdir()
    (state / "other" / "sky.png").write_bytes(png(4))
    roots = {**network.config.files.roots, "other": Path("other")}
    config = network.config.model_copy(update={"files": network.config.files.model_copy(update={"roots": roots})})
    page = get(Pages(config, ask=network.ask), f"/pictures/{location}")
    assert (page.status, page.text) == (404, "there is no such picture\n")


@pytest.mark.parametrize("name", ["portal.css", "portal.js", "icon.svg"])
def test_style_script_and_icon_are_our_own(pages: Pages, name: str) -> None:
    page = get(pages, f"/static/{name}")
    assert page.status == 200
    assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)", page.text)
    for other in ("../pages.py", "report.css", "", "portal.css/"):
        assert get(pages, f"/static/{other}").status in (404, 307)
