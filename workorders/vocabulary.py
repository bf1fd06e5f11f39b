"""Which requests exist, which desk serves each, how it may be repeated, and how an order is read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal

from pydantic import ValidationError

from workorders import alerts, data, desk, measurements, moving, observations, observing, people, reduction, targets
from workorders.complaints import refusal_of
from workorders.envelope import VERSION, WorkOrder
from workorders.refusal import FaultCode, Refusal
from workorders.spelling import spelled

__all__ = ["DESKS", "PLANNED", "VOCABULARY", "Request", "parse", "request_of"]

Repeat = Literal["pure", "idempotent", "never"]
DESKS = ("alert_robot", "telescope", "preprocessor", "harvester", "data_manager", "portal")


@dataclass(frozen=True)
class Request:
    """One request of the language.

    Attributes
    ----------
    model : type of WorkOrder
        Its typed fields.
    desk : str
        The service that takes it; "every" for those of every desk.
    kind : {"order", "question"}
        An order is stored and done once; a question is answered at once and never stored.
    repeat : {"pure", "idempotent", "never"}
        What may be done after a crash in the middle.
    lane : str
        Orders of one lane wait for one another, never for another lane's.
    moves_hardware : bool
        It must carry an id and expire within minutes.
    without_ledger : bool
        It acts even when the ledger cannot write.
    """

    model: type[WorkOrder]
    desk: str
    kind: Literal["order", "question"] = "order"
    repeat: Repeat = "idempotent"
    lane: str = "work"
    moves_hardware: bool = False
    without_ledger: bool = False

    @property
    def name(self) -> str:
        """The request's name on the wire."""
        return str(self.model.model_fields["request"].default)

    @property
    def summary(self) -> str:
        """The first line of the model's description."""
        return (self.model.__doc__ or "").strip().splitlines()[0]


def _metal(model: type[WorkOrder], **more: Any) -> Request:
    return Request(model, "telescope", repeat="never", lane="safety", moves_hardware=True, **more)


_SERVED = (
    Request(desk.Status, "every", "question", "pure"),
    Request(desk.ListOrders, "every", "question", "pure"),
    Request(desk.Describe, "every", "question", "pure"),
    Request(desk.Cancel, "every", lane="desk"),
    Request(desk.Retry, "every", lane="desk"),
    Request(desk.SaveIdentities, "every", lane="desk"),
    Request(alerts.ProcessAlert, "alert_robot"),
    Request(alerts.RetractAlert, "alert_robot"),
    Request(alerts.TellAlert, "alert_robot", lane="notices"),
    Request(alerts.RankGalaxies, "alert_robot", "question", "pure"),
    Request(alerts.ListAlerts, "alert_robot", "question", "pure"),
    Request(alerts.ShowAlert, "alert_robot", "question", "pure"),
    Request(observing.Observation, "telescope", repeat="never", lane="camera"),
    Request(observing.ReceiveTargets, "telescope", lane="targets"),
    Request(observing.DomeStatus, "telescope", "question", "pure"),
    _metal(observing.OpenDome),
    _metal(observing.CloseDome, without_ledger=True),
    _metal(observing.ParkDome, without_ledger=True),
    _metal(observing.Abort, without_ledger=True),
    Request(reduction.CalibrateFileBatch, "preprocessor"),
    Request(reduction.ResumeFileBatch, "preprocessor"),
    Request(reduction.RestartFileBatch, "preprocessor"),
    Request(reduction.MakeMasters, "preprocessor"),
    Request(reduction.CalibrateFrame, "preprocessor"),
    Request(data.IngestDataProduct, "data_manager"),
    Request(data.DeleteProduct, "data_manager"),
    Request(data.ProcessProduct, "data_manager"),
    Request(data.CallHook, "data_manager", lane="hooks"),
    Request(data.FindProducts, "data_manager", "question", "pure"),
    Request(targets.AddTarget, "data_manager"),
    Request(targets.UpdateTarget, "data_manager"),
    Request(targets.MergeTargets, "data_manager"),
    Request(targets.GroupTargets, "data_manager"),
    Request(targets.SaveList, "data_manager"),
    Request(targets.ImportTargets, "data_manager", lane="imports"),
    Request(targets.ExportTargets, "data_manager", lane="imports"),
    Request(moving.MoveIn, "data_manager", lane="imports"),
    Request(targets.FindTargets, "data_manager", "question", "pure"),
    Request(targets.ShowTarget, "data_manager", "question", "pure"),
    Request(measurements.IngestPhotometry, "data_manager"),
    Request(measurements.IngestSpectrum, "data_manager"),
    Request(measurements.SwitchMeasurements, "data_manager"),
    Request(measurements.ExportPhotometry, "data_manager"),
    Request(measurements.FindMeasurements, "data_manager", "question", "pure"),
    Request(observations.RequestObservation, "data_manager"),
    Request(observations.UpdateObservation, "data_manager"),
    Request(observations.CancelObservation, "data_manager"),
    Request(observations.FollowObservations, "data_manager"),
    Request(observations.SaveTemplate, "data_manager"),
    Request(observations.SaveProposal, "data_manager"),
    Request(observations.SendNotice, "data_manager", lane="notices"),
    Request(observations.FindObservations, "data_manager", "question", "pure"),
    Request(observations.ShowObservation, "data_manager", "question", "pure"),
    Request(observations.FindProposals, "data_manager", "question", "pure"),
    Request(observations.FindTemplates, "data_manager", "question", "pure"),
    Request(observations.FindObservationGroups, "data_manager", "question", "pure"),
    Request(observations.ListFacilities, "data_manager", "question", "pure"),
    Request(people.SaveUser, "data_manager", lane="people"),
    Request(people.FindUsers, "data_manager", "question", "pure"),
    Request(people.FindChanges, "data_manager", "question", "pure"),
)

