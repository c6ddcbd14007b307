"""The age network of face-api, written a second time, in TensorFlow.

It shares nothing with the ONNX recipe but the published weights: TensorFlow's own "same" padding,
separable convolutions and pools stand against the recipe's explicit ones.
"""

from __future__ import annotations

import json

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray


def ages_years(
    chips: NDArray[np.uint8], weights_manifest: bytes, shard: bytes
) -> NDArray[np.float32]:
    """Return the ages of chips, uint8 RGB (n, 112, 112, 3), as float32 (n,)."""
    w = _weights(weights_manifest, shard)

    def separable(x: tf.Tensor, name: str) -> tf.Tensor:
        depthwise, pointwise = w[f"{name}/depthwise_filter"], w[f"{name}/pointwise_filter"]
        y = tf.nn.separable_conv2d(x, depthwise, pointwise, [1, 1, 1, 1], "SAME")
        return y + w[f"{name}/bias"]

    def conv(x: tf.Tensor, name: str) -> tf.Tensor:
        return tf.nn.conv2d(x, w[f"{name}/filters"], 2, "SAME") + w[f"{name}/bias"]

    def reduction(x: tf.Tensor, name: str) -> tf.Tensor:
        y = separable(x, f"{name}/separable_conv0")
        y = separable(tf.nn.relu(y), f"{name}/separable_conv1")
        return tf.nn.max_pool2d(y, 3, 2, "SAME")

    x = tf.constant(chips, tf.float32) - tf.constant([122.782, 117.001, 104.298])
    x = tf.nn.relu(conv(x / 255, "entry_flow/conv_in"))
    block = "entry_flow/reduction_block_0"
    x = reduction(x, block) + conv(x, f"{block}/expansion_conv")
    block = "entry_flow/reduction_block_1"
    x = reduction(tf.nn.relu(x), block) + conv(x, f"{block}/expansion_conv")
    for index in range(2):
        y = x
        for layer in range(3):
            y = separable(tf.nn.relu(y), f"middle_flow/main_block_{index}/separable_conv{layer}")
        x = x + y
    block = "exit_flow/reduction_block"
    x = reduction(tf.nn.relu(x), block) + conv(x, f"{block}/expansion_conv")
    x = tf.nn.relu(separable(x, "exit_flow/separable_conv"))
    x = tf.reshape(tf.nn.avg_pool2d(x, 7, 2, "VALID"), [len(chips), -1])
    ages = tf.matmul(x, w["fc/age/weights"]) + w["fc/age/bias"]
    return np.asarray(ages.numpy()[:, 0])


def _weights(weights_manifest: bytes, shard: bytes) -> dict[str, NDArray[np.float32]]:
    weights, rest = {}, shard
    for entry in json.loads(weights_manifest)[0]["weights"]:
        size = int(np.prod(entry["shape"]))
        if "quantization" in entry:
            scale, low = entry["quantization"]["scale"], entry["quantization"]["min"]
            values = np.frombuffer(rest[:size], np.uint8) * np.float64(scale) + low
            rest = rest[size:]
        else:
            values = np.frombuffer(rest[: 4 * size], "<f4")
            rest = rest[4 * size :]
        weights[entry["name"]] = values.astype(np.float32).reshape(entry["shape"])
    return weights
