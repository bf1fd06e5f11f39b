"""Pictures of frames and skies: PNG files inside the node's roots, and nothing else."""

from __future__ import annotations

import base64

from toros.config import Config
from toros.errors import Permanent, TorosError
from toros.files import Roots

__all__ = ["Pictures"]

SHOWN_ROOTS = ("products", "raw", "alerts")
LARGEST = 16 * 1024 * 1024  # bytes
SIGNATURE = b"\x89PNG\r\n\x1a\n"


class Pictures:
    """The pictures of this node.

    Parameters
    ----------
    config : Config
        Whose roots are read; roots other than products, raw and alerts are never shown.
    """

    def __init__(self, config: Config) -> None:
        shown = {name: path for name, path in config.files.roots.items() if name in SHOWN_ROOTS}
        self._roots = Roots(shown, config.state)

    def read(self, location: str) -> bytes:
        """Return a picture's bytes.

        Raises
        ------
        OutsideRoots
            The location leaves the roots that are shown.
        Permanent
            It is not there, not a PNG file, or too large.
        """
        if not location.lower().endswith(".png"):
            raise Permanent("only PNG files are shown")
        try:
            with self._roots.open(location) as file:
                content = file.read(LARGEST + 1)
        except IsADirectoryError:
            raise Permanent("a folder is not a picture") from None
        if len(content) > LARGEST or not content.startswith(SIGNATURE):
            raise Permanent("this is not a PNG file of a size that is shown")
        return content

    def embedded(self, location: object) -> str:
        """Return a picture as a `data:` address to be put into a page; empty where there is none."""
        if not isinstance(location, str) or not location:
            return ""
        try:
            content = self.read(location)
        except (TorosError, OSError):
            return ""
        return "data:image/png;base64," + base64.b64encode(content).decode("ascii")
