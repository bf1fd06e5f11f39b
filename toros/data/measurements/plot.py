"""A light curve as a picture: bands in their colours, limits as arrows, magnitudes upside down."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from toros.data.measurements.lightcurve import Lightcurve
from toros.durable import write_durably
from toros.errors import Permanent

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

__all__ = ["plot_lightcurve"]

DAYS, MINUTES = 5.0, 0.01  # days along the axis, down to which dates alone, and dates with minutes, tell ticks apart
COLOURS = {  # by the last part of a band's name, roughly as the eye would see them, the infrared in browns
    "u": "#6a3d9a", "U": "#6a3d9a", "B": "#1f4fd8", "G": "#2f8f2f", "g": "#2f9e44", "BP": "#1f78b4", "c": "#17a2b8",
    "V": "#5a9e1f", "o": "#f08c00", "r": "#d9480f", "R": "#c92a2a", "RP": "#c92a2a", "i": "#c2255c", "I": "#8b1a4a",
    "z": "#5f3a2c", "y": "#4a3728", "J": "#8d6e63", "H": "#795548", "K": "#4e342e",
}  # fmt: skip
OTHERS = ("#0b7285", "#a61e4d", "#5c940d", "#364fc7", "#e67700", "#495057")
MARKERS = "osD^vP*Xhd"
MOST_LABELS = 14


def plot_lightcurve(lightcurve: Lightcurve, path: Path) -> None:
    """Draw a light curve into a PNG, SVG or PDF file, by the ending of its name.

    One panel a kind of value. Points that are switched off are pale; a limit is an arrow from the limit towards the
    faint side; each source and facility has its own sign.

    Raises
    ------
    Permanent
        There is no point to draw, or another ending.
    """
    from matplotlib.figure import Figure

    if path.suffix.lower() not in (".png", ".svg", ".pdf"):
        raise Permanent(f"{path.name}: a picture is written as .png, .svg or .pdf")
    if not len(lightcurve):
        raise Permanent(f"{lightcurve.target} has no measurements to draw")
    kinds = sorted({(about.kind, about.unit) for about in lightcurve.about.values()}, reverse=True)
    drawn = [kind for kind in kinds if _of_kind(lightcurve, kind).any()]
    figure = Figure(figsize=(9, 1.2 + 4 * len(drawn)), layout="constrained")
    axes = figure.subplots(len(drawn), squeeze=False, sharex=True)[:, 0]
    for axis, kind in zip(axes, drawn, strict=True):
        _draw_kind(axis, lightcurve, kind)
    axes[0].set_title(lightcurve.target, loc="left", fontweight="bold")
    scales = {lightcurve.about[number].time_scale for number in set(lightcurve.series.tolist())}
    axes[-1].set_xlabel(f"MJD ({', '.join(scale.upper() for scale in sorted(scales))})")
    _dates_above(axes[0])
    picture = BytesIO()
    figure.savefig(picture, format=path.suffix[1:].lower(), dpi=130)
    write_durably(path, picture.getvalue())


def _of_kind(lightcurve: Lightcurve, kind: tuple[str, str]) -> NDArray[np.bool_]:
    import numpy as np

    numbers = [number for number, about in lightcurve.about.items() if (about.kind, about.unit) == kind]
    return np.isin(lightcurve.series, numbers)


def _draw_kind(axis: Axes, lightcurve: Lightcurve, kind: tuple[str, str]) -> None:
    """Draw one panel; series in the order of their bands."""
    import numpy as np

    bands: dict[str, str] = {}
    signs: dict[str, str] = {}
    upside_down = kind[0] == "magnitude"
    chosen = [(number, about) for number, about in lightcurve.about.items() if (about.kind, about.unit) == kind]
    present = set(lightcurve.series.tolist())
    labels = 0
    for number, about in sorted(chosen, key=lambda pair: (pair[1].band, pair[1].source, pair[1].facility)):
        if number not in present:
            continue
        colour = bands.setdefault(about.band, _colour(about.band, len(bands)))
        origin = " ".join(dict.fromkeys(word for word in (about.source, about.facility) if word))
        sign = signs.setdefault(origin, MARKERS[len(signs) % len(MARKERS)])
        label = f"{about.band} {origin}".strip() if labels < MOST_LABELS else None
        labels += 1
        for active in (True, False):
            at = np.flatnonzero((lightcurve.series == number) & (lightcurve.active == active))
            if len(at):
                _draw_points(axis, lightcurve, at, colour, sign, label, 1.0 if active else 0.25)
                label = None
    if upside_down:
        axis.invert_yaxis()
    systems = {about.system for _, about in chosen if about.system}
    unit = ", ".join(sorted(systems)) if upside_down else kind[1]
    axis.set_ylabel(kind[0].replace("_", " ") + (f" ({unit})" if unit else ""))
    axis.grid(alpha=0.25)
    axis.margins(x=0.03, y=0.08)
    axis.ticklabel_format(axis="x", useOffset=False)
    axis.legend(fontsize="small", framealpha=0.8, ncols=1 + labels // 6)


def _draw_points(
    axis: Axes, lightcurve: Lightcurve, at: NDArray[Any], colour: str, sign: str, label: str | None, opacity: float
) -> None:
    import numpy as np

    limits, points = at[lightcurve.upper_limit[at]], at[~lightcurve.upper_limit[at]]
    if len(points):
        axis.errorbar(
            lightcurve.mjd[points], lightcurve.value[points], np.nan_to_num(lightcurve.error[points]), fmt=sign,
            color=colour, ecolor=colour, elinewidth=0.8, markersize=4, label=label, alpha=opacity,
        )  # fmt: skip
        label = None
    if len(limits):
        axis.plot(
            lightcurve.mjd[limits], lightcurve.value[limits], marker=_arrow(), linestyle="none", color=colour,
            markerfacecolor="none", markersize=15, alpha=0.7 * opacity, label=f"{label} (limits)" if label else None,
        )  # fmt: skip


def _arrow() -> Any:
    """Return the sign of a limit: a bar at the limit and an arrow downwards, where fainter is on both kinds of axis."""
    from matplotlib.path import Path as Outline

    move, line = Outline.MOVETO, Outline.LINETO
    corners = [(-0.35, 0), (0.35, 0), (0, 0), (0, -1), (-0.22, -0.7), (0, -1), (0.22, -0.7)]
    return Outline(corners, [move, line, move, line, move, line, line])


def _colour(band: str, position: int) -> str:
    """Return the colour of a band such as "r", "zg", "V(GaiaSP)", "GaiaSP/V", "ATLAS(o)"."""
    inner = band.partition("(")[2].rstrip(")")
    parts = (band, band.partition("(")[0], inner, band.rpartition("/")[2], band[-1:], inner[-1:])
    return next((COLOURS[part] for part in parts if part in COLOURS), OTHERS[position % len(OTHERS)])


def _dates_above(axis: Axes) -> None:
    """Write calendar dates along the top, with the time where they would all be one date."""
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    def told(mjd: float, _position: int | None) -> str:
        left, right = axis.get_xlim()
        return _date(mjd, abs(right - left))

    above: Any = axis.secondary_xaxis("top")
    above.xaxis.set_major_locator(MaxNLocator(5))
    above.xaxis.set_major_formatter(FuncFormatter(told))
    above.tick_params(labelsize="small")


def _date(mjd: float, span: float) -> str:
    """Return a date as fine as an axis of so many days wants it; UTC."""
    from datetime import datetime, timedelta

    moment = datetime(1858, 11, 17) + timedelta(days=mjd)
    if span > DAYS:
        return f"{moment:%Y-%m-%d}"
    return f"{moment:%m-%d %H:%M}" if span > MINUTES else f"{moment:%m-%d %H:%M:%S}"
