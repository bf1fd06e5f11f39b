"""Measurements: taken in, switched, read as light curves, written out and drawn."""
