"""What can be asked of the alert robot."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from workorders.complaints import one_of
from workorders.envelope import WorkOrder
from workorders.quantities import (
    READABLE,
    Comment,
    Declination,
    InstanceName,
    Location,
    Name,
    OrderId,
    RightAscension,
    says,
)

__all__ = ["ListAlerts", "ProcessAlert", "RankGalaxies", "RetractAlert", "ShowAlert", "TellAlert"]


AlertText = Annotated[
    str,
    Field(
        min_length=2,
        max_length=8_000_000,
        pattern=r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]*$",
        json_schema_extra={"words": "2 to 8000000 characters of text"},
    ),
]


class ProcessAlert(WorkOrder):
    """Understand an alert, rank what it may be, and order observations.

    The alert comes inline (`alert`) or by location (`file_location`), one of the two.
    """

    request: Literal["process_alert"] = "process_alert"
    alert: AlertText | None = Field(
        None, description="the alert itself, as text: igwn.gwalert JSON, a VOEvent, or a notice of GCN"
    )
    file_location: Location | None = Field(None, description="root:path of the alert's file")
    format: Literal["gwalert", "voevent", "gcn"] | None = Field(
        None, description="of no effect: what it is written in is recognised"
    )
    topic: Annotated[str, says("a topic's name", pattern=r"^[A-Za-z0-9._-]{1,249}$")] | None = Field(
        None, description="the Kafka topic that it came by: tells what it is where the text alone does not"
    )
    test: bool = Field(False, description="treat as a rehearsal although the alert says that it is real")

    @model_validator(mode="after")
    def _one_source(self) -> ProcessAlert:
        one_of(self, "alert", "file_location")
        return self


class ListAlerts(WorkOrder):
    """Alerts that were received, the latest first."""

    request: Literal["list_alerts"] = "list_alerts"
    unreadable: bool = Field(False, description="instead, those that could not be understood, each with the reason")
    limit: int = Field(100, ge=1, le=1000, description="most rows to answer")
    before: OrderId | None = Field(None, description="page on: alerts older than this order id")


class ShowAlert(WorkOrder):
    """One event's story: its alerts in order, what was ranked, what was ordered."""

    request: Literal["show_alert"] = "show_alert"
    event: Name = Field(description="the event's name, such as MS181101ab")


class RetractAlert(WorkOrder):
    """Take an event back by hand: what is queued for it is cancelled at every telescope, as its rule says.

    An alert that is written later revives the event.
    """

    request: Literal["retract_alert"] = "retract_alert"
    event: Name = Field(description="the event's name, such as MS181101ab")
    reason: Comment = Field("", description="why, for those who look later")


class RankGalaxies(WorkOrder):
    """What could be observed of an event, or of a place with an error: for each telescope, and why not the rest.

    An event that was received (`event`), or a position (`ra`, `dec`, `radius`), one of the two. Nothing is ordered.
    """

    request: Literal["rank_galaxies"] = "rank_galaxies"
    event: Name | None = Field(None, description="an event that was received, such as MS181101ab")
    ra: RightAscension | None = Field(None, description="middle of the error circle; ICRS, degrees")
    dec: Declination | None = Field(None, description="middle of the error circle; ICRS, degrees")
    radius: float | None = Field(None, ge=0.0001, le=180, description="of the error circle; degrees")
    containment: float = Field(0.9, gt=0, lt=1, description="probability that it is in the circle; no unit")
    telescope: InstanceName | None = Field(None, description="only this one; all of the configuration where absent")
    limit: int = Field(20, ge=1, le=200, description="most targets for each telescope; number")

    @model_validator(mode="after")
    def _one_place(self) -> RankGalaxies:
        one_of(self, "event", "ra")
        missing = [name for name in ("dec", "radius") if self.ra is not None and getattr(self, name) is None]
        if missing:
            context = {"field": missing[0], "allowed": "all of ra, dec, radius"}
            raise PydanticCustomError("one_of", "gives a position without {field}", context)
        return self


class TellAlert(WorkOrder):
    """Draw the sky of an alert that was processed, and tell it to the people of the configuration.

    The alert robot orders it of itself, so that no picture and no mail server holds up an observation.
    """

    request: Literal["tell_alert"] = "tell_alert"
    alert: OrderId = Field(description="the order that brought the alert")
    receiver: Annotated[str, Field(min_length=3, max_length=1024, pattern=READABLE)] | None = Field(
        None, description="an address or a webhook's URL; only the picture is drawn where absent"
    )
