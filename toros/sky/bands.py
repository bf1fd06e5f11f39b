"""Bands: what they are called, where they lie, and what separates Vega magnitudes from AB magnitudes in them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from toros.errors import BadValue

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

__all__ = ["BANDS", "Band", "ab_from_vega", "band_named", "vega_from_ab"]

BLANTON = "Blanton and Roweis 2007, AJ 133, 734, table 1"
TONRY_2012 = "Tonry and others 2012, ApJ 750, 99, table 4"
RIELLO = "Riello and others 2021, A&A 649, A3 (zero points of Gaia EDR3)"
JARRETT = "Jarrett and others 2011, ApJ 735, 112; Cutri and others 2012, WISE explanatory supplement, IV.4.h"
BREEVELD = "Poole and others 2008, MNRAS 383, 627 (wavelengths); Breeveld and others 2011, AIP 1358, 373 (offsets)"
MORRISSEY = "Morrissey and others 2007, ApJS 173, 682"
RICKER = "Ricker and others 2015, JATIS 1, 014003"
SVO = "Spanish Virtual Observatory, filter profile service"


@dataclass(frozen=True)
class Band:
    """A band of a photometric system.

    Attributes
    ----------
    name : str
        What we call it.
    wavelength : float
        Effective wavelength; nm. It moves by some nm with the colour of the source.
    system : {'AB', 'Vega'}
        Which its magnitudes usually are in.
    offset : float or None
        AB magnitude less Vega magnitude of the same light; None where we know of no published one.
    source : str
        Where the numbers are from.
    spellings : tuple of str
        Other names.
    """

    name: str
    wavelength: float
    system: str
    offset: float | None
    source: str
    spellings: tuple[str, ...] = ()


def _family(source: str, system: str, rows: Mapping[str, tuple[float, float | None, str]]) -> list[Band]:
    return [Band(name, nm, system, offset, source, tuple(also.split())) for name, (nm, offset, also) in rows.items()]


BANDS: tuple[Band, ...] = (
    *_family(
        BLANTON,
        "Vega",
        {
            "U": (357.1, 0.79, "johnsonU bessellU U(GaiaSP)"),
            "B": (434.4, -0.09, "johnsonB bessellB B(GaiaSP)"),
            "V": (545.6, 0.02, "johnsonV bessellV V(GaiaSP) ASASSN(V)"),
            "R": (644.2, 0.21, "cousinsR bessellR Rc R(GaiaSP)"),
            "I": (799.4, 0.45, "cousinsI bessellI Ic I(GaiaSP)"),
            "J": (1235.5, 0.91, "2MASS(J) 2MASSJ"),
            "H": (1645.8, 1.39, "2MASS(H) 2MASSH"),
            "Ks": (2160.3, 1.85, "2MASS(K) 2MASSK 2MASSKs"),
        },
    ),
    *_family(
        BLANTON,
        "AB",
        {
            "u": (354.6, 0.91, "SDSSu up u(GaiaSP) sloanu"),
            "g": (467.0, -0.08, "SDSSg gp g(GaiaSP) sloang ASASSN(g)"),
            "r": (615.6, 0.16, "SDSSr rp r(GaiaSP) sloanr"),
            "i": (747.2, 0.37, "SDSSi ip i(GaiaSP) sloani"),
            "z": (891.7, 0.54, "SDSSz zp zs z(GaiaSP) sloanz"),
        },
    ),
    *_family(
        TONRY_2012,
        "AB",
        {
            "PS1 g": (481.0, None, "PS1(g) PanSTARRSg"),
            "PS1 r": (617.0, None, "PS1(r) PanSTARRSr"),
            "PS1 i": (752.0, None, "PS1(i) PanSTARRSi"),
            "PS1 z": (866.0, None, "PS1(z) PanSTARRSz"),
            "PS1 y": (962.0, None, "PS1(y) PanSTARRSy"),
            "PS1 w": (608.0, None, "PS1(w) PanSTARRSw"),
        },
    ),
    *_family(
        SVO,
        "AB",
        {
            "ZTF g": (474.6, None, "ZTF(zg) zg ztfg"),
            "ZTF r": (636.6, None, "ZTF(zr) zr ztfr"),
            "ZTF i": (782.9, None, "ZTF(zi) zi ztfi"),
            "ATLAS c": (518.2, None, "ATLAS(c) cyan atlasc"),
            "ATLAS o": (663.0, None, "ATLAS(o) orange atlaso"),
            "LSST u": (375.1, None, "LSST(u) lsstu"),
            "LSST g": (474.2, None, "LSST(g) lsstg"),
            "LSST r": (617.3, None, "LSST(r) lsstr"),
            "LSST i": (750.2, None, "LSST(i) lssti"),
            "LSST z": (867.9, None, "LSST(z) lsstz"),
            "LSST y": (971.2, None, "LSST(y) lssty"),
        },
    ),
    *_family(
        RIELLO,
        "Vega",
        {
            "Gaia G": (621.8, 0.1136, "G GaiaDR3(G) GSA(G) GaiaAlerts(G)"),
            "Gaia BP": (511.0, 0.0155, "BP GBP GaiaDR3(BP) GaiaDR3(GBP)"),
            "Gaia RP": (776.9, 0.3561, "RP GRP GaiaDR3(RP) GaiaDR3(GRP)"),
        },
    ),
    *_family(
        JARRETT,
        "Vega",
        {
            "W1": (3352.6, 2.699, "WISE(W1) NEOWISE(W1)"),
            "W2": (4602.8, 3.339, "WISE(W2) NEOWISE(W2)"),
            "W3": (11560.8, 5.174, "WISE(W3)"),
            "W4": (22088.3, 6.620, "WISE(W4)"),
        },
    ),
    *_family(
        BREEVELD,
        "Vega",
        {
            "UVW2": (192.8, 1.73, "SWIFT(UVW2) uvotw2"),
            "UVM2": (224.6, 1.69, "SWIFT(UVM2) uvotm2"),
            "UVW1": (260.0, 1.51, "SWIFT(UVW1) uvotw1"),
            "UVOT U": (346.5, 1.02, "SWIFT(U)"),
            "UVOT B": (439.2, -0.13, "SWIFT(B)"),
            "UVOT V": (546.8, -0.01, "SWIFT(V)"),
        },
    ),
    *_family(MORRISSEY, "AB", {"FUV": (152.8, None, "GALEX(FUV)"), "NUV": (227.1, None, "GALEX(NUV)")}),
    *_family(RICKER, "Vega", {"TESS": (786.5, None, "TESS(T)")}),
)


def band_named(name: str) -> Band | None:
    """Return the band of a name, None if we do not know it.

    Parameters
    ----------
    name : str
        A name or another spelling. Spaces, brackets and signs do not matter; case does where it tells bands apart (U is
        not u, nor RP the r of "rp").
    """
    exact, loose = _by_spelling()
    bare = _bare(name)
    return exact.get(bare) or loose.get(bare.lower())


def _bare(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9]+", "", name)


@lru_cache(maxsize=1)
def _by_spelling() -> tuple[dict[str, Band], dict[str, Band]]:
    """Return bands by their spellings, and by those in lower case that are of one band only."""
    exact = {_bare(word): band for band in BANDS for word in (band.name, *band.spellings)}
    groups: dict[str, list[Band]] = {}
    for word, band in exact.items():
        groups.setdefault(word.lower(), []).append(band)
    return exact, {word: found[0] for word, found in groups.items() if len(set(found)) == 1}


def _offset(name: str) -> float:
    band = band_named(name)
    if band is None:
        known = ", ".join(one.name for one in BANDS if one.offset is not None)
        raise BadValue(f"band {name!r} is not known; Vega and AB magnitudes are converted in {known}")
    if band.offset is None:
        raise BadValue(f"band {band.name}: no offset between Vega and AB magnitudes is known; give {band.system}")
    return band.offset


def ab_from_vega(magnitude: ArrayLike, band: str) -> NDArray[np.float64]:
    """Return AB magnitudes of Vega magnitudes.

    Parameters
    ----------
    magnitude : array_like
        Vega magnitudes.
    band : str
        As `band_named` knows it.

    Raises
    ------
    BadValue
        The band is not known, or its offset is not.

    Notes
    -----
    Each band names the source of its offset, which holds for a source of Vega's colour in the published band.
    """
    import numpy as np

    return np.asarray(magnitude, dtype=np.float64) + _offset(band)


def vega_from_ab(magnitude: ArrayLike, band: str) -> NDArray[np.float64]:
    """Return Vega magnitudes of AB magnitudes: `ab_from_vega`, backwards."""
    import numpy as np

    return np.asarray(magnitude, dtype=np.float64) - _offset(band)
