"""Before a test here imports onnxruntime itself: its telemetry is off from then on."""

import agecheck.runtime  # noqa: F401
