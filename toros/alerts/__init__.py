"""Alerts read, galaxies ranked."""
