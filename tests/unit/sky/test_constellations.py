"""Constellations are those of astropy where that leaves the aberration of light out, as Roman's table does."""

from __future__ import annotations

import numpy as np

from toros.sky.coordinates import constellation


def test_they_are_astropys() -> None:
    from astropy.coordinates import SkyCoord, get_constellation

    rng = np.random.default_rng(1)
    ra, dec = rng.uniform(0, 360, 20_000), np.degrees(np.arcsin(rng.uniform(-1, 1, 20_000)))
    found = constellation(ra, dec)
    mean = SkyCoord(ra, dec, unit="deg", frame="gcrs")  # from there to B1875 it is precession alone
    assert (found == get_constellation(mean, short_name=True)).all()
    assert len(set(found.tolist())) == 88


def test_every_place_lies_in_one() -> None:
    from toros.sky.constellations import _boundaries, constellations_at
    from toros.sky.vectors import unit_vectors

    west, _, south, _ = _boundaries()
    corners = constellations_at(unit_vectors(west * 15.0, south))
    assert corners.shape == west.shape and set(map(len, corners.tolist())) == {3}
    assert constellation([[0.0, 359.999999]], [[90.0, -90.0]]).tolist() == [["UMi", "Oct"]]
