"""Motion under the pull of one mass, along every conic: circle, ellipse, parabola, hyperbola, by one equation."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

__all__ = ["along_the_orbit"]

Array = NDArray[np.float64]

_SERIES_TO = 1.0
_TERMS = 11  # the next is 1 / 24! of the first
_ROUNDS = 60
_LEAST_STUMPFF = 1.0 / math.pi**2  # c3 where half an ellipse is done, the least that can come up
_C2 = np.array([(-1.0) ** k / math.factorial(2 * k + 2) for k in range(_TERMS)])
_C3 = np.array([(-1.0) ** k / math.factorial(2 * k + 3) for k in range(_TERMS)])


def along_the_orbit(since: Array, perihelion: float, eccentricity: float, gm: float) -> tuple[Array, Array]:
    """Return place and velocity in the plane of the orbit, x towards perihelion, y along the motion there.

    Parameters
    ----------
    since : ndarray
        Since perihelion, shape (...); days. On an ellipse, at most half a period away from 0.
    perihelion : float
        Its distance; au.
    eccentricity : float
        0 and above.
    gm : float
        The gravitational parameter; au^3 / d^2.

    Returns
    -------
    place, velocity : ndarray
        Shape (..., 2); au and au a day.

    Notes
    -----
    Kepler's equation in the universal variable s, with ds = sqrt(gm) dt / r, from perihelion:
    sqrt(gm) t = q s + e s^3 c3(a s^2) with a = (1 - e) / q and Stumpff's functions c (Danby, Fundamentals of Celestial
    Mechanics, 2nd ed., section 6.9). Its right side rises, and bends upwards, from perihelion to aphelion, so that
    Newton's method from above cannot fail.
    """
    alpha = (1.0 - eccentricity) / perihelion
    goal = math.sqrt(gm) * np.abs(since)
    s = _solved(goal, perihelion, eccentricity, alpha)
    c2, c3 = _stumpff(alpha * s * s)
    s, c1 = np.copysign(s, since), 1.0 - alpha * s * s * c3
    radius = perihelion + eccentricity * s * s * c2
    wide = math.sqrt(perihelion * (1.0 + eccentricity))
    place = np.stack([perihelion - s * s * c2, wide * s * c1], axis=-1)
    pace = math.sqrt(gm) / radius
    velocity = np.stack([-pace * s * c1, pace * wide * (1.0 - alpha * s * s * c2)], axis=-1)
    return place, velocity


def _solved(goal: Array, q: float, e: float, alpha: float) -> Array:
    """Return s >= 0 at which q s + e s^3 c3 is the goal."""
    s = goal / q
    if e > 0.0:
        s = np.minimum(s, np.cbrt(goal / (e * (_LEAST_STUMPFF if alpha > 0 else 1.0 / 6.0))))
    if alpha > 0.0:
        s = np.minimum(s, math.pi / math.sqrt(alpha))
    elif alpha < 0.0:
        root = math.sqrt(-alpha)
        s = np.minimum(s, np.arcsinh(goal * root**3 / (e - 1.0)) / root)
    for _ in range(_ROUNDS):
        c2, c3 = _stumpff(alpha * s * s)
        step = (q * s + e * s**3 * c3 - goal) / (q + e * s * s * c2)
        s = np.maximum(s - step, 0.0)
        if np.all(np.abs(step) <= 4e-16 * (s + q)):
            break
    return s


def _stumpff(x: Array) -> tuple[Array, Array]:
    """Return Stumpff's c2 and c3: (1 - cos r) / x and (r - sin r) / r^3 with r^2 = x, going on smoothly below 0."""
    near = np.clip(x, -_SERIES_TO, _SERIES_TO)
    c2, c3 = np.polynomial.polynomial.polyval(near, _C2), np.polynomial.polynomial.polyval(near, _C3)
    if np.any(x > _SERIES_TO):
        root = np.sqrt(np.maximum(x, _SERIES_TO))
        c2 = np.where(x > _SERIES_TO, (1.0 - np.cos(root)) / root**2, c2)
        c3 = np.where(x > _SERIES_TO, (root - np.sin(root)) / root**3, c3)
    if np.any(x < -_SERIES_TO):
        root = np.sqrt(np.maximum(-x, _SERIES_TO))
        c2 = np.where(x < -_SERIES_TO, (np.cosh(root) - 1.0) / root**2, c2)
        c3 = np.where(x < -_SERIES_TO, (np.sinh(root) - root) / root**3, c3)
    return c2, c3
