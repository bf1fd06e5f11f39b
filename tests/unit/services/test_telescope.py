from __future__ import annotations

import threading
import time
import xmlrpc.client
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from services.telescope import (
    SERVICE,
    abort,
    close_dome,
    dome_status,
    look_whether_open,
    observation,
    open_dome,
    park_dome,
    receive_targets,
    resume_observation,
)
from tests.unit.services.rehearsal import Rehearsal, rehearsing
from toros.config import CameraSettings
from toros.errors import OrderCancelled, Permanent
from toros.network.service import Outcome
from workorders import VOCABULARY, Refusal, parse
from workorders.observations import UpdateObservation
from workorders.observing import (
    Abort,
    CloseDome,
    DomeStatus,
    Observation,
    OpenDome,
    ParkDome,
    ReceiveTargets,
    TargetToObserve,
)
from workorders.reduction import CalibrateFileBatch

FAST = CameraSettings(rows=64, columns=80, clock_rate=1200.0)
FRAMES = [f"{kind}-{number:03d}.fits" for kind in ("bias", "dark", "flat") for number in (1, 2)] + [
    "light-001.fits", "light-002.fits", "light-003.fits",
]  # fmt: skip


@pytest.fixture
def telescope(tmp_path: Path) -> Iterator[Rehearsal]:
    with rehearsing(tmp_path, "telescope", resources=SERVICE.resources, camera=FAST) as context:
        yield context


def asked(**changes: Any) -> Observation:
    fields = {"ra": 60.0, "dec": -24.0, "exposures": 3, "exposure_time": 30.0, "calibration_frames": 2}
    return Observation(**(fields | {"target": "NGC1365", "event": "MS261120ab"} | changes))


def frames(context: Rehearsal, outcome: Outcome) -> list[Path]:
    return sorted(context.files.path(outcome.result["file_location"]).iterdir())


def test_it_serves_what_the_language_says() -> None:
    assert set(SERVICE.handlers) == {name for name, request in VOCABULARY.items() if request.desk == "telescope"}
    orders = [request for request in VOCABULARY.values() if request.desk == "telescope" and request.kind == "order"]
    assert {request.lane for request in orders} == set(SERVICE.lanes)


def test_what_may_never_be_repeated_has_a_way_to_recover() -> None:
    for name, handler in SERVICE.handlers.items():
        assert (handler.recover is not None) is (VOCABULARY[name].repeat == "never")


def test_an_observation_becomes_a_file_batch_and_an_order_for_its_calibration(telescope: Rehearsal) -> None:
    order = asked()
    outcome = observation(order, telescope)
    assert [path.name for path in frames(telescope, outcome)] == FRAMES
    assert outcome.result["frames"] == 9
    assert outcome.result["night"] == "2026-11-20"
    assert outcome.result["file_location"] == f"raw:2026-11-20/{order.id}"
    calibration, told = outcome.orders
    assert isinstance(calibration, CalibrateFileBatch) and isinstance(told, UpdateObservation)
    assert calibration.file_location == outcome.result["file_location"]
    assert (calibration.observation, calibration.target, calibration.event) == (order.id, "NGC1365", "MS261120ab")
    assert (told.facility_id, told.status, told.seconds_used, told.target) == (order.id, "COMPLETED", 90.0, "NGC1365")
    assert told.scheduled_start is not None and told.scheduled_end is not None
    assert told.scheduled_start < told.scheduled_end
    result = dict(outcome.result)
    assert xmlrpc.client.loads(xmlrpc.client.dumps((result,)))[0][0] == result


def test_the_result_says_what_was_not_regarded(telescope: Rehearsal) -> None:
    assert "sun, moon, horizon" in observation(asked(), telescope).result["notes"][0]
    below = observation(asked(dec=80.0), telescope).result
    assert below["altitude"] < 0
    assert "would not see it" in below["notes"][1]


