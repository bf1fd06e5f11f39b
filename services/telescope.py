"""The telescope: takes observations with its camera, and moves its dome at once when that is asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from toros.clock import iso
from toros.errors import Permanent
from toros.network.service import Context, Handler, Outcome, Service
from toros.observatory.batch import BatchPlan, take_batch
from toros.observatory.devices.base import Dome, DomeReading
from toros.observatory.shutter import bring_to_park, bring_to_rest_closed, bring_to_rest_open, words
from toros.observatory.telescope import Telescope, simulated_telescope
from toros.sky.coordinates import altitude
from toros.sky.night import night_of
from workorders import WorkOrder
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

__all__ = [
    "SERVICE", "abort", "close_dome", "dome_status", "observation", "open_dome", "park_dome", "receive_targets",
]  # fmt: skip

UNREGARDED = "simulated telescope: sun, moon, horizon, weather and dome are not regarded by this version"


def observation(order: Observation, context: Context) -> Outcome:
    """Take the frames that are not there yet, and order their calibration."""
    telescope: Telescope = context.resources
    plan = BatchPlan(
        order.id, order.ra, order.dec, order.exposure_time, order.exposures, order.calibration_frames, order.filter,
        order.target, order.event,
    )  # fmt: skip
    folder = _folder(order, telescope, context)
    height = altitude(order.ra, order.dec, context.observatory_clock.now(), telescope.site.longitude,
                      telescope.site.latitude)  # fmt: skip
    result: dict[str, Any] = {
        "file_location": context.files.location(folder),
        "frames": len(plan.frames()),
        "night": folder.parent.name,
        "altitude": round(height, 1),
        "notes": [UNREGARDED],
    }
    if height < context.config.observatory.horizon:
        result["notes"].append(f"the field stands at {height:.0f} degrees: a real telescope would not see it now")
    if order.dry_run:
        return Outcome(result | {"notes": [*result["notes"], "dry run: nothing was exposed"]})
    begun = iso(context.observatory_clock.now())
    found = take_batch(plan, telescope, folder, run=context.engine.run, tell=context.progress)
    if found:
        result["notes"].append(f"{found} frames of an earlier try were kept, the others taken now")
    result |= {"scheduled_start": begun, "scheduled_end": iso(context.observatory_clock.now()),
               "seconds_used": order.exposures * order.exposure_time}  # fmt: skip
    calibration = CalibrateFileBatch(
        file_location=result["file_location"], observation=order.id, target=order.target, event=order.event
    )
    return Outcome(result, [calibration, _told_of(order, result, context)])


def resume_observation(order: Observation, context: Context) -> Outcome:
    """After a crash in the middle: still the camera, then take only what is not on disk."""
    if order.expires is not None and order.expires < iso(context.clock.now()):
        raise Permanent(
            f"the daemon was cut off in the middle and was not back before the order expired, {order.expires}"
        )
    telescope: Telescope = context.resources
    telescope.camera.abort()
    return observation(order, context)


def receive_targets(order: ReceiveTargets, context: Context) -> Outcome:
    """Order an observation of each target: the ledger takes the most urgent first, and none outside of its window."""
    now = iso(context.clock.now())
    late = [each.name for each in order.targets if _latest(each, order) and str(_latest(each, order)) <= now]
    observations = [_observation_of(each, order) for each in order.targets if each.name not in late]
    notes = [f"the window of {name} is over: it is not observed" for name in late]
    result = {"targets": len(order.targets), "ordered": len(observations), "notes": notes}
    return Outcome(result, observations)


def dome_status(_question: DomeStatus, context: Context) -> Mapping[str, Any]:
    """Return what the dome's sensors say now."""
    return _told(context.resources.dome.read(), context)


def open_dome(order: OpenDome, context: Context) -> Outcome:
    """Open the shutter and see that it opens."""
    return _moved(bring_to_rest_open, order, context)


def close_dome(order: CloseDome, context: Context) -> Outcome:
    """Close the shutter and see that it closes."""
    return _moved(bring_to_rest_closed, order, context)


