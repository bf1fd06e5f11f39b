"""How many files a process may have open: frames that are combined are open all at once."""

from __future__ import annotations

import resource

from toros.errors import BadFrame

__all__ = ["allow_open_files"]

OTHERS = 128  # descriptors of the process itself, its pipes and libraries


def allow_open_files(number: int) -> None:
    """See to it that a number of files can be open, as far as the system lets this process.

    Most systems begin with 1024, which are soon too few, and let each process raise that by itself.

    Parameters
    ----------
    number : int
        Files.

    Raises
    ------
    BadFrame
        The system does not allow so many.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = number + OTHERS
    if soft == resource.RLIM_INFINITY or wanted <= soft:
        return
    if hard != resource.RLIM_INFINITY and wanted > hard:
        raise BadFrame(
            f"{number} files would be open at once and the system allows {hard}: raise the limit of open files (in the "
            "systemd unit LimitNOFILE, in a shell ulimit -n)"
        )
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
