"""What the extra `mediapipe` costs beside the default.

    .venv-mediapipe/bin/python -m benchmarks.mediapipe_extra

Both detectors' checkers, sealed, on the same selfie, in turn. Writes results/mediapipe-extra.json.
"""

from __future__ import annotations

import json
import os
import re
import statistics
import sys
import tempfile
import time
from contextlib import ExitStack
from importlib import metadata
from pathlib import Path

from agecheck import AgePolicy, load_checker
from agecheck.bench.machine import describe_machine
from agecheck.bootstrap import DETECTORS, Detector
from benchmarks.processes import children, rss_bytes, run_timed_ms
from benchmarks.sample import selfie_jpeg

RESULT = Path(__file__).parent / "results" / "mediapipe-extra.json"
POLICY = AgePolicy(age_limit=18, challenge_age=25)
STARTS, CHECKS, FRESH_CHECKS = 5, 200, 30
SHARED = {"numpy", "pillow"}
_NAME = re.compile(r"[\w.-]+")


def installed_mb(package: str, besides: set[str]) -> float:
    """What a package and all that it asks for take on the disk, but for the packages `besides`."""
    names, wanted = set(besides), [package]
    total_bytes = 0
    while wanted:
        name = wanted.pop().lower().replace("_", "-")
        if name in names:
            continue
        names.add(name)
        found = metadata.distribution(name)
        paths = (Path(str(file.locate())) for file in found.files or ())
        total_bytes += sum(path.stat().st_size for path in paths if path.is_file())
        needed = (line for line in found.requires or () if "extra ==" not in line)
        wanted += [match[0] for line in needed if (match := _NAME.match(line))]
    return round(total_bytes / 1e6, 1)


def start_ms(detector: Detector) -> float:
    """Until a sealed checker is there: the models loaded, and a worker behind its walls."""
    began_s = time.perf_counter()
    with load_checker(POLICY, detector=detector):
        return 1000 * (time.perf_counter() - began_s)


def command_ms(detector: str, selfie: Path) -> float:
    """`agecheck check` as a whole process."""
    typed = ["check", str(selfie), "--detector", detector, "--challenge-age", "25"]
    return run_timed_ms([sys.executable, "-m", "agecheck", *typed])


def check_ms(selfie: bytes, repeats: int, worker_checks: int) -> dict[str, float]:
    """Median of warm checks, by detector; the two take turns."""
    times: dict[str, list[float]] = {name: [] for name in DETECTORS}
    with ExitStack() as held:
        checkers = {
            name: held.enter_context(
                load_checker(POLICY, detector=name, seal_worker_checks=worker_checks)
            )
            for name in DETECTORS
        }
        for turn in range(repeats + 1):
            for name, checker in checkers.items():
                began_s = time.perf_counter()
                checker.check(selfie)
                if turn > 0:  # the first loads what only a first check needs
                    times[name].append(1000 * (time.perf_counter() - began_s))
    return {name: statistics.median(of) for name, of in times.items()}


def worker_of(detector: Detector, selfie: bytes) -> dict[str, object]:
    """Threads and memory of a worker that has seen a picture, and the walls around it."""
    with load_checker(POLICY, detector=detector) as checker:
        checker.check(selfie)
        (server,) = children(os.getpid())
        worker = max(children(server), key=rss_bytes)  # one that waits has touched less
        return {
            "worker_threads": len(list(Path(f"/proc/{worker}/task").iterdir())),
            "worker_rss_mb": round(rss_bytes(worker) / 1e6),
            "seal": str(checker.seal),
        }


def main() -> None:
    selfie = selfie_jpeg()
    starts: dict[str, list[float]] = {name: [] for name in DETECTORS}
    commands: dict[str, list[float]] = {name: [] for name in DETECTORS}
    with tempfile.TemporaryDirectory() as folder:
        picture = Path(folder, "selfie.jpg")
        picture.write_bytes(selfie)
        for name in (*DETECTORS, *DETECTORS * STARTS):
            starts[name].append(start_ms(name))
            commands[name].append(command_ms(name, picture))
    warm, fresh = check_ms(selfie, CHECKS, 32), check_ms(selfie, FRESH_CHECKS, 1)
    installed = {
        "blazeface": installed_mb("onnxruntime", SHARED),
        "mediapipe": installed_mb("mediapipe", SHARED | {"onnxruntime", "flatbuffers"}),
    }
    document = {
        name: {
            "installed_mb": installed[name],
            "start_ms": round(statistics.median(starts[name][1:])),
            "command_ms": round(statistics.median(commands[name][1:])),
            "check_ms": round(warm[name], 1),
            "fresh_worker_check_ms": round(fresh[name], 1),
        }
        | worker_of(name, selfie)
        for name in DETECTORS
    }
    text = json.dumps({"machine": describe_machine(), **document}, indent=1) + "\n"
    RESULT.write_text(text, encoding="utf-8")
    sys.stdout.write(text)


if __name__ == "__main__":
    main()
