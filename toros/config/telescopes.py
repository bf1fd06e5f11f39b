"""The telescopes of the network, and by which rules each of them follows up alerts."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from toros.config.section import Section
from toros.config.values import HttpUrl

__all__ = ["RuleSettings", "TelescopeSettings"]

Kind = Literal["gw", "grb", "neutrino", "x-ray", "frb", "transient", "other"]
Filter = Annotated[
    str, Field(min_length=1, max_length=32, json_schema_extra={"words": "a filter as the wheel calls it, such as r"})
]
KINDS: tuple[Kind, ...] = ("gw", "grb", "neutrino", "x-ray", "frb", "transient", "other")


class TelescopeSettings(Section, json_schema_extra={"reader": "alert_robot and data_manager, to reach it"}):
    """One telescope: where its desk is, where it stands, and what it can point at.

    Its name is the one that its own node gives it (services.telescope.name there).
    """

    http: HttpUrl | None = Field(None, description="URL of its desk; this node's own telescope where absent")
    longitude: float | None = Field(
        None, ge=-180, le=360, description="degrees, east positive; as the observatory's where absent"
    )
    latitude: float | None = Field(
        None, ge=-90, le=90, description="degrees, north positive; as the observatory's where absent"
    )
    elevation: float = Field(0.0, ge=-500, le=9000, description="above the sea; metres")
    horizon: float = Field(20.0, ge=-5, le=89, description="lowest altitude to observe at; degrees")
    airmass: float | None = Field(None, ge=1, le=37, description="most airmass to observe at; no unit")
    sun_altitude: float = Field(-12.0, ge=-90, le=90, description="highest altitude of the sun; degrees")
    moon_distance: float = Field(20.0, ge=0, le=180, description="least angle from a moon that is up; degrees")
    hour_angle: float = Field(12.0, gt=0, le=12, description="most on either side of the meridian; hours")
    declination_least: float = Field(-90.0, ge=-90, le=90, description="least declination; degrees")
    declination_most: float = Field(90.0, ge=-90, le=90, description="greatest declination; degrees")
    field_width: float = Field(1.0, ge=0.02, le=60, description="of the field of view, east to west; degrees")
    field_height: float = Field(1.0, ge=0.02, le=60, description="of the field of view, north to south; degrees")


class RuleSettings(Section, json_schema_extra={"reader": "alert_robot"}):
    """Which alerts a telescope follows up, and how.

    What an alert does not tell does not speak against it; but a gravitational wave must tell a probability that the
    rule asks for.
    """

    kinds: list[Kind] = Field(
        default=list(KINDS), max_length=7, description="kinds of events: none where empty, and then nothing is observed"
    )
    significant: bool = Field(False, description="only alerts that their sender does not call insignificant")
    far: float | None = Field(None, gt=0, le=1e6, description="most false alarms in a year; number a year")
    p_bns: float | None = Field(
        None, ge=0, le=1, description="least probability of a binary neutron star; where p_nsbh is given too, one of "
        "the two is enough"
    )  # fmt: skip
    p_nsbh: float | None = Field(None, ge=0, le=1, description="least probability of a neutron star with a black hole")
    has_ns: float | None = Field(None, ge=0, le=1, description="least probability that there is a neutron star")
    has_remnant: float | None = Field(None, ge=0, le=1, description="least probability that matter was left outside")
    distance: float | None = Field(None, gt=0, le=1e5, description="farthest event; megaparsec")
    area: float | None = Field(None, gt=0, le=41253, description="largest credible region; square degrees")
    visibility: Literal["respect", "ignore"] = Field(
        "respect", description="respect: only what can be seen in the night that is coming, in its time; ignore: all, "
        "at once, as in a rehearsal"
    )  # fmt: skip
    search: Literal["auto", "galaxies", "fields"] = Field(
        "auto", description="what to observe: galaxies, fields of the telescope's size, or fields where no galaxy fits"
    )
    weight: Literal["none", "luminosity", "mass"] = Field(
        "none", description="what galaxies count by beside the map's probability"
    )
    targets: int = Field(5, ge=1, le=200, description="most galaxies or fields; number of targets")
    exposure_time: float | None = Field(
        None, ge=0, le=7200, description="of each frame; seconds (alerts.exposure_time where absent)"
    )
    exposures: int | None = Field(
        None, ge=1, le=1000, description="light frames in each filter; frames (alerts.exposures where absent)"
    )
    filters: list[Filter] = Field(
        default_factory=list, max_length=12, description="filters, one after the other; alerts.filter where empty"
    )
    validity: float | None = Field(
        None, gt=0, le=8760, description="what is not begun within is dropped; hours (alerts.expires where absent)"
    )
    on_update: Literal["replace", "add", "ignore"] = Field(
        "replace", description="when an update asks for other targets: take back what is queued and order anew "
        "(replace), keep it and order the new ones (add), or go on as before (ignore)"
    )  # fmt: skip
    on_retraction: Literal["stop", "finish", "keep"] = Field(
        "stop", description="take back what is queued and stop the exposure under way (stop), let that one end "
        "(finish), or go on as before (keep)"
    )  # fmt: skip
    mock: Literal["test", "dry_run", "ignored"] = Field(
        "test", description="mock alerts: observed like others at the least priority, a test of the whole network "
        "(test), planned without an exposure (dry_run), or ignored"
    )  # fmt: skip
