"""A camera is learnt from its frames as it was made, within the errors that are told."""

from __future__ import annotations

import numpy as np
import pytest

from tests.unit.reduction.made_camera import MadeCamera
from toros.reduction.learning import Learnt, learn
from toros.reduction.patches import Sample

LAMP = 3500.0  # electrons per second


def frames(camera: MadeCamera, times: tuple[float, ...] = (4.0,), *, biases: int = 4, rays: int = 0) -> list[Sample]:
    """Return biases, and two flats of each time."""
    made = [camera.sample("bias", rays=rays) for _ in range(biases)]
    return made + [camera.sample("flat", LAMP * t, t, rays=rays) for t in times for _ in range(2)]


def learnt(camera: MadeCamera, samples: list[Sample]) -> Learnt:
    return learn(samples, camera.amplifiers)


def test_two_biases_and_two_flats_tell_gain_and_read_noise() -> None:
    camera = MadeCamera(rows=512, columns=512)
    (one,) = learnt(camera, frames(camera, (16.0,), biases=2)).amplifiers
    assert one.transfer.gain is not None
    assert one.transfer.read_noise is not None
    assert one.transfer.gain.value == pytest.approx(1.5, rel=0.01)
    assert one.transfer.read_noise.value == pytest.approx(8.0, rel=0.02)
    assert one.transfer.gain.error < 0.01 * 1.5
    assert one.bias == pytest.approx(1000, abs=0.5)


@pytest.mark.parametrize("gain", [0.4, 1.0, 3.0])
@pytest.mark.parametrize("noise", [3.0, 15.0])
def test_cameras_of_many_kinds_are_learnt(gain: float, noise: float) -> None:
    camera = MadeCamera(gains=(gain,), noises=(noise,), full_counts=1 << 16, seed=int(10 * gain + noise))
    (one,) = learnt(camera, frames(camera, (1.0, 2.0, 3.0, 4.0))).amplifiers
    assert one.transfer.gain is not None
    assert one.transfer.read_noise is not None
    quantised = (noise**2 + gain**2 / 12) ** 0.5  # whole counts are noise as well
    assert one.transfer.gain.value == pytest.approx(gain, rel=0.01)
    assert one.transfer.read_noise.value == pytest.approx(quantised, rel=0.02)


def test_the_errors_told_are_those_made() -> None:
    off = []
    for seed in range(25):
        camera = MadeCamera(rows=192, columns=192, seed=seed)
        gain = learnt(camera, frames(camera, (8.0,))).amplifiers[0].transfer.gain
        assert gain is not None
        off.append((gain.value - 1.5) / gain.error)
    assert 0.6 < np.std(off) < 1.6
    assert abs(np.mean(off)) < 0.8


def test_cosmic_rays_and_stars_do_no_harm() -> None:
    camera = MadeCamera(rows=512, columns=512)
    (one,) = learnt(camera, frames(camera, (4.0, 8.0), rays=400)).amplifiers
    assert one.transfer.gain is not None
    assert one.transfer.read_noise is not None
    assert one.transfer.gain.value == pytest.approx(1.5, rel=0.01)
    assert one.transfer.read_noise.value == pytest.approx(8.0, rel=0.02)


def test_flats_of_a_pair_need_not_be_quite_equal() -> None:
    camera = MadeCamera(rows=512, columns=512)
    samples = [camera.sample("bias") for _ in range(4)]
    samples += [camera.sample("flat", light, 1.0) for light in (30_000.0, 32_500.0)]
    gain = learnt(camera, samples).amplifiers[0].transfer.gain
    assert gain is not None
    assert gain.value == pytest.approx(1.5, rel=0.01)


