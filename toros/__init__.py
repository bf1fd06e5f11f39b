"""TOROS: the software of a transient follow-up observatory."""

__version__ = "0.1.0"
