"""Constellations and galactic coordinates of well-known places."""

from __future__ import annotations

import pytest

from toros.sky.regions import constellations, galactic

PLACES = [(10.6847, 41.2690, "And"), (197.4504, -23.3815, "Hya"), (266.4168, -29.0078, "Sgr"), (37.95, 89.264, "UMi")]


def test_constellations() -> None:
    ra, dec, names = zip(*PLACES, strict=True)
    assert constellations(ra, dec) == list(names)


def test_the_centre_and_the_pole_of_the_galaxy() -> None:
    longitudes, latitudes = galactic([266.40499, 192.85948], [-28.93617, 27.12825])
    assert latitudes == pytest.approx([0.0, 90.0], abs=1e-3)
    assert longitudes[0] % 360 == pytest.approx(0.0, abs=1e-3)
