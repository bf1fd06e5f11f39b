from __future__ import annotations

import math
from datetime import UTC, datetime
from pathlib import Path

import astropy.units as u
import numpy as np
import pytest
from astropy_healpix import lonlat_to_healpix

from tests.unit.alerts.catalogues import Row, catalogue, many_columns
from tests.unit.alerts.maps import blob
from tests.unit.alerts.samples import gwalert_sample
from toros.alerts.galaxies import Galaxies, open_ngc, open_store
from toros.alerts.galaxies.completeness import LIGHT_DENSITY
from toros.alerts.galaxies.store import sorted_galaxies, write_store
from toros.alerts.gwalert import read_gwalert
from toros.alerts.mock import mock_skymap
from toros.alerts.ranking import rank_galaxies
from toros.alerts.skymap import Skymap, read_skymap
from toros.errors import BadValue

AT = datetime(2026, 11, 20, tzinfo=UTC)


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


def independent(skymap: Skymap, galaxies: Galaxies, level: float) -> dict[str, float]:
    """Return the probability per volume of each galaxy in the region, computed galaxy by galaxy."""
    order_of = np.argsort(-skymap.density)
    region, held = set(), 0.0
    for k in order_of:
        region.add(int(k))
        held += float(skymap.density[k] * np.pi / 3 / 4 ** int(skymap.order[k]))
        if held >= level:
            break
    assert skymap.mu is not None
    assert skymap.sigma is not None
    assert skymap.norm is not None
    found, columns = {}, galaxies.columns
    pairs = zip(skymap.order.tolist(), skymap.start.tolist(), strict=True)
    cells = {(order, start >> 2 * (29 - order)): k for k, (order, start) in enumerate(pairs)}
    at = {
        order: lonlat_to_healpix(columns["ra"] * u.deg, columns["dec"] * u.deg, 2**order, order="nested")
        for order in {order for order, _ in cells}
    }
    for row, name in enumerate(galaxies.names(slice(None))):
        cell = next(k for order in at if (k := cells.get((order, int(at[order][row])))) is not None)
        if cell in region:
            spread = math.hypot(skymap.sigma[cell], columns["distance_error"][row])
            x = (columns["distance"][row] - skymap.mu[cell]) / spread
            bell = math.exp(-x * x / 2) / spread / math.sqrt(2 * math.pi)
            if abs(x) <= 3:
                found[name] = float(skymap.density[cell] * skymap.norm[cell] * bell)
    return found


def test_the_ranking_is_the_independent_one() -> None:
    galaxies = sorted_galaxies(many_columns(40_000, farthest=80.0), "made up")
    skymap = read_skymap(mock_skymap("NGC4993", 3, AT, event="MS261120d"))
    expected = independent(skymap, galaxies, 0.9)
    ranking = rank_galaxies(skymap, galaxies, top=1000)
    assert {each.name: each.density for each in ranking} == pytest.approx(expected, rel=1e-6)
    assert [each.name for each in ranking] == sorted(expected, key=lambda name: -expected[name])
    assert ranking[0].share == pytest.approx(max(expected.values()) / sum(expected.values()))
    assert ranking.plausible == len(expected) > 5


def test_a_region_in_pieces_is_the_region_as_a_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From memory or from a file, at once or a few galaxies at a time."""
    galaxies, skymap = sorted_galaxies(many_columns(20_000, farthest=80.0), "made up"), around()
    write_store(tmp_path / "s", 20_000, 6, [galaxies.columns], {"catalogue": "made up"})
    whole = rank_galaxies(skymap, galaxies, level=0.99, top=7, told=5)
    monkeypatch.setattr("toros.alerts.selection.selections.__defaults__", (3,))
    pieces = rank_galaxies(skymap, open_store(tmp_path / "s"), level=0.99, top=7, told=5)
    assert len(whole) == 7
    assert [each.name for each in pieces] == [each.name for each in whole]
    assert [each.share for each in pieces] == pytest.approx([each.share for each in whole])
    assert pieces.left_out == whole.left_out
    assert (pieces.in_region, pieces.left_out_counts) == (whole.in_region, whole.left_out_counts)


def test_what_is_left_out_has_its_reason() -> None:
    lost = ("lost", 100.5, 20.0, np.nan, 11.0)
    ranking = rank_galaxies(around(), catalogue(MIDDLE, NEAR, BEHIND, FAR_OFF, lost), max_distance=100.0)
    assert {each.name: each.reason for each in ranking.left_out} == {
        "near": "it is nearer than the map says there: 3 Mpc, not 40 ± 8 Mpc",
        "lost": "its distance is not known",
        "behind": "150 Mpc is beyond the 100 Mpc that are considered",
    }
    assert sum(ranking.left_out_counts.values()) == 3
    assert (ranking.in_region, ranking.plausible) == (4, 1)
    assert len(rank_galaxies(around(), catalogue(MIDDLE, NEAR, BEHIND), told=1).left_out) == 1


def test_mass_weighs_where_it_is_asked_to() -> None:
    galaxies = catalogue(MIDDLE, ASIDE, mass=[9.0, 11.5])
    assert [each.name for each in rank_galaxies(around(), galaxies, weight="mass")] == ["aside", "middle"]


def test_what_the_catalogue_lacks_counts_where_it_is_asked_to() -> None:
    """One faint galaxy in a large region: most of the light there is not in the catalogue."""
    ranking = rank_galaxies(around(), catalogue(MIDDLE), weight="luminosity", completeness=True)
    assert ranking.unseen is not None
    assert ranking[0].share + ranking.unseen == pytest.approx(1)
    lacking = LIGHT_DENSITY / (ranking[0].luminosity or 1) / ranking[0].density
    assert ranking.unseen / ranking[0].share == pytest.approx(0.9 * lacking, rel=0.1)


def test_what_cannot_be_ranked_is_said() -> None:
    for options, said in (
        ({"level": 0.0}, "level"), ({"weight": "beauty"}, "luminosity, mass"),
        ({"weight": "mass"}, "knows it of no galaxy"),
        ({"completeness": True}, "luminosity"), ({"max_distance": -1.0}, "max_distance"), ({"top": 0}, "top"),
    ):  # fmt: skip
        with pytest.raises(BadValue, match=said):
            rank_galaxies(around(), catalogue(MIDDLE), **options)  # type: ignore[arg-type]


def test_a_galaxy_without_a_distance_counts_where_the_map_has_none() -> None:
    lost = ("lost", 100.0, 20.0, np.nan, 11.0)
    (found,) = rank_galaxies(around(distance=None), catalogue(lost))
    assert found.distance is None
    assert "its distance is not known, nor does the map say one" in found.reasons()
    assert "distance_mpc" not in found.plain()
