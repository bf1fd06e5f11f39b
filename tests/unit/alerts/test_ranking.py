from __future__ import annotations

import numpy as np
import pytest

from tests.unit.alerts.catalogues import Row, catalogue
from tests.unit.alerts.maps import blob
from tests.unit.alerts.samples import gwalert_sample
from toros.alerts.galaxies import open_ngc
from toros.alerts.gwalert import read_gwalert
from toros.alerts.ranking import rank_galaxies
from toros.alerts.skymap import Skymap, read_skymap


def around(distance: tuple[float, float] | None = (40.0, 8.0)) -> Skymap:
    return read_skymap(blob(100.0, 20.0, 4.0, distance=distance, order=6))


MIDDLE = ("middle", 100.0, 20.0, 40.0, 12.0)
ASIDE = ("aside", 105.0, 20.0, 40.0, 12.0)
FAR_OFF = ("far off", 200.0, -20.0, 40.0, 12.0)
NEAR = ("near", 100.0, 20.0, 3.0, 8.0)
BEHIND = ("behind", 100.0, 20.0, 150.0, 14.0)
SOMEWHAT_FAR = ("somewhat far", 100.0, 20.0, 52.0, 12.0)


def names(skymap: Skymap, *rows: Row, **options: object) -> list[str]:
    return [each.name for each in rank_galaxies(skymap, catalogue(*rows), **options)]  # type: ignore[arg-type]


def test_the_middle_comes_before_the_rim_and_the_rest_of_the_sky_not_at_all() -> None:
    assert names(around(), ASIDE, FAR_OFF, MIDDLE) == ["middle", "aside"]


def test_distance_decides_between_galaxies_in_one_direction() -> None:
    assert names(around(), SOMEWHAT_FAR, MIDDLE) == ["middle", "somewhat far"]


def test_galaxies_at_impossible_distances_are_no_candidates() -> None:
    assert names(around(), NEAR, BEHIND, MIDDLE) == ["middle"]


def test_without_distances_only_the_direction_counts() -> None:
    ranking = rank_galaxies(around(distance=None), catalogue(ASIDE, NEAR, BEHIND))
    assert [each.name for each in ranking][2] == "aside"
    assert ranking.candidates[0].deviation is None
    assert "says nothing of distances" in " ".join(ranking.candidates[0].reasons())
    assert "only the direction counts" in ranking.notes[0]


def test_shares_add_up_to_one() -> None:
    ranking = rank_galaxies(around(), catalogue(MIDDLE, ASIDE, SOMEWHAT_FAR, FAR_OFF))
    assert sum(each.share for each in ranking) == pytest.approx(1)
    assert [each.share for each in ranking] == sorted((each.share for each in ranking), reverse=True)


def test_the_share_is_the_probability_per_volume() -> None:
    """Two galaxies in one direction: the ratio of normal distributions, errors of distance included."""
    first, second = rank_galaxies(around(), catalogue(MIDDLE, SOMEWHAT_FAR))
    variance = 8.0**2 + (200 / 70) ** 2
    assert first.share / second.share == pytest.approx(np.exp(12.0**2 / variance / 2), rel=1e-6)
    assert second.deviation == pytest.approx(12.0 / np.sqrt(variance))


def test_only_up_to_the_greatest_distance() -> None:
    assert names(around(), MIDDLE, SOMEWHAT_FAR, max_distance=45.0) == ["middle"]


def test_light_weighs_where_it_is_asked_to() -> None:
    faint, bright = ("faint", 100.0, 20.0, 40.0, 17.0), ("bright", 103.0, 20.0, 40.0, 10.0)
    assert names(around(), faint, bright) == ["faint", "bright"]
    assert names(around(), faint, bright, weight="luminosity") == ["bright", "faint"]


def test_a_galaxy_of_unknown_magnitude_counts_as_a_median_one() -> None:
    dark = ("dark", 100.0, 20.0, 40.0, np.nan)
    ranking = rank_galaxies(around(), catalogue(dark, MIDDLE), weight="luminosity")
    assert ranking.candidates[0].share == pytest.approx(0.5)
    assert "B magnitude not known" in [words for each in ranking for words in each.reasons()]


def test_no_galaxy_no_candidate() -> None:
    assert names(around(), FAR_OFF) == []
    assert rank_galaxies(around(), catalogue(FAR_OFF), weight="luminosity").candidates == ()


def test_every_candidate_has_its_reasons() -> None:
    (best,) = rank_galaxies(around(), catalogue(MIDDLE))
    region, distance, light, share = best.reasons()
    assert region.startswith("inside the ")
    assert distance == "40 Mpc away, 0.0 sigma farther than the map says there"
    assert light == "B = 12.0"
    assert share == "100.0 % of the candidates' probability"


def test_the_host_of_gw170817_comes_first() -> None:
    skymap = read_gwalert(gwalert_sample("MS181101ab-preliminary")).skymap
    ranking = rank_galaxies(read_skymap(skymap or b""), open_ngc())
    best = ranking.candidates[0]
    assert best.name == "NGC4993"
    assert best.share == pytest.approx(0.23, abs=0.01)
    assert best.distance == pytest.approx(42.2, abs=0.1)
    assert len(ranking) == 11


def test_nearby_galaxies_on_the_wrong_side_of_the_sky_never_win() -> None:
    """The trap: far from the event the distances' distributions peak near zero in some cells."""
    skymap = read_gwalert(gwalert_sample("S230520ae-Preliminary")).skymap
    ranking = rank_galaxies(read_skymap(skymap or b""), open_ngc())
    assert all(each.level <= 0.9 + 1e-3 for each in ranking)
    assert all(each.distance and each.distance > 40 for each in ranking.candidates[:10])
