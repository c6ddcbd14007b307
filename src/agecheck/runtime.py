"""The only module that imports onnxruntime."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from agecheck.errors import ModelError, ModelFault
from agecheck.models.manifest import ModelEntry, TensorSpec

TELEMETRY_SWITCH = "ORT_DISABLE_TELEMETRY"
"""Without it onnxruntime begins telemetry as it is imported (1.30, Linux wheel): a device id and a
database in the home directory, a log in /tmp, a thread, and an address to send to."""
_switch_before = os.environ.get(TELEMETRY_SWITCH)
os.environ[TELEMETRY_SWITCH] = "1"
import onnxruntime as ort  # noqa: E402

if _switch_before is None:
    del os.environ[TELEMETRY_SWITCH]
else:
    os.environ[TELEMETRY_SWITCH] = _switch_before

_ONNX_TYPES = {"float32": "tensor(float)", "uint8": "tensor(uint8)"}
PROVIDER = "CPUExecutionProvider"

ort.disable_telemetry_events()  # for a program that had imported onnxruntime before


class OnnxModel:
    """One network in an onnxruntime session on the CPU, on one thread.

    A check keeps to one core, and the process can be sealed: a filter set from one thread leaves
    older threads free.

    Args:
        entry: what the manifest states about the model.
        model_bytes: the .onnx file's bytes, already checked against the manifest's digest.

    Raises:
        ModelError: the runtime cannot load it, or its inputs or outputs are not those stated.
    """

    def __init__(self, entry: ModelEntry, model_bytes: bytes) -> None:
        options = ort.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.execution_mode = ort.ExecutionMode.ORT_SEQUENTIAL
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.log_severity_level = 4
        self._id = entry.id
        session = _session(model_bytes, options)
        if session is None:
            raise ModelError(ModelFault.LOAD, entry.id)
        self._session = session
        _require_signature(entry.id, entry.inputs, self._session.get_inputs())
        _require_signature(entry.id, entry.outputs, self._session.get_outputs())
        self._output_names = [spec.name for spec in entry.outputs]

    def run(self, feed: Mapping[str, NDArray[np.generic]]) -> list[NDArray[np.float32]]:
        """Run the network once; outputs come in the manifest's order.

        Raises:
            ModelError: the runtime failed.
        """
        try:
            outputs = self._session.run(self._output_names, dict(feed))
        except Exception:
            outputs = None
        if outputs is None:  # out here, so that the runtime's own error is not kept as a context
            raise ModelError(ModelFault.RUN, self._id)
        return [np.asarray(output) for output in outputs]


class DeferredModel:
    """A network that few pictures need: loaded when it is first run.

    Loading one takes longer than a whole check. Its bytes are read and checked before, so a sealed
    worker, which can open no file, loads it as well.

    Args: as for `OnnxModel`.
    """

    def __init__(self, entry: ModelEntry, model_bytes: bytes) -> None:
        self._entry, self._model_bytes = entry, model_bytes

    @cached_property
    def _model(self) -> OnnxModel:
        return OnnxModel(self._entry, self._model_bytes)

    def run(self, feed: Mapping[str, NDArray[np.generic]]) -> list[NDArray[np.float32]]:
        """Run the network once; outputs come in the manifest's order.

        Raises:
            ModelError: the runtime cannot load it, its signature is not the one stated, or it
                failed.
        """
        return self._model.run(feed)


def _session(model_bytes: bytes, options: ort.SessionOptions) -> ort.InferenceSession | None:
    """onnxruntime raises many types, and its text can hold a path: no error is handed on."""
    try:
        return ort.InferenceSession(model_bytes, options, providers=[PROVIDER])
    except Exception:
        return None


def _require_signature(
    model_id: str, stated: Sequence[TensorSpec], found: Sequence[ort.NodeArg]
) -> None:
    """Compare names, types and shapes; a named dimension ("N") matches any name."""
    stated_form = [(s.name, _ONNX_TYPES.get(s.dtype), _form(s.shape)) for s in stated]
    found_form = [(f.name, f.type, _form(f.shape)) for f in found]
    if stated_form != found_form:
        raise ModelError(ModelFault.SIGNATURE, model_id)


def _form(shape: Sequence[int | str | None]) -> list[int | None]:
    return [size if isinstance(size, int) else None for size in shape]
