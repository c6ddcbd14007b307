"""The age network of HSE-FaceRes, written a second time, in TensorFlow.

It shares nothing with the ONNX recipe but the published weights: channels last, BGR as it was
trained, TensorFlow's own "same" padding, and batch normalisations where the package has them.
"""

from __future__ import annotations

import json

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

STRIDES = (1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1)


def probabilities(chips: NDArray[np.uint8], graph: bytes, shard: bytes) -> NDArray[np.float32]:
    """Return what chips, uint8 RGB (n, side, side, 3), get: float32 (n, 100)."""
    w = _weights(graph, shard)
    x = tf.constant(chips[..., ::-1], tf.float32) - tf.constant([103.939, 116.779, 123.68])
    x = tf.nn.conv2d(x, w["conv1/convolution/merged_input"], 2, "SAME")
    x = tf.nn.relu6(x + w["conv1_bn/batchnorm_1/sub"])
    for block, stride in enumerate(STRIDES, start=1):
        name = f"conv_dw_{block}"
        kernel = w[f"{name}/depthwise_kernel"]
        x = tf.nn.depthwise_conv2d(x, kernel, [1, stride, stride, 1], "SAME")
        scale, shift = (w[f"{name}_bn/batchnorm_1/{part}"] for part in ("mul", "sub"))
        x = tf.nn.relu6(x * scale + shift)
        name = f"conv_pw_{block}"
        x = tf.nn.conv2d(x, w[f"{name}/convolution/merged_input"], 1, "SAME")
        x = tf.nn.relu6(x + w[f"{name}_bn/batchnorm_1/sub"])
    x = tf.reduce_mean(x, axis=[1, 2])
    x = tf.nn.relu(tf.matmul(x, w["feats/kernel"]) + w["feats/bias"])
    logits = tf.matmul(x, w["age_pred/kernel"]) + w["age_pred/bias"]
    return np.asarray(tf.nn.softmax(logits).numpy())


def _weights(graph: bytes, shard: bytes) -> dict[str, NDArray[np.float32]]:
    weights, rest = {}, shard
    for entry in json.loads(graph)["weightsManifest"][0]["weights"]:
        size = 4 * int(np.prod(entry["shape"]))
        if entry["dtype"] == "float32":
            values = np.frombuffer(rest[:size], "<f4")
            weights[entry["name"]] = values.reshape(entry["shape"])
        rest = rest[size:]
    return weights
