"""A process opens as many frames at once as the system lets it, and says what to raise where that is too few."""

from __future__ import annotations

import subprocess
import sys

SCRIPT = """
import resource, sys, tempfile
from toros.errors import BadFrame
from toros.reduction.descriptors import allow_open_files
resource.setrlimit(resource.RLIMIT_NOFILE, (64, 400))
try:
    allow_open_files(int(sys.argv[1]))
except BadFrame as error:
    sys.exit(str(error))
files = [tempfile.TemporaryFile() for _ in range(int(sys.argv[1]))]
"""


def opened(number: int) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", SCRIPT, str(number)], capture_output=True, text=True)


def test_the_limit_is_raised_as_far_as_it_goes() -> None:
    told = opened(200)
    assert told.returncode == 0, told.stderr


def test_beyond_it_one_sentence_says_what_to_raise() -> None:
    assert opened(300).stderr.strip() == (
        "300 files would be open at once and the system allows 400: raise the limit of open files (in the systemd unit "
        "LimitNOFILE, in a shell ulimit -n)"
    )
