"""The night report: one page with all that a night was, that needs nothing else and runs nothing."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.unit.portal.network import EVENT, RAW, Network, troubles
from tests.unit.portal.rows import row
from toros.errors import Permanent
from toros.portal.night_report import write_night_report

NASTY = "<script>alert(1)</script>"
NOW = datetime(2026, 11, 20, 2, 31, tzinfo=UTC)


@pytest.fixture
def network(tmp_path: Path) -> Network:
    return Network(tmp_path / "state")


def written(network: Network, root: str = "A") -> str:
    path = network.config.state.parent / "pages" / "night.html"
    assert write_night_report(network.config, root, path, ask=network.ask, now=lambda: NOW) == path
    assert [each.name for each in path.parent.iterdir()] == ["night.html"]
    return path.read_text("utf-8")


def test_a_night_is_told_whole(network: Network) -> None:
    alert = {"event": {"classification": {"BNS": 0.95, "BBH": 0.03}, "far": 1.0}}
    (network.config.state / "alerts" / EVENT / "alert.json").write_text(json.dumps(alert))
    text = re.sub(r"\s+", " ", written(network))
    for words in (
        f"<title>{EVENT} · night report · Embedded observatory</title>", "night of 2026-11-19", "mock alert",
        "one in 350,000 years", "BNS 95 %", "43 ± 8.1 Mpc", "33.4 deg²", "followed up in <b>NGC4993</b>",
        "chosen with 63 % of the probability", "luminous", "5 min 40 s", "10 s after the alert was written",
        "24 frames, in raw:2026-11-19/OBS", "8 of 9 lights calibrated, 3 masters, 1 frame unusable",
        "nobody listens at http://127.0.0.1:8705", "light-000.fits", "background 312", "truncated: half of it is there",
        f"{RAW}/light-008.fits", "no GAIN in the headers", "process 405", "did not answer", "2026-11-20 02:31:00 UTC",
    ):  # fmt: skip
        assert words in text, words


def test_it_needs_nothing_else_and_runs_nothing(network: Network) -> None:
    text = written(network)
    assert "<script" not in text
    assert not re.search(r"\son\w+=|javascript:|@import|url\(", text)
    assert all(address.startswith("data:image/png;base64,") for address in re.findall(r'(?:src|href)="([^"]*)"', text))
    assert text.count("data:image/png") == 1 + 2 * 4 + 11  # sky, four pairs, a small one a product
    assert "Content-Security-Policy" in text
    assert len(text) < 2_000_000


def test_what_strangers_write_stays_text(network: Network) -> None:
    for each in network.rows:
        each["fields"] = {"target": NASTY}
        each["worker"] = NASTY
    network.rows[0]["result"] |= {
        "event": NASTY, "galaxy": NASTY, "notes": [NASTY], "ra": NASTY, "probability": [NASTY],
        "candidates": [{"name": NASTY, "reasons": [NASTY], "probability": "much"}, NASTY],
    }  # fmt: skip
    network.rows[2]["result"] |= {"unusable": [{"file": NASTY, "reason": NASTY}, NASTY], "marks": NASTY}
    network.products = [dict(p, marks=[NASTY], file_location=NASTY, filter=NASTY) for p in network.products]
    text = written(network)
    assert "<script" not in text
    assert "&lt;script&gt;" in text


def test_a_batch_without_an_alert_has_its_report_too(network: Network) -> None:
    text = written(network, "B")
    assert "Calibrate file batch" in text
    assert "Order to calibrated frames" in text
    assert "Where to look" not in text
    assert "light-000.fits" in text


@pytest.mark.parametrize("top", ["R", "X", "W"])
def test_an_order_that_is_not_done_has_one_as_well(network: Network, top: str) -> None:
    text = written(network, top)
    assert "No products are recorded." in text
    assert "None: every frame could be used." in text


def test_a_thin_row_is_no_error(network: Network) -> None:
    network.rows = [{"id": "A", "desk": "alert_robot", "request": "process_alert", "result": {"event": 5}}]
    network.products = []
    assert "<h1>5" in written(network)


def test_a_missing_or_false_picture_is_left_out(network: Network) -> None:
    (network.config.state / "alerts" / EVENT / "sky.png").write_bytes(b"\x89PNG\r\n\x1a\n but no more")
    for path in (network.config.state / "products").rglob("*.png"):
        path.unlink() if "before" in path.name else path.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100))
    text = written(network)
    assert "Before and after" not in text
    assert text.count("data:image/png") == 1  # the sky cannot be looked into here: browsers show its alternative


def test_many_frames_make_no_giant_page(network: Network) -> None:
    light = network.products[-1]
    network.products = [dict(light, number=i) for i in range(1, 201)]
    text = written(network)
    assert text.count('class="pair"') == 4
    assert text.count('<tr><td class="thumb">') == 200


def test_an_unknown_order_is_said_with_who_was_silent(network: Network) -> None:
    with pytest.raises(Permanent, match="no desk that answers knows the order nope; harvester did not answer"):
        written(network, "nope")


def test_an_older_page_is_replaced_and_kept_where_the_new_one_fails(network: Network) -> None:
    written(network)
    network.rows = troubles()
    with pytest.raises(Permanent):
        written(network)
    path = network.config.state.parent / "pages" / "night.html"
    assert EVENT in path.read_text("utf-8")


def test_the_rarest_and_the_most_frequent_alarms(network: Network) -> None:
    for far, words in ((1e-6, "32 a year"), (3.2e-8, "1 a year"), (1e-20, "one in 3.2 × 10¹² years"), (0.0, "")):
        network.rows[0]["result"]["far"] = far
        found = re.search(r"False alarm rate</dt><dd>([^<]*)", written(network))
        assert (found[1] if found else "") == words


def test_a_tree_of_one_row_from_elsewhere(network: Network) -> None:
    network.rows = [row("A", "telescope", "observation", 0, fields={"target": "M31"}, result={"frames": 3})]
    network.products = []
    assert "M31" in written(network)
