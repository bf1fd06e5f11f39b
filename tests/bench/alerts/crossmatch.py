"""The peer, in its own environment: ligo.skymap's crossmatch of a map with a table of galaxies.

`python crossmatch.py MAP.fits GALAXIES.npy OUT.npy`: galaxies as rows of ra, dec (degrees) and distance (Mpc); out come
the probability per volume, the searched probability of the place, and what the crossmatch took on the last line.
"""

from __future__ import annotations

import resource
import sys
import time
import warnings

import numpy as np

warnings.simplefilter("ignore")


def main(map_file: str, galaxies: str, out: str) -> None:
    """Match, write the columns, print seconds of the processor and megabytes."""
    import astropy.units as u
    from astropy.coordinates import SkyCoord
    from ligo.skymap.io import read_sky_map
    from ligo.skymap.postprocess import crossmatch

    began = time.process_time()
    skymap = read_sky_map(map_file, moc=True, distances=True)
    read = time.process_time() - began
    ra, dec, distance = np.load(galaxies).T
    places = SkyCoord(ra * u.deg, dec * u.deg, distance * u.Mpc)
    began = time.process_time()
    found = crossmatch(skymap, places)
    taken = time.process_time() - began
    np.save(out, np.stack([found.probdensity_vol, found.searched_prob]))
    print(read, taken, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


if __name__ == "__main__":
    main(*sys.argv[1:])