def park_dome(order: ParkDome, context: Context) -> Outcome:
    """Close the shutter, turn the dome to its parking azimuth, and see that both happen."""
    return _moved(bring_to_park, order, context)


def abort(order: Abort, context: Context) -> Outcome:
    """Stop every exposure and motion; the observation under way ends with words that name this order."""
    telescope: Telescope = context.resources
    if not order.dry_run:
        telescope.abort(f"the order {order.id}" + (f" of {order.user}" if order.user else ""))
    return Outcome(_told(telescope.dome.read(), context))


def look_whether_open(_order: OpenDome, context: Context) -> Outcome:
    """After a crash while opening: believe the sensors, and move nothing."""
    reading = context.resources.dome.read()
    if reading.shutter != "open":
        raise Permanent(f"the daemon was cut off while the dome opened; its shutter is {words(reading)} now")
    return Outcome(_told(reading, context))


def _observation_of(target: TargetToObserve, order: ReceiveTargets) -> Observation:
    """Return the order for one target of a list."""
    return Observation(
        ra=target.ra, dec=target.dec, exposure_time=target.exposure_time, exposures=target.exposures,
        filter=target.filter, target=target.name, event=order.event, calibration_frames=order.calibration_frames,
        priority=order.priority if target.priority is None else target.priority, not_before=target.start,
        expires=_latest(target, order),
    )  # fmt: skip


def _latest(target: TargetToObserve, order: ReceiveTargets) -> str | None:
    """Return until when a target may be started: its own window's end or the list's, whichever is first."""
    return min((time for time in (target.end, order.expires) if time is not None), default=None)


def _told_of(order: Observation, result: Mapping[str, Any], context: Context) -> UpdateObservation:
    """Return the order that tells the data manager that an observation is made, whoever has asked for it.

    It tells what `result` tells to whoever asks first.
    """
    form = {name: getattr(order, name) for name in ("exposure_time", "exposures", "filter", "calibration_frames")}
    return UpdateObservation(
        user=context.service, facility="own_telescope", facility_id=order.id, status="COMPLETED",
        **{name: result[name] for name in ("scheduled_start", "scheduled_end", "seconds_used")},
        note=f"{result['frames']} frames in {result['file_location']}", asked_by=order.user, target=order.target,
        ra=order.ra, dec=order.dec, parameters=form | ({"event": order.event} if order.event else {}),
    )  # fmt: skip


def _moved(
    move: Callable[[Dome, Callable[[float, str], None]], DomeReading], order: WorkOrder, context: Context
) -> Outcome:
    telescope: Telescope = context.resources
    if order.dry_run:
        return Outcome(_told(telescope.dome.read(), context))
    return Outcome(_told(move(telescope.dome, context.progress), context))


def _told(reading: DomeReading, context: Context) -> dict[str, Any]:
    """Return a reading for the wire."""
    return {
        "shutter": reading.shutter,
        "position": round(reading.position, 3),
        "azimuth": round(reading.azimuth, 2),
        "parked": reading.parked,
        "time": iso(context.observatory_clock.now()),
    }


def _folder(order: Observation, telescope: Telescope, context: Context) -> Path:
    """Return the folder of the batch: the one that an earlier try began, or one in the night that it is now."""
    begun = sorted(context.files.root("raw").glob(f"*/{order.id}"))
    night = night_of(context.observatory_clock.now(), telescope.site.longitude)
    return begun[0] if begun else context.files.path(f"raw:{night}/{order.id}", must_exist=False)


SERVICE = Service(
    name="telescope",
    handlers={
        "observation": Handler(observation, recover=resume_observation),
        "receive_targets": Handler(receive_targets),
        "dome_status": Handler(dome_status),
        "open_dome": Handler(open_dome, recover=look_whether_open),
        "close_dome": Handler(close_dome, recover=close_dome),
        "park_dome": Handler(park_dome, recover=park_dome),
        "abort": Handler(abort, recover=abort),
    },
    lanes={"camera": 1, "safety": 4, "targets": 1},  # closing waits neither behind an exposure nor behind an opening
    resources=simulated_telescope,
)
