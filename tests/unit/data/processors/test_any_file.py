"""Whatever a file holds, it is read or refused in a sentence; a row that is taken is one that can be."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st

from toros.data.processors.cells import EARLIEST, LATEST
from toros.data.processors.options import PhotometryOptions
from toros.data.processors.reading import MICROSECONDS_A_DAY, Reading
from toros.data.processors.registry import read_product
from toros.errors import Permanent

HEADERS = (
    "time,filter,magnitude,error,limit,source", "MJD;Magnitude;Error;Facility;Filter;Observer", "jd flux fluxerr band",
    "###MJD m dm uJy duJy F err", "mjd,mag,band,flags", "date,mag,band",
    "mjd,value,error,upper_limit,band,kind,unit,system,source,facility,observer,method,time_scale,time_reference,flags",
)  # fmt: skip
CELLS = st.one_of(
    st.sampled_from(["", "nan", "-1", "99.99", "inf", ">17", "59000.5", "2459000.5", "1e400", "r", "-", '"', '"a,b"',
                     "#", "2020-05-31T06:00:00", "2020-13-31", "\x00", "\x07", "١٢", "1_0", "0x1", "9" * 400, "true",
                     "magnitude", "utc", "observatory"]),
    st.floats().map(str),
    st.text(max_size=12),
)  # fmt: skip
ROWS = st.lists(st.lists(CELLS, min_size=1, max_size=16), max_size=8)


def judge(contents: bytes, options: PhotometryOptions) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "file")
        path.write_bytes(contents)
        try:
            reading = read_product(path, "photometry", options)
        except Permanent as refusal:
            assert "\n" not in str(refusal)
            return
    assert isinstance(reading, Reading)
    points = reading.points
    assert np.isfinite(points.value).all() and not (points.error < 0).any() and not np.isinf(points.error).any()
    assert ((points.time >= EARLIEST * MICROSECONDS_A_DAY) & (points.time <= LATEST * MICROSECONDS_A_DAY)).all()
    assert all(points.about[i].band for i in set(points.series.tolist()))
    assert reading.problems.summary()


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(HEADERS), ROWS, st.sampled_from([",", ";", "\t", " "]))
def test_rows_of_anything_below_a_header_that_is_known(header: str, rows: list[list[str]], separator: str) -> None:
    text = "\n".join([header, *(separator.join(row) for row in rows)])
    judge(text.encode("utf-8", "replace"), PhotometryOptions(unit="uJy"))


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=300))
@example(b"SIMPLE  =                    T")
@example(b"<VOTABLE")
@example(b"PAR1")
@example(b"# %ECSV 1.0\n# ---\n# __serialized_columns__: 1\nmjd mag band\n")
def test_any_bytes(contents: bytes) -> None:
    judge(contents, PhotometryOptions(band="r", ra=1.0, dec=1.0, mjd=59000.0))
