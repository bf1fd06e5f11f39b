"""A person who observes: reads what is asked for, and reports back."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from toros.data.observations.facilities.base import Asked, Facility, Form, Submission
from workorders.quantities import Comment, Declination, ExposureTime, Name, RightAscension

__all__ = ["Manual", "ManualForm"]


class ManualForm(Form):
    """What a person must know."""

    observer: Name | None = Field(None, description="who shall observe")
    instrument: Name | None = Field(None, description="with what")
    ra: RightAscension | None = Field(None, description="right ascension; ICRS, degrees; the target's")
    dec: Declination | None = Field(None, description="declination; ICRS, degrees; the target's")
    filters: list[Annotated[str, Field(min_length=1, max_length=32)]] = Field(
        default_factory=list, max_length=20, description="names of filters"
    )
    exposure_time: ExposureTime | None = Field(None, description="of each exposure; seconds")
    exposures: int = Field(1, ge=1, le=1000, description="in each filter; number")
    duration: float | None = Field(
        None, gt=0, le=1_000_000, description="time that it takes; seconds; the exposures together where absent"
    )
    instructions: Comment = Field("", description="in words")


class Manual(Facility[ManualForm]):
    """Somebody at a telescope that no daemon of ours drives: `toros observation list` shows what is to be done."""

    name = "manual"
    title = "a person who observes and reports back"
    form = ManualForm
    reported_by_people = True

    def seconds(self, form: ManualForm) -> float:
        """Return the time that it takes; seconds."""
        return form.duration or (form.exposure_time or 0.0) * form.exposures * max(1, len(form.filters))

    def submit(self, asked: Asked[ManualForm]) -> Submission:
        """Nothing is sent: it lies on the list of what is to be observed."""
        return Submission(None)