def test_each_amplifier_is_learnt_by_itself() -> None:
    camera = MadeCamera(gains=(1.2, 2.4), noises=(5.0, 10.0), overscan=24)
    one, other = learnt(camera, frames(camera, (4.0, 8.0))).amplifiers
    for found, gain, noise in ((one, 1.2, 5.0), (other, 2.4, 10.0)):
        assert found.transfer.gain is not None
        assert found.transfer.read_noise is not None
        assert found.transfer.gain.value == pytest.approx(gain, rel=0.01)
        assert found.transfer.read_noise.value == pytest.approx(noise, rel=0.02)
        assert found.overscan is not None
        assert found.overscan.level.value == pytest.approx(1000, abs=0.3)
        assert found.overscan.noise == pytest.approx(noise / gain, rel=0.03)
        assert not found.overscan.drifts


def test_an_overscan_that_drifts_is_told_and_taken_off() -> None:
    camera = MadeCamera(overscan=24, drift=6.0, wander=20.0)
    (one,) = learnt(camera, frames(camera, (4.0, 8.0))).amplifiers
    assert one.overscan is not None
    assert one.overscan.drifts
    assert one.overscan.along == pytest.approx(6 * 5 / 6, rel=0.1)
    assert one.overscan.between > 3
    assert one.transfer.gain is not None
    assert one.transfer.gain.value == pytest.approx(1.5, rel=0.01)


@pytest.mark.parametrize(
    ("full_well", "full_counts", "expected"),
    [(90_000.0, 65_535, 61_000.0), (1e9, 40_000, 40_000.0), (1e9, 65_535, None)],
)
def test_saturation_is_where_light_has_no_noise_any_more(
    full_well: float, full_counts: int, expected: float | None
) -> None:
    camera = MadeCamera(full_well=full_well, full_counts=full_counts)
    longest = 26.0 if expected is None else 32.0
    found = learnt(camera, frames(camera, (2.0, 4.0, 8.0, 16.0, longest)))
    saturation = found.amplifiers[0].transfer.saturation
    gain = found.amplifiers[0].transfer.gain
    assert gain is not None
    assert gain.value == pytest.approx(1.5, rel=0.01)
    if expected is None:
        assert saturation is None
        assert any("no flat is saturated" in remark for remark in found.remarks)
    else:
        assert saturation is not None
        assert expected - 25 <= saturation.value <= expected


def test_linearity_is_learnt_and_gain_is_that_of_low_light() -> None:
    camera = MadeCamera(rows=512, columns=512, nonlinear=1e-6)
    found = learnt(camera, frames(camera, (0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 24.0)))
    assert found.linearity is not None
    assert found.linearity.significant
    assert found.linearity.coefficients[0].value == pytest.approx(1e-6, rel=0.05)
    assert np.abs(found.linearity.residuals).max() < 5e-4
    transfer = found.amplifiers[0].transfer
    assert transfer.gain is not None
    assert transfer.gain.value == pytest.approx(1.5, rel=0.01)
    assert transfer.bend is not None
    assert transfer.bend.value < 0


def test_a_linear_camera_has_nothing_to_correct() -> None:
    camera = MadeCamera()
    found = learnt(camera, frames(camera, (1.0, 2.0, 4.0, 8.0)))
    assert found.linearity is not None
    assert not found.linearity.significant
    assert found.amplifiers[0].transfer.bend is None


def test_hot_and_dead_pixels_are_found_where_they_are_in_the_image() -> None:
    hot, dead = ((5, 7), (200, 500), (383, 0)), ((100, 100), (383, 767))
    camera = MadeCamera(gains=(1.5, 1.6), noises=(8.0, 8.0), overscan=20, hot=hot, dead=dead)
    samples = frames(camera, (4.0,), rays=50) + [camera.sample("dark", 0.0, 100.0, rays=100) for _ in range(3)]
    found = learnt(camera, samples)
    assert found.bad_pixels is not None
    assert found.bad_pixels.shape == (384, 768)
    assert {tuple(place) for place in np.argwhere(found.bad_pixels).tolist()} == {*hot, *dead}
    assert (found.hot, found.dead) == (3, 2)


