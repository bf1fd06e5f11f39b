"""The steps of a recipe as one pass over the rows of a frame: what is done to each row, in which order."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from toros.errors import BadFrame
from toros.reduction.amplifier import Amplifier, mosaic_shape
from toros.reduction.recipe import Step
from toros.reduction.section import Section

if TYPE_CHECKING:
    from toros.reduction.planes import Rows

__all__ = ["CHAINED", "Chain", "Planes", "chain_of"]

METHODS = ("median", "mean", "trimmed_mean")
MODELS = ("rows", "constant")


_ROLES = {"subtract_bias": "bias", "subtract_dark": "dark", "flat_correct": "flat", "mask_bad_pixels": "bad_pixels"}


@dataclass
class Planes:
    """An image with its uncertainty and mask, each given some rows at a time.

    Attributes
    ----------
    image : Rows
    error : Rows or None
        One standard deviation.
    mask : Rows or None
        Not zero is bad.
    """

    image: Rows
    error: Rows | None = None
    mask: Rows | None = None


@dataclass
class Chain:
    """What is done to each row of a frame.

    Attributes
    ----------
    amplifiers : tuple of Amplifier
        Where the pixels lie and where they go; one where the detector has one read-out.
    order : list of str
        Names of the steps that change numbers, in order.
    method, model : str
        How an overscan's level is measured, and whether row by row or once.
    saturation, gain, noise_gain, read_noise : tuple of float
        Of each amplifier: counts, electrons per count, electrons.
    coefficients : tuple of float
        Of the step "linearize".
    dark_scale : float
    without_bias : bool
        The bias is taken out of the dark first.
    flat_level : float
        What the flat is divided by.
    """

    amplifiers: tuple[Amplifier, ...]
    order: list[str] = field(default_factory=list)
    method: str = "median"
    model: str = "rows"
    saturation: tuple[float, ...] = ()
    gain: tuple[float, ...] = ()
    noise_gain: tuple[float, ...] = ()
    read_noise: tuple[float, ...] = ()
    coefficients: tuple[float, ...] = ()
    dark_scale: float = 1.0
    without_bias: bool = False
    flat_level: float = 1.0

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of the calibrated image."""
        return mosaic_shape(self.amplifiers)

    @property
    def roles(self) -> list[str]:
        """Masters that are used: of "bias", "dark", "flat", "bad_pixels"."""
        roles = [_ROLES[name] for name in self.order if name in _ROLES]
        return [*roles, "bias"] if self.without_bias and "bias" not in roles else roles

    def spread(self, value: Any) -> tuple[float, ...]:
        """Return one number for each amplifier.

        Raises
        ------
        BadFrame
            A list has not one for each.
        """
        number = len(self.amplifiers)
        given = [float(v) for v in value] if isinstance(value, (list, tuple)) else [float(value)] * number
        if len(given) != number:
            raise BadFrame(f"its recipe gives {len(given)} numbers for {number} amplifiers")
        return tuple(given)


def chain_of(steps: Sequence[Step], raw_shape: tuple[int, int], position: int = 0) -> Chain:
    """Return the chain that steps make.

    Parameters
    ----------
    steps : sequence of Step
        Those of `CHAINED`.
    raw_shape : (int, int)
        Rows and columns of the raw array.
    position : int
        Which of the recipe's frames this is, from 0; for options that differ from frame to frame.

    Raises
    ------
    BadFrame
        A step is not known, comes twice, or its options do not fit.
    """
    chain = Chain(_amplifiers(steps, raw_shape))
    seen: set[str] = set()
    for step in steps:
        if step.name not in CHAINED:
            raise BadFrame(f"its recipe has a step {step.name!r}, which this version does not know")
        if step.name in seen:
            raise BadFrame(f"its recipe has the step {step.name!r} twice")
        seen.add(step.name)
        try:
            CHAINED[step.name](chain, step.options, position)
        except (KeyError, TypeError, ValueError, IndexError) as error:
            raise BadFrame(f"its recipe's step {step.name!r} cannot be read: {type(error).__name__} {error}") from None
        if step.name not in ("mask_pixels", "trim_image", "mosaic_amplifiers"):
            chain.order.append(step.name)
    for name in ("saturation", "gain", "noise_gain", "read_noise"):
        if not getattr(chain, name):
            setattr(chain, name, chain.spread(float("inf") if name == "saturation" else 1.0))
    return chain


