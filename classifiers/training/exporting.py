"""The trained encoder as a file for onnxruntime: every weight one byte, every activation too while it runs.

The usual dynamic quantisation takes one scale for a whole batch, so that a comment's score would depend on
its neighbours. Here every token's activations have their own scale: a little more exact, and the same alone
or together. Weights have one scale an output channel, word vectors one a word.
"""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import torch
from onnx import ModelProto, NodeProto, helper, numpy_helper
from torch import nn

from classifiers.training.network import Network

OPSET = 17
ONNXRUNTIME = "com.microsoft"
"""The run time's own operations: a product of bytes that gives numbers in one step, attention in another."""
NARROWEST = 1e-8
MIDDLE = 128
"""Activations are unsigned bytes around this zero: what the processors' instructions multiply fastest."""


class _WithoutPadding(nn.Module):
    """The network's sum written out: texts of one length need no mask, and nothing else is in the graph.

    Mean and head are products text by text: those over a whole batch have other last digits than one alone.
    """

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network = network

    def forward(self, ids: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        body = self.network.body
        given = body.embeddings
        places = given.position_embeddings.weight[: ids.shape[1]] + given.token_type_embeddings.weight[0]
        states = given.LayerNorm(given.word_embeddings(ids) + places)
        for layer in body.encoder.layer:
            seen = layer.attention.output(_attended(layer.attention.self, states), states)
            states = layer.output(layer.intermediate(seen), seen)
        weight = self.network.head.weight.t().expand(ids.shape[0], -1, -1)
        tokens = torch.bmm(states, weight) + self.network.head.bias
        shares = torch.ones_like(ids).unsqueeze(1).to(states.dtype) / ids.shape[1]
        logits: torch.Tensor = torch.bmm(shares, tokens).squeeze(1)
        return logits, tokens


class _Attention(torch.autograd.Function):
    """Softmax over the text's own tokens: one operation of the run time's, which adds the biases as well."""

    @staticmethod
    def forward(
        _: Any, query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, bias: torch.Tensor, heads: int
    ) -> torch.Tensor:
        parts = zip((query, key, value), bias.chunk(3), strict=True)
        split = [(part + own).unflatten(-1, (heads, -1)).transpose(1, 2) for part, own in parts]
        return nn.functional.scaled_dot_product_attention(*split).transpose(1, 2).flatten(-2)

    @staticmethod
    def symbolic(graph: Any, query: Any, key: Any, value: Any, bias: Any, heads: int) -> Any:
        name = f"{ONNXRUNTIME}::MultiHeadAttention"
        return graph.op(name, query, key, value, bias, num_heads_i=heads).setType(query.type())


def _attended(attention: nn.Module, states: torch.Tensor) -> torch.Tensor:
    """Query, key and value are one product."""
    parts = (attention.query, attention.key, attention.value)
    weight, bias = (torch.cat([getattr(part, name) for part in parts]) for name in ("weight", "bias"))
    query, key, value = nn.functional.linear(states, weight).split(attention.all_head_size, -1)
    taken: torch.Tensor = _Attention.apply(query, key, value, bias, attention.num_attention_heads)
    return taken


def exported(network: Network) -> bytes:
    """ONNX: `ids` (texts x tokens, int64, all texts of one length) to `logits` (texts x Category).

    `tokens` (texts x tokens x Category) are what each token says; the logits are their mean.
    """
    plain = _WithoutPadding(network).eval()
    content = io.BytesIO()
    torch.onnx.export(
        plain,
        (torch.full((2, 12), 7),),
        content,
        input_names=["ids"],
        output_names=["logits", "tokens"],
        dynamic_axes={
            "ids": {0: "texts", 1: "tokens"},
            "logits": {0: "texts"},
            "tokens": {0: "texts", 1: "tokens"},
        },
        opset_version=OPSET,
        dynamo=False,
    )
    return quantised(onnx.load_from_string(content.getvalue()))


def quantised(model: ModelProto) -> bytes:
    weights = {one.name: numpy_helper.to_array(one) for one in model.graph.initializer}
    nodes: list[NodeProto] = []
    added: dict[str, npt.NDArray[np.generic]] = {}
    known: dict[str, tuple[str, str]] = {}
    for node in model.graph.node:
        place = {"MatMul": 1, "Gather": 0}.get(node.op_type)
        table = None if place is None else weights.get(node.input[place])
        if node.op_type == "MatMul" and table is not None and table.ndim == 2:
            if node.input[0] not in known:
                known[node.input[0]] = _bytes_a_token(node.input[0], nodes)
            _product(node, table, known[node.input[0]], nodes, added)
        elif node.op_type == "Gather" and table is not None and table.ndim == 2 and table.size > 1e6:
            _look_up(node, table, nodes, added)
        else:
            nodes.append(node)
    added["narrowest"] = np.array(NARROWEST, dtype=np.float32)
    added["most"] = np.array(127, dtype=np.float32)
    added["one"] = np.array(1, dtype=np.float32)
    added["zero"] = np.array(MIDDLE, dtype=np.uint8)
    used = {name for node in nodes for name in node.input}
    kept = [one for one in model.graph.initializer if one.name in used]
    kept += [numpy_helper.from_array(value, name) for name, value in added.items() if name in used]
    graph = helper.make_graph(nodes, "encoder", model.graph.input, model.graph.output, kept)
    sets = [helper.make_opsetid("", OPSET), helper.make_opsetid(ONNXRUNTIME, 1)]
    made = helper.make_model(graph, opset_imports=sets, producer_name="modbot")
    made.ir_version = model.ir_version
    onnx.checker.check_model(made)
    content: bytes = made.SerializeToString(deterministic=True)
    return content


def _bytes_a_token(name: str, nodes: list[NodeProto]) -> tuple[str, str]:
    """Adds what turns an activation into bytes and a scale a token; their names."""
    size, largest, wide, scale, finer, ratio, small = (
        f"{name}/{part}" for part in ("size", "largest", "wide", "scale", "finer", "ratio", "bytes")
    )
    nodes += [
        helper.make_node("Abs", [name], [size]),
        helper.make_node("ReduceMax", [size], [largest], axes=[-1], keepdims=1),
        helper.make_node("Max", [largest, "narrowest"], [wide]),
        helper.make_node("Div", [wide, "most"], [scale]),
        helper.make_node("Div", ["most", wide], [finer]),
        helper.make_node("Mul", [name, finer], [ratio]),
        helper.make_node("QuantizeLinear", [ratio, "one", "zero"], [small]),
    ]
    return small, scale


def _product(
    node: NodeProto,
    table: npt.NDArray[np.float32],
    activation: tuple[str, str],
    nodes: list[NodeProto],
    added: dict[str, npt.NDArray[np.generic]],
) -> None:
    scale = np.maximum(np.abs(table).max(axis=0), NARROWEST) / 127
    weight, spread = f"{node.output[0]}/weight", f"{node.output[0]}/spread"
    added[weight] = np.round(table / scale).astype(np.int8)
    added[spread] = scale.astype(np.float32)
    whole = f"{node.output[0]}/whole"
    nodes += [
        helper.make_node(
            "MatMulIntegerToFloat",
            [activation[0], weight, "one", spread, "zero"],
            [whole],
            domain=ONNXRUNTIME,
        ),
        helper.make_node("Mul", [whole, activation[1]], [node.output[0]]),
    ]


def _look_up(
    node: NodeProto,
    table: npt.NDArray[np.float32],
    nodes: list[NodeProto],
    added: dict[str, npt.NDArray[np.generic]],
) -> None:
    scale = np.maximum(np.abs(table).max(axis=1, keepdims=True), NARROWEST) / 127
    weight, spread = f"{node.output[0]}/weight", f"{node.output[0]}/spread"
    added[weight] = np.round(table / scale).astype(np.int8)
    added[spread] = scale.astype(np.float32)
    small, real, wide = (f"{node.output[0]}/{part}" for part in ("small", "real", "wide"))
    nodes += [
        helper.make_node("Gather", [weight, node.input[1]], [small]),
        helper.make_node("Cast", [small], [real], to=onnx.TensorProto.FLOAT),
        helper.make_node("Gather", [spread, node.input[1]], [wide]),
        helper.make_node("Mul", [real, wide], [node.output[0]]),
    ]
