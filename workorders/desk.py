"""What can be asked of every desk."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from workorders.envelope import WorkOrder
from workorders.people import TokenHash, UserName
from workorders.quantities import Comment, OrderId, RequestName, UtcTime

__all__ = ["Cancel", "Describe", "ListOrders", "Person", "Retry", "SaveIdentities", "Status"]


class Status(WorkOrder):
    """The status of one order (`order_id`), or of the desk."""

    request: Literal["status"] = "status"
    order_id: OrderId | None = Field(None, description="the order to look at; the desk itself where absent")


class ListOrders(WorkOrder):
    """Orders of this desk, the latest first, with where they went on to."""

    request: Literal["list_orders"] = "list_orders"
    state: Literal["queued", "running", "done", "buried", "cancelled", "expired"] | None = Field(
        None, description="only orders in this state"
    )
    named: RequestName | None = Field(None, description="only orders for this request")
    root: OrderId | None = Field(None, description="only the tree below this order, as far as this desk knows it")
    limit: int = Field(100, ge=1, le=1000, description="most rows to answer")
    before: OrderId | None = Field(None, description="page on: orders accepted before this one")


class Cancel(WorkOrder):
    """Take an order back; queued orders never start, a running one stops at its next step."""

    request: Literal["cancel"] = "cancel"
    order_id: OrderId = Field(description="the order to cancel; it may still be on its way")
    tree: bool = Field(True, description="also everything that it has caused, at every desk")
    running: Literal["stop", "finish"] = Field(
        "stop", description="what is under way: stop it at its next step, or let it end"
    )
    reason: Comment = Field("", description="why, for those who look later")


class Retry(WorkOrder):
    """Queue a buried order again, or send a parked one again."""

    request: Literal["retry"] = "retry"
    order_id: OrderId = Field(description="the order that is buried, or whose onward orders are parked")


class Describe(WorkOrder):
    """The desk's requests as JSON Schema."""

    request: Literal["describe"] = "describe"
    named: RequestName | None = Field(None, description="one request; all where absent")


class Person(BaseModel):
    """One person's identity, as a node keeps it."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    name: UserName = Field(description="by which the person asks")
    sha256: TokenHash = Field(description="of the token")
    role: Literal["observer", "scientist", "admin"] = Field(description="what they may ask")
    requests: Annotated[list[RequestName], Field(max_length=200)] = Field(
        default_factory=list, description="only these of what the role may; all of it where empty"
    )
    expires: UtcTime | None = Field(None, description="end of the token; UTC")
    revoked: bool = Field(False, description="the token is worth nothing")


class SaveIdentities(WorkOrder):
    """Write people into the identities file of the desk's node; only the data manager orders it.

    Daemons' identities stay as they are, and no person takes their names. What is older than what the file holds
    changes nothing, in whichever order it comes.
    """

    request: Literal["save_identities"] = "save_identities"
    as_of: UtcTime = Field(description="when the data manager read these; UTC, ISO 8601")
    people: Annotated[list[Person], Field(max_length=2000)] = Field(description="everybody who has or had a token")
