"""What people are told of an alert: a subject, a table of targets, and the picture of the sky."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from toros.alerts.alert import span_in_words
from toros.alerts.night_marks import night_marks

if TYPE_CHECKING:
    from toros.alerts.plans import Observatory

__all__ = ["chat_of", "draw_sky", "lasting", "subject_of", "text_of", "verdict_of"]

CHAT = 12_000  # characters of a message, of which Mattermost takes 16,383
WIDTHS = (28, 10, 10, 8, 9, 17)


def subject_of(result: Mapping[str, Any]) -> str:
    """Return an alert in one line.

    Parameters
    ----------
    result : mapping
        Of `process_alert`, or of `retract_alert`.
    """
    mock = " (mock)" if result.get("mock") else ""
    size = result.get("area_deg2")
    area = "" if size is None else f", {size:,.0f} deg²" if size >= 10.0 else f", {size:.2g} deg²"
    distance = f", {result['map_distance_mpc']:,.0f} Mpc" if "map_distance_mpc" in result else ""
    told = f"{result['event']} {result['alert_type'].lower()}{mock}: {result.get('source', '')}{area}{distance}"
    return " ".join(told.split())  # a stranger's line break has no place in a subject


def text_of(result: Mapping[str, Any]) -> str:
    """Return what is told in words: the facts, and for each telescope its targets and its reasons."""
    return "\n".join(_lines(result)) + "\n"


def chat_of(result: Mapping[str, Any]) -> str:
    """Return what is told in a chat of Slack or Mattermost; what strangers wrote into an alert calls nobody there."""
    told = _harmless(text_of(result))
    if len(told) > CHAT:
        told = f"{told[:CHAT]}\n(more by toros alerts show {result['event']})\n"
    return f"*{_harmless(subject_of(result))}*\n```\n{told}```"


def _harmless(text: str) -> str:
    """Return a text in which neither a tag of Slack nor a mention of Mattermost is left."""
    for sign, instead in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ("`", "'"), ("@", "(at)")):
        text = text.replace(sign, instead)
    return text


def verdict_of(one: Mapping[str, Any]) -> str:
    """Return what a telescope does and why, in words.

    Parameters
    ----------
    one : mapping
        Of `telescopes` in the result of `process_alert`.
    """
    if one["observe"]:
        return f"observes; {'; '.join(one['reasons'])}"
    if "targets" in one:  # its rule is for it
        return f"would observe, but {'; '.join(one['notes'])}"
    return f"does not observe; {'; '.join(one['reasons'])}"


def lasting(seconds: float) -> str:
    """Return a length of time as a person says it: with the digits that matter."""
    if abs(seconds) < 120.0:
        return f"{seconds:.1f} s"
    return span_in_words(timedelta(seconds=seconds))


def _lines(result: Mapping[str, Any]) -> Iterator[str]:
    yield subject_of(result)
    received, ranked = (lasting(result[name]) for name in ("latency_s", "ranked_s"))
    yield f"written {result['time_created']} UTC, received {received} and ranked {ranked} later"
    if result.get("cancelled"):
        yield f"taken back: {len(result['cancelled'])} lists of targets"
    yield from (f"- {note}" for note in result.get("notes", ()))
    for name, one in result.get("telescopes", {}).items():
        yield ""
        yield f"{name}: {verdict_of(one)}"
        if one.get("targets"):
            yield _row("target", "ra", "dec", "prob.", "Mpc", "window (UTC)")
        for target in one.get("targets", ()):
            yield _row(
                target["name"], f"{target['ra']:.4f}", f"{target['dec']:+.4f}", f"{100 * target['probability']:.3g} %",
                f"{target['distance_mpc']:.0f}" if "distance_mpc" in target else "", _window(target),
            )  # fmt: skip


def _row(*cells: str) -> str:
    return "  ".join(cell.ljust(width) for cell, width in zip(cells, WIDTHS, strict=True)).rstrip()


def _window(target: Mapping[str, Any]) -> str:
    return f"{target['start'][11:16]} to {target['end'][11:16]}" if "start" in target else "any time"


def draw_sky(
    file: Path, skymap: Path | None, plot: Path, title: str, result: Mapping[str, Any],
    observatories: Sequence[Observatory] = (),
) -> None:  # fmt: skip
    """Draw the sky of an alert with its candidates and with what each telescope observes; for a child process.

    Parameters
    ----------
    file : Path
        The alert.
    skymap : Path or None
        The map that it only names, fetched.
    plot : Path
        Where the PNG goes.
    title : str
    result : mapping
        Of `process_alert`.
    observatories : sequence of Observatory
        Whose horizons are drawn.
    """
    from toros.alerts.localisation import localised
    from toros.alerts.reading import content_of, read_alert
    from toros.alerts.skyplot import plot_sky

    alert = read_alert(content_of(file))
    where, _ = localised(alert, skymap.read_bytes() if skymap else None)
    if where is None:
        return
    likely = max(alert.classification, key=lambda kind: alert.classification[kind], default=alert.group)
    subtitle = f"{result['time_created'][:19].replace('T', ' ')} UTC · {likely}".rstrip(" ·")
    place = (result["ra"], result["dec"])
    aims = [_listed(each) for each in result["candidates"] or _targets(result)]
    night = night_marks(observatories, datetime.fromisoformat(result["planned_for"])) if observatories else None
    plot_sky(where, aims, plot, title=title, subtitle=subtitle, target=place, night=night)


def _targets(result: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return what all telescopes observe, the most probable first, each once."""
    found = {each["name"]: each for one in result["telescopes"].values() for each in one.get("targets", ())}
    return sorted(found.values(), key=lambda each: -each["probability"])


def _listed(candidate: Mapping[str, Any]) -> Any:
    """Return a candidate as the picture lists it."""
    from toros.alerts.candidates import Candidate

    return Candidate(
        candidate["name"], candidate["ra"], candidate["dec"], candidate.get("distance_mpc"), None,
        candidate["probability"], 0.0, None,
    )  # fmt: skip
