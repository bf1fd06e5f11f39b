from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.unit.alerts.maps import blob
from toros.alerts.galaxies import open_ngc
from toros.alerts.ranking import rank_galaxies
from toros.alerts.skymap import read_skymap
from toros.alerts.skyplot import plot_sky

WARM = np.array([0.5, 0.0, 0.15])


def drawn(path: Path) -> np.ndarray:
    from matplotlib.image import imread

    return np.asarray(imread(path))[..., :3]


@pytest.mark.parametrize(
    ("ra", "dec", "sigma"), [(197.4, -23.4, 3.0), (0.5, 89.0, 5.0), (359.9, 0.0, 2.0), (90.0, -60.0, 40.0)]
)
def test_a_picture_is_drawn_wherever_it_happened(tmp_path: Path, ra: float, dec: float, sigma: float) -> None:
    skymap = read_skymap(blob(ra, dec, sigma, order=6))
    candidates = rank_galaxies(skymap, open_ngc())
    plot_sky(skymap, candidates, tmp_path / "sky.png", title="MS261120ab", subtitle="a test", target=skymap.peak)
    assert drawn(tmp_path / "sky.png").shape == (520, 1150, 3)
    assert (tmp_path / "sky.png").stat().st_size < 200_000
    assert [path.name for path in tmp_path.iterdir()] == ["sky.png"]


def test_what_is_probable_is_dark_red_at_its_place(tmp_path: Path) -> None:
    """In the middle of the whole sky (180°, 0°), and in the middle of the piece."""
    plot_sky(read_skymap(blob(180.0, 0.0, 8.0, order=6)), [], tmp_path / "sky.png", title="t")
    red = np.abs(drawn(tmp_path / "sky.png") - WARM).max(axis=2) < 0.12
    rows, columns = np.nonzero(red[:, :600])
    assert columns.mean() == pytest.approx(1150 * (0.02 + 0.55 * 0.487), abs=12)
    assert rows.mean() == pytest.approx(520 * (1 - 0.30 - 0.54 / 2), abs=8)
    assert red[:, 700:].sum() > red[:, :600].sum()


def test_no_galaxy_and_no_target(tmp_path: Path) -> None:
    plot_sky(read_skymap(blob(10.0, 10.0, 5.0)), [], tmp_path / "sky.png", title="nothing")
    assert (tmp_path / "sky.png").exists()


def test_no_pyplot_is_involved(tmp_path: Path) -> None:
    """Pyplot keeps figures alive: a child that draws for weeks must not use it."""
    import subprocess
    import sys

    code = (
        "import sys; from pathlib import Path; from tests.unit.alerts.maps import blob;"
        "from toros.alerts.skymap import read_skymap; from toros.alerts.skyplot import plot_sky;"
        f"plot_sky(read_skymap(blob(10.0, 10.0, 5.0)), [], Path({str(tmp_path / 'a.png')!r}), title='t');"
        "sys.exit('matplotlib.pyplot' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
