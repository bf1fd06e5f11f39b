"""Alerts of our own making, in the exact format of LVK's, around a real galaxy: for rehearsals and tests."""

from __future__ import annotations

import base64
import io
import json
import math
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from toros.alerts.galaxies import open_ngc
from toros.alerts.projections import Gnomonic

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["mock_event_name", "mock_gwalert", "mock_retraction", "mock_skymap"]

COARSEST, ROUNDS, REFINED = 4, 7, 768  # BAYESTAR's mesh: 3072 cells, seven times the best 768 in four: 19 200
LONG_AXIS, SHORT_AXIS = 3.0, 0.75  # degrees, standard deviations: a 90 % region of some 33 square degrees
SPREAD = 0.2  # of the distance
STREAM = 6  # of random numbers, apart from those that others draw with the same seed
DELAY = timedelta(seconds=29.4)  # between event and alert, as for S230520ae


def mock_gwalert(
    galaxy: str = "NGC4993", seed: int = 1, at: datetime | None = None, *, alert_type: str = "PRELIMINARY"
) -> str:
    """Return the JSON text of a mock alert: a binary neutron star in a galaxy, localised to some 33 square degrees.

    Parameters
    ----------
    galaxy : str
        Where it happens: a galaxy of OpenNGC with a redshift.
    seed : int
        Chooses the event's letters, where the galaxy lies inside the region, and how the region is turned.
    at : datetime, optional
        When the alert is written, timezone-aware; now by default. The event was 29.4 s before.
    alert_type : str
        EARLYWARNING, PRELIMINARY, INITIAL or UPDATE.

    Raises
    ------
    KeyError
        There is no such galaxy.
    """
    at = (at or datetime.now(UTC)).astimezone(UTC)
    event, happened = mock_event_name(at, seed), at - DELAY
    skymap = mock_skymap(galaxy, seed, happened, event=event)
    return json.dumps(
        {
            "alert_type": alert_type,
            "time_created": f"{at:%Y-%m-%dT%H:%M:%SZ}",
            "superevent_id": event,
            "urls": {"gracedb": f"https://example.org/superevents/{event}/view/"},
            "event": {
                "time": happened.strftime("%Y-%m-%dT%H:%M:%S.") + f"{happened.microsecond // 1000:03d}Z",
                "far": 9.11069936486e-14,
                "significant": True,
                "instruments": ["H1", "L1", "V1"],
                "group": "CBC",
                "pipeline": "gstlal",
                "search": "MDC",
                "properties": {"HasNS": 0.95, "HasRemnant": 0.91, "HasMassGap": 0.01},
                "classification": {"BNS": 0.95, "NSBH": 0.01, "BBH": 0.03, "Terrestrial": 0.01},
                "duration": None,
                "central_frequency": None,
                "skymap": base64.b64encode(skymap).decode("ascii"),
            },
            "external_coinc": None,
        },
        indent=4,
    )


def mock_retraction(event: str, at: datetime | None = None) -> str:
    """Return the JSON text that takes an event back.

    Parameters
    ----------
    event : str
        Its name, as `mock_event_name` made it.
    at : datetime, optional
        When the retraction is written, timezone-aware; now by default.
    """
    at = (at or datetime.now(UTC)).astimezone(UTC)
    return json.dumps(
        {
            "alert_type": "RETRACTION",
            "time_created": f"{at:%Y-%m-%dT%H:%M:%SZ}",
            "superevent_id": event,
            "urls": {"gracedb": f"https://example.org/superevents/{event}/view/"},
            "event": None,
            "external_coinc": None,
        },
        indent=4,
    )


def mock_event_name(at: datetime, seed: int = 1) -> str:
    """Return the name of a mock event: MS, the day in UTC, letters from the seed."""
    first, second = divmod(seed % 676, 26)
    return f"MS{at.astimezone(UTC):%y%m%d}{chr(97 + first)}{chr(97 + second)}"


