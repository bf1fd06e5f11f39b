"""What can be asked about observations: of any facility, whoever runs it."""

from __future__ import annotations

import re
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from workorders.complaints import one_of
from workorders.envelope import WorkOrder
from workorders.quantities import (
    Comment,
    Declination,
    Measurements,
    Name,
    OrderId,
    RightAscension,
    UtcTime,
    says,
)

__all__ = [
    "CadenceRule",
    "CancelObservation",
    "FindObservationGroups",
    "FindObservations",
    "FindProposals",
    "FindTemplates",
    "FollowObservations",
    "ListFacilities",
    "Receiver",
    "RequestObservation",
    "SaveProposal",
    "SaveTemplate",
    "SendNotice",
    "ShowObservation",
    "UpdateObservation",
]

ObservationStatus = Literal[
    "PENDING", "COMPLETED", "WINDOW_EXPIRED", "CANCELED", "FAILURE_LIMIT_REACHED", "NOT_ATTEMPTED"
]
URL = re.compile(r"https?://[A-Za-z0-9.:\[\]-]+(?:/[!-~]*)?", re.ASCII)
ADDRESS = re.compile(r"[!-~]+@[A-Za-z0-9.-]+", re.ASCII)


def _receiver(text: str) -> str:
    """Return a mail address or URL; raise ValueError where it is neither."""
    if not (URL.fullmatch(text) or (ADDRESS.fullmatch(text) and not re.search(r"[,;<>\\\"]", text))):
        raise ValueError("is neither a mail address nor a URL")
    return text


Number = Annotated[int, Field(ge=1, le=2_147_483_647)]
FacilityName = Annotated[
    str, says("the name of a facility that list_facilities tells, such as own_telescope", pattern=r"^[a-z][a-z0-9_]*$",
              max_length=64)
]  # fmt: skip
Receiver = Annotated[
    str,
    says("a mail address, or the http or https URL of a webhook; the node's configuration says which are allowed",
         max_length=500),
    AfterValidator(_receiver),
]  # fmt: skip


