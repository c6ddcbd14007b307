"""int8 from committed activation ranges, so that no picture is needed to rebuild the model.

Static quantisation with quantise/dequantise pairs: weights int8, one scale per output channel;
activations uint8. Weights keep to 7 bits (-64 to 64). Processors without VNNI multiply uint8 by
int8 in pairs and add each pair into 16 bits with saturation; 2 * 255 * 64 still fits there, so
every processor computes the same sums.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import onnx
from onnxruntime.quantization import QuantType
from onnxruntime.quantization.calibrate import CalibrationMethod, TensorData, TensorsData
from onnxruntime.quantization.qdq_quantizer import QDQQuantizer

Ranges = Mapping[str, tuple[float, float]]

# The average and the linear layers behind it cost next to nothing and stay in float32.
QUANTISED_OPERATORS = ["Conv", "Clip"]


def quantise(
    model: onnx.ModelProto,
    ranges: Ranges,
    *,
    operators: list[str] | None = None,
    exclude: list[str] | None = None,
) -> onnx.ModelProto:
    """Return `model` in int8.

    Args:
        model: float32 network.
        ranges: tensor name -> (smallest, largest) value it takes on real faces.
        operators: operator types to quantise.
        exclude: names of nodes to leave in float32.
    """
    tensors = {
        name: TensorData(lowest=np.float32(low), highest=np.float32(high))
        for name, (low, high) in ranges.items()
    }
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    quantiser = QDQQuantizer(
        copy,
        per_channel=True,
        reduce_range=True,
        weight_qType=QuantType.QInt8,
        activation_qType=QuantType.QUInt8,
        tensors_range=TensorsData(CalibrationMethod.MinMax, tensors),
        nodes_to_quantize=[],
        nodes_to_exclude=exclude or [],
        op_types_to_quantize=operators or QUANTISED_OPERATORS,
        extra_options={"ActivationSymmetric": False, "WeightSymmetric": True},
    )
    quantiser.quantize_model()
    result: onnx.ModelProto = quantiser.model.model
    return result
