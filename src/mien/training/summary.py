"""What a network consists of: each layer with its output, its parameters, its arithmetic and the reason for it."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from mien import tables
from mien.training.networks import Network
from mien.words import exact_percent, percent

REASONS: dict[str, dict[str, str]] = {
    "conv_first": {
        "en": "Looks at 3x3 neighbourhoods of gray and learns edges and spots; padding 1 keeps the size.",
        "zh-TW": "觀察 3x3 鄰域的灰階，學習邊緣與斑點；填補 1 使尺寸不變。",
    },
    "conv": {
        "en": "Combines the features below into larger parts (corners, lids, lips); twice the channels, as the map was halved.",
        "zh-TW": "把下層特徵組合成較大的部位（角、眼瞼、嘴唇）；特徵圖減半後通道加倍。",
    },
    "conv_residual": {
        "en": "A dense 3x3 convolution, the operation that processors run best; without a bias, as the norm behind it has one.",
        "zh-TW": "密集的 3x3 卷積，是處理器執行最有效率的運算；後面的正規化已有偏移，故不需偏差項。",
    },
    "stem": {
        "en": "Sees gray and halves the size at once: full-size layers would cost most of the time and see only edges.",
        "zh-TW": "直接看灰階並把尺寸減半：全尺寸的層最耗時，卻只看得到邊緣。",
    },
    "norm": {
        "en": "Centres and scales each channel over the batch, so that a higher learning rate stays stable.",
        "zh-TW": "以批次為單位把每個通道置中並縮放，使較大的學習率仍然穩定。",
    },
    "rrelu": {
        "en": "Lets a random slope of 1/8 to 1/3 through below zero in training: no unit dies, and the noise regularises.",
        "zh-TW": "訓練時以 1/8 到 1/3 的隨機斜率讓負值通過：單元不會失效，雜訊也有正則化的作用。",
    },
    "relu": {
        "en": "Cuts off below zero: the cheapest non-linearity, without which stacked layers would collapse into one.",
        "zh-TW": "截去負值：最省的非線性；沒有它，層層堆疊等同單一層。",
    },
    "silu": {
        "en": "A smooth non-linearity, x times sigmoid(x): small negative values pass, so no unit goes silent for good.",
        "zh-TW": "平滑的非線性 x·sigmoid(x)：小的負值可以通過，單元不會永遠沉默。",
    },
    "pool": {
        "en": "Keeps the strongest response of each 2x2 cell: a quarter of the work above, and small shifts cease to matter.",
        "zh-TW": "保留每個 2x2 方格中最強的反應：上層工作量減為四分之一，小位移也不再有影響。",
    },
    "drop_conv": {
        "en": "Silences a random {dropout} of the responses in training, so that no feature is relied on alone.",
        "zh-TW": "訓練時隨機關閉 {dropout} 的反應，避免只依賴單一特徵。",
    },
    "drop_linear": {
        "en": "The next layer has {next} of all parameters and may learn faces by heart; dropping {dropout} of its inputs works against it.",
        "zh-TW": "下一層占全部參數的 {next}，可能把人臉背下來；訓練時丟棄其 {dropout} 的輸入可加以抑制。",
    },
    "drop_off": {
        "en": "Off in this recipe: it drops nothing.",
        "zh-TW": "此配方中關閉：不丟棄任何數值。",
    },
    "drop_mean": {
        "en": "Drops {dropout} of the averaged features in training, so that the decision rests on many of them.",
        "zh-TW": "訓練時丟棄 {dropout} 的平均特徵，使決定建立在許多特徵之上。",
    },
    "linear_first": {
        "en": "Sees all positions at once and relates them (brows with mouth); it holds {share} of all parameters.",
        "zh-TW": "同時看到所有位置並加以關聯（眉與嘴）；占全部參數的 {share}。",
    },
    "linear": {
        "en": "Narrows the description step by step towards the decision.",
        "zh-TW": "逐步把描述收窄到決策。",
    },
    "logits": {
        "en": "One score per expression; softmax turns the scores into probabilities.",
        "zh-TW": "每種表情一個分數；softmax 再把分數轉為機率。",
    },
    "shortcut": {
        "en": "Carries the input past two convolutions, so that gradients reach the first layers undiminished.",
        "zh-TW": "讓輸入繞過兩層卷積，使梯度不減地傳到最前面的層。",
    },
}  # fmt: skip
"""Why a layer is there, by the keys that networks name, in the report's two languages."""


