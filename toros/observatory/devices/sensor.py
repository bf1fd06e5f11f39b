"""What a simulated CCD makes of light: bias pattern, dark current, vignetting, dust, uneven pixels, and noise."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

from toros.observatory.exposure import CameraModel, Exposure
from toros.observatory.frames import tangent_wcs
from toros.observatory.simulated_sky import NEW_SOURCE_MAGNITUDE, Stars, draw, new_source, stars_around

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Image = NDArray[np.float32]

__all__ = ["BIAS_LEVEL", "dark_current", "expose", "response"]

BIAS_LEVEL = 1000.0  # ADU
ROW_PATTERN, COLUMN_PATTERN = 1.5, 4.0  # ADU, standard deviations
DARK_CURRENT = 0.05  # electrons per second
HOT_PIXELS = 1e-3  # part of all
HOT_CURRENT = 15.0  # electrons per second, on average
UNEVEN = 0.01  # standard deviation of the pixels' response
CORNER = 0.75  # of the middle's light reaches the corners
DUST = 7  # grains
FLAT_LEVEL = 0.45  # of saturation
ZERO_POINT = 24.0  # magnitude of one electron per second
SKY = 20.8  # magnitudes per square arcsecond
SEEING = 2.6  # arcseconds
KINDS = {"bias": 0, "dark": 1, "flat": 2, "light": 3}


def expose(exposure: Exposure, camera: CameraModel, seed: int) -> NDArray[np.uint16]:
    """Return the frame of an exposure; the same exposure always gives the same frame.

    Parameters
    ----------
    exposure : Exposure
        What is taken.
    camera : CameraModel
        With what.
    seed : int
        Of the sky and of the sensor's faults.

    Returns
    -------
    ndarray of uint16, shape (rows, columns)
        ADU.

    Notes
    -----
    Electrons follow Poisson's law, read noise Gauss's; what is above full well is cut off.
    """
    import numpy as np

    random = np.random.default_rng((seed, zlib.crc32(exposure.order.encode()), KINDS[exposure.kind], exposure.number))
    shape = camera.rows, camera.columns
    electrons = _light(exposure, camera, seed)
    if exposure.seconds > 0:
        electrons += dark_current(shape, seed) * np.float32(exposure.seconds)
    if electrons.any():
        electrons = random.poisson(electrons).astype(np.float32)
    np.minimum(electrons, (camera.saturation - BIAS_LEVEL) * camera.gain, out=electrons)
    electrons += random.standard_normal(shape, dtype=np.float32) * np.float32(camera.read_noise)
    electrons /= np.float32(camera.gain)
    electrons += _bias(shape, seed)
    return np.clip(np.rint(electrons), 0, 65535).astype(np.uint16)


def response(shape: tuple[int, int], seed: int) -> Image:
    """Return how much of the light each pixel sees: vignetting, dust on the window, uneven pixels; about one."""
    import numpy as np

    random = np.random.default_rng((seed, 101))
    y, x = (np.linspace(-1, 1, side, dtype=np.float32) for side in shape)
    seen = np.float32(1.0) - np.float32((1.0 - CORNER) / 2.0) * (y[:, None] ** 2 + x**2)
    for grain_x, grain_y, size, depth in random.uniform((-1, -1, 0.04, 0.03), (1, 1, 0.09, 0.10), (DUST, 4)):
        rows, columns = (np.flatnonzero(np.abs(v - g) < 2 * size) for v, g in ((y, grain_y), (x, grain_x)))
        if rows.size and columns.size:
            part = seen[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
            away = np.hypot(y[rows, None] - grain_y, x[columns] - grain_x) / size
            part *= (1.0 - depth * np.exp(-(((away - 1.0) / 0.35) ** 2))).astype(np.float32)  # out of focus: a ring
    seen *= 1.0 + np.float32(UNEVEN) * random.standard_normal(shape, dtype=np.float32)
    return np.asarray(np.maximum(seen, np.float32(0.0)))


def dark_current(shape: tuple[int, int], seed: int) -> Image:
    """Return the electrons that each pixel makes in the dark; per second."""
    import numpy as np

    random = np.random.default_rng((seed, 102))
    current = np.full(shape, DARK_CURRENT, dtype=np.float32)
    hot = random.integers(0, current.size, int(HOT_PIXELS * current.size))
    current.ravel()[hot] += random.exponential(HOT_CURRENT, hot.size).astype(np.float32)
    return current


def _bias(shape: tuple[int, int], seed: int) -> Image:
    """Return the level that is read where nothing is: the same pattern of rows and columns in every frame; ADU."""
    import numpy as np

    random = np.random.default_rng((seed, 103))
    rows = random.normal(0.0, ROW_PATTERN, (shape[0], 1))
    columns = random.normal(0.0, COLUMN_PATTERN, (1, shape[1]))
    slope = np.linspace(0.0, 6.0, shape[0])[:, None]
    return (BIAS_LEVEL + rows + columns + slope).astype(np.float32)


def _light(exposure: Exposure, camera: CameraModel, seed: int) -> Image:
    """Return the electrons that light makes, before noise."""
    import numpy as np

    shape = camera.rows, camera.columns
    if exposure.kind == "flat":
        lamp = FLAT_LEVEL * (camera.saturation - BIAS_LEVEL) * camera.gain
        return response(shape, seed) * np.float32(lamp)
    image = np.zeros(shape, dtype=np.float32)
    if exposure.kind != "light" or exposure.ra is None or exposure.dec is None:
        return image
    image += 10 ** (0.4 * (ZERO_POINT - SKY)) * camera.pixel_scale**2 * exposure.seconds
    stars = _stars(exposure, camera, seed)
    flux = 10 ** (0.4 * (ZERO_POINT - stars.magnitude)) * exposure.seconds
    wcs = tangent_wcs(exposure.ra, exposure.dec, camera)
    draw(image, stars, wcs, fwhm=max(SEEING / camera.pixel_scale, 1.5), flux=flux)
    image *= response(shape, seed)
    return image


def _stars(exposure: Exposure, camera: CameraModel, seed: int) -> Stars:
    """Return the field's stars, with the new source where the exposure follows up an event."""
    import numpy as np

    assert exposure.ra is not None
    assert exposure.dec is not None
    radius = 0.55 * camera.pixel_scale / 3600 * float(np.hypot(camera.rows, camera.columns))
    stars = stars_around(exposure.ra, exposure.dec, radius, seed)
    if exposure.event is None:
        return stars
    ra, dec = new_source(exposure.ra, exposure.dec)
    return Stars(np.append(stars.ra, ra), np.append(stars.dec, dec), np.append(stars.magnitude, NEW_SOURCE_MAGNITUDE))
