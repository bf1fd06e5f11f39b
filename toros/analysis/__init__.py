"""Catalogues and light curves; not built yet."""
