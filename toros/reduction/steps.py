"""The steps of a recipe: what each writes into the header, its masters, and those that need a whole image."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from toros.errors import BadFrame
from toros.reduction.chain import CHAINED, Planes
from toros.reduction.flags import Flag
from toros.reduction.planes import AnyOf

if TYPE_CHECKING:
    from astropy.io.fits import Header
    from ccdproc import CCDData

    from toros.reduction.frame import OpenFrame
    from toros.reduction.recipe import Input, Step

__all__ = ["Shelf", "chained", "do_step", "write_cards"]


class Shelf:
    """The masters of a recipe, each opened when it is asked for, and read a few rows at a time.

    Parameters
    ----------
    inputs : iterable of Input
        The recipe's masters.
    open_input : callable
        Opens the file of an input, for as long as the stack lives.
    files : ExitStack
        What keeps files open.
    with_errors : bool
        Whether the masters' own uncertainties are used; not where frames are combined: there the scatter of the
        frames says it all, but for what is common to them.
    """

    def __init__(
        self, inputs: Iterable[Input], open_input: Callable[[Input, ExitStack], OpenFrame], files: ExitStack, *,
        with_errors: bool,
    ) -> None:  # fmt: skip
        self._inputs: dict[str, list[Input]] = {}
        for item in inputs:
            self._inputs.setdefault(item.role, []).append(item)
        self._open = open_input
        self._files = files
        self._with_errors = with_errors
        self._planes: dict[str, Planes] = {}

    def planes(self, roles: Iterable[str]) -> Mapping[str, Planes]:
        """Return the masters of these roles, those that the recipe names."""
        for role in roles:
            if role not in self._planes and role in self._inputs:
                opened = [self._open(item, self._files) for item in self._inputs[role]]
                if role == "bad_pixels":
                    bad = AnyOf([one.image for one in opened])
                    self._planes[role] = Planes(bad, mask=bad)
                else:
                    error = opened[0].uncertainty if self._with_errors else None
                    self._planes[role] = Planes(opened[0].image, error, opened[0].mask)
        return self._planes

    def card(self, role: str) -> str:
        """Return what the header says about the master of a role."""
        if role not in self._inputs:
            raise BadFrame(f"its recipe asks for a master {role} and names none")
        return ", ".join(
            f"master={item.name.encode('ascii', 'replace').decode()}, sha256={item.sha256[:16]}"
            for item in self._inputs[role]
        )


def chained(steps: Sequence[Step]) -> tuple[Sequence[Step], Sequence[Step]]:
    """Return the steps that go over rows, which come first, and those that need the whole image."""
    number = next((n for n, step in enumerate(steps) if step.name not in CHAINED), len(steps))
    return steps[:number], steps[number:]


def do_step(ccd: CCDData, step: Step) -> CCDData:
    """Return the image after a step that needs all of it.

    Raises
    ------
    BadFrame
        This version does not know the step.
    """
    if step.name != "cosmicray_lacosmic":
        raise BadFrame(f"its recipe has a step {step.name!r}, which this version does not know")
    return _cosmicray_lacosmic(ccd, step.options)


def _cosmicray_lacosmic(ccd: CCDData, options: Mapping[str, Any]) -> CCDData:
    """Replace cosmic rays and mask them (van Dokkum 2001, PASP 113, 1420).

    Options
    -------
    sigclip, objlim : float
    niter : int
    gain : float
        Electrons per unit of the image.
    read_noise : float
        Electrons.
    """
    from toros.reduction.cosmic_rays import find_cosmic_rays

    # saturated stars have edges as sharp as a cosmic ray's, and cosmic rays can saturate: what is full is left alone
    found = find_cosmic_rays(
        ccd.data,
        mask=ccd.mask,
        gain=options.get("gain", 1.0),
        read_noise=options["read_noise"],
        sigma_clip=options["sigclip"],
        object_limit=options["objlim"],
        rounds=options["niter"],
        in_place=True,
    )
    ccd.data = found.cleaned
    ccd.flags[found.mask] |= int(Flag.COSMIC_RAY)
    ccd.mask |= found.mask
    ccd.meta["LACOSMIC"] = (found.count, "pixels replaced as cosmic rays")
    return ccd


def write_cards(meta: Header, steps: Iterable[Step], shelf: Shelf, position: int = 0) -> None:
    """Write each step and its arguments, as ccdproc writes its own: HIERARCH SUBTRACT_BIAS = 'subbias', SUBBIAS = ...

    Parameters
    ----------
    meta : Header
        Written to.
    steps : iterable of Step
        Those that were done.
    shelf : Shelf
        Says which masters they used.
    position : int
        Which of the recipe's frames it was done to.
    """
    for step in steps:
        if step.name in _CARDS:
            short, say = _CARDS[step.name]
            meta[f"HIERARCH {step.name.upper()}"] = (short, "Shortened name for ccdproc command")
            meta[short] = say(step.options, shelf, position)


def _say_options(options: Mapping[str, Any], shelf: Shelf, position: int) -> str:  # noqa: ARG001
    return ", ".join(f"{key}={_brief(value)}" for key, value in options.items())


def _brief(value: Any) -> str:
    """Return an option; of a long list only how long it is: TSTEPn has it all."""
    return f"{len(value)} amplifiers" if isinstance(value, list) and len(str(value)) > 200 else str(value)


def _say_overscan(options: Mapping[str, Any], shelf: Shelf, position: int) -> str:  # noqa: ARG001
    where = options.get("section") or f"{len(options['sections'])} amplifiers"
    return f"fits_section={where}, method={options.get('method', 'median')}, model={options.get('model', 'rows')}"


def _say_dark(options: Mapping[str, Any], shelf: Shelf, position: int) -> str:
    exposure = options["data_exposure"]
    exposure = exposure[position] if isinstance(exposure, list) else exposure
    return (
        f"{shelf.card('dark')}, dark_exposure={options['dark_exposure']}, data_exposure={exposure}, "
        f"scale={options['scale']}"
    )


_CARDS: Mapping[str, tuple[str, Callable[[Mapping[str, Any], Shelf, int], str]]] = {
    "subtract_overscan": ("suboscan", _say_overscan),
    "trim_image": ("trimim", lambda options, shelf, position: f"fits_section={options['section']}"),
    "mosaic_amplifiers": (
        "mosaic",
        lambda options, shelf, position: f"{len(options['amplifiers'])} amplifiers",
    ),
    "linearize": ("lineariz", _say_options),
    "mask_bad_pixels": ("badpixel", lambda options, shelf, position: shelf.card("bad_pixels")),
    "subtract_bias": ("subbias", lambda options, shelf, position: shelf.card("bias")),
    "create_deviation": (
        "creatvar",
        lambda options, shelf, position: f"gain={_brief(options['gain'])}, readnoise={_brief(options['read_noise'])}",
    ),
    "subtract_dark": ("subdark", _say_dark),
    "flat_correct": (
        "flatcor",
        lambda options, shelf, position: f"{shelf.card('flat')}, norm_value={options['norm_value']}",
    ),
    "gain_correct": ("gaincor", _say_options),
    "cosmicray_lacosmic": ("crlacosm", _say_options),
}
