"""Every real alert through the robot for three observatories: its targets are probable and up, as astropy says."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy import units as u
from astropy.coordinates import AltAz, EarthLocation, SkyCoord
from astropy.io import fits
from astropy.time import Time
from astropy_healpix import lonlat_to_healpix, uniq_to_level_ipix

from services.alert_robot import SERVICE, intake, process_alert
from tests.unit.alerts.samples import GWALERTS, NOTICES, VOEVENTS, alert_sample
from tests.unit.services.rehearsal import Rehearsal, rehearsing
from tests.unit.services.test_alert_life import alert_map, fetched
from tests.unit.sky.astropys import bundled_tables
from toros.alerts.reading import read_alert
from toros.download import Download
from toros.errors import Permanent
from workorders.alerts import ProcessAlert
from workorders.observing import ReceiveTargets

PLACES = {"puna": (-67.33, -24.62, 4637.0), "tololo": (-70.80, -30.17, 2207.0), "texas": (-97.57, 25.99, 12.0)}
HORIZON = 25.0
TELESCOPES: dict[str, Any] = {
    name: {
        "http": "http://127.0.0.1:1/RPC2", "longitude": lon, "latitude": lat, "elevation": height, "horizon": HORIZON,
        "field_width": 2.0, "field_height": 2.0,
    }
    for name, (lon, lat, height) in PLACES.items()
}  # fmt: skip
SLOW = [name for name in GWALERTS if name.startswith("S2305")]
ALL = (*GWALERTS, *VOEVENTS, *NOTICES)
SAMPLES = [pytest.param(name, marks=pytest.mark.long) if name in SLOW else name for name in ALL]


@pytest.fixture
def robot(tmp_path: Path) -> Iterator[Rehearsal]:
    settings = {"telescopes": TELESCOPES, "alerts": {"rules": {name: {"targets": 4} for name in PLACES}}}
    with rehearsing(tmp_path, "alert_robot", SERVICE.tables, **settings) as context:
        yield context


def download(url: str, _limits: object) -> Download:
    if "MS181101ab" not in url:
        raise Permanent(f"{url} is not there")
    return fetched(alert_map(), url)


@pytest.mark.parametrize("name", SAMPLES)
def test_its_targets_are_probable_and_up(robot: Rehearsal, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setattr(intake, "download", download)
    content = alert_sample(name)
    outcome = robot.finish(process_alert(ProcessAlert(alert=content.decode()), robot))
    result, alert = outcome.result, read_alert(content)
    assert set(result["telescopes"]) == set(PLACES)
    orders = {order.to: order for order in outcome.orders if isinstance(order, ReceiveTargets)}
    if alert.is_retraction or "ra" not in result:
        assert not orders
        assert alert.is_retraction or alert.place is None
        return
    for telescope, one in result["telescopes"].items():
        targets = one.get("targets", [])
        assert (telescope in orders) is bool(targets)
        assert targets or one["notes"] or one["left_out"], "nothing is left out without a reason"
        chances = [each["probability"] for each in targets]
        assert chances == sorted(chances, reverse=True) and len(targets) <= 4
        _check_up(telescope, targets)
        _check_probable(alert, targets)
        if targets:
            assert [each.name for each in orders[telescope].targets] == [each["name"] for each in targets]


def _check_up(telescope: str, targets: list[dict[str, Any]]) -> None:
    """Assert that every target is above the horizon when its window opens and closes."""
    if not targets:
        return
    lon, lat, height = PLACES[telescope]
    place = EarthLocation.from_geodetic(lon, lat, height)
    times = Time([each[edge] for each in targets for edge in ("start", "end")])
    where = SkyCoord(*(np.repeat([each[name] for each in targets], 2) for name in ("ra", "dec")), unit="deg")
    with bundled_tables():
        altitude = where.transform_to(AltAz(obstime=times, location=place)).alt.deg
    assert (altitude > HORIZON - 0.3).all(), altitude


def _check_probable(alert: Any, targets: list[dict[str, Any]]) -> None:
    """Assert that galaxies lie in the credible region of the map as it is in the file, or in that of the place."""
    galaxies = [each for each in targets if " field " not in each["name"]]
    content = alert.best_skymap or (alert_map() if alert.event == "MS181101ab" else None)
    if content is None or not galaxies:
        reach = 3.0 * (alert.place.radius or 0.01) + 2.0 if alert.place is not None else 180.0
        middle = SkyCoord(alert.place.ra, alert.place.dec, unit="deg") if alert.place is not None else None
        for each in targets if middle is not None else ():
            assert middle.separation(SkyCoord(each["ra"], each["dec"], unit="deg")).deg <= reach
        return
    density, least, order, pixel = _read(content)
    for each in galaxies:
        found = [
            value for level in np.unique(order)
            for value in density[(order == level) & (pixel == lonlat_to_healpix(
                each["ra"] * u.deg, each["dec"] * u.deg, 1 << int(level), order="nested"))]
        ]  # fmt: skip
        assert len(found) == 1 and found[0] >= least


def _read(content: bytes) -> tuple[Any, float, Any, Any]:
    """Return the cells of a multi-order map, and the density at the edge of its 90 % region."""
    table = fits.open(io.BytesIO(content))[1].data
    density = np.asarray(table["PROBDENSITY"], float)
    order, pixel = uniq_to_level_ipix(np.asarray(table["UNIQ"], np.int64))
    held = density * 4.0 * np.pi / (12.0 * 4.0**order)
    highest = np.argsort(-density)
    edge = np.searchsorted(np.cumsum(held[highest]), 0.9 * held.sum())
    return density, float(density[highest[edge]]), order, pixel
