"""Which targets are meant: the conditions that `find_targets` and others share."""

from __future__ import annotations

import math
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from workorders.quantities import Declination, Measurements, Name, RightAscension, says

__all__ = ["FIELDS", "NUMBERS", "TEXTS", "TIMES", "Cone", "TargetFilter"]

NUMBERS = (
    "number", "ra", "dec", "epoch", "pm_ra", "pm_dec", "parallax", "epoch_of_elements", "inclination", "lng_asc_node",
    "arg_of_perihelion", "eccentricity", "mean_anomaly", "semimajor_axis", "mean_daily_motion", "perihdist",
    "epoch_of_perihelion", "importance", "cadence", "galactic_longitude", "galactic_latitude", "last_mjd",
    "last_magnitude",
)  # fmt: skip
TIMES = ("created", "changed")
TEXTS = ("name", "kind", "scheme", "classification", "constellation", "owner", "access", "description")
FIELDS = (*NUMBERS, *TIMES, *TEXTS)
BOUNDS = {"min", "max"}


def _conditions(values: dict[str, Any]) -> dict[str, Any]:
    """Return conditions on fields; raise ValueError where one is no condition."""
    for name, value in values.items():
        if name not in FIELDS:
            raise ValueError(f"has no field {name[:64]!r} of a target; allowed: {', '.join(FIELDS)}")
        _condition(name, value, numbers=name in NUMBERS)
    return values


def _extras(values: dict[str, Any]) -> dict[str, Any]:
    for name, value in values.items():
        _condition(name, value, numbers=None)
    return values


def _condition(name: str, value: Any, *, numbers: bool | None) -> None:
    """Raise ValueError unless this is a value, or a struct with min, max or both; `numbers` None allows every kind."""
    bounds = list(value.values()) if isinstance(value, dict) else [value]
    if isinstance(value, dict) and not (value and set(value) <= BOUNDS):
        raise ValueError(f"holds a {name!r} with something else than min and max")
    for bound in bounds:
        number = isinstance(bound, int | float) and not isinstance(bound, bool)
        if number and not math.isfinite(bound):
            raise ValueError(f"holds a {name!r} that is not finite")
        good = (
            isinstance(bound, str | int | float) if numbers is None else (number if numbers else isinstance(bound, str))
        )
        if not good:
            kind = {True: "a number", False: "a text", None: "a value"}[numbers]
            raise ValueError(f"holds a {name!r} that is not {kind}, nor a struct of min and max with such")


class Cone(BaseModel):
    """A circle on the sky, around a position or around a target."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False, frozen=True)

    ra: RightAscension | None = None
    dec: Declination | None = None
    target: Name | None = Field(None, description="around this target instead")
    radius: float = Field(ge=0, le=180, description="degrees")

    @model_validator(mode="after")
    def _centred(self) -> Cone:
        given = (self.ra is not None, self.dec is not None, self.target is not None)
        if given not in ((True, True, False), (False, False, True)):
            raise PydanticCustomError(
                "one_of",
                "has a cone without a centre, or with two",
                {"field": "cone", "allowed": "ra and dec, or target"},
            )
        return self


class TargetFilter(BaseModel):
    """Conditions on targets; what is given must all hold."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False, frozen=True, hide_input_in_errors=True)

    name: Name | None = Field(None, description="any of its names, as people type it; NGC 49* is all that begin so")
    cone: Cone | None = Field(None, description="where its position at its epoch is")
    tags: Annotated[list[Name], Field(max_length=20)] = Field(default_factory=list, description="all of these words")
    target_list: Name | None = Field(None, description="a list that it is in")
    extras: Annotated[
        Measurements,
        says("names with a value, or with a struct of min and max", max_length=20),
        AfterValidator(_extras),
    ] = Field(default_factory=dict, description="what was kept of it")
    where: Annotated[
        Measurements,
        says(f"fields with a value, or with a struct of min and max; the fields: {', '.join(FIELDS)}", max_length=20),
        AfterValidator(_conditions),
    ] = Field(default_factory=dict, description="what its fields are; numbers in the units of add_target")
