"""Frames are read safely: whatever a file claims, it costs a sentence and not the machine."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from tests.unit.reduction.made_frames import HOSTILE, compressed_lie, counts, gzip_bomb, header_block, write_frame
from toros.errors import BadFrame, UnfinishedFrame
from toros.reduction.frame import read_frame
from toros.reduction.structure import Limits


@pytest.mark.parametrize("name", sorted(HOSTILE))
def test_a_hostile_file_is_refused_with_a_sentence(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(HOSTILE[name])
    start = time.monotonic()
    with pytest.raises(BadFrame) as caught:
        read_frame(path)
    assert time.monotonic() - start < 2
    assert len(str(caught.value)) >= 8
    assert str(tmp_path) not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("claims-80-GB.fits", "claims 80 GB of data and the file holds 2.88 kB"),
        ("naxis-999.fits", "NAXIS = 999"),
        ("naxis-minus-5.fits", "NAXIS1 = -5; an axis cannot be negative"),
        ("no-naxis2.fits", "lacks NAXIS2"),
        ("text.fits", "is not a FITS file: it begins with b'These are not th"),
        ("empty.fits", "is empty"),
        ("header-cut.fits", "truncated or still being written"),
        ("endless-header.fits", "no END"),
        ("packed.fits", "packed by bzip2"),
        ("compressed-lie.fits", "claims 36000000 compressed tiles and holds 100"),
        ("pcount-lie.fits", "claims 1 TB"),
    ],
)
def test_the_sentence_says_what_is_wrong(name: str, words: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(HOSTILE[name])
    with pytest.raises(BadFrame, match=words.replace("(", r"\(")):
        read_frame(path)


@pytest.mark.parametrize("name", sorted(HOSTILE))
def test_only_a_file_that_is_too_short_may_be_whole_later(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(HOSTILE[name])
    with pytest.raises(BadFrame) as caught:
        read_frame(path)
    growing = ("empty.fits", "header-cut.fits", "cut.fits.gz", "damaged.fits.gz")
    assert isinstance(caught.value, UnfinishedFrame) == (name in growing)


CHILD = """
import resource, sys
from pathlib import Path
from toros.errors import BadFrame, UnfinishedFrame
from toros.reduction.frame import read_frame
import numpy, astropy.io.fits, ccdproc
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
for name in sys.argv[1:]:
    try:
        read_frame(Path(name))
        print("read", name)
    except BadFrame as error:
        print("refused", Path(name).name, error)
print("grew", (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""


def test_no_hostile_file_makes_the_process_grow(tmp_path: Path) -> None:
    files = {**HOSTILE, "bomb.fits.gz": gzip_bomb(), "bigger-lie.fits": compressed_lie(1_000_000)}
    paths = []
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
        paths.append(str(tmp_path / name))
    assert (tmp_path / "bomb.fits.gz").stat().st_size < 2_000_000

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30))

    start = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", CHILD, *paths], capture_output=True, text=True, preexec_fn=limit, timeout=60
    )
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert [line for line in lines if line.startswith("read")] == []
    assert len(lines) == len(files) + 1
    grew = int(lines[-1].split()[1])
    assert grew < 500, f"the child grew by {grew} MB"
    assert time.monotonic() - start < 30
    assert any("gzip bomb" in line for line in lines)


def test_a_frame_cut_at_any_place_is_refused(tmp_path: Path) -> None:
    whole = write_frame(tmp_path / "whole.fits", counts("light", 30, 1)).read_bytes()
    path = tmp_path / "cut.fits"
    for length in [*range(1, len(whole) - 2880, 997), 2880, 2880 + 80 * 60 * 2 - 1]:
        path.write_bytes(whole[:length])
        with pytest.raises(UnfinishedFrame if length >= len("SIMPLE  =") else BadFrame):
            read_frame(path)


def test_a_file_without_its_last_padding_is_read(tmp_path: Path) -> None:
    data = counts("light", 30, 1)
    whole = write_frame(tmp_path / "whole.fits", data).read_bytes()
    end = len(whole) - (-data.nbytes % 2880)
    (tmp_path / "bare.fits").write_bytes(whole[:end])
    assert (read_frame(tmp_path / "bare.fits").pixels == data).all()