def _amplifiers(steps: Sequence[Step], raw_shape: tuple[int, int]) -> tuple[Amplifier, ...]:
    """Return where pixels lie and go: from the sections of the steps, else the whole array as it is."""
    options = {step.name: step.options for step in steps}
    over, mosaic = options.get("subtract_overscan", {}), options.get("mosaic_amplifiers")
    whole = Section(1, raw_shape[1], 1, raw_shape[0])
    if mosaic is not None:
        overscans = over.get("sections") or [None] * len(mosaic["amplifiers"])
        found = [
            Amplifier(_section(data), strip and _section(strip), _section(place), "rows" in flip, "columns" in flip)
            for (data, place, flip), strip in zip(mosaic["amplifiers"], overscans, strict=True)
        ]
    else:
        trim = options.get("trim_image")
        data = _section(trim["section"]) if trim else whole
        strip = over.get("section")
        rows, columns = data.shape
        found = [Amplifier(data, _section(strip) if strip else None, Section(1, columns, 1, rows))]
    for one in found:
        for section in (one.data, one.overscan):
            if section is not None and (section.right > raw_shape[1] or section.top > raw_shape[0]):
                raise BadFrame(
                    f"its recipe's section {section} reaches beyond its {raw_shape[1]} x {raw_shape[0]} array"
                )
    return tuple(found)


def _section(text: str) -> Section:
    left, right, bottom, top = (int(n) for n in text.strip("[]").replace(",", ":").split(":"))
    return Section(left, right, bottom, top)


def _mask_pixels(chain: Chain, options: Mapping[str, Any], position: int) -> None:  # noqa: ARG001
    """Mark pixels without a value, and those at or above `saturation` (counts; one number, or one an amplifier)."""
    if options.get("saturation") is not None:
        chain.saturation = chain.spread(options["saturation"])


def _subtract_overscan(chain: Chain, options: Mapping[str, Any], position: int) -> None:  # noqa: ARG001
    """Subtract the level of the overscan.

    Options
    -------
    section : str, or sections : list of str or None
        Where it lies in the raw array; one for each amplifier.
    method : {"median", "mean", "trimmed_mean"}
        The trimmed mean leaves out the least and the greatest pixel.
    model : {"rows", "constant"}
        One level for each row (each column where the strip lies along the rows), or one for all.
    """
    chain.method, chain.model = options.get("method", "median"), options.get("model", "rows")
    if chain.method not in METHODS or chain.model not in MODELS:
        raise ValueError(f"method {chain.method!r}, model {chain.model!r}")


def _nothing(chain: Chain, options: Mapping[str, Any], position: int) -> None:
    """Do what the sections say: they are read with the amplifiers."""


def _linearize(chain: Chain, options: Mapping[str, Any], position: int) -> None:  # noqa: ARG001
    """Return counts x to what the light was: x (1 + c1 x + c2 x**2 ...); `coefficients` are c1, c2 ..."""
    chain.coefficients = tuple(float(c) for c in options["coefficients"])


def _gain_correct(chain: Chain, options: Mapping[str, Any], position: int) -> None:  # noqa: ARG001
    """Turn counts into electrons by `gain` (electrons per count; one number, or one an amplifier)."""
    chain.gain = chain.spread(options["gain"])


def _create_deviation(chain: Chain, options: Mapping[str, Any], position: int) -> None:  # noqa: ARG001
    """Add photon and read noise to the uncertainty.

    It comes after the bias: photons make noise, the bias level does not. What the bias brought along is kept: the
    variances add.

    Options
    -------
    gain : float or list of float
        Electrons per count; 1 where the counts are electrons already.
    read_noise : float or list of float
        Electrons.
    """
    chain.noise_gain, chain.read_noise = chain.spread(options["gain"]), chain.spread(options["read_noise"])


def _subtract_dark(chain: Chain, options: Mapping[str, Any], position: int) -> None:
    """Subtract the dark, scaled by exposure time where asked.

    Options
    -------
    dark_exposure : float
        Seconds.
    data_exposure : float or list of float
        Seconds; a list has one for each frame.
    scale : bool
    without_bias : bool
        The dark still holds the bias: that is taken out of it first.
    """
    exposure = options["data_exposure"]
    exposure = exposure[position] if isinstance(exposure, list) else exposure
    chain.dark_scale = exposure / options["dark_exposure"] if options["scale"] else 1.0
    chain.without_bias = bool(options.get("without_bias"))


def _flat_correct(chain: Chain, options: Mapping[str, Any], position: int) -> None:  # noqa: ARG001
    """Divide by the flat over `norm_value`; where it has no light there is no value."""
    chain.flat_level = float(options["norm_value"])


CHAINED: Mapping[str, Callable[[Chain, Mapping[str, Any], int], None]] = {
    "mask_pixels": _mask_pixels,
    "subtract_overscan": _subtract_overscan,
    "trim_image": _nothing,
    "mosaic_amplifiers": _nothing,
    "linearize": _linearize,
    "subtract_bias": _nothing,
    "create_deviation": _create_deviation,
    "subtract_dark": _subtract_dark,
    "flat_correct": _flat_correct,
    "mask_bad_pixels": _nothing,
    "gain_correct": _gain_correct,
}
