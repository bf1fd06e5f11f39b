"""Which galaxy may have been the host: the best of a catalogue, each with its reasons."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal

from toros.alerts.candidates import Candidate, LeftOut, Ranking
from toros.alerts.galaxies.columns import FOUND
from toros.alerts.galaxies.completeness import EDGES, LIGHT_DENSITY
from toros.alerts.selection import Best, Selection, selections
from toros.alerts.skymap import distances
from toros.errors import BadValue

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from toros.alerts.galaxies import Galaxies
    from toros.alerts.skymap import Skymap

    Floats = NDArray[np.float64]
    Rows = NDArray[np.int64]

__all__ = ["rank_galaxies"]

FARTHEST = 3.0  # standard deviations from the map's distance beyond which a galaxy is no candidate
ROOT_TWO_PI = math.sqrt(2.0 * math.pi)
REASONS = ("", "its distance is not known", "it is too far", "the map's distance is not known there",
           "it is nearer than the map says there", "it is farther than the map says there")  # fmt: skip
UNKNOWN, BEYOND, UNMAPPED, NEARER, FARTHER = 1, 2, 3, 4, 5

Weight = Literal["none", "luminosity", "mass"]


def rank_galaxies(
    skymap: Skymap,
    galaxies: Galaxies,
    *,
    level: float = 0.9,
    max_distance: float = 500.0,
    weight: Weight = "none",
    completeness: bool = False,
    top: int = 100,
    told: int = 20,
    farthest: float = FARTHEST,
) -> Ranking:
    """Return the galaxies that may have been the host, the most probable first.

    Parameters
    ----------
    skymap : Skymap
        Where it happened.
    galaxies : Galaxies
        Those that are considered.
    level : float
        Only galaxies inside the smallest region that holds this probability; above 0, up to 1.
    max_distance : float
        Only galaxies up to here; Mpc.
    weight : str
        `luminosity` weighs galaxies by their light in B, `mass` by the mass of their stars: stand-ins for how many
        stars could have done it. A galaxy of which it is not known counts as the catalogue's median one.
    completeness : bool
        Count the light that the catalogue lacks at each distance as hosts too: shares are then probabilities, and
        `unseen` is what the catalogue cannot show. With `luminosity` only.
    top, told : int
        Most candidates that are returned, and most galaxies of the region whose reason for being left out is told:
        the brightest in the sky.
    farthest : float
        Only galaxies within so many standard deviations of the map's distance; infinite for all.

    Raises
    ------
    BadValue

    Notes
    -----
    The density of a galaxy is the map's probability per volume at its place (Singer et al. 2016, ApJL 829, L15,
    equation 2), averaged over the error of its distance: density * norm * Normal(d; mu, sqrt(sigma² + error²)); without
    distances, the probability per solid angle. The region on the sky comes first and the distance second: far from
    the event some cells' distributions peak near zero, where the probability per volume of a nearby galaxy exceeds
    that of every true candidate.
    """
    import numpy as np

    _check(galaxies, level, max_distance, weight, completeness, top, told, farthest)
    region = skymap.region(level)
    best, left = Best(top), Best(told)
    shown = "magnitude" if galaxies.about["typical"]["luminosity"] is not None else "distance"
    wanted = ["distance", "distance_error", shown] + ([] if weight == "none" else [weight])
    seen, plausible, total, counts = 0, 0, 0.0, np.zeros(len(REASONS), int)
    for part in selections(skymap, galaxies, np.flatnonzero(region), wanted):
        reason = _reasons(skymap, part, max_distance, farthest)
        kept = np.flatnonzero(reason == 0)
        density, deviation, cell = _densities(skymap, part, kept)
        weighed = density * _weights(galaxies, part, kept, weight)
        best.add(weighed, density, deviation, part.rows_at(kept), cell)
        _tell(left, part, reason, shown)
        seen, plausible, total = seen + reason.size, plausible + kept.size, total + float(weighed.sum())
        counts += np.bincount(reason, minlength=counts.size)
        if part.of_many:
            galaxies.release()
    missing = _missing_light(skymap, region, galaxies, max_distance) if completeness else 0.0
    notes = () if skymap.has_distance else ("the map says nothing of distances: only the direction counts",)
    whole = total + missing
    return Ranking(
        candidates=_candidates(skymap, galaxies, best, whole),
        in_region=seen,
        plausible=plausible,
        left_out=_left_out(skymap, galaxies, left, max_distance),
        left_out_counts={words: int(count) for words, count in zip(REASONS, counts, strict=True) if words and count},
        unseen=missing / whole if completeness and whole else None,
        notes=notes,
    )


def _check(
    galaxies: Galaxies, level: float, max_distance: float, weight: str, completeness: bool, top: int, told: int,
    farthest: float,
) -> None:  # fmt: skip
    if not 0.0 < level <= 1.0:
        raise BadValue(f"level = {level}; allowed: above 0, up to 1")
    if not max_distance > 0.0 or not farthest > 0.0:
        raise BadValue(f"max_distance = {max_distance} Mpc, farthest = {farthest} sigma; allowed: above 0")
    if top < 1 or told < 0:
        raise BadValue(f"top = {top}, told = {told}; allowed: 1 or more, 0 or more")
    if weight not in ("none", "luminosity", "mass"):
        raise BadValue(f"weight = {weight!r}; allowed: none, luminosity, mass")
    if weight != "none" and galaxies.about["typical"][weight] is None:
        raise BadValue(f"weight = {weight!r}; allowed for {galaxies.catalogue}, which knows it of no galaxy: others")
    if completeness and weight != "luminosity":
        raise BadValue(f"completeness with weight = {weight!r}; allowed: luminosity, of which it is known")


def _reasons(skymap: Skymap, part: Selection, max_distance: float, farthest: float) -> NDArray[np.uint8]:
    """Return why each galaxy is left out, a place in `REASONS`; 0 where it is not.

    Notes
    -----
    In single precision, without a root or a division: nearly all galaxies of a deep catalogue are done with here.
    """
    import numpy as np

    distance = part.column("distance")
    beyond = distance > max_distance
    if skymap.mu is None or skymap.sigma is None or skymap.norm is None:
        return np.where(beyond, np.uint8(BEYOND), np.uint8(0))
    mu = part.of_cell(np.where(skymap.norm[part.cells] > 0.0, skymap.mu[part.cells], np.nan).astype(np.float32))
    variance = part.of_cell((skymap.sigma[part.cells] ** 2).astype(np.float32)) + part.column("distance_error") ** 2
    away = distance - mu
    fits = (away**2 <= np.float32(min(farthest, 1e6) ** 2) * variance) & ~beyond
    reason = np.where(fits, np.uint8(0), np.uint8(NEARER) + (away > 0.0))
    reason[beyond] = BEYOND
    unknown = np.isnan(away)
    if unknown.any():
        reason[unknown] = UNMAPPED
        reason[np.isnan(distance)] = UNKNOWN
    return reason


def _densities(skymap: Skymap, part: Selection, kept: Rows) -> tuple[Floats, Floats, Rows]:
    """Return densities, deviations (NaN where the map has none) and cells of those galaxies that are kept."""
    import numpy as np

    cell = part.cells_at(kept)
    density = skymap.density[cell]
    if skymap.mu is None or skymap.sigma is None or skymap.norm is None:
        return density, np.full(kept.size, np.nan), cell
    rows = part.rows_at(kept)
    distance, error = (part.galaxies.columns[name][rows].astype(np.float64) for name in ("distance", "distance_error"))
    spread = np.hypot(skymap.sigma[cell], error)
    deviation = (distance - skymap.mu[cell]) / spread
    bell = np.exp(deviation**2 / -2.0) / (spread * ROOT_TWO_PI)
    return density * skymap.norm[cell] * bell, deviation, cell


def _weights(galaxies: Galaxies, part: Selection, kept: Rows, weight: str) -> Floats | float:
    """Return what the densities are weighed with: 1e10 solar luminosities or masses, or one."""
    import numpy as np

    if weight == "none":
        return 1.0
    values = part.galaxies.columns[weight][part.rows_at(kept)].astype(np.float64)
    values = np.where(np.isfinite(values), values, galaxies.about["typical"][weight])
    return np.asarray(10.0 ** (values - 10.0)) if weight == "mass" else values


def _missing_light(skymap: Skymap, region: NDArray[np.bool_], galaxies: Galaxies, max_distance: float) -> float:
    """Return the density times light of all galaxies in the region that the catalogue lacks.

    Notes
    -----
    The integral of (1 - completeness) times the universe's density of light times the probability per volume; in the
    same unit as the sum over galaxies.
    """
    import numpy as np

    if skymap.mu is None or skymap.sigma is None or skymap.norm is None:
        raise BadValue("completeness for a map that says nothing of distances; allowed: maps that do")
    known = region & (skymap.norm > 0.0)
    mu, sigma, held = skymap.mu[known], skymap.sigma[known], (skymap.probability * skymap.norm)[known]
    edges = np.minimum(np.append(np.array(EDGES, dtype=float), np.inf), max_distance)
    lacks = np.append(1.0 - galaxies.shells.completeness, 1.0)
    light = 0.0
    for near, far, lack in zip(edges[:-1], edges[1:], lacks, strict=True):
        if far > near and lack > 0.0:
            light += lack * float((held * distances.volume_between(near, far, mu, sigma)).sum())
    return LIGHT_DENSITY * light


def _tell(left: Best, part: Selection, reason: NDArray[np.uint8], shown: str) -> None:
    """Remember the brightest (or nearest) of the galaxies that are left out."""
    import numpy as np

    value = part.column(shown)
    out = np.flatnonzero((reason > 0) & (value < -left.least))
    left.add(-value[out].astype(np.float64), reason[out], part.rows_at(out), part.cells_at(out))


def _candidates(skymap: Skymap, galaxies: Galaxies, best: Best, whole: float) -> tuple[Candidate, ...]:
    import numpy as np

    if not best.kept:
        return ()
    galaxies.prefetch(galaxies.columns, *_pages(best.kept[3]))
    weight, density, deviation, row, cell = (each[np.argsort(-best.kept[0], kind="stable")] for each in best.kept)
    columns, levels, names = galaxies.columns, skymap.levels()[cell], galaxies.names(row)
    return tuple(
        Candidate(
            name=names[i],
            ra=float(columns["ra"][r]),
            dec=float(columns["dec"][r]),
            distance=_known(columns["distance"][r]),
            distance_error=_known(columns["distance_error"][r]),
            distance_found=FOUND[int(columns["found"][r])],
            magnitude=_known(columns["magnitude"][r]),
            luminosity=_known(columns["luminosity"][r]),
            mass=_known(columns["mass"][r]),
            share=float(weight[i] / whole) if whole else 0.0,
            density=float(density[i]),
            level=float(levels[i]),
            deviation=_known(deviation[i]),
        )
        for i, r in enumerate(row)
        if weight[i] > 0.0
    )


def _left_out(skymap: Skymap, galaxies: Galaxies, left: Best, max_distance: float) -> tuple[LeftOut, ...]:
    import numpy as np

    if not left.kept:
        return ()
    _, reason, row, cell = (each[np.argsort(-left.kept[0], kind="stable")] for each in left.kept)
    galaxies.prefetch(["name"], *_pages(row))
    distance, names = galaxies.columns["distance"][row], galaxies.names(row)
    found = []
    for i, code in enumerate(reason):
        words = REASONS[int(code)]
        if code == BEYOND:
            words = f"{distance[i]:.0f} Mpc is beyond the {max_distance:g} Mpc that are considered"
        elif code in (NEARER, FARTHER) and skymap.mu is not None and skymap.sigma is not None:
            mu, sigma = skymap.mu[cell[i]], skymap.sigma[cell[i]]
            words += f": {distance[i]:.0f} Mpc, not {max(mu, 0.0):.0f} ± {sigma:.0f} Mpc"
        found.append(LeftOut(names[i], words))
    return tuple(found)


def _pages(rows: Rows) -> tuple[Rows, Rows]:
    """Return rows as ranges that a catalogue can be asked for."""
    import numpy as np

    ordered = np.sort(rows)
    return ordered, ordered + 1


def _known(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
