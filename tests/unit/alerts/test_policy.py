from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.unit.alerts.samples import gwalert_sample
from toros.alerts.alert import Alert
from toros.alerts.policy import MapFacts, Rule
from toros.alerts.reading import read_alert
from toros.alerts.story import Effect
from toros.config import RuleSettings

NEAR = MapFacts(area=31.0, distance=40.0, distance_error=8.0)


@pytest.fixture(scope="module")
def alert() -> Alert:
    return read_alert(gwalert_sample("MS181101ab-preliminary").encode())


def rule(**wanted: Any) -> Rule:
    return Rule("ctmo", RuleSettings(**wanted))


def test_a_rule_that_asks_for_nothing_takes_everything_that_has_a_place(alert: Alert) -> None:
    decision = rule().decide(alert, NEAR, Effect.FIRST)
    assert decision.observe and decision.reasons
    assert not rule().decide(alert, MapFacts(), Effect.FIRST).observe


@pytest.mark.parametrize(
    ("wanted", "observe", "words"),
    [
        ({"kinds": ["grb"]}, False, "kind gw"),
        ({"kinds": []}, False, "the rule: none"),
        ({"far": 1e-9}, False, "false alarms a year"),
        ({"far": 100.0}, True, "false alarms a year"),
        ({"p_bns": 0.5}, True, "P(BNS) is"),
        ({"p_nsbh": 0.5}, False, "P(NSBH) is"),
        ({"p_bns": 0.99, "p_nsbh": 0.9}, False, "at least 0.99 or 0.9"),
        ({"p_bns": 0.5, "p_nsbh": 0.9}, True, "P(NSBH)"),
        ({"has_remnant": 0.5}, True, "HasRemnant is"),
        ({"distance": 30.0}, False, "40 Mpc away (the rule: at most 30)"),
        ({"area": 20.0}, False, "31 square degrees (the rule: at most 20)"),
        ({"mock": "ignored"}, False, "mock alert"),
    ],
)
def test_each_limit_says_its_reason(alert: Alert, wanted: dict[str, Any], observe: bool, words: str) -> None:
    decision = rule(**wanted).decide(alert, NEAR, Effect.FIRST)
    assert decision.observe is observe
    assert words in " ".join(decision.reasons)


def test_what_a_gravitational_wave_does_not_tell_counts_as_nothing_and_a_burst_is_not_asked(alert: Alert) -> None:
    silent = replace(alert, classification={}, properties={})
    decision = rule(p_bns=0.1).decide(silent, NEAR, Effect.FIRST)
    assert not decision.observe and "P(BNS) is not told" in decision.reasons[0]
    assert rule(p_bns=0.1).decide(replace(silent, kind="grb"), NEAR, Effect.FIRST).observe


@pytest.mark.parametrize(("said", "observe"), [(True, True), (None, True), (False, False)])
def test_only_what_is_called_insignificant_is_insignificant(alert: Alert, said: bool | None, observe: bool) -> None:
    assert rule(significant=True).decide(replace(alert, significant=said), NEAR, Effect.FIRST).observe is observe


@pytest.mark.parametrize(
    ("policy", "takes"), [("stop", "all"), ("finish", "queued"), ("keep", "nothing")]
)  # fmt: skip
def test_a_retraction_takes_back_what_the_rule_says(alert: Alert, policy: str, takes: str) -> None:
    decision = rule(on_retraction=policy).decide(alert, MapFacts(), Effect.RETRACTION)
    assert (decision.observe, decision.takes_back) == (False, takes)


@pytest.mark.parametrize(
    ("policy", "observe", "takes"),
    [("replace", True, "queued"), ("add", True, "nothing"), ("ignore", False, "nothing")],
)
def test_an_update_does_what_the_rule_says(alert: Alert, policy: str, observe: bool, takes: str) -> None:
    decision = rule(on_update=policy).decide(alert, NEAR, Effect.UPDATE)
    assert (decision.observe, decision.takes_back) == (observe, takes)


def test_an_update_that_the_rule_does_not_want_any_more_takes_back_what_is_queued(alert: Alert) -> None:
    decision = rule(distance=30.0).decide(alert, NEAR, Effect.UPDATE)
    assert (decision.observe, decision.takes_back) == (False, "queued")


@pytest.mark.parametrize("effect", [Effect.SAME, Effect.LATE, Effect.DUPLICATE])
def test_what_changes_nothing_asks_for_nothing(alert: Alert, effect: Effect) -> None:
    decision = rule().decide(alert, NEAR, effect)
    assert (decision.observe, decision.takes_back, len(decision.reasons)) == (False, "nothing", 1)


def test_mock_alerts_may_be_planned_only(alert: Alert) -> None:
    decision = rule(mock="dry_run").decide(alert, NEAR, Effect.FIRST)
    assert decision.observe and decision.dry_run
    assert not rule(mock="dry_run").decide(replace(alert, is_mock=False), NEAR, Effect.FIRST).dry_run