def test_bytes_after_the_last_unit_do_no_harm(tmp_path: Path) -> None:
    data = counts("light", 30, 1)
    path = write_frame(tmp_path / "a.fits", data)
    path.write_bytes(path.read_bytes() + bytes(1234))
    assert (read_frame(path).pixels == data).all()


def test_an_extension_that_is_cut_makes_the_file_half_written(tmp_path: Path) -> None:
    path = tmp_path / "two.fits"
    fits.HDUList([fits.PrimaryHDU(counts("light", 1, 1)), fits.ImageHDU(np.zeros((60, 80)), name="UNCERT")]).writeto(
        path
    )
    path.write_bytes(path.read_bytes()[:-10_000])
    with pytest.raises(BadFrame, match="truncated or still being written"):
        read_frame(path)


@pytest.mark.parametrize("dtype", ["uint8", "int16", "uint16", "int32", "uint32", "int64", "float32", "float64"])
def test_every_kind_of_pixel_is_read_as_astropy_reads_it(dtype: str, tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    data = (rng.random((7, 9)) * 200).astype(dtype)
    fits.PrimaryHDU(data).writeto(tmp_path / "a.fits")
    frame = read_frame(tmp_path / "a.fits")
    assert frame.pixels.dtype == np.float32
    assert (frame.pixels == fits.getdata(tmp_path / "a.fits").astype(np.float32)).all()


def test_scale_zero_and_blank_are_applied(tmp_path: Path) -> None:
    stored = np.array([[1, 2, -99], [4, 5, 6]], dtype=">i2")
    head = header_block(SIMPLE=True, BITPIX=16, NAXIS=2, NAXIS1=3, NAXIS2=2, BSCALE=0.5, BZERO=10.0, BLANK=-99)
    (tmp_path / "a.fits").write_bytes(head + stored.tobytes().ljust(2880, b"\0"))
    pixels = read_frame(tmp_path / "a.fits").pixels
    assert np.isnan(pixels[0, 2])
    assert pixels[1].tolist() == [12.0, 12.5, 13.0]


def test_a_scale_that_is_no_number_is_refused(tmp_path: Path) -> None:
    head = header_block(SIMPLE=True, BITPIX=16, NAXIS=2, NAXIS1=3, NAXIS2=2, BSCALE="big")
    (tmp_path / "a.fits").write_bytes(head + bytes(2880))
    with pytest.raises(BadFrame, match="BSCALE"):
        read_frame(tmp_path / "a.fits")


@pytest.mark.parametrize("method", ["RICE_1", "GZIP_1", "GZIP_2", "HCOMPRESS_1"])
def test_tile_compressed_frames_are_read(method: str, tmp_path: Path) -> None:
    data = counts("light", 30, 5).astype(np.int32)
    fits.CompImageHDU(data, fits.Header({"EXPTIME": 30.0}), compression_type=method).writeto(tmp_path / "a.fits.fz")
    frame = read_frame(tmp_path / "a.fits.fz")
    assert (frame.pixels == data).all()
    assert frame.header["EXPTIME"] == 30.0


def test_gzip_is_unpacked_also_in_members(tmp_path: Path) -> None:
    import gzip

    data = counts("dark", 30, 5)
    whole = write_frame(tmp_path / "a.fits", data).read_bytes()
    (tmp_path / "b.fits.gz").write_bytes(gzip.compress(whole[:5000]) + gzip.compress(whole[5000:]) + bytes(7))
    assert (read_frame(tmp_path / "b.fits.gz").pixels == data).all()


def test_limits_are_kept(tmp_path: Path) -> None:
    path = write_frame(tmp_path / "a.fits", counts("dark", 30, 5))
    with pytest.raises(BadFrame, match="the limit is 10 kB"):
        read_frame(path, Limits(size=10_000))
    packed = write_frame(tmp_path / "b.fits.gz", np.zeros((3000, 3000), dtype=np.uint16))
    assert read_frame(packed).pixels.shape == (3000, 3000)
    with pytest.raises(BadFrame, match="gzip bomb"):
        read_frame(packed, Limits(size=1 << 24))


def test_folders_pipes_links_to_nothing_and_locked_files_are_refused(tmp_path: Path) -> None:
    (tmp_path / "folder.fits").mkdir()
    os.mkfifo(tmp_path / "pipe.fits")
    (tmp_path / "link.fits").symlink_to(tmp_path / "nothing")
    for name, words in [("folder", "is a folder"), ("pipe", "not a regular file"), ("link", "no such file")]:
        with pytest.raises(BadFrame, match=words):
            read_frame(tmp_path / f"{name}.fits")


def test_an_image_extension_inherits_the_primary_header(tmp_path: Path) -> None:
    primary = fits.PrimaryHDU()
    primary.header["EXPTIME"], primary.header["FILTER"] = 12.0, "r"
    image = fits.ImageHDU(counts("light", 30, 1))
    image.header["FILTER"] = "g"
    fits.HDUList([primary, image, fits.ImageHDU(counts("light", 30, 2))]).writeto(tmp_path / "a.fits")
    frame = read_frame(tmp_path / "a.fits")
    assert (frame.header["EXPTIME"], frame.header["FILTER"]) == (12.0, "g")
    assert frame.marks == ["the file holds 2 images: only the first was read"]


def test_a_cube_of_one_plane_is_an_image_and_of_three_is_not(tmp_path: Path) -> None:
    fits.PrimaryHDU(np.ones((1, 5, 6), dtype=np.float32)).writeto(tmp_path / "one.fits")
    fits.PrimaryHDU(np.ones((3, 5, 6), dtype=np.float32)).writeto(tmp_path / "three.fits")
    assert read_frame(tmp_path / "one.fits").pixels.shape == (5, 6)
    with pytest.raises(BadFrame, match="only 3 x 5 x 6"):
        read_frame(tmp_path / "three.fits")


def test_a_frame_of_nothing_but_nan_is_refused(tmp_path: Path) -> None:
    fits.PrimaryHDU(np.full((5, 6), np.nan, dtype=np.float32)).writeto(tmp_path / "a.fits")
    with pytest.raises(BadFrame, match="all are NaN"):
        read_frame(tmp_path / "a.fits")


def test_planes_come_along_where_they_fit(tmp_path: Path) -> None:
    image = fits.PrimaryHDU(np.ones((5, 6), dtype=np.float32))
    error = fits.ImageHDU(np.full((5, 6), 2, dtype=np.float32), name="UNCERT")
    mask = fits.ImageHDU(np.eye(5, 6, dtype=np.uint8), name="MASK")
    fits.HDUList([image, error, mask]).writeto(tmp_path / "a.fits")
    frame = read_frame(tmp_path / "a.fits")
    assert frame.uncertainty is not None
    assert (frame.uncertainty == 2).all()
    assert frame.mask is not None
    assert frame.mask.sum() == 5


def test_a_card_that_cannot_be_read_costs_the_card_and_not_the_frame(tmp_path: Path) -> None:
    path = write_frame(tmp_path / "a.fits", counts("light", 30, 1), EXPTIME=30.0, NOTE="x" * 20)
    text = path.read_bytes()
    at = text.index(b"NOTE    =")
    path.write_bytes(text[:at] + b"NOTE    = 'never closed".ljust(80) + text[at + 80 :])
    assert read_frame(path).header["EXPTIME"] == 30.0


def test_bytes_that_are_no_ascii_are_shown_as_question_marks(tmp_path: Path) -> None:
    path = write_frame(tmp_path / "a.fits", counts("light", 30, 1), OBSERVER="Jose")
    path.write_bytes(path.read_bytes().replace(b"'Jose", b"'Jos\xe9"))
    assert read_frame(path).header["OBSERVER"] == "Jos?"


def test_an_empty_mask_packs_better_than_any_image_and_is_no_bomb(tmp_path: Path) -> None:
    pixels = np.random.default_rng(1).normal(1000, 5, (2048, 2048)).astype(np.int16)
    planes = [
        fits.PrimaryHDU(),
        fits.CompImageHDU(pixels),
        fits.CompImageHDU(np.zeros(pixels.shape, "u1"), name="MASK"),
    ]
    path = tmp_path / "product.fits"
    fits.HDUList(planes).writeto(path)
    frame = read_frame(path)
    assert frame.mask is not None and not frame.mask.any()
