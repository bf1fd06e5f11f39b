"""The telescope, its dome and its camera."""