def describe(network: Network, size: int) -> dict[str, Any]:
    """Run one face through the network and note every layer.

    Returns:
        ``layers``: a list of records with ``name``, ``kind``, ``output`` (shape without the batch), ``parameters``, ``macs``
        (multiply-adds per face), ``dropout`` (the probability of a dropout layer, else None) and ``reason`` (by language);
        ``parameters`` and ``macs``: the totals; ``input_bytes``,
        ``activation_bytes`` (all outputs of one face in fp32, kept for the backward pass) and ``parameter_bytes``.
    """
    layers: list[dict[str, Any]] = []

    def note(name: str, layer: nn.Module) -> Any:
        def hook(_: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
            layers.append({
                "name": name,
                "kind": type(layer).__name__,
                "output": list(output.shape[1:]),
                "parameters": sum(parameter.numel() for parameter in layer.parameters()),
                "macs": _macs(layer, output),
                "dropout": layer.p if isinstance(layer, nn.Dropout) else None,
                "reason": network.reasons[name],
            })  # fmt: skip

        return layer.register_forward_hook(hook)

    leaves = [
        (name, layer) for name, layer in network.named_modules() if name in network.reasons and not _is_empty(layer)
    ]
    hooks = [note(name, layer) for name, layer in leaves]
    was_training = network.training
    try:
        with torch.no_grad():
            network.eval()(torch.zeros(1, 1, size, size))
    finally:
        network.train(was_training)
        for hook in hooks:
            hook.remove()
    num_parameters = sum(layer["parameters"] for layer in layers)
    _give_reasons(layers, num_parameters)
    return {
        "input": [1, size, size],
        "layers": layers,
        "parameters": num_parameters,
        "macs": sum(layer["macs"] for layer in layers),
        "input_bytes": 4 * size * size,
        "activation_bytes": 4 * sum(int(torch.Size(layer["output"]).numel()) for layer in layers),
        "parameter_bytes": 4 * num_parameters,
    }


def _give_reasons(layers: list[dict[str, Any]], num_parameters: int) -> None:
    """Put the words in place of their keys, with the figures that they name."""
    for layer, following in zip(layers, [*layers[1:], layers[-1]], strict=True):
        key = "drop_off" if layer["dropout"] == 0 else layer["reason"]
        figures = {
            "share": percent(layer["parameters"] / max(1, num_parameters), 0),
            "next": percent(following["parameters"] / max(1, num_parameters), 0),
            "dropout": exact_percent(layer["dropout"] or 0.0),
        }
        layer["reason"] = {lang: text.format(**figures) for lang, text in REASONS[key].items()}


def as_table(description: dict[str, Any]) -> str:
    """The description as a table for a terminal."""
    rows = [
        [
            str(number),
            layer["name"],
            layer["kind"] + (f" {layer['dropout']:g}" if layer["dropout"] is not None else ""),
            "x".join(map(str, layer["output"])),
            f"{layer['parameters']:,}",
            layer["reason"]["en"],
        ]
        for number, layer in enumerate(description["layers"], start=1)
    ]
    table = tables.render(["#", "layer", "kind", "output", "parameters", "reason"], rows)
    mib = 2.0**20
    totals = [
        f"parameters          {description['parameters']:,} (all trainable)",
        f"multiply-adds       {description['macs']:,} per face",
        f"input               {'x'.join(map(str, description['input']))}, {description['input_bytes'] / mib:.2f} MiB",
        f"activations         {description['activation_bytes'] / mib:.2f} MiB per face in fp32, kept for the backward pass",
        f"parameters' size    {description['parameter_bytes'] / mib:.2f} MiB in fp32",
    ]
    return "\n".join([table, "", *totals])


def _macs(layer: nn.Module, output: Tensor) -> int:
    if isinstance(layer, nn.Conv2d):
        return layer.weight.numel() * output.shape[2] * output.shape[3]
    return layer.weight.numel() if isinstance(layer, nn.Linear) else 0


def _is_empty(layer: nn.Module) -> bool:
    return isinstance(layer, nn.Sequential) and len(layer) == 0
