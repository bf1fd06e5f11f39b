"""The command line: `toros`.

Importing this package loads typer and nothing heavier; every command imports what it needs when it runs.
"""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code (`toros.cli.codes`).

    Parameters
    ----------
    arguments : sequence of str, optional
        The words after `toros`; those of this process by default.
    """
    import sys

    from toros.cli.app import command_line
    from toros.cli.failures import in_words

    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        command_line()(args=words, prog_name="toros")
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except (ValueError, OSError, RuntimeError, Exception) as error:  # noqa: BLE001 - sorted there; defects go on
        return in_words(error, as_json="--json" in words)
    return 0
