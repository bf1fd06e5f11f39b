"""What came of a ranking: the candidates, and why others are none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, overload

__all__ = ["Candidate", "LeftOut", "Ranking"]


@dataclass(frozen=True)
class Candidate:
    """A galaxy that may have been the host.

    Attributes
    ----------
    name : str
        As the catalogue writes it.
    ra, dec : float
        ICRS; degrees.
    distance, distance_error : float or None
        Mpc; None where not known, which happens only where the map says nothing of distances.
    magnitude : float or None
        Apparent B magnitude.
    share : float
        Probability that it is the host if one of the plausible galaxies is (or, corrected for completeness, one of
        those that the catalogue lacks): all shares add up to one.
    level : float
        Credible level of its place on the sky: 0 at the most probable place, 0.9 on the rim of the 90 % region.
    deviation : float or None
        Distance from the map's in its direction; standard deviations, both errors taken together.
    density : float
        Probability per volume at its place, Mpc**-3; per steradian where the map says nothing of distances.
    luminosity : float or None
        In B; 1e10 of the sun's.
    mass : float or None
        Decimal logarithm of the mass of its stars in the sun's.
    distance_found : str
        How its distance was found.
    """

    name: str
    ra: float
    dec: float
    distance: float | None
    magnitude: float | None
    share: float
    level: float
    deviation: float | None
    density: float = 0.0
    distance_error: float | None = None
    luminosity: float | None = None
    mass: float | None = None
    distance_found: str = "not known"

    def reasons(self) -> list[str]:
        """Return why it stands where it stands, in plain words."""
        words = [f"inside the {100 * self.level:.0f} % region"]
        if self.distance is None:
            words.append("its distance is not known, nor does the map say one")
        elif self.deviation is None:
            words.append(f"{self.distance:.0f} Mpc away; the map says nothing of distances")
        else:
            side = "nearer" if self.deviation < 0 else "farther"
            words.append(
                f"{self.distance:.0f} Mpc away, {abs(self.deviation):.1f} sigma {side} than the map says there"
            )
        words.append("B magnitude not known" if self.magnitude is None else f"B = {self.magnitude:.1f}")
        words.append(f"{100 * self.share:.1f} % of the candidates' probability")
        return words

    def plain(self) -> dict[str, Any]:
        """Return it as plain values, its reasons in words; what is not known is left out."""
        found = {
            "name": self.name,
            "ra": self.ra,
            "dec": self.dec,
            "distance_mpc": self.distance,
            "distance_error_mpc": self.distance_error,
            "distance_found": self.distance_found,
            "luminosity_1e10_lsun": self.luminosity,
            "log_mass_msun": self.mass,
            "probability": self.share,
            "reasons": self.reasons(),
        }
        return {name: value for name, value in found.items() if value is not None}


@dataclass(frozen=True)
class LeftOut:
    """A galaxy of the region that is no candidate, and why."""

    name: str
    reason: str


@dataclass(frozen=True)
class Ranking(Sequence[Candidate]):
    """What came of a ranking: the candidates, and why others are none.

    Attributes
    ----------
    candidates : tuple of Candidate
        The most probable first.
    in_region : int
        Galaxies of the catalogue in the region.
    plausible : int
        Of these, with a distance that fits; their best are the candidates.
    left_out : tuple of LeftOut
        The brightest of the others.
    left_out_counts : mapping of str to int
        How many were left out for which reason.
    unseen : float or None
        Probability that the host is in the region and the catalogue lacks it; None where it was not asked for.
    notes : tuple of str
        What was taken for granted.
    """

    candidates: tuple[Candidate, ...] = ()
    in_region: int = 0
    plausible: int = 0
    left_out: tuple[LeftOut, ...] = ()
    left_out_counts: Mapping[str, int] = field(default_factory=dict)
    unseen: float | None = None
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.candidates)

    @overload
    def __getitem__(self, place: int) -> Candidate: ...

    @overload
    def __getitem__(self, place: slice) -> tuple[Candidate, ...]: ...

    def __getitem__(self, place: int | slice) -> Candidate | tuple[Candidate, ...]:
        return self.candidates[place]
