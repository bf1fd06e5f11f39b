"""What every facility is: a form, and what to say to it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from toros.data.observations.life import FAILED, TERMINAL, Status
from toros.errors import Permanent
from workorders.complaints import refusal_of

if TYPE_CHECKING:
    from toros.config import Config
    from workorders import WorkOrder

__all__ = ["Asked", "Errand", "Facility", "Form", "Report", "Site", "Submission"]


class Form(BaseModel):
    """Parameters of an observation, each with unit, bounds and words; what it does not know, it refuses."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False, frozen=True, hide_input_in_errors=True)


F = TypeVar("F", bound=Form)


@dataclass(frozen=True)
class Asked(Generic[F]):
    """What is asked of a facility.

    Attributes
    ----------
    form : Form
        Its parameters, checked.
    target : str
        Name of the target.
    start, end : str or None
        The window; UTC, ISO 8601.
    priority : float or None
        0 to 10.
    """

    form: F
    target: str
    start: str | None = None
    end: str | None = None
    priority: float | None = None


@dataclass(frozen=True)
class Errand:
    """An order or question for some desk, which the service carries there."""

    desk: str
    order: WorkOrder


@dataclass(frozen=True)
class Submission:
    """What came of handing over: what the facility calls the observation, and what must be sent for it."""

    facility_id: str | None
    errands: Sequence[Errand] = ()


@dataclass(frozen=True)
class Report:
    """How an observation stands.

    Attributes
    ----------
    status : str or None
        None: as before.
    scheduled_start, scheduled_end : str or None
        UTC, ISO 8601.
    seconds_used : float or None
    note : str or None
        In words.
    unknown : bool
        The facility has not heard of it, or not yet.
    """

    status: str | None = None
    scheduled_start: str | None = None
    scheduled_end: str | None = None
    seconds_used: float | None = None
    note: str | None = None
    unknown: bool = False


@dataclass(frozen=True)
class Site:
    """Where a telescope stands: degrees, east positive, and metres above the sea."""

    code: str
    longitude: float
    latitude: float
    elevation: float


class Facility(ABC, Generic[F]):
    """Somebody who observes.

    A facility says what must be sent, and reads what comes back; it sends nothing itself. Another kind is a subclass
    and an entry point in the group `toros.facilities`.

    Attributes
    ----------
    name : str
        As orders call it; the entry point's name.
    title : str
        What it is, in a few words.
    form : type of Form
        Its parameters.
    keeps_windows : bool
        Whether it can be given an observation before its window begins; it is handed over then elsewhere.
    can_be_asked : bool
        Whether `question` and `read_answer` tell how an observation stands.
    reported_by_people : bool
        Whether any user may tell how an observation stands, not only daemons.
    terminal, failed : frozenset of Status
        Statuses in which nothing more happens, and those of them in which nothing was observed.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    form: ClassVar[type[Form]]
    keeps_windows: ClassVar[bool] = True
    can_be_asked: ClassVar[bool] = False
    reported_by_people: ClassVar[bool] = False
    terminal: ClassVar[frozenset[Status]] = TERMINAL
    failed: ClassVar[frozenset[Status]] = FAILED

    def fill(self, parameters: Mapping[str, Any]) -> F:
        """Return the form filled in.

        Raises
        ------
        Permanent
            It cannot be: one sentence with the field, the value and what is allowed.
        """
        try:
            return self.form.model_validate(dict(parameters))  # type: ignore[return-value]
        except ValidationError as error:
            raise Permanent(f"parameters: {refusal_of(error, self.form, self.name, {}).sentence()}") from None

    def describe(self, config: Config) -> dict[str, Any]:
        """Return what list_facilities tells."""
        return {
            "facility": self.name,
            "title": self.title,
            "form": self.form.model_json_schema(),
            "statuses": [str(status) for status in Status],
            "terminal": sorted(self.terminal),
            "failed": sorted(self.failed),
            "sites": {name: vars(site) for name, site in self.sites(config).items()},
        }

    @abstractmethod
    def seconds(self, form: F) -> float:
        """Return the time that a proposal is charged; seconds."""

    @abstractmethod
    def submit(self, asked: Asked[F]) -> Submission:
        """Hand an observation over."""

    def question(self, form: F, facility_id: str) -> Errand:
        """Return what to ask to learn how an observation stands."""
        raise NotImplementedError

    def read_answer(self, answer: Mapping[str, Any]) -> Report:
        """Return how an observation stands by the answer to `question`, which is empty where it is unknown there."""
        raise NotImplementedError

    def cancel(self, form: F, facility_id: str, reason: str) -> Sequence[Errand]:
        """Return what must be sent to take an observation back; nothing where it is over as soon as we say so."""
        return ()

    def products(self, facility_id: str) -> str:
        """Return what the products of an observation name as its `observation`."""
        return facility_id

    def sites(self, config: Config) -> Mapping[str, Site]:
        """Return where its telescopes stand, by name."""
        return {}
