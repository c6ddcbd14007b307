"""A checker in programs that fork, spawn, are interrupted, and end at any moment."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from seal.processes import CAT, PORTRAIT, becomes_true, in_session, living_in_session
from seal.programs import TIME_LIMIT_S, hear, run, start

GUNICORN = """
checker = load_checker(AgePolicy(age_limit=18, challenge_age=25))
checker.check(PORTRAIT)

def answers():
    return [checker.check(picture).verdict.value for picture in (PORTRAIT, CAT, PORTRAIT)]

def inherited():
    links = []
    for name in os.listdir("/proc/self/fd"):
        try:
            links.append(os.readlink(f"/proc/self/fd/{name}"))
        except OSError:
            continue
    return [link for link in links if "socket" in link or "pidfd" in link]

children = []
for leave in (sys.exit, os._exit):
    pid = os.fork()
    if pid == 0:
        held = inherited()
        tell(answers=answers(), inherited=held, server=server_pid_of(pool_of(checker)))
        leave(0)
    children.append(pid)
tell(answers=answers(), inherited=[], server=server_pid_of(pool_of(checker)))
statuses = [os.waitpid(pid, 0)[1] for pid in children]
tell(answers=answers(), statuses=statuses)
"""

FORK_AMID_CHECKS = """
pool = obedient()
answers = []

def check():
    for _ in range(20):
        answers.append(pool.check(b"work").verdict.value)

threads = [threading.Thread(target=check) for _ in range(2)]
for thread in threads:
    thread.start()
children = []
for _ in range(10):
    time.sleep(0.03)
    pid = os.fork()
    if pid == 0:
        end_with_what_is_held()
    children.append(pid)
for thread in threads:
    thread.join()
tell(answers=answers, statuses=[os.waitpid(pid, 0)[1] for pid in children])
"""

FORK_BEFORE_A_WORKER_IS_READY = """
from agecheck.seal.handle import WorkerHandle

pool, is_waiting = obedient(), threading.Event()
wait_ready = WorkerHandle.wait_ready

def wait_long(worker, deadline_s):
    is_waiting.set()
    time.sleep(1)
    return wait_ready(worker, deadline_s)

WorkerHandle.wait_ready = wait_long
answers = []
thread = threading.Thread(target=lambda: answers.append(pool.check(b"work").verdict.value))
thread.start()
is_waiting.wait()
pid = os.fork()
if pid == 0:
    end_with_what_is_held()
thread.join()
tell(answers=answers, status=os.waitpid(pid, 0)[1])
"""

FORK_AMID_SESSION = """
pool = obedient()
with LiveChannel(pool, b"a live session") as session:
    pid = os.fork()
    if pid == 0:
        sys.exit(0)  # leaves the session's block, and ends its own interpreter
    status = os.waitpid(pid, 0)[1]
    tell(code=session.tick().name, verdict=session.finish().verdict.value, status=status)
tell(verdict=pool.check(b"over").verdict.value)
"""

REAPER = """
def reap(*_):
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass

signal.signal(signal.SIGCHLD, {handler})
pool = obedient()
answers = []
for _ in range(2):
    answers.append(pool.check(b"over").verdict.value)
    os.kill(server_pid_of(pool), signal.SIGKILL)
    time.sleep(0.2)
answers.append(pool.check(b"over").verdict.value)
server = server_pid_of(pool)
pool.close()
tell(answers=answers, server=server)
"""

SPAWNED = """
import multiprocessing

from agecheck import AgePolicy, load_checker

def check(picture):
    with load_checker(AgePolicy(age_limit=18, challenge_age=25)) as checker:
        return checker.check(picture).verdict.value

if __name__ == "__main__":
    checker = load_checker(AgePolicy(age_limit=18, challenge_age=25))
    with multiprocessing.get_context("{method}").Pool(2) as pool:
        answers = pool.map(check, ["{portrait}", "{cat}"])
    print(*answers, checker.check("{portrait}").verdict.value)
"""

CHECK_IN_A_THREAD = """
pool = obedient()

def check():
    try:
        pool.check(b"{command}")
    except WorkerError:
        pass

thread = threading.Thread(target=check, daemon={daemon})
thread.start()
while not pool._out:
    time.sleep(0.01)
tell(server=server_pid_of(pool))
"""

INTERRUPTED = """
pool = obedient()
tell(server=server_pid_of(pool))
tell_soon(pool)
try:
    pool.check(b"hang")
except KeyboardInterrupt:
    tell(interrupted=True, out=len(pool._out))