class CadenceRule(BaseModel):
    """A rule by which one observation follows another."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False, frozen=True)

    strategy: Literal["retry_failed", "resume_after_failure", "repeat"] = Field(
        description="retry_failed: once more after each failure, its window so many hours later; resume_after_failure: "
        "so many hours after the last one, at once after a failure; repeat: every so many hours, whatever happened"
    )
    hours: float = Field(gt=0, le=100_000, description="between the beginnings of two observations; hours")
    until: UtcTime | None = Field(None, description="none begins after this time; UTC, ISO 8601")
    most: int | None = Field(None, ge=1, le=100_000, description="observations in all, the first one included; number")


class _Window(WorkOrder):
    """When something may be observed."""

    @model_validator(mode="after")
    def _ends_after_its_start(self) -> Self:
        _in_order(self, "start", "end")
        return self


class RequestObservation(_Window):
    """Ask a facility for an observation of a target.

    Where the target is, is filled in; what the template says goes before that, and what `parameters` say before both.
    With `dry_run` the parameters are checked and told, and nothing is asked of anybody. With `facility_id` the
    facility has the observation already, and it is only recorded.
    """

    request: Literal["request_observation"] = "request_observation"
    target: Name = Field(description="any of its names, as people type it")
    facility: FacilityName | None = Field(
        None, description="who shall observe; the template's where absent, else own_telescope"
    )
    parameters: Measurements = Field(
        default_factory=dict, description="fields of the facility's form, as list_facilities describes it"
    )
    template: Name | None = Field(None, description="parameters that were saved under this name")
    start: UtcTime | None = Field(None, description="not to be observed before; UTC, ISO 8601")
    end: UtcTime | None = Field(None, description="not to be begun after; UTC, ISO 8601")
    group: Name | None = Field(None, description="observations that this one belongs to; made where it is not there")
    proposal: Name | None = Field(None, description="whose time it spends")
    cadence: CadenceRule | None = Field(None, description="what shall follow after it")
    tell: list[Receiver] = Field(
        default_factory=list, max_length=10, description="who hears when its status changes: mail addresses, webhooks"
    )
    facility_id: Name | None = Field(None, description="what the facility calls it, where it has it already")


class UpdateObservation(WorkOrder):
    """Tell how an observation stands: by the facility that makes it, or by the person who did.

    One that the facility was asked for by somebody else is recorded, where its target and place are told.
    """

    request: Literal["update_observation"] = "update_observation"
    number: Number | None = Field(None, description="number of the observation")
    facility_id: Name | None = Field(None, description="what the facility calls it")
    facility: FacilityName | None = Field(None, description="the facility that calls it so")
    status: ObservationStatus | None = Field(None, description="its status from now on; as it is where absent")
    scheduled_start: UtcTime | None = Field(None, description="when it will be or was begun; UTC, ISO 8601")
    scheduled_end: UtcTime | None = Field(None, description="when it will be or was over; UTC, ISO 8601")
    seconds_used: float | None = Field(None, ge=0, le=10_000_000, description="time that it took; seconds")
    note: Comment | None = Field(None, description="in words, for those who look later")
    asked_by: Name | None = Field(None, description="who had asked the facility for it")
    target: Name | None = Field(None, description="name of what was observed, where nobody has asked us for it")
    ra: RightAscension | None = Field(None, description="right ascension of the field's centre; ICRS, degrees")
    dec: Declination | None = Field(None, description="declination of the field's centre; ICRS, degrees")
    parameters: Measurements = Field(
        default_factory=dict, description="fields of the facility's form, where nobody has asked us for it"
    )

    @model_validator(mode="after")
    def _one_is_meant(self) -> Self:
        one_of(self, "number", "facility_id")
        _in_order(self, "scheduled_start", "scheduled_end", equal=True)
        return self


class CancelObservation(WorkOrder):
    """Take an observation back, and end the cadence that it belongs to."""

    request: Literal["cancel_observation"] = "cancel_observation"
    number: Number = Field(description="number of the observation")
    reason: Comment = Field("", description="why, for those who look later")
    keep_cadence: bool = Field(False, description="let its cadence go on")


class FollowObservations(WorkOrder):
    """Do what time has brought about; the data manager orders this by itself.

    Observations whose window has begun are handed over, facilities are asked how theirs stand, what is out of time is
    ended, and cadences go on.
    """

    request: Literal["follow_observations"] = "follow_observations"


class SaveProposal(_Window):
    """Grant somebody time, change that, or close a proposal; what is not given stays as it is."""

    request: Literal["save_proposal"] = "save_proposal"
    proposal: Name = Field(description="its name, as people type it")
    hours: float | None = Field(None, ge=0, le=1_000_000, description="time granted; hours")
    title: Annotated[str, Field(max_length=500)] | None = Field(None, description="what it is for")
    investigator: Name | None = Field(None, description="the user who leads it")
    members: list[Name] | None = Field(
        None, max_length=1000, description="users who may spend its time, beside the investigator"
    )
    facility: FacilityName | None = Field(None, description="the only facility that it is for; any where absent")
    start: UtcTime | None = Field(None, description="its time may be spent from then on; UTC, ISO 8601")
    end: UtcTime | None = Field(None, description="its time may be spent until then; UTC, ISO 8601")
    closed: bool | None = Field(None, description="nothing more may be asked for in its name")


class SaveTemplate(WorkOrder):
    """Keep parameters of an observation under a name, or forget them."""

    request: Literal["save_template"] = "save_template"
    template: Name = Field(description="its name, as people type it")
    facility: FacilityName = Field("own_telescope", description="the facility whose form the parameters belong to")
    parameters: Measurements = Field(default_factory=dict, description="fields of the facility's form")
    delete: bool = Field(False, description="forget it")


class SendNotice(WorkOrder):
    """Tell somebody what has happened: by mail, or by an HTTP POST of JSON. Only daemons order this."""

    request: Literal["send_notice"] = "send_notice"
    receiver: Receiver = Field(description="whom")
    subject: Comment = Field(description="in a few words")
    text: Annotated[str, Field(max_length=4000, pattern=r"^[^\x00-\x08\x0b-\x1f\x7f\ufffe\uffff]*$")] = Field(
        description="what has happened"
    )
    facts: Measurements = Field(default_factory=dict, description="the same for a program")


class FindObservations(WorkOrder):
    """Observations of a target, facility, status, group, proposal or user, a page at a time."""

    request: Literal["find_observations"] = "find_observations"
    target: Name | None = Field(None, description="only those of this target")
    facility: FacilityName | None = Field(None, description="only those of this facility")
    status: ObservationStatus | None = Field(None, description="only those with this status")
    group: Name | None = Field(None, description="only those of this group")
    proposal: Name | None = Field(None, description="only those that spend this proposal's time")
    asked_by: Name | None = Field(None, description="only those that this user asked for")
    order_id: OrderId | None = Field(None, description="only what this order asked for")
    facility_id: Name | None = Field(None, description="only the one that the facility calls so")
    limit: int = Field(100, ge=1, le=1000, description="most rows to answer")
    after: int = Field(0, ge=0, le=2_147_483_647, description="page on: observations with a larger number than this")
    before: int | None = Field(
        None, ge=0, le=2_147_483_647, description="the latest first instead: observations with a smaller number"
    )


class ShowObservation(WorkOrder):
    """All that is known of one observation: its parameters, history and products."""

    request: Literal["show_observation"] = "show_observation"
    number: Number = Field(description="number of the observation")


class FindProposals(WorkOrder):
    """Proposals, with the time that was granted, is asked for, was used and is left."""

    request: Literal["find_proposals"] = "find_proposals"
    proposal: Name | None = Field(None, description="only this one")
    limit: int = Field(100, ge=1, le=1000, description="most rows to answer")
    after: int = Field(0, ge=0, le=2_147_483_647, description="page on: proposals with a larger number than this")


class FindTemplates(WorkOrder):
    """Templates: parameters of observations that were saved under a name."""

    request: Literal["find_templates"] = "find_templates"
    template: Name | None = Field(None, description="only this one")
    facility: FacilityName | None = Field(None, description="only those for this facility")
    limit: int = Field(100, ge=1, le=1000, description="most rows to answer")
    after: int = Field(0, ge=0, le=2_147_483_647, description="page on: templates with a larger number than this")


class FindObservationGroups(WorkOrder):
    """Groups of observations, with how many observations of each have which status."""

    request: Literal["find_observation_groups"] = "find_observation_groups"
    group: Name | None = Field(None, description="only this one")
    limit: int = Field(100, ge=1, le=1000, description="most rows to answer")
    after: int = Field(0, ge=0, le=2_147_483_647, description="page on: groups with a larger number than this")


class ListFacilities(WorkOrder):
    """The facilities that can be asked for observations: their forms, statuses, sites."""

    request: Literal["list_facilities"] = "list_facilities"
    facility: FacilityName | None = Field(None, description="only this one")


def _in_order(order: WorkOrder, first: str, last: str, *, equal: bool = False) -> None:
    """Raise an error unless one time comes before the other."""
    start, end = getattr(order, first), getattr(order, last)
    if start is not None and end is not None and (end < start or (end == start and not equal)):
        raise PydanticCustomError(
            "one_of", "has {last} before {first}", {"last": last, "first": first, "field": last,
                                                   "allowed": f"a time after {first}, {start}"}
        )  # fmt: skip
