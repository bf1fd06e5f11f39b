"""Pictures of what was learnt of a camera: photon transfer, linearity, bad pixels."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from toros.reduction.learning import Learnt, LearntAmplifier
from toros.reduction.linearity import Linearity

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["draw_all"]

SIZE, DOTS = (7.2, 5.4), 120  # inches, dots per inch
BLUE, RED, GREY = "#1f5fa8", "#c0392b", "#8a8f98"
MANY = 4  # amplifiers from which one colour for each would be no help
SEEN = 2000  # bad pixels that are drawn as rings; more are drawn as their density


def draw_all(learnt: Learnt, folder: Path, title: str) -> list[Path]:
    """Draw what there is, and return the pictures.

    Parameters
    ----------
    learnt : Learnt
    folder : Path
        Where the PNG files go; made where it is missing.
    title : str
        The camera's name.
    """
    folder.mkdir(parents=True, exist_ok=True)
    made = []
    if any(one.transfer.points for one in learnt.amplifiers):
        made.append(_saved(_draw_transfer(learnt, title), folder / "photon_transfer.png"))
    if learnt.linearity is not None:
        made.append(_saved(_draw_linearity(learnt.linearity, title), folder / "linearity.png"))
    if learnt.bad_pixels is not None:
        made.append(_saved(_draw_bad_pixels(learnt, learnt.bad_pixels, title), folder / "bad_pixels.png"))
    return made


def _figure(**options: Any) -> tuple[Any, Any]:
    """Return a figure and its axes, without the global state of pyplot."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=SIZE, dpi=DOTS, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(**options)
    for one in [axes] if not hasattr(axes, "ravel") else axes.ravel():
        one.spines[["top", "right"]].set_visible(False)
        one.grid(True, which="major", color="#e4e6ea", linewidth=0.8)
        one.set_axisbelow(True)
    return figure, axes


def _saved(figure: Any, path: Path) -> Path:
    figure.savefig(path)
    return path


def _draw_transfer(learnt: Learnt, title: str) -> Any:
    """Draw noise against light, both axes logarithmic, above how far the pairs are from the fit."""
    import numpy as np
    from matplotlib import colormaps

    figure, (above, below) = _figure(nrows=2, sharex=True, height_ratios=(3, 1))
    colours: list[Any] = [BLUE, "#d9822b", "#3a8f5c", "#7d4fa3"]
    if len(learnt.amplifiers) > MANY:
        colours = [colormaps["viridis"](n) for n in np.linspace(0, 0.9, len(learnt.amplifiers))]
    for n, (one, colour) in enumerate(zip(learnt.amplifiers, colours, strict=False), 1):
        _draw_curve(above, below, one, colour, _label(one, n, len(learnt.amplifiers)))
        _mark_saturation(above, below, one, colour)
    above.set_xscale("log")
    above.set_yscale("log")
    above.set_ylabel("noise of a pixel / counts")
    above.set_title(f"Photon transfer of {title}", loc="left")
    above.plot([], [], "o", color=GREY, markerfacecolor="none", markersize=5, label="not used for the fit")
    above.plot([], [], "--", color=GREY, linewidth=1, label="full")
    above.legend(frameon=False, fontsize=8, ncols=1 if len(learnt.amplifiers) <= MANY else 2, loc="upper left")
    below.axhline(0, color=GREY, linewidth=1)
    below.set_ylabel("off the fit / %")
    below.set_xlabel("light / counts above the bias")
    return figure


def _label(one: LearntAmplifier, number: int, of: int) -> str:
    transfer = one.transfer
    which = "" if of == 1 else f"{number}: "
    if transfer.gain is None:
        return f"{which}no gain"
    if of > MANY:
        return f"{which}{transfer.gain.value:.3f} e/count"
    noise = f", read noise {transfer.read_noise} e" if transfer.read_noise else ""
    return f"{which}gain {transfer.gain} e/count{noise}"


