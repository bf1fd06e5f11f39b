from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.alerts.samples import alert_sample
from toros.alerts.alert import Alert
from toros.alerts.reading import read_alert
from toros.alerts.story import Effect, effect_of, tell_story

AT = datetime(2026, 11, 20, 2, 14, tzinfo=UTC)


def alert(
    alert_type: str, minutes: float | None, far: float = 1e-9, *, serial: int | None = None, ivorn: str = "",
    cites: tuple[str, ...] = (), significant: bool | None = True,
) -> Alert:  # fmt: skip
    """Return an alert; what it means differs with its rate of false alarms."""
    created = None if minutes is None else AT + timedelta(minutes=minutes)
    told = (alert_type, minutes, far, serial, ivorn)
    return Alert(
        "LVK", "gw", "S261120ab", alert_type, repr(told), created, AT, far=far, serial=serial, ivorn=ivorn, cites=cites,
        significant=significant,
    )  # fmt: skip


EARLY, FIRST, SECOND = alert("EARLYWARNING", 0), alert("PRELIMINARY", 1, 2e-9), alert("PRELIMINARY", 6, 2e-9)
INITIAL, UPDATE, BACK = alert("INITIAL", 60, 2e-9), alert("UPDATE", 90, 3e-9), alert("RETRACTION", 120)
AGAIN = alert("UPDATE", 150, 3e-9)
LIFE = [EARLY, FIRST, SECOND, INITIAL, UPDATE, BACK, AGAIN]


def test_a_life_in_its_order() -> None:
    effects = [effect_of(each, LIFE[:number]) for number, each in enumerate(LIFE)]
    assert effects == ["first", "update", "same", "same", "update", "retraction", "revival"]


def test_what_stands_and_what_does_not() -> None:
    told = tell_story(LIFE[:5])
    assert (told.standing, told.superseded, told.taken_back) == (UPDATE, tuple(LIFE[:4]), ())
    back = tell_story(LIFE[:6])
    assert (back.retracted, back.standing, back.superseded) == (True, None, ())
    assert back.taken_back == tuple(LIFE[:5])
    revived = tell_story(LIFE)
    assert (revived.retracted, revived.standing, revived.superseded) == (False, AGAIN, ())
    assert revived.taken_back == tuple(LIFE[:5])


@settings(max_examples=60, deadline=None)
@given(st.permutations(LIFE + LIFE[1:4]))
def test_the_order_of_arrival_and_repetitions_do_not_matter(arrived: list[Alert]) -> None:
    assert tell_story(arrived).alerts == tuple(LIFE)


@settings(max_examples=60, deadline=None)
@given(st.permutations(LIFE))
def test_a_late_alert_changes_nothing(arrived: list[Alert]) -> None:
    for number, each in enumerate(arrived):
        before, after = tell_story(arrived[:number]), tell_story(arrived[: number + 1])
        late = effect_of(each, arrived[:number]) is Effect.LATE
        assert late is any(LIFE.index(other) > LIFE.index(each) for other in arrived[:number])
        assert not late or (before.standing == after.standing and before.retracted == after.retracted)


def test_a_duplicate_has_no_effect() -> None:
    assert all(effect_of(each, LIFE) is Effect.DUPLICATE for each in LIFE)


def test_a_retraction_before_anything_else() -> None:
    assert effect_of(BACK, []) is Effect.RETRACTION
    assert effect_of(FIRST, [BACK]) is Effect.LATE
    assert tell_story([BACK, FIRST]).retracted
    assert effect_of(alert("RETRACTION", 125), [FIRST, BACK]) is Effect.SAME


def test_a_serial_number_counts_more_than_the_clock() -> None:
    back = alert("RETRACTION", 120, serial=5)
    revived = alert("UPDATE", 90, serial=6)
    assert effect_of(revived, [back]) is Effect.REVIVAL
    assert effect_of(back, [revived]) is Effect.LATE
    assert tell_story([revived, back]).standing == revived


def test_a_citation_counts_more_than_the_clock() -> None:
    first = alert("INITIAL", 120, ivorn="ivo://org.example/a#1")
    second = alert("UPDATE", 90, ivorn="ivo://org.example/a#2", cites=("ivo://org.example/a#1",))
    assert tell_story([second, first]).alerts == (first, second)


