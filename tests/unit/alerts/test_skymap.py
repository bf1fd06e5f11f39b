from __future__ import annotations

import gzip

import numpy as np
import pytest

from tests.unit.alerts.maps import blob, fits_of
from tests.unit.alerts.samples import gwalert_sample
from toros.alerts.gwalert import read_gwalert
from toros.alerts.skymap import Skymap, read_skymap
from toros.errors import Permanent
from toros.sky.coordinates import separation

WHOLE_SKY = 41252.96
EVEN = {"UNIQ": np.arange(4, 16), "PROBDENSITY": np.full(12, 1 / (4 * np.pi))}


def real(name: str) -> Skymap:
    skymap = read_gwalert(gwalert_sample(name)).best_skymap
    assert skymap is not None
    return read_skymap(skymap)


def test_the_even_sky() -> None:
    skymap = read_skymap(fits_of(**EVEN))
    assert skymap.probability.sum() == pytest.approx(1)
    assert skymap.area(skymap.region(1.0)) == pytest.approx(WHOLE_SKY, rel=1e-6)
    assert skymap.area(skymap.region(0.49)) == pytest.approx(WHOLE_SKY / 2, rel=1e-6)
    assert not skymap.has_distance


def test_cells_of_several_orders_and_any_sequence() -> None:
    """One base cell is split in four; the table is shuffled."""
    uniq = np.concatenate([np.arange(5, 16), 16 + np.arange(4)])
    density = np.concatenate([np.full(11, 0.0), [4.0, 3.0, 2.0, 1.0]])
    density /= 10 * np.pi / 12
    shuffled = np.random.default_rng(1).permutation(15)
    skymap = read_skymap(fits_of(UNIQ=uniq[shuffled], PROBDENSITY=density[shuffled]))
    assert (np.diff(skymap.start) > 0).all()
    assert np.sort(skymap.order).tolist() == [0] * 11 + [1] * 4
    region = skymap.region(0.7)
    assert skymap.probability[region].sum() == pytest.approx(0.7)
    assert skymap.area(region) == pytest.approx(WHOLE_SKY / 48 * 2, rel=1e-6)
    assert np.sort(skymap.levels())[:4] == pytest.approx([0.4, 0.7, 0.9, 1.0])


def test_a_region_holds_at_least_its_probability_and_one_cell_less_does_not() -> None:
    skymap = read_skymap(blob(197.4, -23.4, 4.0))
    for level in (0.5, 0.9, 0.99):
        region = skymap.region(level)
        held = skymap.probability[region]
        assert held.sum() >= level - 1e-12
        assert held.sum() - held[skymap.density[region].argmin()] < level


def test_area_of_a_round_region() -> None:
    """The 90 % region of a normal distribution in two dimensions has the radius sigma * sqrt(2 ln 10)."""
    skymap = read_skymap(blob(100.0, 30.0, 5.0, order=6))
    assert skymap.area(skymap.region(0.9)) == pytest.approx(np.pi * 25 * 2 * np.log(10), rel=0.03)


def test_a_position_falls_into_the_cell_around_it() -> None:
    skymap = read_skymap(blob(197.4, -23.4, 4.0))
    random = np.random.default_rng(2)
    ra, dec = random.uniform(0, 360, 500), np.degrees(np.arcsin(random.uniform(-1, 1, 500)))
    cell = skymap.cell_at(ra, dec)
    away = [separation(r, d, *c) for r, d, *c in zip(ra, dec, *skymap.centre(cell), strict=True)]
    assert max(away) < 58.6 / 2**5
    assert separation(*skymap.peak, 197.4, -23.4) < 58.6 / 2**5


def test_where_a_partial_map_has_no_cell() -> None:
    skymap = read_skymap(fits_of(UNIQ=np.array([4]), PROBDENSITY=np.array([12 / (4 * np.pi)])))
    assert skymap.cell_at(np.array([45.0, 225.0]), np.array([30.0, -30.0])).tolist() == [0, -1]


def test_how_much_lies_nearer() -> None:
    """The integral in closed form against a sum over distances."""
    skymap = read_skymap(blob(10.0, 10.0, 10.0, distance=(40.0, 30.0)))
    r = np.linspace(0, 60, 60001)
    pdf = np.exp(-(((r - 40) / 30) ** 2) / 2) / (30 * np.sqrt(2 * np.pi)) * r**2 / (40**2 + 30**2)
    assert skymap.nearer_than(60.0, skymap.region(0.9)) == pytest.approx(np.trapezoid(pdf, r), rel=1e-4)


def test_without_distances_nothing_is_known_of_what_is_nearer() -> None:
    skymap = read_skymap(blob(10.0, 10.0, 10.0, distance=None))
    assert np.isnan(skymap.nearer_than(60.0, skymap.region(0.9)))


