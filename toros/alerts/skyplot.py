"""A picture of where an event may have happened, and of the galaxies there."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from toros.alerts.projections import Gnomonic, Mollweide

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from toros.alerts.candidates import Candidate
    from toros.alerts.night_marks import NightMarks
    from toros.alerts.skymap import Skymap

__all__ = ["plot_sky"]

INK, PALE, MARK = "#1d2733", "#c3ccd6", "#0b6e99"
NIGHT, HORIZONS = "#3b5b92", ("-", "--", ":")
LISTED = 8  # galaxies that are numbered and named
WIDEST, NARROWEST = 30.0, 2.0  # half the side of the piece of sky; degrees


def plot_sky(
    skymap: Skymap,
    candidates: Sequence[Candidate],
    path: Path,
    *,
    title: str,
    subtitle: str = "",
    target: tuple[float, float] | None = None,
    night: NightMarks | None = None,
) -> None:
    """Write a PNG: the whole sky, the piece of it that matters, and the best galaxies.

    Parameters
    ----------
    skymap : Skymap
        Where it happened.
    candidates : sequence of Candidate
        The best first.
    path : Path
        Where the PNG goes; its folder must exist. A reader sees the whole file or none.
    title, subtitle : str
        The alert, and its figures.
    target : tuple of float, optional
        What is observed; ICRS, degrees.
    night : NightMarks, optional
        Sun, moon and horizons of the telescopes.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11.5, 5.2), dpi=100, facecolor="white")
    FigureCanvasAgg(figure)
    figure.text(0.025, 0.925, title, fontsize=15, weight="bold", color=INK)
    figure.text(0.025, 0.872, subtitle, fontsize=9.5, color=INK)
    whole = figure.add_axes((0.02, 0.30, 0.55, 0.54))
    _draw_whole_sky(whole, skymap, target)
    if night is not None:
        _draw_night(whole, night)
    _draw_piece(figure.add_axes((0.645, 0.11, 0.335, 0.74)), skymap, candidates[:LISTED], target)
    _write_list(figure, candidates)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        figure.savefig(unfinished, format="png")
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def _draw_whole_sky(axes: Any, skymap: Skymap, target: tuple[float, float] | None) -> None:
    import numpy as np

    projection = Mollweide()
    x, y = np.meshgrid(np.linspace(-2, 2, 701), np.linspace(-1, 1, 351))
    density, levels = _sampled(skymap, *projection.sky(x, y))
    axes.imshow(_shade(density), origin="lower", extent=(-2, 2, -1, 1), interpolation="nearest")
    axes.contour(x, y, levels, [0.5, 0.9], colors=INK, linewidths=[0.9, 0.6], linestyles=["-", "--"])
    for dec in (-60, -30, 0, 30, 60):
        _line(axes, *projection.plane(np.linspace(0.001, 359.999, 181), np.full(181, float(dec))), cut=True)
        x_rim, y_rim = projection.plane(np.array([0.001]), np.array([float(dec)]))
        axes.text(float(x_rim[0]) + 0.04, float(y_rim[0]), f"{dec:+d}°", fontsize=7, color=INK, va="center")
    for hour in range(0, 24, 3):
        _line(axes, *projection.plane(np.full(91, hour * 15 + 0.001), np.linspace(-90, 90, 91)))
        if hour:
            x_hour, _ = projection.plane(np.array([hour * 15.0]), np.array([0.0]))
            axes.text(float(x_hour[0]), 0.03, f"{hour}h", fontsize=7, color=INK, ha="center")
    turn = np.linspace(0, 2 * np.pi, 361)
    axes.plot(2 * np.cos(turn), np.sin(turn), color=INK, linewidth=1)
    if target:
        _ring(axes, *(float(value[0]) for value in projection.plane(np.array([target[0]]), np.array([target[1]]))))
    axes.set_xlim(-2.03, 2.25)
    axes.set_ylim(-1.03, 1.03)
    axes.set_axis_off()


def _draw_night(axes: Any, night: NightMarks) -> None:
    """Draw sun, moon, and the lines below which no telescope looks in the middle of its night."""
    import numpy as np

    projection = Mollweide()
    for horizon, style in zip(night.horizons, HORIZONS, strict=False):
        x, y = projection.plane(horizon.ra % 360.0, horizon.dec)
        jumps = np.flatnonzero(np.abs(np.diff(x)) > 1.0) + 1
        x, y = np.insert(x, jumps, np.nan), np.insert(y, jumps, np.nan)
        label = f"horizon and zenith (+) of {horizon.name} at {horizon.moment:%H:%M} UTC"
        axes.plot(x, y, color=NIGHT, linewidth=1.0, linestyle=style, label=label, zorder=2)
        above = [float(value[0]) for value in projection.plane(*(np.array([each]) for each in horizon.zenith))]
        axes.plot(*above, "+", markersize=7, color=NIGHT, zorder=2)
    for place, colour, name in ((night.sun, "#f2b705", "sun"), (night.moon, "#8d99a6", "moon")):
        at = [float(value[0]) for value in projection.plane(*(np.array([each]) for each in place))]
        axes.plot(*at, "o", markersize=8, color=colour, markeredgecolor=INK, markeredgewidth=0.5, zorder=3)
        axes.annotate(name, at, xytext=(7, -3), textcoords="offset points", fontsize=7.5, color=INK,
                      path_effects=_halo())  # fmt: skip
    axes.legend(loc="lower right", bbox_to_anchor=(1.03, -0.16), fontsize=7, frameon=False, labelcolor=INK)