def test_an_amplifier_that_lies_turned_has_its_bad_pixels_turned() -> None:
    from dataclasses import replace

    camera = MadeCamera(rows=128, columns=128, dead=((3, 10),))
    turned = [replace(camera.amplifiers[0], flip_rows=True, flip_columns=True)]
    found = learn(frames(camera, (4.0,)), turned)
    assert found.bad_pixels is not None
    assert np.argwhere(found.bad_pixels).tolist() == [[124, 117]]


def test_an_overscan_below_the_image_is_used_too() -> None:
    from dataclasses import replace

    from toros.reduction.patches import Sample as Frame
    from toros.reduction.planes import ArrayRows
    from toros.reduction.section import Section

    camera = MadeCamera(rows=320, columns=256)
    raw = [("bias", camera.counts()) for _ in range(3)] + [("flat", camera.counts(30_000.0)) for _ in range(2)]
    for _, counts in raw:
        counts[:20] = np.random.default_rng(1).normal(1000, 5, (20, 256)).astype(np.uint16)
    samples = [Frame(kind, ArrayRows(c), float(np.median(c)), 1.0) for kind, c in raw]
    amplifier = replace(
        camera.amplifiers[0],
        data=Section(1, 256, 21, 320),
        overscan=Section(1, 256, 1, 20),
        place=Section(1, 256, 1, 300),
    )
    (one,) = learn(samples, [amplifier]).amplifiers
    assert one.overscan is not None
    assert one.overscan.level.value == pytest.approx(999.5, abs=0.2)
    assert one.transfer.gain is not None
    assert one.transfer.gain.value == pytest.approx(1.5, rel=0.02)


def test_what_is_missing_is_said() -> None:
    camera = MadeCamera(rows=128, columns=128)
    found = learnt(camera, [camera.sample("bias"), camera.sample("flat", 1e4, 1.0), camera.sample("flat", 3e4, 3.0)])
    assert found.amplifiers[0].transfer.gain is None
    assert found.amplifiers[0].transfer.read_noise_counts is None
    said = " / ".join(found.remarks)
    for words in ("read noise needs two biases", "gain needs two flats", "hot pixels need two long darks",
                  "linearity needs flats of 3 exposure times"):  # fmt: skip
        assert words in said
    with pytest.raises(ValueError, match="add two or more biases"):
        learnt(camera, [camera.sample("flat", 1e4, 1.0)])


def test_flats_without_light_tell_no_gain() -> None:
    camera = MadeCamera(rows=128, columns=128)
    found = learnt(
        camera, [camera.sample("bias") for _ in range(3)] + [camera.sample("flat", 0.0, 1.0) for _ in range(2)]
    )
    assert found.amplifiers[0].transfer.gain is None
    assert found.amplifiers[0].transfer.read_noise_counts is not None


def test_flats_that_are_full_everywhere_tell_where_that_is_and_no_gain() -> None:
    camera = MadeCamera(rows=128, columns=128, full_counts=30_000)
    (one,) = learnt(camera, frames(camera, (60.0,))).amplifiers
    assert one.transfer.gain is None
    assert one.transfer.saturation is not None
    assert one.transfer.saturation.value == 30_000


def test_pixels_without_a_value_are_passed_over() -> None:
    from toros.reduction.planes import ArrayRows

    camera = MadeCamera(rows=256, columns=256)
    samples = []
    for one in frames(camera, (8.0,)):
        counts = np.array(one.image.rows(0, 256), dtype=np.float32)
        counts[30:40, :50] = np.nan
        samples.append(Sample(one.kind, ArrayRows(counts), one.level, one.exposure_time, one.filter))
    gain = learnt(camera, samples).amplifiers[0].transfer.gain
    assert gain is not None
    assert gain.value == pytest.approx(1.5, rel=0.02)


def test_the_work_done_is_told() -> None:
    camera, told = MadeCamera(rows=256, columns=128), list[float]()
    learn(frames(camera), camera.amplifiers, told.append)
    assert told == [0.25, 0.5, 0.75, 1.0]