def test_exposures_never_overlap_and_start_now(telescope: Rehearsal) -> None:
    import astropy.io.fits as fits

    evening = telescope.observatory_clock.now()
    headers = [fits.getheader(path) for path in frames(telescope, observation(asked(), telescope))]
    times = sorted((header["DATE-OBS"], header["DATE-END"]) for header in headers)
    assert times[0][0] >= evening.isoformat()[:19]
    for (_, end), (start, _) in zip(times, times[1:], strict=False):
        assert start >= end
    kinds = [header["IMAGETYP"] for header in sorted(headers, key=lambda header: header["DATE-OBS"])]
    assert kinds[:3] == ["LIGHT"] * 3


def test_progress_is_told_in_words(telescope: Rehearsal) -> None:
    observation(asked(), telescope)
    parts = [part for part, _ in telescope.said]
    assert parts == sorted(parts)
    assert parts[-1] == 1.0
    assert any("light 2 (2 of 9 frames), 30 s: exposing" in words for _, words in telescope.said)


def test_after_a_crash_only_what_is_missing_is_taken(telescope: Rehearsal) -> None:
    order = asked()

    def crash() -> None:
        if "flat 1" in telescope.said[-1][1]:
            raise KeyboardInterrupt

    telescope.interrupt = crash
    with pytest.raises(KeyboardInterrupt):
        observation(order, telescope)
    folder = telescope.files.path(f"raw:2026-11-20/{order.id}")
    before = {path.name: path.stat().st_mtime_ns for path in folder.iterdir()}
    assert sorted(before) == ["light-001.fits", "light-002.fits", "light-003.fits"]
    telescope.interrupt = lambda: None
    outcome = resume_observation(order, telescope)
    after = {path.name: path.stat().st_mtime_ns for path in frames(telescope, outcome)}
    assert sorted(after) == FRAMES
    assert {name: after[name] for name in before} == before
    assert "3 frames of an earlier try were kept" in outcome.result["notes"][1]
    assert len(outcome.orders) == 2


def test_a_crash_that_lasted_too_long_is_not_resumed(telescope: Rehearsal) -> None:
    with pytest.raises(Permanent, match="expired"):
        resume_observation(asked(expires="2020-01-01T00:00:00"), telescope)


def during_an_exposure(telescope: Rehearsal, act: Any) -> tuple[BaseException, float]:
    """Start a long observation, do something a moment later, and return how it ended and how many seconds after."""
    ended: list[tuple[BaseException, float]] = []

    def observe() -> None:
        try:
            observation(asked(exposure_time=7200.0), telescope)
        except (Permanent, OrderCancelled) as error:
            ended.append((error, time.monotonic()))

    thread = threading.Thread(target=observe)
    thread.start()
    while not telescope.said:
        time.sleep(0.01)
    acted = time.monotonic()
    act()
    thread.join(5.0)
    assert ended, "the observation goes on"
    return ended[0][0], ended[0][1] - acted


def test_abort_ends_a_long_exposure_at_once_with_words(telescope: Rehearsal) -> None:
    order = Abort(id="stop-1", user="ada")
    error, seconds = during_an_exposure(telescope, lambda: abort(order, telescope))
    assert isinstance(error, Permanent)
    assert "aborted by the order stop-1 of ada" in str(error)
    assert seconds < 0.5
    assert list(telescope.files.root("raw").rglob("*.fits")) == []


def test_after_an_abort_the_next_observation_works(telescope: Rehearsal) -> None:
    abort(Abort(id="stop-1"), telescope)
    assert observation(asked(), telescope).result["frames"] == 9


def test_a_cancelled_observation_stops_its_exposure(telescope: Rehearsal) -> None:
    def cancelled() -> None:
        raise OrderCancelled("it was cancelled while it ran")

    def cancel() -> None:
        telescope.interrupt = cancelled

    error, seconds = during_an_exposure(telescope, cancel)
    assert isinstance(error, OrderCancelled)
    assert seconds < 0.5
    assert telescope.resources.camera.elapsed() == 1.0


def test_a_dry_run_exposes_nothing(telescope: Rehearsal) -> None:
    outcome = observation(asked(dry_run=True), telescope)
    assert (outcome.result["frames"], list(outcome.orders)) == (9, [])
    assert list(telescope.files.root("raw").rglob("*")) == []