def _draw_piece(axes: Any, skymap: Skymap, candidates: Sequence[Candidate], target: tuple[float, float] | None) -> None:
    import numpy as np

    middle = target or skymap.peak
    projection = Gnomonic(*middle)
    half = _reach(skymap, projection, candidates)
    x, y = np.meshgrid(np.linspace(-half, half, 351), np.linspace(-half, half, 351))
    density, levels = _sampled(skymap, *projection.sky(x, y))
    axes.imshow(_shade(density), origin="lower", extent=(-half, half, -half, half), interpolation="nearest")
    lines = axes.contour(x, y, levels, [0.5, 0.9], colors=INK, linewidths=[1.0, 0.7], linestyles=["-", "--"])
    axes.clabel(lines, fmt={0.5: "50 %", 0.9: "90 %"}, fontsize=7)
    if target:
        _ring(axes, 0.0, 0.0)
    for number, candidate in enumerate(candidates, 1):
        at = [float(v[0]) for v in projection.plane(np.array([candidate.ra]), np.array([candidate.dec]))]
        if max(abs(at[0]), abs(at[1])) < half:
            axes.plot(*at, "o", markersize=4, color=MARK, markeredgecolor="white", markeredgewidth=0.6)
            axes.annotate(str(number), at, xytext=(5, 3), textcoords="offset points", fontsize=9, color=MARK,
                          weight="bold", path_effects=_halo())  # fmt: skip
    axes.set_xlim(-half, half)
    axes.set_ylim(-half, half)
    axes.set_title(f"around RA {middle[0]:.3f}°, Dec {middle[1]:+.3f}°", fontsize=9, color=INK)
    axes.set_xlabel("degrees; east is left, north is up", fontsize=8, color=INK)
    axes.tick_params(labelsize=7, colors=INK)


def _write_list(figure: Any, candidates: Sequence[Candidate]) -> None:
    heading = (
        "Most probable galaxies"
        if candidates and candidates[0].distance is not None
        else "Most probable targets"
        if candidates
        else "No galaxy of the catalogue fits: the most probable place is observed"
    )
    figure.text(0.025, 0.245, heading, fontsize=9.5, weight="bold", color=INK)
    for row, candidate in enumerate(candidates[:LISTED]):
        left, top = (0.025 if row < 4 else 0.30), 0.195 - 0.047 * (row % 4)
        figure.text(left, top, str(row + 1), fontsize=9, color=MARK, weight="bold")
        figure.text(left + 0.018, top, candidate.name, fontsize=9, color=INK)
        figure.text(left + 0.175, top, _megaparsec(candidate.distance), fontsize=9, color=INK, ha="right")
        figure.text(left + 0.235, top, _percent(candidate.share), fontsize=9, color=INK, ha="right")


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %" if share >= 0.001 else f"{100 * share:.1g} %"


def _megaparsec(distance: float | None) -> str:
    return "" if distance is None else f"{distance:.0f} Mpc"


def _sampled(
    skymap: Skymap, ra: NDArray[np.float64], dec: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return probability density and credible level at the picture's points; NaN and one off the sky."""
    import numpy as np

    density, levels = np.full(ra.shape, np.nan), np.ones(ra.shape)
    on_sky = np.isfinite(ra)
    cell = skymap.cell_at(ra[on_sky], dec[on_sky])
    density[on_sky] = np.where(cell >= 0, skymap.density[cell], 0.0) / np.max(skymap.density)
    levels[on_sky] = np.where(cell >= 0, skymap.levels()[cell], 1.0)
    return density, levels


def _shade(density: NDArray[np.float64]) -> Any:
    """Return colours: white where nothing is probable, through orange to dark red; the root lifts the faint parts."""
    import numpy as np
    from matplotlib import colormaps
    from matplotlib.colors import LinearSegmentedColormap

    warm = LinearSegmentedColormap.from_list("warm", ["white", *colormaps["YlOrRd"](np.linspace(0.1, 1.0, 6))], 64)
    return np.asarray(warm(np.sqrt(np.nan_to_num(density)), bytes=True))


def _reach(skymap: Skymap, projection: Gnomonic, candidates: Sequence[Candidate]) -> float:
    """Return half the side of a piece of sky that shows the 50 % region and the listed galaxies, within reason."""
    import numpy as np

    chosen = np.flatnonzero(skymap.region(0.5))
    ra, dec = skymap.centre(chosen)
    x, y = projection.plane(np.append(ra, [each.ra for each in candidates]),
                            np.append(dec, [each.dec for each in candidates]))  # fmt: skip
    away = np.nan_to_num(np.maximum(np.abs(x), np.abs(y)), nan=WIDEST)
    return float(np.clip(1.15 * away.max(), NARROWEST, WIDEST))


def _line(axes: Any, x: NDArray[np.float64], y: NDArray[np.float64], *, cut: bool = False) -> None:
    """Draw a line of the grid; `cut` it where it leaves one rim and comes back on the other."""
    import numpy as np

    if cut:
        jump = int(np.argmax(np.abs(np.diff(x)))) + 1
        x, y = np.roll(x, -jump), np.roll(y, -jump)
    axes.plot(x, y, color=PALE, linewidth=0.5, zorder=1.5)


def _ring(axes: Any, x: float, y: float) -> None:
    axes.plot(x, y, "o", markersize=13, markerfacecolor="none", markeredgecolor=MARK, markeredgewidth=1.4)


def _halo() -> list[Any]:
    from matplotlib.patheffects import withStroke

    return [withStroke(linewidth=2.0, foreground="white")]
