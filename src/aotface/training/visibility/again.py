"""From the file that ships back to a network that can be trained on."""

import numpy as np
import torch
from torch import Tensor, nn

from aotface.errors import UsageError, WeightsError
from aotface.training.visibility.net import Convolution, Size, VisibilityNet


def from_onnx(data: bytes, pictures: Tensor, size: Size | None = None) -> VisibilityNet:
    """The network of a file, with batch norms that hold the statistics of some pictures.

    At export norms melt into the weights. Here each gets back the mean and the variance that its layer has on ``pictures``,
    and the scale and shift that undo them: it gives what the file gives, and training starts from there.

    Args:
        data: an ONNX file of `export`.
        pictures: n x 3 x 256 x 256, 0..1, as many as are needed for statistics.
        size: of the network in the file.

    Raises:
        WeightsError: the file holds another network.
        UsageError: the onnx package is not installed.
    """
    net = VisibilityNet(size).eval()
    layers = _in_order(net)
    found = _convolutions(data)
    if len(found) != len(layers):
        raise WeightsError(f"expected {len(layers)} convolutions, found {len(found)}")
    melted = {module: norm for module, norm in layers if norm is not None}
    for (module, norm), (weights, bias) in zip(layers, found, strict=True):
        if len(weights) and weights.shape[-1] == 6:
            weights = _unshuffled(weights)
        if weights.shape != tuple(module.weight.shape):
            raise WeightsError(f"expected weights {tuple(module.weight.shape)}, found {weights.shape}")
        module.weight.data = torch.from_numpy(weights.copy())
        shift = torch.from_numpy(bias.copy())
        if norm is None:
            assert module.bias is not None
            module.bias.data = shift
        else:
            norm.bias.data = shift
            norm.running_var = torch.full_like(
                norm.bias.data, 1 - norm.eps
            )  # a norm that only adds the shift
    statistics: dict[nn.Conv2d, tuple[Tensor, Tensor]] = {}

    def watch(module: nn.Module, _: object, values: Tensor) -> None:
        assert isinstance(module, nn.Conv2d)
        statistics[module] = values.mean((0, 2, 3)), values.var((0, 2, 3), unbiased=False)

    hooks = [module.register_forward_hook(watch) for module in melted]
    with torch.inference_mode():
        net(pictures)
    for hook in hooks:
        hook.remove()
    for module, norm in melted.items():
        mean, variance = (part.clone() for part in statistics[module])
        norm.running_mean, norm.running_var = mean, variance
        norm.weight.data = (variance + norm.eps).sqrt()
        norm.bias.data = norm.bias.data + mean
    return net


def _in_order(net: VisibilityNet) -> list[tuple[nn.Conv2d, nn.BatchNorm2d | None]]:
    """Every convolution in the order in which it is used, with its norm."""
    norms = {part.weights: part.norm for part in net.modules() if isinstance(part, Convolution)}
    order: list[nn.Conv2d] = []
    hooks = [
        part.register_forward_hook(lambda module, *_: order.append(module))
        for part in net.modules()
        if isinstance(part, nn.Conv2d)
    ]
    with torch.inference_mode():
        net(torch.zeros(1, 3, 64, 64))
    for hook in hooks:
        hook.remove()
    return [(part, norms.get(part)) for part in order]


def _convolutions(data: bytes) -> list[tuple[np.ndarray, np.ndarray]]:
    """Weights and biases of a file, in order of use, as full floats."""
    try:
        import onnx
        from google.protobuf.message import DecodeError
        from onnx import numpy_helper
    except ImportError:
        raise UsageError("reading the network needs the onnx package: pip install onnx") from None
    try:
        graph = onnx.load_from_string(data).graph
    except DecodeError:
        raise WeightsError("expected an ONNX file, found something else") from None
    values = {one.name: numpy_helper.to_array(one).astype(np.float32) for one in graph.initializer}
    for node in graph.node:
        if node.op_type in ("Cast", "Identity") and node.input[0] in values:
            values[node.output[0]] = values[node.input[0]]
    return [(values[n.input[1]], values[n.input[2]]) for n in graph.node if n.op_type == "Conv"]


def _unshuffled(kernel: np.ndarray) -> np.ndarray:
    """The 6 x 6 kernel with stride 2 of `Probabilities`, as 3 x 3 on the unshuffled picture."""
    outputs = len(kernel)
    split = kernel.reshape(outputs, 3, 3, 2, 3, 2)  # channel, row, row's part, column, column's part
    return np.ascontiguousarray(split.transpose(0, 1, 3, 5, 2, 4).reshape(outputs, 12, 3, 3))