def test_the_dome_opens_closes_and_parks_by_its_sensors(telescope: Rehearsal) -> None:
    assert dome_status(DomeStatus(), telescope)["shutter"] == "closed"
    assert open_dome(OpenDome(id="a"), telescope).result["shutter"] == "open"
    assert dome_status(DomeStatus(), telescope)["position"] == 1.0
    assert close_dome(CloseDome(id="b"), telescope).result["shutter"] == "closed"
    assert park_dome(ParkDome(id="c"), telescope).result["parked"] is True


def test_closing_overtakes_opening(tmp_path: Path) -> None:
    slow = CameraSettings(rows=64, columns=80, clock_rate=5.0)  # the shutter needs a second
    with rehearsing(tmp_path, "telescope", resources=SERVICE.resources, camera=slow) as telescope:
        ended: list[str] = []

        def opening() -> None:
            try:
                open_dome(OpenDome(id="a"), telescope)
            except Permanent as error:
                ended.append(str(error))

        thread = threading.Thread(target=opening)
        thread.start()
        time.sleep(0.4)
        assert close_dome(CloseDome(id="b"), telescope).result["shutter"] == "closed"
        thread.join(5.0)
        assert "told otherwise" in ended[0]


def test_abort_stops_the_shutter_where_it_is(tmp_path: Path) -> None:
    slow = CameraSettings(rows=64, columns=80, clock_rate=5.0)
    with rehearsing(tmp_path, "telescope", resources=SERVICE.resources, camera=slow) as telescope:
        telescope.resources.dome.open()
        time.sleep(0.3)
        reading = abort(Abort(id="stop"), telescope).result
        assert reading["shutter"] == "stopped"
        assert 0.1 < reading["position"] < 0.9
        time.sleep(0.2)
        assert dome_status(DomeStatus(), telescope)["position"] == reading["position"]


def test_a_crash_while_opening_is_told_by_the_sensors_and_moves_nothing(telescope: Rehearsal) -> None:
    with pytest.raises(Permanent, match="its shutter is closed now"):
        look_whether_open(OpenDome(id="a"), telescope)
    open_dome(OpenDome(id="b"), telescope)
    assert look_whether_open(OpenDome(id="a"), telescope).result["shutter"] == "open"


def test_a_dry_run_moves_nothing(telescope: Rehearsal) -> None:
    open_dome(OpenDome(id="a"), telescope)
    assert close_dome(CloseDome(id="b", dry_run=True), telescope).result["shutter"] == "open"


def test_a_list_of_targets_becomes_an_observation_of_each_in_its_window(telescope: Rehearsal) -> None:
    targets = [
        TargetToObserve(name="NGC1365", ra=53.4, dec=-36.1, exposures=2, priority=9.0, start="2199-11-20T02:00:00",
                        end="2199-11-20T04:00:00"),
        TargetToObserve(name="NGC1316", ra=50.7, dec=-37.2, filter="g"),
        TargetToObserve(name="over", ra=50.7, dec=-37.2, end="2026-01-01T00:00:00"),
    ]  # fmt: skip
    order = ReceiveTargets(targets=targets, event="S1", priority=5.0, expires="2199-11-20T03:00:00")
    outcome = receive_targets(order, telescope)
    first, second = outcome.orders
    assert isinstance(first, Observation) and isinstance(second, Observation)
    assert (first.target, first.exposures, first.priority) == ("NGC1365", 2, 9.0)
    assert (first.not_before, first.expires) == ("2199-11-20T02:00:00.000", "2199-11-20T03:00:00.000")
    assert (second.filter, second.priority, second.not_before, second.event) == ("g", 5.0, None, "S1")
    assert outcome.result["notes"] == ["the window of over is over: it is not observed"]


def test_a_window_that_ends_before_it_begins_is_refused() -> None:
    fields = {"name": "x", "ra": 1.0, "dec": 1.0, "start": "2026-11-20T02:00:00", "end": "2026-11-20T01:00:00"}
    with pytest.raises(Refusal, match="window that ends before it begins"):
        parse({"request": "receive_targets", "targets": [fields]})
