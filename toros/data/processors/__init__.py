"""Readers of products: a pure function a format, from a file to rows and to a reason for every row not taken."""