@pytest.mark.parametrize("bad", [np.inf, np.nan, -np.inf])
def test_cells_of_unknown_distance(bad: float) -> None:
    columns = EVEN | {"DISTMU": np.full(12, 40.0), "DISTSIGMA": np.full(12, 8.0), "DISTNORM": np.full(12, 1 / 1664)}
    columns["DISTMU"] = columns["DISTMU"].copy()
    columns["DISTMU"][:3] = bad
    skymap = read_skymap(fits_of(**columns))
    assert skymap.norm is not None
    assert (skymap.norm == 0).sum() == 3
    assert skymap.nearer_than(1e5, skymap.region(1.0)) == pytest.approx(0.75)


def test_a_map_whose_distances_are_all_unknown_has_none() -> None:
    columns = EVEN | {"DISTMU": np.full(12, np.inf), "DISTSIGMA": np.full(12, 1.0), "DISTNORM": np.zeros(12)}
    assert not read_skymap(fits_of(**columns)).has_distance


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "not a FITS"),
        (b"SIMPLE  = nonsense", "no end"),
        (gzip.compress(fits_of(**EVEN))[:-20], "too early"),
        (b"\x1f\x8b nonsense", "damaged"),
        (fits_of(**EVEN)[:5800], "claims 12 rows"),
        (fits_of({"ORDERING": "NESTED"}, **EVEN), "NESTED"),
        (fits_of({"ORDERING": None}, **EVEN), "ORDERING"),
        (fits_of({"COORDSYS": "G"}, **EVEN), "COORDSYS"),
        (fits_of(UNIQ=EVEN["UNIQ"]), "PROBDENSITY"),
        (fits_of(PROBDENSITY=EVEN["PROBDENSITY"]), "UNIQ"),
        (fits_of(UNIQ=np.arange(3, 15), PROBDENSITY=EVEN["PROBDENSITY"]), "do not exist"),
        (fits_of(UNIQ=-EVEN["UNIQ"], PROBDENSITY=EVEN["PROBDENSITY"]), "do not exist"),
        (fits_of(UNIQ=np.full(12, 2**62), PROBDENSITY=EVEN["PROBDENSITY"]), "do not exist"),
        (fits_of(UNIQ=np.full(12, 5), PROBDENSITY=EVEN["PROBDENSITY"]), "overlap"),
        (fits_of(UNIQ=np.append(EVEN["UNIQ"][:11], 16), PROBDENSITY=EVEN["PROBDENSITY"]), "overlap"),
        (fits_of(UNIQ=EVEN["UNIQ"], PROBDENSITY=-EVEN["PROBDENSITY"]), "negative"),
        (fits_of(UNIQ=EVEN["UNIQ"], PROBDENSITY=np.full(12, np.nan)), "not finite"),
        (fits_of(UNIQ=EVEN["UNIQ"], PROBDENSITY=np.full(12, 1.0)), "add up"),
        (fits_of(UNIQ=EVEN["UNIQ"], PROBDENSITY=np.zeros(12)), "add up"),
        (fits_of(UNIQ=EVEN["UNIQ"][:0], PROBDENSITY=EVEN["PROBDENSITY"][:0]), "0 rows"),
    ],
)
def test_what_is_no_map_is_refused_in_words(content: bytes, said: str) -> None:
    with pytest.raises(Permanent, match=said):
        read_skymap(content)


def test_a_header_that_claims_terabytes_is_refused_before_anything_is_read() -> None:
    content = fits_of(**EVEN).replace(b"NAXIS2  =                   12", b"NAXIS2  =         999999999999")
    with pytest.raises(Permanent, match="999999999999 rows"):
        read_skymap(content)


def test_random_damage_is_refused_or_harmless() -> None:
    content = bytearray(fits_of(**EVEN))
    random = np.random.default_rng(3)
    for _ in range(150):
        damaged = content.copy()
        for place in random.integers(0, len(content), 5):
            damaged[place] = random.integers(0, 256)
        try:
            skymap = read_skymap(bytes(damaged))
        except Permanent as complaint:
            assert len(str(complaint)) < 1000
        else:
            assert skymap.probability.sum() == pytest.approx(1)


@pytest.mark.parametrize(
    ("name", "area", "distance"),
    [
        ("MS181101ab-preliminary", 31.0, 39.8),
        ("S230520ae-Preliminary", 1716.6, 1974.2),
        ("S230522a-Preliminary", 24222.0, 3101.9),
    ],
)
def test_real_maps(name: str, area: float, distance: float) -> None:
    skymap = real(name)
    assert skymap.probability.sum() == pytest.approx(1)
    assert skymap.area(skymap.region(0.9)) == pytest.approx(area, rel=1e-3)
    assert skymap.distance_mean == pytest.approx(distance, rel=1e-3)
    assert skymap.nearer_than(1e6, skymap.region(0.9)) == pytest.approx(1, abs=1e-6)


def test_where_gw170817_was() -> None:
    """MS181101ab carries the map of GW170817; NGC 4993 is inside its 90 % region."""
    skymap = real("MS181101ab-preliminary")
    (cell,) = skymap.cell_at(np.array([197.4487]), np.array([-23.3839]))
    assert 0.5 < skymap.levels()[cell] < 0.6
