"""The ground that all rooms share: sites, times, fluxes, thumbnails of the sky."""
