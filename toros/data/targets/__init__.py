"""Targets: made, changed, merged, put into lists, found."""
