"""The telescopes of a node's configuration, each with its rule, the silent settings of which are filled in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from toros.alerts.plans import Observatory
from toros.alerts.policy import Rule
from toros.config import RuleSettings, TelescopeSettings
from toros.sky.limits import Limits
from toros.sky.site import Site

if TYPE_CHECKING:
    from toros.config import Config

__all__ = ["followers_of"]


def followers_of(config: Config) -> Sequence[tuple[Observatory, Rule]]:
    """Return every telescope that may follow up alerts, with its rule.

    Where nothing is configured that is this node's own, which follows up all, at once: a telescope that is simulated
    sees everything. A telescope of several that has no rule follows up all that it can see.
    """
    own = config.services["telescope"].name or "telescope"
    rules = config.alerts.rules
    if not config.telescopes:
        rule = rules.get(own) or RuleSettings(visibility="ignore", targets=1)
        return [
            (_observatory(own, TelescopeSettings(horizon=config.observatory.horizon), config), _rule(own, rule, config))
        ]
    return [
        (_observatory(name, one, config), _rule(name, rules.get(name) or RuleSettings(), config))
        for name, one in config.telescopes.items()
    ]


def _observatory(name: str, one: TelescopeSettings, config: Config) -> Observatory:
    """Return a telescope; one without a place of its own stands at the node's observatory."""
    here = config.observatory
    if one.longitude is None or one.latitude is None:
        site = Site(here.longitude, here.latitude, here.elevation, one.horizon, name)
    else:
        site = Site(one.longitude, one.latitude, one.elevation, one.horizon, name)
    limits = Limits(
        airmass=one.airmass, hour_angle=one.hour_angle, sun_altitude=one.sun_altitude,
        declination=(one.declination_least, one.declination_most), moon_separation=one.moon_distance,
    )  # fmt: skip
    return Observatory(name, site, limits, one.field_width, one.field_height)


def _rule(name: str, rule: RuleSettings, config: Config) -> Rule:
    """Return a rule with what it does not say taken from what holds for all."""
    usual = config.alerts
    filled = {
        "exposure_time": usual.exposure_time if rule.exposure_time is None else rule.exposure_time,
        "exposures": rule.exposures or usual.exposures,
        "filters": rule.filters or [usual.filter],
        "validity": rule.validity or usual.expires,
    }
    return Rule(name, rule.model_copy(update=filled))
