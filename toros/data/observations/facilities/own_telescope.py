"""Our own telescopes: an observation becomes a work order to a telescope's front desk."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pydantic import Field

from toros.data.observations.facilities.base import Asked, Errand, Facility, Form, Report, Site, Submission
from toros.data.observations.life import Status
from workorders import WorkOrder
from workorders.desk import Cancel
from workorders.desk import Status as StatusOf
from workorders.observing import Observation
from workorders.quantities import Declination, ExposureTime, FilterName, InstanceName, Name, RightAscension

if TYPE_CHECKING:
    from toros.config import Config

__all__ = ["OwnTelescope", "OwnTelescopeForm"]

DESK = "telescope"
OF_STATE = {  # how an observation stands by the state of the telescope's order
    "done": Status.COMPLETED, "buried": Status.FAILURE_LIMIT_REACHED, "cancelled": Status.CANCELED,
    "expired": Status.WINDOW_EXPIRED,
}  # fmt: skip


class OwnTelescopeForm(Form):
    """What a telescope's observation needs."""

    ra: RightAscension = Field(description="right ascension of the field's centre; ICRS, degrees; the target's")
    dec: Declination = Field(description="declination of the field's centre; ICRS, degrees; the target's")
    exposure_time: ExposureTime = 60.0
    exposures: int = Field(1, ge=1, le=1000, description="light frames to take; number")
    filter: FilterName = "r"
    calibration_frames: int = Field(
        5, ge=0, le=100, description="bias, dark and flat frames taken with the batch; number of each kind"
    )
    event: Name | None = Field(None, description="the alert's event that this follows up")
    to: InstanceName | None = Field(None, description="which telescope, where the network has several")


class OwnTelescope(Facility[OwnTelescopeForm]):
    """A telescope of this network; it reports by update_observation, and can be asked."""

    name = "own_telescope"
    title = "a telescope of this network"
    form = OwnTelescopeForm
    keeps_windows = False  # an order has a time after which it is not started, and none before
    can_be_asked = True

    def seconds(self, form: OwnTelescopeForm) -> float:
        """Return the time that the shutter is open on the sky; seconds."""
        return form.exposures * form.exposure_time

    def submit(self, asked: Asked[OwnTelescopeForm]) -> Submission:
        """Return the telescope's order; its id is what the telescope calls the observation."""
        form = asked.form
        order = Observation(
            to=form.to, priority=asked.priority, expires=asked.end, ra=form.ra, dec=form.dec,
            exposure_time=form.exposure_time, exposures=form.exposures, filter=form.filter, target=asked.target,
            event=form.event, calibration_frames=form.calibration_frames,
        )  # fmt: skip
        return Submission(order.id, [Errand(DESK, order)])

    def question(self, form: OwnTelescopeForm, facility_id: str) -> Errand:
        """Return the question for the telescope's order."""
        return Errand(DESK, StatusOf(to=form.to, order_id=facility_id))

    def read_answer(self, answer: Mapping[str, Any]) -> Report:
        """Return how the observation stands by the state of the telescope's order."""
        status = OF_STATE.get(str(answer.get("state")))
        if status is None:
            return Report(unknown=not answer)
        if status is Status.COMPLETED:
            return _completed(answer)
        return Report(status, note=str(answer.get("reason") or "")[:400] or None)

    def cancel(self, form: OwnTelescopeForm, facility_id: str, reason: str) -> Sequence[Errand]:
        """Return the order that takes the telescope's order back, with all that followed from it."""
        order: WorkOrder = Cancel(to=form.to, order_id=facility_id, reason=reason)
        return [Errand(DESK, order)]

    def sites(self, config: Config) -> Mapping[str, Site]:
        """Return the telescope of this node's configuration."""
        here = config.observatory
        name = config.services["telescope"].name or "telescope"
        return {here.name: Site(name, here.longitude, here.latitude, here.elevation)}


def _completed(answer: Mapping[str, Any]) -> Report:
    """Return what the telescope's own update_observation says too: it does not matter which of the two comes first."""
    told = answer.get("result") or {}
    start, end = told.get("scheduled_start", answer.get("started")), told.get("scheduled_end", answer.get("finished"))
    note = f"{told['frames']} frames in {told['file_location']}" if "file_location" in told else None
    return Report(Status.COMPLETED, start, end, told.get("seconds_used"), note)
