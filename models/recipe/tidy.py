"""Make the bytes of a graph depend on what it computes, not on how a converter got there.

Converters number tensors by counters, order nodes by sets and sign files with their versions. Here
nodes are ordered by a walk from the outputs, inner tensors are numbered in that order, and
everything that is not part of the function goes.
"""

from __future__ import annotations

import onnx
from onnx import helper

IR_VERSION = 8
"""What opset 17 and 18 need; a newer one would only shut out older runtimes."""


def tidy(model: onnx.ModelProto, name: str) -> onnx.ModelProto:
    """Return an equal model named `name`, in a canonical form."""
    graph = model.graph
    inputs = [value.name for value in graph.input]
    outputs = [value.name for value in graph.output]
    initializers = {item.name: item for item in graph.initializer}
    nodes = _ordered(graph, outputs, {*inputs, *initializers})

    names = {tensor: tensor for tensor in ["", *inputs, *outputs]}
    kept: list[onnx.TensorProto] = []
    clean: list[onnx.NodeProto] = []
    for index, node in enumerate(nodes):
        label = f"{node.op_type.lower()}_{index:03d}"
        for position, tensor in enumerate(node.input):
            if tensor in initializers and tensor not in names:
                names[tensor] = f"{label}_{_role(node, position)}"
                constant = onnx.TensorProto()
                constant.CopyFrom(initializers[tensor])
                constant.name = names[tensor]
                constant.ClearField("doc_string")
                kept.append(constant)
        for position, tensor in enumerate(node.output):
            names.setdefault(tensor, label if position == 0 else f"{label}_{position}")
        copy = onnx.NodeProto(op_type=node.op_type, domain=node.domain, name=label)
        copy.input.extend(names[tensor] for tensor in node.input)
        copy.output.extend(names[tensor] for tensor in node.output)
        copy.attribute.extend(sorted(node.attribute, key=lambda attribute: attribute.name))
        clean.append(copy)

    versions = {entry.domain: entry.version for entry in model.opset_import}
    used = {node.domain for node in clean}
    result = helper.make_model(
        helper.make_graph(clean, name, list(graph.input), list(graph.output), kept),
        opset_imports=[helper.make_opsetid(domain, versions[domain]) for domain in sorted(used)],
        ir_version=IR_VERSION,
    )
    onnx.checker.check_model(result, full_check=True)
    return result


def _ordered(graph: onnx.GraphProto, outputs: list[str], given: set[str]) -> list[onnx.NodeProto]:
    """Return the nodes that the outputs need, each after what it needs, in a fixed order."""
    producers = {tensor: node for node in graph.node for tensor in node.output}
    ordered: list[onnx.NodeProto] = []
    done = {"", *given}
    stack = list(reversed(outputs))
    while stack:
        tensor = stack[-1]
        if tensor in done:
            stack.pop()
            continue
        node = producers[tensor]
        waiting = [name for name in node.input if name not in done]
        if waiting:
            stack.extend(reversed(waiting))
        else:
            ordered.append(node)
            done.update(node.output)
            stack.pop()
    return ordered


def _role(node: onnx.NodeProto, position: int) -> str:
    roles = {
        "Conv": {1: "weights", 2: "bias"},
        "Gemm": {1: "weights", 2: "bias"},
        "PRelu": {1: "slopes"},
        "QuantizeLinear": {1: "scale", 2: "zero_point"},
        "DequantizeLinear": {0: "quantised", 1: "scale", 2: "zero_point"},
    }
    return roles.get(node.op_type, {}).get(position, f"constant{position}")
