"""Given children that live, die and hang, the supervisor keeps them running and ends them all."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable
from pathlib import Path

from toros.network.supervisor import ChildState, Supervisor

ROOT = Path(__file__).resolve().parents[2]
READY = """
import os, signal, socket, sys, time
from toros.network.parent import end_with_supervisor
end_with_supervisor()
def notify(text):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
        s.sendto(text.encode(), "\\0" + os.environ["NOTIFY_SOCKET"][1:])
"""
PATIENT = (
    READY
    + """
stop = []
signal.signal(signal.SIGTERM, lambda *_: stop.append(1))
notify("READY=1\\nSTATUS=2 orders wait")
print("hello", flush=True)
while not stop:
    time.sleep(0.02)
    notify("WATCHDOG=1")
print("drained", flush=True)
"""
)
DEAF = (
    READY
    + """
signal.signal(signal.SIGTERM, signal.SIG_IGN)
notify("READY=1")
time.sleep(60)
"""
)
DYING = "print('oh', flush=True); raise SystemExit(3)"
WITH_A_CHILD = (
    READY
    + """
import subprocess
helper = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
print("helper", helper.pid, flush=True)
notify("READY=1")
time.sleep(60)
"""
)


class Words(list[tuple[str, str]]):
    """What was said, by whom."""

    def __call__(self, name: str, line: str) -> None:
        self.append((name, line))

    def of(self, name: str) -> list[str]:
        return [line for who, line in self if who == name]


def command(code: str) -> list[str]:
    return [sys.executable, "-c", textwrap.dedent(code)]


def until(true: Callable[[], object], timeout: float = 10.0) -> None:
    deadline = time.monotonic() + timeout
    while not true():
        assert time.monotonic() < deadline, "never came true"
        time.sleep(0.02)


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def of(supervisor: Supervisor, name: str) -> ChildState:
    return next(state for state in supervisor.states() if state.name == name)


def test_children_are_ready_when_they_say_so_and_drain_when_told() -> None:
    words = Words()
    with Supervisor({"one": command(PATIENT), "two": command(PATIENT)}, say=words) as supervisor:
        assert supervisor.wait_until_ready(10)
        states = supervisor.states()
        assert [state.name for state in states] == ["one", "two"]
        assert {state.status for state in states} == {"2 orders wait"}
        assert len({state.pid for state in states}) == 2
        assert all(state.rss > 1_000_000 and state.starts == 1 for state in states)
        assert supervisor.stop() == {"one": 0, "two": 0}
    assert words.of("one") == words.of("two") == ["hello", "drained"]
    assert all(state.phase == "stopped" and state.pid is None for state in supervisor.states())


def test_a_killed_child_is_started_again() -> None:
    words = Words()
    with Supervisor({"one": command(PATIENT), "two": command(PATIENT)}, say=words, first_delay=0.05) as supervisor:
        assert supervisor.wait_until_ready(10)
        first, other = of(supervisor, "one").pid, of(supervisor, "two").pid
        assert first is not None
        os.kill(first, signal.SIGKILL)
        until(lambda: of(supervisor, "one").starts == 2 and of(supervisor, "one").phase == "ready")
        assert of(supervisor, "one").pid != first
        assert of(supervisor, "two").pid == other, "the others go on"
        assert of(supervisor, "one").code == -signal.SIGKILL
    assert any("SIGKILL" in line for line in words.of("one"))


def test_a_child_that_keeps_dying_is_started_with_growing_delays() -> None:
    words = Words()
    with Supervisor({"one": command(DYING)}, say=words, first_delay=0.05, longest_delay=0.2) as supervisor:
        until(lambda: of(supervisor, "one").starts >= 5)
    delays = [line.split(" in ")[1] for line in words.of("one") if "started again" in line]
    assert delays[:4] == ["0.05 s", "0.1 s", "0.2 s", "0.2 s"]
    assert not supervisor.wait_until_ready(0)


def test_stopping_does_not_wait_for_a_delay() -> None:
    supervisor = Supervisor({"one": command(DYING)}, say=Words(), first_delay=30)
    supervisor.start()
    until(lambda: of(supervisor, "one").phase == "waiting")
    began = time.monotonic()
    assert supervisor.stop() == {"one": 3}
    assert time.monotonic() - began < 2


def test_a_child_that_does_not_drain_is_killed() -> None:
    words = Words()
    with Supervisor({"deaf": command(DEAF), "good": command(PATIENT)}, say=words, grace=0.5) as supervisor:
        assert supervisor.wait_until_ready(10)
        assert supervisor.stop() == {"deaf": -signal.SIGKILL, "good": 0}
    assert any("killed" in line for line in words.of("deaf"))


def test_what_a_dead_child_had_started_dies_with_it() -> None:
    words = Words()
    with Supervisor({"one": command(WITH_A_CHILD)}, say=words, first_delay=20) as supervisor:
        assert supervisor.wait_until_ready(10)
        until(lambda: words.of("one"))
        helper = int(words.of("one")[0].split()[1])
        assert alive(helper)
        os.kill(of(supervisor, "one").pid or 0, signal.SIGKILL)
        until(lambda: not alive(helper))


def test_a_command_that_cannot_be_started_is_said_and_tried_again() -> None:
    words = Words()
    with Supervisor({"one": ["/nonexistent/toros"]}, say=words, first_delay=0.05):
        until(lambda: len(words.of("one")) >= 2)
    assert "cannot be started" in words.of("one")[0]


def test_a_child_that_hangs_is_killed_and_started_again() -> None:
    words = Words()
    commands = {"hung": command(PATIENT), "good": command(PATIENT)}
    with Supervisor(commands, say=words, first_delay=0.05, silence=1.5) as supervisor:
        assert supervisor.wait_until_ready(10)
        os.kill(of(supervisor, "hung").pid or 0, signal.SIGSTOP)
        until(lambda: of(supervisor, "hung").starts == 2 and of(supervisor, "hung").phase == "ready")
        assert of(supervisor, "good").starts == 1
    assert any("no sign of life" in line for line in words.of("hung"))


def test_a_stranger_cannot_speak_for_a_child() -> None:
    waiting = READY + "time.sleep(60)"
    with Supervisor({"one": command(waiting)}, say=Words(), grace=0.2) as supervisor:
        address = supervisor.notify_address
        subprocess.run(
            command(READY + "notify('READY=1\\nSTATUS=all is well')"),
            env={**os.environ, "NOTIFY_SOCKET": address}, check=True, cwd=ROOT,
        )  # fmt: skip
        assert not supervisor.wait_until_ready(0.3)
        assert of(supervisor, "one").status == ""


def test_children_end_with_a_supervisor_that_is_killed() -> None:
    code = f"""
    from toros.network.supervisor import Supervisor
    import sys, time
    supervisor = Supervisor({{n: [sys.executable, "-c", {PATIENT!r}] for n in "ab"}}, say=lambda *_: None)
    supervisor.start()
    assert supervisor.wait_until_ready(10)
    print(*(state.pid for state in supervisor.states()), flush=True)
    time.sleep(60)
    """
    lead = subprocess.Popen(command(code), stdout=subprocess.PIPE, text=True, cwd=ROOT)
    assert lead.stdout is not None
    with lead.stdout as said:
        children = [int(pid) for pid in said.readline().split()]
        assert len(children) == 2
        assert all(alive(pid) for pid in children)
        lead.kill()
        lead.wait()
    until(lambda: not any(alive(pid) for pid in children), 5)


def test_a_child_that_does_not_drain_is_killed_after_its_supervisor() -> None:
    deaf = DEAF.replace("end_with_supervisor()", "end_with_supervisor(grace=0.3)")
    code = f"""
    from toros.network.supervisor import Supervisor
    import os, sys, time
    supervisor = Supervisor({{"deaf": [sys.executable, "-c", {deaf!r}]}}, say=lambda *_: None)
    supervisor.start()
    assert supervisor.wait_until_ready(10)
    print(supervisor.states()[0].pid, flush=True)
    time.sleep(60)
    """
    lead = subprocess.Popen(command(code), stdout=subprocess.PIPE, text=True, cwd=ROOT)
    assert lead.stdout is not None
    with lead.stdout as said:
        child = int(said.readline())
        lead.kill()
        lead.wait()
    until(lambda: not alive(child), 8)


def test_threads_of_a_stopped_supervisor_are_gone() -> None:
    before = threading.active_count()
    with Supervisor({"one": command(PATIENT)}, say=Words()) as supervisor:
        assert supervisor.wait_until_ready(10)
    assert threading.active_count() == before
