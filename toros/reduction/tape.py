"""The tapes that the kernels of rows play: a chain's steps as numbers, in their order."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from toros.reduction.chain import Chain, Planes

__all__ = ["tape_of", "values_tape"]


def tape_of(chain: Chain, masters: Mapping[str, Planes], *, by_column: bool, own: bool) -> NDArray[np.int64]:
    """Return what is done to each row; where the usual steps follow one another, what does them in one.

    Parameters
    ----------
    chain : Chain
    masters : mapping of str to Planes
        Those that the chain uses.
    by_column : bool
        Whether the overscan has one level a column.
    own : bool
        Whether the frame comes with errors of its own.
    """
    import numpy as np

    from toros.reduction import row_kernels as k

    bias, dark, flat = (masters.get(role) for role in ("bias", "dark", "flat"))
    less = chain.without_bias
    tape = [k.READ_OWN if own else k.READ_LEVELS if by_column else k.READ]
    for name in chain.order:
        match name:
            case "linearize":
                tape.append(k.LINEARIZE)
            case "gain_correct":
                tape.append(k.GAIN)
            case "subtract_bias":
                tape += [k.BIAS, *([k.BIAS_ERROR] if bias and bias.error else [])]
            case "create_deviation":
                tape.append(k.NOISE)
            case "subtract_dark":
                tape += [k.DARK_BIAS_ERROR] if less and bias and bias.error else []
                tape += [k.DARK_ERROR] if dark and dark.error else []
                tape.append(k.DARK_LESS_BIAS if less else k.DARK)
            case "flat_correct":
                tape += [k.FLAT, *([k.FLAT_ERROR] if flat and flat.error else [])]
    return np.array(_shortened([*tape, k.END]), dtype=np.int64)


def values_tape(chain: Chain) -> NDArray[np.int64]:
    """Return what is done to the values of each row alone, once they are read."""
    import numpy as np

    from toros.reduction import value_kernels as k

    codes = {
        "linearize": k.LINEARIZE, "gain_correct": k.GAIN, "subtract_bias": k.BIAS, "flat_correct": k.FLAT,
        "subtract_dark": k.DARK_LESS_BIAS if chain.without_bias else k.DARK,
    }  # fmt: skip
    return np.array([codes[name] for name in chain.order if name in codes], dtype=np.int64)


def _shortened(tape: list[int]) -> list[int]:
    """Return the tape with two or three steps in one where they follow one another as they mostly do."""
    from toros.reduction import row_kernels as k

    if tape[:3] == [k.READ, k.BIAS, k.NOISE]:
        tape = [k.READ_BIAS_NOISE, *tape[3:]]
    elif tape[:4] == [k.READ, k.BIAS, k.BIAS_ERROR, k.NOISE]:
        tape = [k.READ_BIAS_NOISE, k.BIAS_ERROR, *tape[4:]]
    end = tape.index(k.END)
    if tape[end - 2 : end] == [k.DARK, k.FLAT]:
        tape = [*tape[: end - 2], k.DARK_FLAT_END, *tape[end + 1 :]]
    return tape
