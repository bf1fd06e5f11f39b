"""Cosmic rays are found and replaced; stars, bad pixels and everything else stay as they are."""

from __future__ import annotations

from typing import Any

import astroscrappy
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray

from tests.support.sky_scene import Scene, sky_scene
from toros.reduction.cosmic_rays import find_cosmic_rays

NOISE = 6.5  # electrons
EDGE = 32  # pixels: four times as far as a round reaches
INSIDE = np.s_[EDGE:-EDGE, EDGE:-EDGE]


def astroscrappy_on(scene: Scene, **more: Any) -> tuple[NDArray[np.bool_], NDArray[np.float32]]:
    return astroscrappy.detect_cosmics(
        scene.image, **{"gain": scene.gain, "readnoise": scene.read_noise, "satlevel": np.inf, **more}
    )


def sky(shape: tuple[int, int] = (64, 64), level: float = 200.0) -> NDArray[np.float32]:
    random = np.random.default_rng(3)
    return (random.poisson(level, shape) + random.normal(0, NOISE, shape)).astype(np.float32)


@pytest.mark.parametrize("place", [(30, 30), (0, 0), (0, 20), (63, 63), (2, 1), (24, 23)])
def test_a_hit_is_found_anywhere(place: tuple[int, int]) -> None:
    image = sky()
    before = find_cosmic_rays(image, read_noise=NOISE).mask
    image[place] += 2000
    found = find_cosmic_rays(image, read_noise=NOISE)
    assert found.mask[place]
    rows, columns = np.nonzero(found.mask & ~before)
    assert max(abs(rows - place[0]).max(), abs(columns - place[1]).max()) <= 2
    assert abs(found.cleaned[place] - 200) < 5 * np.sqrt(200 + NOISE**2)


