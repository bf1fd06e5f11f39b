"""Numbers that come from outside: finite and in range, or one sentence about the first that is not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from toros.errors import BadValue

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

__all__ = ["checked"]


def checked(values: ArrayLike, field: str, least: float, most: float, unit: str) -> NDArray[np.float64]:
    """Return numbers as float64 of the same shape.

    Parameters
    ----------
    values : array_like
        Numbers.
    field : str
        What they are called, for the sentence.
    least, most : float
        Both are allowed.
    unit : str
        For the sentence.

    Raises
    ------
    BadValue
        One is not a number, not finite, or out of range; the sentence tells which.
    """
    import numpy as np

    try:
        numbers = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise BadValue(f"{field}: {values!r} is not a number; allowed: {least:g} to {most:g} {unit}") from None
    bad = ~((numbers >= least) & (numbers <= most))
    if bad.any():
        where = f" (number {int(np.argmax(bad.ravel())) + 1} of {numbers.size})" if numbers.size > 1 else ""
        raise BadValue(f"{field} = {numbers[bad].flat[0]:.12g}{where}; allowed: {least:g} to {most:g} {unit}")
    return numbers
