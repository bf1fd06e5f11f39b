"""What can be asked about targets."""

from __future__ import annotations

import re
from functools import partial
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from workorders.envelope import WorkOrder
from workorders.finding import TargetFilter
from workorders.quantities import (
    READABLE,
    Declination,
    Location,
    Measurements,
    Name,
    RightAscension,
    UtcTime,
    says,
    utc,
)

__all__ = [
    "COMMON_ELEMENTS",
    "SCHEMES",
    "AddTarget",
    "Alias",
    "EphemerisTimes",
    "ExportTargets",
    "FindTargets",
    "GroupTargets",
    "ImportTargets",
    "MergeTargets",
    "SaveList",
    "ShowTarget",
    "TargetFields",
    "UpdateTarget",
]

COMMON_ELEMENTS = ("epoch_of_elements", "inclination", "lng_asc_node", "arg_of_perihelion", "eccentricity")
SCHEMES: dict[str, tuple[str, ...]] = {  # what each scheme needs beside the common elements
    "mpc_minor_planet": ("mean_anomaly", "semimajor_axis"),
    "mpc_comet": ("perihdist", "epoch_of_perihelion"),
    "jpl_major_planet": ("mean_daily_motion", "mean_anomaly", "semimajor_axis"),
}
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d.*", re.ASCII)
READ = re.compile(READABLE)
JULIAN = 1_000_000.0  # an MJD is below; a Julian date is far above

Access = Literal["open", "public", "private"]
TableFormat = Literal["csv", "ecsv", "votable", "fits"]
Clearable = Literal[
    "epoch", "pm_ra", "pm_dec", "parallax", "importance", "cadence", "classification", "description", "owner",
]  # fmt: skip


def _mjd(value: object) -> object:
    """Return a time; raise ValueError where it is a Julian date by mistake."""
    if isinstance(value, int | float) and not isinstance(value, bool) and value >= JULIAN:
        raise ValueError(f"looks like a Julian date; as MJD it is {value - 2_400_000.5:.6f}")
    return value


def _zero_or(value: float, *, least: float) -> float:
    """Return a number; raise ValueError where it is so near to 0 that only an accident can have made it."""
    if 0 < value < least:
        raise ValueError("is out of range")
    return value


def _number(value: object) -> object:
    """Return a whole number as the number that it is: on the wire 2000 is an int."""
    return float(value) if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**53 else value


def _alias(value: object) -> object:
    return {"name": value} if isinstance(value, str) else value


def _extras(values: dict[str, Any]) -> dict[str, Any]:
    """Return extras with their times in UTC; raise ValueError where one is no plain value."""
    for name, value in values.items():
        if not 1 <= len(name) <= 128 or not READ.fullmatch(name):
            raise ValueError("has a name that is not 1 to 128 characters")
        if not isinstance(value, str | int | float | bool):
            raise ValueError(f"holds a {name!r} that is no text, number, true or false")
        if isinstance(value, str) and not (len(value) <= 500 and READ.fullmatch(value)):
            raise ValueError(f"holds a {name!r} of more than 500 characters, or with control characters")
    return {name: _told(value) for name, value in values.items()}


def _told(value: Any) -> Any:
    if isinstance(value, str) and TIME.fullmatch(value):
        return utc(value)
    return _number(value)


Mjd = Annotated[float, Field(ge=-1e6, le=1e6), BeforeValidator(_mjd)]
Extras = Annotated[
    Measurements,
    says("names with texts of up to 500 characters, numbers, true or false; a text such as 2026-11-20T02:14:05 is a "
         "time in UTC", max_length=100),
    AfterValidator(_extras),
]  # fmt: skip
# Between these, importance / cadence is a number that every database can hold.
Importance = Annotated[
    float, says("0, or a number from 0.000001 to 10", ge=0, le=10), AfterValidator(partial(_zero_or, least=1e-6))
]
Cadence = Annotated[
    float, says("0, or a number from 0.0001 to 36500", ge=0, le=36500), AfterValidator(partial(_zero_or, least=1e-4))
]
Names = Annotated[list[Name], Field(max_length=1000)]