def _draw_curve(above: Any, below: Any, one: LearntAmplifier, colour: Any, label: str) -> None:
    import numpy as np

    transfer = one.transfer
    read = transfer.read_noise_counts.value if transfer.read_noise_counts else 0.0
    for used in (True, False):
        points = [p for p in transfer.points if p.used is used and p.variance + read**2 > 0 and p.level > 0]
        if not points:
            continue
        level = np.array([p.level for p in points])
        noise = np.sqrt(np.array([p.variance for p in points]) + read**2)
        face = colour if used else "none"
        above.plot(level, noise, "o", color=colour, markerfacecolor=face, markersize=5, label=label if used else None)
        if used and transfer.gain:
            bend = transfer.bend.value if transfer.bend else 0.0
            expected = level / transfer.gain.value * (1 + bend * level)
            off = np.array([p.variance for p in points]) / expected - 1
            error = np.array([p.error for p in points]) / expected
            below.errorbar(level, 100 * off, 100 * error, fmt="o", color=colour, markersize=4, linewidth=1)
    if transfer.gain is None:
        return
    top = max(p.level for p in transfer.points)
    light = np.geomspace(max(1.0, min(p.level for p in transfer.points if p.level > 0) / 30), top, 200)
    bend = transfer.bend.value if transfer.bend else 0.0
    above.plot(light, np.sqrt(np.maximum(light / transfer.gain.value * (1 + bend * light), 0) + read**2), "-",
               color=colour, linewidth=1.2, alpha=0.8)  # fmt: skip
    if read:
        above.axhline(read, color=colour, linewidth=0.8, linestyle=":")


def _mark_saturation(above: Any, below: Any, one: LearntAmplifier, colour: Any) -> None:
    if one.transfer.saturation is not None:
        for axes in (above, below):
            axes.axvline(one.transfer.saturation.value - one.bias, color=colour, linewidth=1, linestyle="--")


def _draw_linearity(found: Linearity, title: str) -> Any:
    """Draw by how much counts per second differ from the rate, before and after the correction."""
    figure, axes = _figure()
    axes.axhline(0, color=GREY, linewidth=1)
    axes.plot(found.counts, 100 * found.plain, "o", color=RED, markerfacecolor="none", label="as read")
    terms = ", ".join(f"$c_{n}$ = {_power(c.value)}" for n, c in enumerate(found.coefficients, 1))
    what = "corrected" if found.significant else "corrected (nothing to correct)"
    axes.plot(found.counts, 100 * found.residuals, "o", color=BLUE, label=f"{what}: {terms}")
    axes.set_xlabel("light / counts above the bias")
    axes.set_ylabel("counts per second, off the mean / %")
    axes.set_title(f"Linearity of {title}", loc="left")
    axes.legend(frameon=False, fontsize=9)
    most = max(0.1, 1.15 * 100 * float(max(abs(found.plain).max(), abs(found.residuals).max())))
    axes.set_ylim(-most, most)
    axes.set_xlim(left=0)
    return figure


def _power(value: float) -> str:
    if value == 0:
        return "0"
    ten = math.floor(math.log10(abs(value)))
    return rf"${value / 10**ten:.2f} \times 10^{{{ten}}}$"


def _draw_bad_pixels(learnt: Learnt, bad: NDArray[np.bool_], title: str) -> Any:
    """Draw where bad pixels are: each one as a ring, or where they are many, their number in each part."""
    import numpy as np

    figure, axes = _figure()
    rows, columns = np.nonzero(bad)
    axes.grid(False)
    if len(rows) <= SEEN:
        axes.plot(columns, rows, "o", color=RED, markerfacecolor="none", markersize=4, markeredgewidth=0.8)
    else:
        _, _, _, image = axes.hist2d(columns, rows, bins=64, range=((0, bad.shape[1]), (0, bad.shape[0])), cmap="Reds")
        figure.colorbar(image, ax=axes, label="bad pixels in each part", shrink=0.8)
    axes.set_xlim(-0.5, bad.shape[1] - 0.5)
    axes.set_ylim(-0.5, bad.shape[0] - 0.5)
    axes.set_aspect("equal")
    axes.spines[["top", "right"]].set_visible(True)
    axes.set_xlabel("column")
    axes.set_ylabel("row")
    axes.set_title(f"Bad pixels of {title}: {learnt.hot} hot, {learnt.dead} dead, {bad.mean():.3%} of all", loc="left")
    return figure