def test_a_track_is_found_over_its_whole_length() -> None:
    image = sky()
    along = np.arange(10, 50)
    image[along, along // 2 + 10] += 800
    found = find_cosmic_rays(image, read_noise=NOISE)
    assert found.mask[along, along // 2 + 10].mean() > 0.95
    assert found.rounds > 1  # what lies amid a track is found once its sides are gone


@pytest.mark.parametrize("fwhm", [2.2, 3.0, 4.5])
def test_stars_are_left_alone(fwhm: float) -> None:
    scene = sky_scene((400, 400), fwhm=fwhm, hits=0, stars=3000)
    found = find_cosmic_rays(scene.image, read_noise=NOISE)
    assert scene.cores.sum() > 1000
    assert (found.mask & scene.cores).sum() <= 3e-3 * scene.cores.sum()
    assert (found.mask & scene.cores)[INSIDE].sum() <= (astroscrappy_on(scene)[0] & scene.cores)[INSIDE].sum()


@pytest.mark.parametrize(
    ("fwhm", "read_noise", "level"),
    [(1.6, 6.5, 200.0), (1.6, 3.0, 5.0), (2.2, 12.0, 3000.0), (3.0, 6.5, 200.0), (3.0, 3.0, 5.0), (4.5, 12.0, 3000.0)],
)
def test_the_answer_is_astroscrappys(fwhm: float, read_noise: float, level: float) -> None:
    scene = sky_scene((300, 333), fwhm=fwhm, read_noise=read_noise, sky=level, hits=300)
    mask, cleaned = astroscrappy_on(scene)
    found = find_cosmic_rays(scene.image, read_noise=read_noise)
    assert mask.sum() > 100
    np.testing.assert_array_equal(found.mask[INSIDE], mask[INSIDE])
    np.testing.assert_array_equal(found.cleaned[INSIDE], cleaned[INSIDE])


@pytest.mark.parametrize("gain", [0.4, 1.7, 3.2])
def test_with_a_gain_the_answer_is_astroscrappys_but_for_rounding(gain: float) -> None:
    scene = sky_scene((300, 300), gain=gain, hits=300)
    mask, cleaned = astroscrappy_on(scene)
    found = find_cosmic_rays(scene.image, gain=gain, read_noise=NOISE)
    assert (found.mask ^ mask)[INSIDE].sum() <= 1e-3 * mask.sum()
    same = found.mask == mask
    np.testing.assert_allclose(found.cleaned[INSIDE], np.where(same, cleaned, found.cleaned)[INSIDE], rtol=1e-5)


def test_with_other_limits_the_answer_is_astroscrappys() -> None:
    scene = sky_scene((300, 300), hits=300)
    mask, _ = astroscrappy_on(scene, sigclip=6.0, sigfrac=0.5, objlim=2.0, niter=2)
    found = find_cosmic_rays(
        scene.image, read_noise=NOISE, sigma_clip=6.0, sigma_fraction=0.5, object_limit=2.0, rounds=2
    )
    np.testing.assert_array_equal(found.mask[INSIDE], mask[INSIDE])
    assert found.rounds == 2


def test_with_a_variance_the_answer_is_astroscrappys() -> None:
    scene = sky_scene((300, 300), hits=300)
    variance = scene.image + np.random.default_rng(0).uniform(20, 80, scene.image.shape).astype(np.float32)
    mask, cleaned = astroscrappy_on(scene, invar=variance)
    before = variance.copy()
    found = find_cosmic_rays(scene.image, read_noise=NOISE, variance=variance)
    np.testing.assert_array_equal(found.mask[INSIDE], mask[INSIDE])
    np.testing.assert_array_equal(found.cleaned[INSIDE], cleaned[INSIDE])
    np.testing.assert_array_equal(variance, before)


def test_around_masked_pixels_the_answer_is_astroscrappys() -> None:
    scene = sky_scene((300, 300), hits=300)
    bad = np.random.default_rng(0).random(scene.image.shape) < 0.02
    bad[:, 150] = True
    scene.image[bad] = 60000
    mask, cleaned = astroscrappy_on(scene, inmask=bad)
    found = find_cosmic_rays(scene.image, read_noise=NOISE, mask=bad)
    np.testing.assert_array_equal(found.mask[INSIDE], mask[INSIDE])
    np.testing.assert_array_equal(found.cleaned[INSIDE], cleaned[INSIDE])
    assert not (found.mask & bad).any()


def test_saturated_stars_are_left_alone_as_astroscrappy_does() -> None:
    scene = sky_scene((300, 300), fwhm=2.0, stars=3000, hits=3000, full_well=3000)
    mask, _ = astroscrappy_on(scene, satlevel=3000)
    found = find_cosmic_rays(scene.image, read_noise=NOISE, saturation=3000)
    np.testing.assert_array_equal(found.mask[INSIDE], mask[INSIDE])
    assert found.count < find_cosmic_rays(scene.image, read_noise=NOISE).count


def test_a_saturated_hit_is_found() -> None:
    image = sky()
    image[30, 30:32] = 65535
    assert find_cosmic_rays(image, read_noise=NOISE, saturation=65535).mask[30, 30:32].all()


def test_a_background_that_was_subtracted_makes_noise() -> None:
    scene = sky_scene((300, 300), sky=1000, hits=300)
    whole = find_cosmic_rays(scene.image, read_noise=NOISE)
    less = find_cosmic_rays(scene.image - np.float32(1000), read_noise=NOISE, background=1000)
    assert (less.mask ^ whole.mask).sum() <= 1e-3 * whole.count
    without = find_cosmic_rays(scene.image - np.float32(1000), read_noise=NOISE)
    assert without.count > 2 * whole.count


def test_nan_does_not_spread() -> None:
    scene = sky_scene((300, 300), hits=300)
    whole = find_cosmic_rays(scene.image, read_noise=NOISE)
    image = scene.image.copy()
    image[:, 150:153] = np.nan
    image[7, 9] = np.inf
    found = find_cosmic_rays(image, read_noise=NOISE)
    empty = ~np.isfinite(image)
    assert not found.mask[empty].any()
    np.testing.assert_array_equal(found.cleaned[empty], image[empty])
    assert np.isfinite(found.cleaned[~empty]).all()
    far = np.abs(np.arange(300) - 151) > 40
    np.testing.assert_array_equal(found.mask[40:, far], whole.mask[40:, far])


def test_what_is_found_does_not_depend_on_where_cells_begin() -> None:
    image = sky_scene((260, 260), fwhm=2.0, hits=600).image
    whole = find_cosmic_rays(image, read_noise=NOISE).mask
    for down, right in ((5, 0), (0, 11), (17, 23)):
        part = find_cosmic_rays(image[down:, right:], read_noise=NOISE).mask
        np.testing.assert_array_equal(part[INSIDE], whole[down:, right:][INSIDE])


def test_only_masked_pixels_change_and_the_image_only_where_asked() -> None:
    scene = sky_scene((200, 200), gain=1.7, hits=300)
    before = scene.image.copy()
    found = find_cosmic_rays(scene.image, gain=1.7, read_noise=NOISE)
    np.testing.assert_array_equal(scene.image, before)
    np.testing.assert_array_equal(found.cleaned[~found.mask], before[~found.mask])
    assert (found.cleaned[found.mask] != before[found.mask]).all()
    again = find_cosmic_rays(scene.image, gain=1.7, read_noise=NOISE, in_place=True)
    assert again.cleaned is scene.image
    np.testing.assert_array_equal(scene.image, found.cleaned)


def test_no_rounds_find_nothing() -> None:
    image = sky()
    image[30, 30] += 2000
    found = find_cosmic_rays(image, read_noise=NOISE, rounds=0)
    assert (found.rounds, found.count, found.mask.any()) == (0, 0, False)


@pytest.mark.parametrize("level", [0.0, -50.0, 1000.0])
def test_an_even_image_has_none(level: float) -> None:
    found = find_cosmic_rays(np.full((40, 50), level, np.float32), read_noise=0)
    assert (found.rounds, found.count) == (1, 0)


def test_hits_are_found_among_negative_pixels() -> None:
    image = sky() - np.float32(1000)
    image[30, 30] = 500
    assert find_cosmic_rays(image, read_noise=30).mask[30, 30]


def test_nothing_is_found_where_all_is_masked() -> None:
    image = sky()
    image[30, 30] += 2000
    assert not find_cosmic_rays(image, read_noise=NOISE, mask=np.ones(image.shape, bool)).mask.any()
    assert not find_cosmic_rays(np.full((20, 20), np.nan, np.float32), read_noise=NOISE).mask.any()


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_any_image_is_gone_through(data: st.DataObject) -> None:
    shape = data.draw(st.tuples(st.integers(1, 60), st.integers(1, 60)), "shape")
    value = st.one_of(st.floats(-1e5, 1e5, width=32), st.sampled_from([np.nan, np.inf, -np.inf, 0.0]))
    image = data.draw(arrays.arrays(np.float32, shape, elements=value, fill=st.sampled_from([0.0, 100.0])), "image")
    mask = data.draw(st.none() | arrays.arrays(np.bool_, shape), "mask")
    found = find_cosmic_rays(
        image,
        mask=mask,
        gain=data.draw(st.sampled_from([0.5, 1.0, 7.0])),
        read_noise=data.draw(st.sampled_from([0.0, 5.0])),
        saturation=data.draw(st.sampled_from([None, 1000.0])),
        variance=np.abs(image) if data.draw(st.booleans()) else None,
    )
    empty = ~np.isfinite(image)
    bad = empty if mask is None else empty | mask
    assert not found.mask[bad].any()
    assert found.count == found.mask.sum()
    assert np.isfinite(found.cleaned[~empty]).all()
    np.testing.assert_array_equal(found.cleaned[~found.mask], image[~found.mask])


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"mask": np.zeros((3, 3), bool)}, "the mask has the shape"),
        ({"variance": np.zeros((3, 3), np.float32)}, "the variance has the shape"),
        ({"gain": 0.0}, "a gain is above 0"),
        ({"read_noise": -1.0}, "a read noise at least 0"),
        ({"image": np.zeros(5, np.float32)}, "rows and columns"),
        ({"image": np.zeros((0, 5), np.float32)}, "rows and columns"),
        ({"image": np.zeros((5, 5)), "in_place": True}, "float32 image in C order"),
        ({"image": np.zeros((5, 5), np.float32).T[::2], "in_place": True}, "float32 image in C order"),
    ],
)
def test_what_cannot_be_used_is_refused(wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        find_cosmic_rays(**{"image": sky(), "read_noise": NOISE, **wrong})


@pytest.mark.parametrize("form", [np.float64, np.uint16, ">f4"])
def test_images_of_other_types_are_taken(form: str) -> None:
    image = np.clip(np.round(sky()), 0, None)
    image[30, 30] += 2000
    expected = find_cosmic_rays(image, read_noise=NOISE)
    found = find_cosmic_rays(np.asfortranarray(image.astype(form)), read_noise=NOISE)
    np.testing.assert_array_equal(found.mask, expected.mask)
    assert found.cleaned.dtype == np.float32