class Alias(BaseModel):
    """Another name of a target, and who calls it so."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    name: Name
    source: Name | None = Field(None, description="archive or catalogue that calls it so; ours where absent")


class TargetFields(WorkOrder):
    """What can be said of a target."""

    ra: RightAscension | None = Field(
        None, description="right ascension at `epoch`; ICRS, degrees (hours, minutes and seconds under the name RA)"
    )
    dec: Declination | None = Field(None, description="declination at `epoch`; ICRS, degrees")
    epoch: float | None = Field(None, ge=1800, le=2200, description="of the position; Julian year (2000 where absent)")
    pm_ra: float | None = Field(
        None, ge=-1e5, le=1e5, description="proper motion with the cosine of dec in it; milliarcseconds a year"
    )
    pm_dec: float | None = Field(None, ge=-1e5, le=1e5, description="proper motion; milliarcseconds a year")
    parallax: float | None = Field(None, ge=-100, le=1e5, description="milliarcseconds")
    scheme: Literal["mpc_minor_planet", "mpc_comet", "jpl_major_planet"] | None = Field(
        None, description="which orbital elements describe what moves; a position instead where absent"
    )
    epoch_of_elements: Mjd | None = Field(None, description="MJD, TDB; days")
    inclination: float | None = Field(None, ge=0, le=180, description="ecliptic of J2000; degrees")
    lng_asc_node: float | None = Field(None, ge=-360, le=360, description="ascending node, J2000; degrees")
    arg_of_perihelion: float | None = Field(None, ge=-360, le=360, description="argument of perihelion; degrees")
    eccentricity: float | None = Field(None, ge=0, le=100, description="of the orbit; no unit")
    mean_anomaly: float | None = Field(None, ge=-360, le=360, description="at the epoch of the elements; degrees")
    semimajor_axis: float | None = Field(None, gt=0, le=1e5, description="astronomical units")
    mean_daily_motion: float | None = Field(None, gt=0, le=100, description="degrees a day")
    perihdist: float | None = Field(None, gt=0, le=1e4, description="distance at perihelion; astronomical units")
    epoch_of_perihelion: Mjd | None = Field(None, description="MJD, TDB; days")
    importance: Importance | None = Field(None, description="how much it matters; no unit")
    cadence: Cadence | None = Field(None, description="how often it should be observed; days")
    classification: Name | None = Field(None, description="what it is, such as SN Ia")
    description: Annotated[str, Field(max_length=2000, pattern=READABLE)] | None = Field(
        None, description="what a colleague should know"
    )
    access: Access | None = Field(
        None, description="who sees it: anybody (open), any user (public), its owner and groups (private)"
    )
    groups: list[Name] | None = Field(None, max_length=100, description="groups that see a private target")
    aliases: list[Annotated[Alias, BeforeValidator(_alias)]] = Field(
        default_factory=list, max_length=100, description="other names; each a struct, or just the name"
    )
    tags: list[Name] = Field(default_factory=list, max_length=100, description="words to find it by")
    extras: Extras = Field(default_factory=dict, description="what else is to be kept, each by a name")


class AddTarget(TargetFields):
    """Make a target, or find that we have it: by its name, or by its place.

    A position (`ra`, `dec`) or orbital elements (`scheme` and the elements that it needs) say where it is. Where
    another target lies within the configured radius, that one is the answer and gets the new names; `on_match: new`
    makes a target all the same. A name that belongs to a target elsewhere in the sky is refused.
    """

    request: Literal["add_target"] = "add_target"
    name: Name = Field(description="what we call it")
    on_match: Literal["existing", "new"] = Field(
        "existing", description="what to do where a target lies at this place already"
    )

    @model_validator(mode="after")
    def _placed(self) -> AddTarget:
        if self.scheme is None:
            _needs(self, "a position", ("ra", "dec"))
        else:
            _needs(self, f"the scheme {self.scheme}", (*COMMON_ELEMENTS, *SCHEMES[self.scheme]))
        return self


class UpdateTarget(TargetFields):
    """Change what is said of a target; what is not given stays as it is.

    Aliases, tags and extras are added to those that it has. A new name makes the old one an alias.
    """

    request: Literal["update_target"] = "update_target"
    target: Name = Field(description="any of its names, as people type it")
    name: Name | None = Field(None, description="its new main name")
    forget_aliases: Names = Field(default_factory=list, description="names that it has no longer")
    untag: Names = Field(default_factory=list, description="tags that it has no longer")
    forget_extras: Names = Field(default_factory=list, description="extras that it has no longer")
    clear: list[Clearable] = Field(default_factory=list, max_length=20, description="fields to make empty")


class MergeTargets(WorkOrder):
    """Make one target of two that are the same thing.

    The primary keeps its values and gets those that it lacks; names, tags, extras, lists, groups, products and all
    else of the secondary move to it, and the secondary's name becomes an alias.
    """

    request: Literal["merge_targets"] = "merge_targets"
    primary: Name = Field(description="the target that stays; any of its names")
    secondary: Name = Field(description="the target that goes; any of its names")


class SaveList(WorkOrder):
    """Make a list of targets, rename it, say who sees it, or delete it; its targets stay."""

    request: Literal["save_list"] = "save_list"
    target_list: Name = Field(description="name of the list, as people type it")
    name: Name | None = Field(None, description="its new name")
    access: Access | None = Field(None, description="who sees the list; what of it, each target says itself")
    delete: bool = Field(False, description="delete the list")


class GroupTargets(WorkOrder):
    """Put targets into a list, take them out, or move them from one list to another.

    They are named in `targets`, or are all that `matching` finds. A list that is not there yet is made.
    """

    request: Literal["group_targets"] = "group_targets"
    target_list: Name = Field(description="name of the list")
    action: Literal["add", "remove", "move"] = Field("add", description="what to do with them")
    source: Name | None = Field(None, description="list that they leave, where they are moved")
    targets: Names = Field(default_factory=list, description="their names, any of each")
    matching: TargetFilter | None = Field(None, description="all that this finds, as find_targets does")

    @model_validator(mode="after")
    def _said(self) -> GroupTargets:
        if bool(self.targets) == (self.matching is not None):
            raise _needed("targets", "either targets or matching")
        if (self.action == "move") != (self.source is not None):
            raise _needed("source", "a source where the action is move, and only there")
        return self


class ImportTargets(WorkOrder):
    """Make targets of the rows of a table; the same file again changes nothing.

    Columns are named as in the TOM Toolkit (`name`, `ra`, `dec`, `name1` …, `groups`) or BHTOM (`ZTF_name`,
    `importance`); other columns become extras. A row that cannot be taken is reported with its line, field and value,
    the others are kept.
    """

    request: Literal["import_targets"] = "import_targets"
    file_location: Location = Field(description="the table; root:path")
    format: TableFormat | None = Field(None, description="what it is; by the ending of its name where absent")
    on_match: Literal["existing", "update", "new"] = Field(
        "existing",
        description="what becomes of a target that we have, by name or place: it gets new names and tags; it gets the "
        "values of the row too; or a new one is made although one lies at this place",
    )
    target_list: Name | None = Field(None, description="list that all targets of the table are put in")
    access: Access | None = Field(None, description="who sees new targets of whom the table does not say it")
    tags: list[Name] = Field(default_factory=list, max_length=100, description="words for all targets of the table")


class ExportTargets(WorkOrder):
    """Write targets into a table, which import_targets reads again without a loss; what lies there is replaced."""

    request: Literal["export_targets"] = "export_targets"
    file_location: Location = Field(description="file to write; root:path")
    format: Literal["csv", "ecsv", "votable"] | None = Field(
        None, description="what to write; by the ending of its name where absent"
    )
    matching: TargetFilter | None = Field(None, description="which targets, as find_targets does; all where absent")


class FindTargets(WorkOrder, TargetFilter):
    """Targets by place, name, tag, list, extra or any field, sorted, a page at a time."""

    request: Literal["find_targets"] = "find_targets"
    sort: Literal[
        "number", "name", "ra", "dec", "galactic_latitude", "importance", "cadence", "priority", "last_mjd",
        "last_magnitude", "classification", "constellation", "owner", "created", "changed",
    ] | None = Field(
        None,
        description="what to sort by, the unknown last; where absent, along the sky in a cone, else by the first "
        "sortable field of `where`, else by number. priority: the highest first, of those that have one",
    )  # fmt: skip
    descending: bool = Field(False, description="the largest first")
    limit: int = Field(100, ge=1, le=1000, description="most rows to answer")
    after: Annotated[str, Field(max_length=500)] | None = Field(
        None, description="page on: `next` of the page before, with all else the same"
    )


class EphemerisTimes(BaseModel):
    """Times that a table of positions is made for, up to 1000."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    start: UtcTime = Field(description="first row")
    end: UtcTime = Field(description="last row, or less than a step after it")
    step: float = Field(60.0, ge=0.01, le=525960, description="from row to row; minutes")

    @model_validator(mode="after")
    def _in_order(self) -> EphemerisTimes:
        if self.end < self.start:
            raise _needed("end", "an end that is not before the start")
        return self


