"""Rules: whether a telescope follows up an alert, with every reason in words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from toros.alerts.alert import KINDS
from toros.alerts.story import Effect

if TYPE_CHECKING:
    from toros.alerts.alert import Alert
    from toros.config import RuleSettings

__all__ = ["Decision", "MapFacts", "Rule"]

YEAR = 365.25 * 86400.0  # seconds

Verdict = tuple[bool, str]


@dataclass(frozen=True)
class MapFacts:
    """What a rule asks of a map.

    Attributes
    ----------
    area : float or None
        Of the credible region; square degrees. None where there is no map.
    distance, distance_error : float or None
        Of the event; Mpc.
    """

    area: float | None = None
    distance: float | None = None
    distance_error: float | None = None


@dataclass(frozen=True)
class Decision:
    """What a rule says of an alert.

    Attributes
    ----------
    observe : bool
        Whether the telescope follows it up.
    dry_run : bool
        Whether that is planned only.
    takes_back : {"nothing", "queued", "all"}
        What becomes of the orders that earlier alerts of the event have caused: what is queued, or also what is under
        way, is taken back.
    reasons : tuple of str
        What spoke for it and what against it, in words; what spoke against it first.
    """

    observe: bool
    dry_run: bool = False
    takes_back: Literal["nothing", "queued", "all"] = "nothing"
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True)
class Rule:
    """One telescope's rule.

    Attributes
    ----------
    telescope : str
        Its name.
    wanted : RuleSettings
        As configured.
    """

    telescope: str
    wanted: RuleSettings

    def decide(self, alert: Alert, facts: MapFacts, effect: Effect) -> Decision:
        """Return what this telescope does about an alert.

        Parameters
        ----------
        alert : Alert
        facts : MapFacts
            What is known of its map.
        effect : Effect
            What the alert does to the story of its event.
        """
        if effect is Effect.RETRACTION:
            return self._retracted()
        standing = _changes_nothing(effect)
        if standing:
            return Decision(False, reasons=(standing,))
        if effect is Effect.UPDATE and self.wanted.on_update == "ignore":
            return Decision(False, reasons=("the rule does not follow updates: what was ordered stands",))
        verdicts = list(self._verdicts(alert, facts))
        against = tuple(words for good, words in verdicts if not good)
        replaces = effect is Effect.UPDATE and self.wanted.on_update == "replace"
        return Decision(
            observe=not against,
            dry_run=alert.is_mock and self.wanted.mock == "dry_run",
            takes_back="queued" if replaces else "nothing",
            reasons=against or tuple(words for good, words in verdicts if good),
        )

    def _retracted(self) -> Decision:
        took = {"stop": "all", "finish": "queued", "keep": "nothing"}[self.wanted.on_retraction]
        words = {
            "stop": "the event is retracted: what is queued is taken back, and the exposure under way stops",
            "finish": "the event is retracted: what is queued is taken back, and the exposure under way may end",
            "keep": "the event is retracted, and the rule goes on as before",
        }[self.wanted.on_retraction]
        return Decision(False, takes_back=took, reasons=(words,))  # type: ignore[arg-type]

    def _verdicts(self, alert: Alert, facts: MapFacts) -> Iterator[Verdict]:
        """Yield what speaks for the alert and what against it."""
        rule = self.wanted
        kinds = "any" if set(rule.kinds) == set(KINDS) else ", ".join(rule.kinds) or "none"
        yield alert.kind in rule.kinds, f"it is of the kind {alert.kind} (the rule: {kinds})"
        if alert.is_mock:
            yield rule.mock != "ignored", f"it is a mock alert (the rule: {rule.mock})"
        if rule.significant:
            said = {True: "calls it significant", False: "does not call it significant", None: "says nothing of that"}
            yield alert.significant is not False, f"its sender {said[alert.significant]}"
        if rule.far is not None and alert.far is not None:
            yearly = alert.far * YEAR
            yield yearly <= rule.far, f"{yearly:.3g} false alarms a year (the rule: at most {rule.far:g})"
        yield from self._neutron_stars(alert)
        if rule.distance is not None and facts.distance is not None:
            words = f"{facts.distance:,.0f} Mpc away (the rule: at most {rule.distance:,.0f})"
            yield facts.distance <= rule.distance, words
        if rule.area is not None and facts.area is not None:
            yield facts.area <= rule.area, f"{facts.area:,.0f} square degrees (the rule: at most {rule.area:,.0f})"
        if facts.area is None:
            yield False, "it brings neither a map nor a position with an error"

    def _neutron_stars(self, alert: Alert) -> Iterator[Verdict]:
        """Yield what the probabilities say; those that an alert does not tell count as 0 for gravitational waves."""
        rule, told = self.wanted, {**alert.classification, **alert.properties}
        either = {name: least for name, least in (("BNS", rule.p_bns), ("NSBH", rule.p_nsbh)) if least is not None}
        each = {
            name: least for name, least in (("HasNS", rule.has_ns), ("HasRemnant", rule.has_remnant))
            if least is not None
        }  # fmt: skip
        if alert.kind != "gw":
            return
        if either:
            shown = " and ".join(f"P({name}) {_told(told.get(name))}" for name in either)
            asked = " or ".join(f"{least:g}" for least in either.values())
            enough = any(told.get(name, 0.0) >= least for name, least in either.items())
            yield enough, f"{shown} (the rule: at least {asked})"
        for name, least in each.items():
            yield told.get(name, 0.0) >= least, f"{name} {_told(told.get(name))} (the rule: at least {least:g})"


def _told(value: float | None) -> str:
    return "is not told" if value is None else f"is {value:.3g}"


def _changes_nothing(effect: Effect) -> str:
    """Return why an alert that changes nothing asks for nothing; empty where it does."""
    return {
        Effect.SAME: "it says the same as what stands: nothing is to be done",
        Effect.LATE: "it was written before what stands: nothing changes",
        Effect.DUPLICATE: "it was received before: nothing is done twice",
    }.get(effect, "")