tell(verdict=pool.check(b"over").verdict.value)
"""

UNINTERRUPTED = """
pool = obedient()
tell(server=server_pid_of(pool))
tell_soon(pool)
pool.check(b"hang")
"""


def test_gunicorn_forks_after_the_checker_was_made() -> None:
    """Parent and children check at the same time, each with workers of its own."""
    told = run(GUNICORN)
    at_once, last = told[:3], told[3]
    assert [each["answers"] for each in at_once] == [["OVER", "INCONCLUSIVE", "OVER"]] * 3
    assert [each["inherited"] for each in at_once] == [[]] * 3
    assert len({each["server"] for each in at_once}) == 3
    assert last == {"answers": ["OVER", "INCONCLUSIVE", "OVER"], "statuses": [0, 0]}
    for each in at_once:
        assert becomes_true(lambda pid=each["server"]: living_in_session(pid) == [])  # type: ignore[misc]


def test_a_fork_amid_checks_of_other_threads_is_harmless() -> None:
    """The child holds none of the parent's workers, and the parent loses none."""
    (told,) = run(FORK_AMID_CHECKS)
    assert told == {"answers": ["OVER"] * 40, "statuses": [0] * 10}


def test_a_fork_before_a_worker_is_ready_is_harmless() -> None:
    """A worker that is waited for belongs to the parent like one that works."""
    (told,) = run(FORK_BEFORE_A_WORKER_IS_READY)
    assert told == {"answers": ["OVER"], "status": 0}


def test_a_fork_amid_a_live_session_is_harmless() -> None:
    """A child that ends leaves the parent's session alone."""
    told = run(FORK_AMID_SESSION)
    assert told == [
        {"code": "WAITING", "verdict": "INCONCLUSIVE", "status": 0},
        {"verdict": "OVER"},
    ]


@pytest.mark.parametrize("handler", ["signal.SIG_IGN", "reap"])
def test_a_caller_that_reaps_every_child_is_served(handler: str) -> None:
    """Servers do so; the fork server's end is then seen by them first."""
    (told,) = run(REAPER.replace("{handler}", handler))
    assert told["answers"] == ["OVER"] * 3
    assert becomes_true(lambda: living_in_session(told["server"]) == [])


@pytest.mark.parametrize("method", ["spawn", "forkserver", "fork"])
def test_processes_of_multiprocessing_check_for_themselves(method: str, tmp_path: Path) -> None:
    """Each way of starting them ends in the same answers."""
    program = tmp_path / "program.py"
    text = SPAWNED.replace("{method}", method).replace("{portrait}", str(PORTRAIT))
    program.write_text(text.replace("{cat}", str(CAT)))
    found = subprocess.run(  # noqa: S603
        [sys.executable, program], capture_output=True, text=True, timeout=TIME_LIMIT_S, check=False
    )
    assert found.stderr == ""
    assert found.stdout.split() == ["OVER", "INCONCLUSIVE", "OVER"]


class TestEnding:
    def test_while_idle(self) -> None:
        """A program that ends without closing leaves no process."""
        (told,) = run("pool = obedient()\ntell(server=server_pid_of(pool))\n")
        assert in_session(told["server"]) == []

    @pytest.mark.parametrize(("command", "daemon"), [("hang", "True"), ("work", "False")])
    def test_while_a_check_runs_in_a_thread(self, command: str, daemon: str) -> None:
        """Neither does one that ends in the middle of a check."""
        program = CHECK_IN_A_THREAD.replace("{command}", command).replace("{daemon}", daemon)
        (told,) = run(program)
        assert in_session(told["server"]) == []

    def test_by_a_kill_while_a_worker_hangs(self) -> None:
        """Nor one that is killed without a chance to clean up."""
        with start(UNINTERRUPTED) as process:
            server_pid = hear(process)["server"]
            assert len(in_session(server_pid)) >= 2
            process.kill()
        assert becomes_true(lambda: living_in_session(server_pid) == [])


class TestInterrupt:
    def test_a_check_that_is_interrupted_leaves_the_pool_usable(self) -> None:
        """Ctrl-C is the caller's to answer; the worker that hung is gone."""
        with start(INTERRUPTED) as process:
            server_pid = hear(process)["server"]
            assert hear(process) == {"out": 1}  # the check runs
            process.send_signal(signal.SIGINT)
            assert hear(process) == {"interrupted": True, "out": 0}
            assert hear(process) == {"verdict": "OVER"}
            assert process.wait(TIME_LIMIT_S) == 0
        assert in_session(server_pid) == []

    def test_a_program_that_does_not_answer_it_ends_whole(self) -> None:
        """As for any Python program, and no process stays."""
        with start(UNINTERRUPTED) as process:
            server_pid = hear(process)["server"]
            assert hear(process) == {"out": 1}  # the check runs
            process.send_signal(signal.SIGINT)
            _, complaints = process.communicate(timeout=TIME_LIMIT_S)
        assert complaints.rstrip().endswith("KeyboardInterrupt")
        assert process.returncode in (-signal.SIGINT, 128 + signal.SIGINT)
        assert in_session(server_pid) == []