def mock_skymap(galaxy: str, seed: int, happened: datetime, *, event: str) -> bytes:
    """Return a multi-order map as FITS bytes: columns, keys and mesh of BAYESTAR's, its values of our own making.

    Parameters
    ----------
    galaxy : str
        A galaxy of OpenNGC with a redshift; it lies inside the 68 % region.
    seed : int
        As in `mock_gwalert`.
    happened : datetime
        When the event was; UTC.
    event : str
        Its name.
    """
    import numpy as np

    galaxies = open_ngc()
    row = galaxies.row(galaxy)
    ra, dec, distance = (float(galaxies.columns[name][row]) for name in ("ra", "dec", "distance"))
    random = np.random.default_rng((seed, STREAM))
    turn, off_long, off_short, farther = random.uniform((0, -1, -1, -0.5), (math.pi, 1, 1, 0.5))
    about_galaxy = Gnomonic(ra, dec)
    along, across = off_long * LONG_AXIS, off_short * SHORT_AXIS
    x, y = along * math.cos(turn) - across * math.sin(turn), along * math.sin(turn) + across * math.cos(turn)

    def exponent(order: NDArray[np.int64], cell: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return half the squared distance from the middle of the region, in standard deviations."""
        east, north = about_galaxy.plane(*_centres(order, cell))
        east, north = east - x, north - y
        along, across = east * math.cos(turn) + north * math.sin(turn), north * math.cos(turn) - east * math.sin(turn)
        half_square = ((along / LONG_AXIS) ** 2 + (across / SHORT_AXIS) ** 2) / 2.0
        return np.asarray(np.nan_to_num(half_square, nan=600.0))

    order, cell = _mesh(exponent)
    depth = np.minimum(exponent(order, cell), 600.0)
    density = np.exp(-depth) + 1e-12
    density /= (density * np.pi / 3.0 / 4.0**order).sum()
    most_probable = distance * (1.0 + farther * SPREAD)
    mu = most_probable * (1.0 - 0.15 * (1.0 - np.exp(-depth)))  # an event off the middle would have been nearer
    sigma = np.full_like(mu, SPREAD * most_probable)
    return _fits(order, cell, density, mu, sigma, happened, event)


def _mesh(exponent: Any) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return orders and nested indices of cells, finest where most probability is, in the order of UNIQ."""
    import numpy as np

    cell = np.arange(12 * 4**COARSEST, dtype=np.int64)
    order = np.full_like(cell, COARSEST)
    for _ in range(ROUNDS):
        held = -exponent(order, cell) - math.log(4.0) * order
        best = np.argsort(-held, kind="stable")[:REFINED]
        parts = (4 * cell[best, None] + np.arange(4)).ravel()
        cell = np.concatenate([np.delete(cell, best), parts])
        order = np.concatenate([np.delete(order, best), np.repeat(order[best] + 1, 4)])
    ranking = np.argsort(4 ** (order + 1) + cell)
    return order[ranking], cell[ranking]


def _centres(order: NDArray[np.int64], cell: NDArray[np.int64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    from astropy_healpix import healpix_to_lonlat

    lon, lat = healpix_to_lonlat(cell, 2**order, order="nested")
    return lon.deg, lat.deg


def _fits(
    order: NDArray[np.int64], cell: NDArray[np.int64], density: NDArray[np.float64], mu: NDArray[np.float64],
    sigma: NDArray[np.float64], happened: datetime, event: str,
) -> bytes:  # fmt: skip
    """Return the table as FITS bytes."""
    import astropy.io.fits as fits
    import numpy as np

    norm = 1.0 / (mu**2 + sigma**2)  # sigma is a fifth of mu: what lies below zero is a few parts in ten million
    weight = density * np.pi / 3.0 / 4.0**order
    mean = float((weight * norm * (mu**3 + 3 * mu * sigma**2)).sum())
    square = float((weight * norm * (mu**4 + 6 * mu**2 * sigma**2 + 3 * sigma**4)).sum())
    table = fits.BinTableHDU.from_columns(
        [
            fits.Column("UNIQ", "K", array=4 ** (order + 1) + cell),
            fits.Column("PROBDENSITY", "D", unit="sr-1", array=density),
            fits.Column("DISTMU", "D", unit="Mpc", array=mu),
            fits.Column("DISTSIGMA", "D", unit="Mpc", array=sigma),
            fits.Column("DISTNORM", "D", unit="Mpc-2", array=norm),
        ]
    )
    header = table.header
    for key, value, comment in (
        ("PIXTYPE", "HEALPIX", "HEALPIX pixelisation"),
        ("ORDERING", "NUNIQ", "Pixel ordering scheme: RING, NESTED, or NUNIQ"),
        ("COORDSYS", "C", "Ecliptic, Galactic or Celestial (equatorial)"),
        ("MOCORDER", int(np.max(order)), "MOC resolution (best order)"),
        ("INDXSCHM", "EXPLICIT", "Indexing: IMPLICIT or EXPLICIT"),
        ("OBJECT", event, "Unique identifier for this event"),
        ("REFERENC", f"https://example.org/superevents/{event}/view/", "URL of this event"),
        ("INSTRUME", "H1,L1,V1", "Instruments that triggered this event"),
        ("DATE-OBS", _fits_time(happened), "UTC date of the observation"),
        ("MJD-OBS", _mjd(happened), "modified Julian date of the observation"),
        ("DATE", _fits_time(happened + DELAY), "UTC date of file creation"),
        ("CREATOR", "TOROS mock", "Program that created this file"),
        ("ORIGIN", "TOROS rehearsal", "Organization responsible for this FITS file"),
        ("RUNTIME", 1.0, "Runtime in seconds of the CREATOR program"),
        ("DISTMEAN", mean, "Posterior mean distance (Mpc)"),
        ("DISTSTD", math.sqrt(square - mean**2), "Posterior standard deviation of distance (Mpc)"),
        ("LOGBCI", 13.6, "Log Bayes factor: coherent vs. incoherent"),
        ("LOGBSN", 261.0, "Log Bayes factor: signal vs. noise"),
        ("VCSVERS", "TOROS", "Software version"),
    ):  # fmt: skip
        header[key] = (value, comment)
    content = io.BytesIO()
    fits.HDUList([fits.PrimaryHDU(), table]).writeto(content)
    return content.getvalue()


def _fits_time(moment: datetime) -> str:
    return moment.replace(tzinfo=None).isoformat(timespec="microseconds")


def _mjd(moment: datetime) -> float:
    return (moment - datetime(1858, 11, 17, tzinfo=UTC)).total_seconds() / 86400.0
