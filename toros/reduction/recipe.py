"""What was done to make a product: its inputs by name and hash, and its steps, as readable header cards.

The cards are the whole truth: `toros.reduction.provenance.rerun` reads them and gives the same pixels.

    TPRODUCT= 'calibrated'
    TINP1   = 'frame raw:2026-11-20/batch/light-001.fits'      TSHA1 = '9f86d081...'
    TINP2   = 'bias products:2026-11-20/01J.../master_bias.fits'  TSHA2 = '60303ae2...'
    TSTEP1  = 'subtract_bias {}'
    TSTEP2  = 'create_deviation {"gain": 1.5, "read_noise": 8.0}'
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from toros.errors import BadFrame

if TYPE_CHECKING:
    from astropy.io.fits import Header

__all__ = ["OWN_CARDS", "Input", "Recipe", "Step"]

OWN_CARDS = re.compile(r"^T(INP|SHA|STEP|MARK|MASK)\d+$|^TPRODUCT$|^TSOFT$")


@dataclass(frozen=True)
class Input:
    """A file that a product is made from.

    Attributes
    ----------
    role : {"frame", "bias", "dark", "flat", "bad_pixels"}
        What it is used as: the frame itself (of a master: each of its frames), or a master.
    name : str
        `root:path`.
    sha256 : str
        Of the file's bytes.
    """

    role: str
    name: str
    sha256: str


@dataclass(frozen=True)
class Step:
    """One step: the name of a function of `toros.reduction.steps`, and its options."""

    name: str
    options: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        """Return the step as its card says it."""
        return f"{self.name} {_card_json(dict(self.options))}"


@dataclass(frozen=True)
class Recipe:
    """How a product is made.

    Attributes
    ----------
    product : {"master_bias", "master_dark", "master_flat", "master_bad_pixels", "calibrated"}
    inputs : tuple of Input
        Frames in their order, then masters.
    steps : tuple of Step
        Steps before "combine" are done to every frame.
    """

    product: str
    inputs: tuple[Input, ...]
    steps: tuple[Step, ...]

    @property
    def frames(self) -> tuple[Input, ...]:
        """The inputs that are the frame itself, or the frames to combine."""
        return tuple(i for i in self.inputs if i.role == "frame")

    @property
    def hash(self) -> str:
        """SHA-256 of what is done to what: equal recipes give equal pixels."""
        parts = [self.product, *(f"{i.role} {i.sha256}" for i in self.inputs), *map(str, self.steps)]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()

    def write(self, header: Header) -> None:
        """Write the recipe into a header."""
        for card in [*header["TINP*"], *header["TSHA*"], *header["TSTEP*"]]:
            del header[card]
        header["TPRODUCT"] = (self.product, "made by TOROS from TINPn by TSTEPn")
        # set one by one, each new card is looked for among all the others: the square of the number of frames
        header.extend(self._cards(), end=True)

    def _cards(self) -> list[tuple[str, str]]:
        cards = []
        for n, item in enumerate(self.inputs, 1):
            cards += [(f"TINP{n}", f"{item.role} {_card_json(item.name)[1:-1]}"), (f"TSHA{n}", item.sha256)]
        return cards + [(f"TSTEP{n}", str(step)) for n, step in enumerate(self.steps, 1)]

    @classmethod
    def read(cls, header: Mapping[str, Any]) -> Recipe:
        """Return the recipe that a product's header holds.

        Raises
        ------
        BadFrame
            The file was not made by TOROS, or its cards were changed beyond reading.
        """
        if not header.get("TPRODUCT"):
            raise BadFrame("its header has no TPRODUCT: it was not made by TOROS")
        inputs, steps = [], []
        try:
            for n in range(1, _count(header, "TINP") + 1):
                role, name = str(header[f"TINP{n}"]).split(" ", 1)
                inputs.append(Input(role, json.loads(f'"{name}"'), str(header[f"TSHA{n}"])))
            for n in range(1, _count(header, "TSTEP") + 1):
                name, options = str(header[f"TSTEP{n}"]).split(" ", 1)
                steps.append(Step(name, json.loads(options)))
        except (KeyError, ValueError) as error:
            raise BadFrame(f"its cards of provenance cannot be read: {error}") from None
        return cls(str(header["TPRODUCT"]), tuple(inputs), tuple(steps))


def _count(header: Mapping[str, Any], stem: str) -> int:
    n = 0
    while f"{stem}{n + 1}" in header:
        n += 1
    return n


def _card_json(value: Any) -> str:
    """Return JSON in ASCII without the two characters that long FITS strings give a meaning to."""
    return json.dumps(value, allow_nan=False).replace("'", "\\u0027").replace("&", "\\u0026")