def test_citations_in_a_circle_leave_it_to_the_clock() -> None:
    one = alert("INITIAL", 1, ivorn="ivo://org.example/a#1", cites=("ivo://org.example/a#2",))
    other = alert("UPDATE", 2, ivorn="ivo://org.example/a#2", cites=("ivo://org.example/a#1",))
    assert tell_story([other, one]).alerts == (one, other)


def test_in_one_second_the_type_decides_then_the_arrival() -> None:
    initial, update = alert("INITIAL", 3), alert("UPDATE", 3, 4e-9)
    assert tell_story([update, initial]).alerts == (initial, update)
    other = alert("UPDATE", 3, 5e-9)
    assert tell_story([other, update]).standing == update
    assert tell_story([update, other]).standing == other


def test_undated_alerts_stand_where_they_arrived() -> None:
    one, other = alert("UPDATE", None, 1e-9), alert("UPDATE", None, 2e-9)
    assert tell_story([other, FIRST, one]).alerts == (FIRST, other, one)


def test_what_is_not_significant_expires_by_itself() -> None:
    assert tell_story([alert("PRELIMINARY", 1, significant=False)]).expires_by_itself
    assert not tell_story([FIRST]).expires_by_itself
    assert not tell_story([FIRST, BACK]).expires_by_itself


def test_a_story_is_of_one_event() -> None:
    with pytest.raises(ValueError, match="S261120ab, S261120cd"):
        tell_story([FIRST, replace(SECOND, event="S261120cd")])


def test_nothing_told_is_nothing_standing() -> None:
    told = tell_story(list[Alert]())
    assert (told.standing, told.retracted, told.superseded, told.taken_back) == (None, False, (), ())


def test_a_thousand_alerts_of_one_event_are_told() -> None:
    many = [alert("UPDATE", number, serial=number) for number in range(1000)]
    assert tell_story(reversed(many)).alerts == tuple(many)


PACKETS = [f"MS181101ab-{part}" for part in
           ("1-EarlyWarning", "2-Preliminary", "3-Initial", "4-Update", "5-Retraction", "6-Update")]  # fmt: skip
SERIES = [f"MS181101ab-{part}" for part in
          ("earlywarning", "preliminary", "initial", "update", "ext-update", "retraction")]  # fmt: skip


@settings(max_examples=40, deadline=None)
@given(st.permutations(range(6)))
def test_the_life_of_a_real_event_in_packets_ends_alike_in_every_order(order: list[int]) -> None:
    life = read(PACKETS)
    told = tell_story([life[number] for number in order])
    assert told.alerts == life
    assert told.standing == life[5]
    assert told.taken_back == life[:4]


@settings(max_examples=40, deadline=None)
@given(st.permutations(range(6)))
def test_the_life_of_a_real_event_in_json_ends_alike_in_every_order(order: list[int]) -> None:
    life = read(SERIES)
    told = tell_story([life[number] for number in order])
    assert told.alerts[:3] == life[:3]
    assert set(map(hash_of, told.alerts[3:5])) == set(map(hash_of, life[3:5]))
    assert (told.retracted, told.standing, len(told.taken_back)) == (True, None, 5)


def test_the_life_of_a_real_event_step_by_step() -> None:
    life = read(PACKETS)
    effects = [effect_of(each, life[:number]) for number, each in enumerate(life)]
    assert effects == ["first", "same", "same", "same", "retraction", "revival"]


def test_a_real_second_preliminary_changes_nothing() -> None:
    first, second, initial = read(["S230520ae-Preliminary", "S230520ae-Preliminary1", "S230520ae-Initial"])
    assert effect_of(second, [first]) is Effect.SAME
    assert effect_of(initial, [first, second]) is Effect.SAME


READ: dict[str, Alert] = {}


def read(names: list[str]) -> tuple[Alert, ...]:
    """Return real alerts, each read once."""
    for name in names:
        if name not in READ:
            READ[name] = read_alert(alert_sample(name))
    return tuple(READ[name] for name in names)


def hash_of(told: Alert) -> str:
    return told.content_hash
