"""The processor that the documentation shows."""

from __future__ import annotations

from toros.data.processors.cells import Rows, numbers, times
from toros.data.processors.reading import About, Points, Problems, Reading


def recognises(start):  # type: ignore[no-untyped-def]
    return start.startswith(b"24") and len(start.split(b"\n")[0].split()) == 3


def read(path, options):  # type: ignore[no-untyped-def]
    lines = [line.split() for line in path.read_text().splitlines()]
    rows = Rows(range(1, len(lines) + 1), Problems())
    jd, magnitude, error = zip(*lines, strict=True)
    points = Points.of_one_series(
        About(band="r", system="AB", facility="MyTelescope"),
        time=times(jd, "jd", rows, format_="jd"),
        value=numbers(magnitude, "magnitude", rows),
        error=numbers(error, "error", rows),
        lines=rows.lines,
    )
    return Reading(points.take(rows.good), rows.problems, "MyTelescope")
