"""What MediaPipe's Tasks API wants to find in a TensorFlow Lite file: how its input is normalised.

It is a buffer of its own in the file, named TFLITE_METADATA, whose layout is MediaPipe's
metadata_schema.fbs. Nothing else in the file changes: the weights stay bit for bit.
"""

from __future__ import annotations

import flatbuffers
from tensorflow.lite.python import schema_py_generated as tflite

NAME = b"TFLITE_METADATA"
MIDDLE_LEVEL = 127.5
"""BlazeFace takes (level - 127.5) / 127.5, so -1 to 1."""

# Positions of the fields in metadata_schema.fbs, and how many fields each table has.
_MODEL_FIELDS, _MODEL_SUBGRAPHS = 8, 3
_SUBGRAPH_FIELDS, _SUBGRAPH_INPUTS = 10, 2
_TENSOR_FIELDS, _TENSOR_PROCESS_UNITS = 7, 4
_UNIT_FIELDS, _UNIT_TYPE, _UNIT_OPTIONS = 2, 0, 1
_NORMALISATION_FIELDS, _NORMALISATION_MEAN, _NORMALISATION_STD = 2, 0, 1
_NORMALISATION = 1
"""The union's first member, NormalizationOptions."""


def with_normalisation(content: bytes) -> bytes:
    """Return a face detector's TensorFlow Lite file with its input's normalisation stated.

    Raises:
        ValueError: the file has metadata already, or a buffer would not stay as it is.
    """
    model = tflite.ModelT.InitFromPackedBuf(content, 0)
    if model.metadata:
        raise ValueError("the file has metadata already")
    weights = _buffers(model)
    buffer = tflite.BufferT()
    buffer.data = _normalisation()
    model.buffers.append(buffer)
    entry = tflite.MetadataT()
    entry.name, entry.buffer = NAME, len(model.buffers) - 1
    model.metadata = [entry]
    builder = flatbuffers.Builder(len(content))
    builder.Finish(model.Pack(builder), b"TFL3")
    packed = bytes(builder.Output())
    if _buffers(tflite.ModelT.InitFromPackedBuf(packed, 0))[:-1] != weights:
        raise ValueError("a buffer of the file changed")
    return packed


def _buffers(model: tflite.ModelT) -> list[bytes]:
    return [b"" if buffer.data is None else bytes(buffer.data) for buffer in model.buffers]


def _normalisation() -> bytes:
    """The metadata: one subgraph, one input, one process unit."""
    builder = flatbuffers.Builder(256)
    mean, std = _floats(builder, MIDDLE_LEVEL), _floats(builder, MIDDLE_LEVEL)
    builder.StartObject(_NORMALISATION_FIELDS)
    builder.PrependUOffsetTRelativeSlot(_NORMALISATION_MEAN, mean, 0)
    builder.PrependUOffsetTRelativeSlot(_NORMALISATION_STD, std, 0)
    options = builder.EndObject()
    builder.StartObject(_UNIT_FIELDS)
    builder.PrependUint8Slot(_UNIT_TYPE, _NORMALISATION, 0)
    builder.PrependUOffsetTRelativeSlot(_UNIT_OPTIONS, options, 0)
    unit = builder.EndObject()
    tensor = _holder(builder, _TENSOR_FIELDS, _TENSOR_PROCESS_UNITS, unit)
    subgraph = _holder(builder, _SUBGRAPH_FIELDS, _SUBGRAPH_INPUTS, tensor)
    builder.Finish(_holder(builder, _MODEL_FIELDS, _MODEL_SUBGRAPHS, subgraph), b"M001")
    return bytes(builder.Output())


def _floats(builder: flatbuffers.Builder, value: float) -> int:
    builder.StartVector(4, 1, 4)
    builder.PrependFloat32(value)
    return int(builder.EndVector())


def _holder(builder: flatbuffers.Builder, fields: int, slot: int, member: int) -> int:
    """A table whose one field is a list of one table."""
    builder.StartVector(4, 1, 4)
    builder.PrependUOffsetTRelative(member)
    members = builder.EndVector()
    builder.StartObject(fields)
    builder.PrependUOffsetTRelativeSlot(slot, members, 0)
    return int(builder.EndObject())
