"""What can be asked of the alert robot."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from workorders.complaints import one_of
from workorders.envelope import WorkOrder
from workorders.quantities import Location, Name, OrderId, says

__all__ = ["ListAlerts", "ProcessAlert", "ShowAlert"]


AlertText = Annotated[
    str,
    Field(
        min_length=2,
        max_length=8_000_000,
        pattern=r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]*$",
        json_schema_extra={"words": "2 to 8000000 characters of JSON text"},
    ),
]


class ProcessAlert(WorkOrder):
    """Understand an alert, rank what it may be, and order observations.

    The alert comes inline (`alert`) or by location (`file_location`), one of the two.
    """

    request: Literal["process_alert"] = "process_alert"
    alert: AlertText | None = Field(None, description="the alert itself, as text: igwn.gwalert JSON")
    file_location: Location | None = Field(None, description="root:path of the alert's file")
    format: Literal["gwalert"] = Field("gwalert", description="igwn.gwalert JSON, the only format of this version")
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