VOCABULARY: Mapping[str, Request] = MappingProxyType({request.name: request for request in _SERVED})

PLANNED: Mapping[str, str] = MappingProxyType(
    {
        name: desk_name
        for desk_name, names in {
            "telescope": "schedule_night prepare_night open_night close_night point_telescope "
            "take_images take_calibration_frames store_images set_azimuth set_mode next_target "
            "report_observation",
            "preprocessor": "solve_field measure_frame difference_frame search_transients",
            "harvester": "list_archives harvest_target harvest_catalog resolve_target query_broker refresh_due",
            "data_manager": "standardise_photometry analyse_catalog simulate_events share",
        }.items()
        for name in names.split()
    }
)


def request_of(order: WorkOrder) -> Request:
    """Return the vocabulary's entry for an order that was read."""
    return VOCABULARY[order.request]


def parse(fields: Mapping[str, Any], service: str | None = None, user: str | None = None) -> WorkOrder:
    """Read one work order, in today's or the older spelling.

    Parameters
    ----------
    fields : mapping
        The order as it came: plain values.
    service : str, optional
        The desk that reads it; requests of other desks are then refused.
    user : str, optional
        In whose name it is where it does not say.

    Raises
    ------
    Refusal
        With the field, the value and what is allowed.
    """
    fields, spellings = spelled(fields)
    if user is not None:
        fields.setdefault("user", user)
    request = _known(fields.get("request"), service)
    version = fields.get("version", VERSION)
    if type(version) is int and version > VERSION:
        raise Refusal(
            FaultCode.UNSUPPORTED_VERSION,
            "this desk speaks an older version of the language",
            field="version", value=version, allowed=f"up to {VERSION}",
        )  # fmt: skip
    if request.moves_hardware and not fields.get("id"):
        raise Refusal(
            FaultCode.MISSING_FIELD,
            f"{request.name} moves hardware and must carry an id of its sender's making",
            field="id", allowed="1 to 64 letters, digits and . _ : -",
        )  # fmt: skip
    try:
        return request.model.model_validate(fields)
    except ValidationError as error:
        raise refusal_of(error, request.model, request.name, spellings) from None


def _known(name: object, service: str | None) -> Request:
    """Return the request of this name where `service` takes it; raise Refusal elsewhere."""
    if not isinstance(name, str) or not name:
        raise Refusal(FaultCode.MISSING_FIELD, "an order must say what is asked", field="request", value=name,
                      allowed=_requests_of(service))  # fmt: skip
    request = VOCABULARY.get(name)
    home = request.desk if request else PLANNED.get(name)
    if home is None:
        raise Refusal(FaultCode.UNKNOWN_REQUEST, "no desk knows this request", field="request", value=name,
                      allowed=_requests_of(service))  # fmt: skip
    if service is not None and home not in ("every", service):
        raise Refusal(FaultCode.WRONG_DESK, f"{name} belongs to the desk {home}, this is {service}",
                      field="request", value=name, allowed=_requests_of(service))  # fmt: skip
    if request is None:
        raise Refusal(FaultCode.NOT_SERVED, f"{name} is not served by this version of {home}", field="request",
                      value=name, allowed=_requests_of(service))  # fmt: skip
    return request


def _requests_of(service: str | None) -> str:
    names = (r.name for r in _SERVED if service is None or r.desk in ("every", service))
    return ", ".join(sorted(names))