class ShowTarget(WorkOrder):
    """All that is known of one target, and what can be computed of it.

    Computed is where the target stands (proper motion in, or from its elements), and how far from sun and moon, as
    seen from the node's observatory; and when next it can be observed, from there and from the others that the
    configuration names, or why not. The brightness of what moves comes from its extras H and G, or M1 and K1.
    """

    request: Literal["show_target"] = "show_target"
    target: Name = Field(description="any of its names, as people type it")
    sky: bool = Field(False, description="also how it stands in the sky, and its next window of visibility")
    at: UtcTime | None = Field(None, description="time that `sky` is computed for (and asks for it); now where absent")
    ephemeris: EphemerisTimes | None = Field(None, description="also a table of positions at these times")


def _needs(order: TargetFields, what: str, fields: tuple[str, ...]) -> None:
    missing = [name for name in fields if getattr(order, name) is None]
    if missing:
        raise PydanticCustomError(
            "one_of",
            "gives {what} without {missing}",
            {
                "what": what,
                "missing": ", ".join(missing),
                "field": missing[0],
                "allowed": f"all of {', '.join(fields)}",
            },
        )


def _needed(field: str, allowed: str) -> PydanticCustomError:
    return PydanticCustomError("one_of", "needs {what}", {"what": allowed, "field": field, "allowed": allowed})
