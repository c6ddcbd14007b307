"""Check that the int8 age model gives the same ages on a processor without VNNI.

    python tests/system/check_without_vnni.py

Ten chips of the sample picture are estimated twice: natively, and by this same script under
qemu-user (Debian: qemu-user) as a Haswell processor, which has AVX2 but neither AVX-512 nor VNNI.
Exit status 0 when every age agrees, 1 otherwise or when qemu is missing. With 8-bit weights
instead of 7-bit ones, ages come out up to 26 years apart here.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnxruntime as ort

from agecheck.models.store import ModelStore

# The fixed chips are the golden tests' own.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from golden import inputs

MAX_CHANGE_YEARS = 0.5
EMULATED_CPU = "Haswell-noTSX"
# What qemu cannot emulate, and nothing here uses; it would warn of each.
EMULATED_WITHOUT = "pcid", "x2apic", "tsc-deadline", "invpcid"
TIMEOUT_S = 600
"""An emulator beside other work is slow, and hangs seldom."""
AGE_WEIGHTS_YEARS = np.arange(1.0, 101.0)


def ages_years() -> list[float]:
    """Return the shipped int8 model's ages of the ten chips, as this processor computes them."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    session = ort.InferenceSession(ModelStore().read("age-mobilenet"), options)
    (probabilities,) = session.run(["probabilities"], {"chips_rgb": inputs.chips(192)})
    return [float(age) for age in probabilities @ AGE_WEIGHTS_YEARS]


def ages_years_emulated(qemu: str) -> list[float]:
    """Return what the same script computes under an emulated processor."""
    processor = ",-".join([EMULATED_CPU, *EMULATED_WITHOUT])
    command = [qemu, "-cpu", processor, sys.executable, __file__]
    run = subprocess.run(  # noqa: S603 (no outside input)
        [*command, "--print-ages"], check=True, stdout=subprocess.PIPE, timeout=TIMEOUT_S
    )
    return [float(age) for age in json.loads(run.stdout)]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--print-ages", action="store_true", help="print this processor's ages")
    if parser.parse_args().print_ages:
        print(json.dumps(ages_years()))
        return 0
    qemu = shutil.which("qemu-x86_64") or shutil.which("qemu-x86_64-static")
    if qemu is None:
        print("qemu-x86_64 is missing; install Debian's qemu-user", file=sys.stderr)
        return 1
    native, emulated = np.array(ages_years()), np.array(ages_years_emulated(qemu))
    largest = float(np.abs(native - emulated).max())
    equal = largest <= MAX_CHANGE_YEARS
    print(
        f"{len(native)} chips, native against emulated {EMULATED_CPU}: "
        f"largest change {largest:.4f} years, allowed {MAX_CHANGE_YEARS}"
    )
    return 0 if equal else 1


if __name__ == "__main__":
    sys.exit(main())
