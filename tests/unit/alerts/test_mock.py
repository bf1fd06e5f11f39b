from __future__ import annotations

import io
import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import astropy.io.fits as fits
import numpy as np
import pytest

from tests.unit.alerts.samples import gwalert_sample
from toros.alerts.galaxies import open_ngc
from toros.alerts.gwalert import read_gwalert
from toros.alerts.mock import mock_event_name, mock_gwalert, mock_retraction
from toros.alerts.ranking import rank_galaxies
from toros.alerts.skymap import Skymap, read_skymap

AT = datetime(2026, 11, 20, 2, 14, 5, tzinfo=UTC)


def skymap_of(text: str) -> Skymap:
    return read_skymap(read_gwalert(text).skymap or b"")


def shape(value: Any) -> Any:
    """Return the names and types of a JSON value."""
    if isinstance(value, dict):
        return {name: shape(inner) for name, inner in value.items()}
    return [shape(inner) for inner in value] if isinstance(value, list) else type(value).__name__


def test_it_has_the_fields_of_a_real_alert_in_their_order() -> None:
    mock, real = json.loads(mock_gwalert(at=AT)), json.loads(gwalert_sample("MS181101ab-preliminary"))
    assert shape(mock) == shape(real)
    assert json.dumps(shape(mock)) == json.dumps(shape(real))


def test_its_map_has_the_columns_keys_and_size_of_a_real_one() -> None:
    headers = []
    for text in (mock_gwalert(at=AT), gwalert_sample("MS181101ab-preliminary")):
        content = read_gwalert(text).skymap or b""
        assert len(content) == 777600
        with fits.open(io.BytesIO(content)) as file:
            headers.append(file[1].header)
    mock, real = headers
    for key in ("TTYPE", "TFORM", "TUNIT"):
        assert [mock.get(f"{key}{n}") for n in range(1, 6)] == [real.get(f"{key}{n}") for n in range(1, 6)]
    optional = {"HISTORY", "VCSREV", "DATE-BLD"}
    assert set(mock) == set(real) - optional
    assert (mock["NAXIS2"], mock["ORDERING"], mock["MOCORDER"]) == (real["NAXIS2"], real["ORDERING"], real["MOCORDER"])


def test_a_retraction_has_the_fields_of_a_real_one() -> None:
    mock = mock_retraction(mock_event_name(AT), AT + timedelta(hours=1))
    assert shape(json.loads(mock)) == shape(json.loads(gwalert_sample("MS181101ab-retraction")))
    retraction = read_gwalert(mock)
    assert retraction.is_retraction
    assert retraction.event == read_gwalert(mock_gwalert(at=AT)).event


def test_the_same_seed_and_time_give_the_same_alert() -> None:
    assert mock_gwalert(at=AT) == mock_gwalert(at=AT.astimezone(timezone(timedelta(hours=-3))))
    assert mock_gwalert(at=AT, seed=2) != mock_gwalert(at=AT)


def test_it_is_known_as_a_mock_and_its_times_are_of_now() -> None:
    alert = read_gwalert(mock_gwalert())
    assert alert.is_mock
    assert abs((datetime.now(UTC) - alert.time_created).total_seconds()) < 30
    assert alert.event_time is not None
    assert 28 < (alert.time_created - alert.event_time).total_seconds() < 31
    assert alert.event.startswith(f"MS{datetime.now(UTC):%y%m}")


@pytest.mark.parametrize("galaxy", ["NGC4993", "NGC 253", "NGC1365", "IC1101", "NGC3172"])  # the last is near the pole
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_galaxy_is_inside_a_region_of_realistic_size_at_its_distance(galaxy: str, seed: int) -> None:
    skymap, galaxies = skymap_of(mock_gwalert(galaxy, seed, AT)), open_ngc()
    row = galaxies.row(galaxy)
    assert skymap.probability.sum() == pytest.approx(1)
    assert skymap.area(skymap.region(0.9)) == pytest.approx(32, rel=0.1)
    (cell,) = skymap.cell_at(galaxies.columns["ra"][[row]], galaxies.columns["dec"][[row]])
    assert skymap.levels()[cell] < 0.68
    assert skymap.distance_mean == pytest.approx(galaxies.columns["distance"][row], rel=0.3)
    assert galaxies.names([row])[0] in [each.name for each in rank_galaxies(skymap, galaxies)]


def test_its_distances_are_normalised_and_its_header_tells_their_moments() -> None:
    skymap = skymap_of(mock_gwalert(at=AT))
    assert skymap.nearer_than(1e6, skymap.region(1.0)) == pytest.approx(1, abs=1e-6)
    r = np.linspace(0, 200, 200001)
    pdf = np.zeros_like(r)
    assert skymap.mu is not None
    assert skymap.sigma is not None
    assert skymap.norm is not None
    likely = skymap.region(0.999)
    weight = skymap.probability[likely]
    for mu in np.unique(np.round(skymap.mu[likely], 2)):
        chosen = np.round(skymap.mu[likely], 2) == mu
        sigma, norm = skymap.sigma[0], 1 / (mu**2 + skymap.sigma[0] ** 2)
        pdf += weight[chosen].sum() * norm * np.exp(-(((r - mu) / sigma) ** 2) / 2) / sigma / np.sqrt(2 * np.pi) * r**2
    mean = np.trapezoid(pdf * r, r) / np.trapezoid(pdf, r)
    assert skymap.distance_mean == pytest.approx(mean, rel=1e-3)
    assert skymap.distance_std == pytest.approx(
        np.sqrt(np.trapezoid(pdf * r**2, r) / np.trapezoid(pdf, r) - mean**2), rel=0.01
    )


def test_the_alert_of_the_demo_finds_its_galaxy() -> None:
    assert rank_galaxies(skymap_of(mock_gwalert()), open_ngc())[0].name == "NGC4993"


def test_a_galaxy_that_is_not_there() -> None:
    with pytest.raises(KeyError, match="NGC0"):
        mock_gwalert("NGC0")
