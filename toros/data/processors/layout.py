"""Which column of a photometry table holds what: told from the columns' names, and said in the report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from toros.data.processors.options import PhotometryOptions, TimeFormat
from toros.errors import Permanent

__all__ = ["PER_WAVELENGTH", "Layout", "layout_of", "plain"]


@dataclass(frozen=True)
class Layout:
    """How a table is read.

    Attributes
    ----------
    name : str
        "TOM", "BHTOM" or "general".
    roles : mapping of role to column
        time, value, error, limit, band, facility, observer, source, system, flags; those that the table has.
    kind : {"magnitude", "flux"}
    time_format : {"mjd", "jd", "iso"}
    time_scale, time_reference : str
    minus_one_is_limit : bool
        An error of -1 marks an upper limit, as BHTOM writes them.
    factor : float
        From the table's unit to ours.
    """

    name: str
    roles: Mapping[str, str]
    kind: str
    unit: str
    time_format: TimeFormat
    time_scale: str
    time_reference: str
    minus_one_is_limit: bool = False
    factor: float = 1.0
    remarks: tuple[str, ...] = field(default=())


TIMES: Mapping[str, tuple[TimeFormat, str, str]] = {  # column: format, scale, reference; the first that is there
    "mjd": ("mjd", "utc", "observatory"), "obsmjd": ("mjd", "utc", "observatory"),
    "mjdobs": ("mjd", "utc", "observatory"), "time": ("mjd", "utc", "observatory"),
    "jd": ("jd", "utc", "observatory"), "hjd": ("jd", "utc", "heliocentre"),
    "bjdtdb": ("jd", "tdb", "barycentre"), "bjd": ("jd", "tdb", "barycentre"),
    "dateobs": ("iso", "utc", "observatory"), "date": ("iso", "utc", "observatory"),
    "utdate": ("iso", "utc", "observatory"),
}  # fmt: skip
MAGNITUDES = ("magnitude", "mag", "magpsf", "averagemag", "m")
MAGNITUDE_ERRORS = (
    "magnitudeerror",
    "magerr",
    "magerror",
    "error",
    "err",
    "emag",
    "dm",
    "dmag",
    "sigmapsf",
    "uncertainty",
)
FLUXES = ("flux", "fluxmjy", "fluxujy", "ujy", "flux20cm")
FLUX_ERRORS = ("fluxerr", "fluxerror", "eflux", "dujy", "flux20cmerror", "error", "err")
OTHERS: Mapping[str, tuple[str, ...]] = {
    "limit": ("limit", "limitingmag", "limmag", "diffmaglim", "limitmag", "maglim"),
    "band": ("filter", "band", "filtercode", "passband"),
    "facility": ("facility", "telescope", "observatory"),
    "observer": ("observer", "observers"),
    "source": ("source", "survey"),
    "system": ("magsys", "system", "photometricsystem"),
    "flags": ("catflags", "flags", "flag"),
}
PER_WAVELENGTH = "erg s-1 cm-2 Angstrom-1"
SPELLED = {  # that unit, as people write it
    f"erg{rest}" for rest in ("scm2a", "scm2aa", "scm2angstrom", "cm2sa", "cm2saa", "cm2sangstrom", "s1cm2angstrom1",
                              "s1cm2a1", "s1cm2aa1", "cm2s1a1", "cm2s1angstrom1", "angstromcm2s", "angstromscm2")
}  # fmt: skip
MICROJANSKY = {"ujy": 1.0, "microjy": 1.0, "mjy": 1e3, "jy": 1e6, "njy": 1e-3}


def plain(name: str) -> str:
    """Return a column's name as it is compared: small letters and digits."""
    return "".join(sign for sign in name.lower() if sign.isalnum())


def layout_of(columns: Sequence[str], options: PhotometryOptions, *, units: Mapping[str, str] | None = None) -> Layout:
    """Tell from the names of the columns what each holds.

    Raises
    ------
    Permanent
        There is no column of the time, none of the filter, none of a magnitude or flux, or a flux has no unit.
    """
    named: dict[str, str] = {}
    for column in columns:
        if plain(column) in named:
            raise Permanent(f"two columns are called {column!r}")
        named[plain(column)] = column
    time = next((name for name in TIMES if name in named), None)
    if time is None:
        raise Permanent(f"no column holds the time; there is {_listed(columns)}; allowed: {', '.join(TIMES)}")
    kind, value, error = _quantity(named, columns, options)
    format_, scale, reference = TIMES[time]
    roles = {"time": named[time], "value": named[value]} | ({"error": named[error]} if error else {})
    for role, names in OTHERS.items():
        first = next((named[name] for name in names if name in named), None)
        if first is not None:
            roles[role] = first
    if "band" not in roles and not options.band:
        raise Permanent(f"filter: no column holds the filter, give filter; there is {_listed(columns)}")
    bhtom = {"mjd", "magnitude", "error", "facility", "filter", "observer"} <= set(named)
    tom = {"time", "filter", "magnitude"} <= set(named)
    name = "BHTOM" if bhtom else "TOM" if tom else "general"
    unit, factor = ("mag", 1.0) if kind == "magnitude" else _flux_unit(value, named[value], units or {}, options)
    return Layout(
        name=name, roles=roles, kind=kind, unit=unit, factor=factor,
        time_format=options.time_format or format_,
        time_scale=options.time_scale or scale,
        time_reference=options.time_reference or reference,
        minus_one_is_limit=bhtom,
        remarks=_remarks(name, roles, options.time_format or format_, columns),
    )  # fmt: skip


def _quantity(
    named: Mapping[str, str], columns: Sequence[str], options: PhotometryOptions
) -> tuple[str, str, str | None]:
    """Return the kind, and the columns of the value and of its error."""
    for kind, values, errors in (("magnitude", MAGNITUDES, MAGNITUDE_ERRORS), ("flux", FLUXES, FLUX_ERRORS)):
        value = next((name for name in values if name in named), None)
        if value is not None and options.quantity in (None, kind):
            return kind, value, next((name for name in errors if name in named), None)
    raise Permanent(
        f"no column holds a {options.quantity or 'magnitude or flux'}; there is {_listed(columns)}; "
        f"allowed: {', '.join(MAGNITUDES)}; {', '.join(FLUXES)}"
    )


def _flux_unit(value: str, column: str, units: Mapping[str, str], options: PhotometryOptions) -> tuple[str, float]:
    """Return our unit of a flux and the factor to it."""
    said = units.get(column) or options.unit or value.removeprefix("flux")
    if said == "counts":
        return "counts", 1.0
    if plain(said) in SPELLED:
        return PER_WAVELENGTH, 1.0
    factor = MICROJANSKY.get(plain(said))
    if factor is None:
        known = "uJy, mJy, Jy, erg/s/cm2/AA or counts"
        raise Permanent(f"the flux in column {column!r} has no unit that is known; give unit: {known}")
    return "uJy", factor


def _remarks(name: str, roles: Mapping[str, str], format_: str, columns: Sequence[str]) -> tuple[str, ...]:
    taken = ", ".join(f"{role} from {column!r}" for role, column in roles.items())
    left = [column for column in columns if column not in roles.values()]
    said = [f"layout {name}: {taken}"]
    if format_ == "jd":
        said.append(f"the times in {roles['time']!r} are Julian dates, kept as MJD")
    if left:
        said.append(f"not taken: {_listed(left)}")
    return tuple(said)


def _listed(columns: Sequence[str]) -> str:
    return ", ".join(repr(column) for column in columns[:20]) + (" …" if len(columns) > 20 else "")
