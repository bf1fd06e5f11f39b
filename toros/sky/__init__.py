"""The ground that all rooms share: sites, times, orbits, visibility, fluxes, thumbnails of the sky."""
