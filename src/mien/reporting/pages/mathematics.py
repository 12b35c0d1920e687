"""The derivations, each with the numbers of one network, ready for the template."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mien import palette
from mien.evaluation import metrics
from mien.evaluation.evaluation import Evaluation
from mien.evaluation.judge import Judgement
from mien.recipes import Recipe
from mien.reporting import mathematics
from mien.reporting.pages.network import medium_row
from mien.reporting.pages.parts import TableRow
from mien.reporting.texts import Texts, cells
from mien.run import Run
from mien.run_record import LayerRecord, NetworkRecord

RRELU_SLOPES = (1 / 8, 1 / 3)
"""Lowest and highest slope of RReLU, torch's defaults; their mean is the slope at inference."""


@dataclass(frozen=True)
class Table:
    """A table of numbers: its heads, that of the names first, and its rows."""

    heads: tuple[str, ...]
    rows: tuple[TableRow, ...]


@dataclass(frozen=True)
class MathSection:
    """A derivation as HTML, and what it gives for this network: sentences as HTML, and a table or None."""

    title: str
    html: str
    here: tuple[str, ...]
    table: Table | None = None


@dataclass(frozen=True, eq=False)
class Numbers:
    """What the derivations are filled with.

    Attributes:
        run: a run.
        single: its model, judged.
        reported: the model whose accuracy is reported, judged on the same rows.
    """

    run: Run
    single: Judgement
    reported: Judgement


def sections(numbers: Numbers, t: Texts) -> tuple[MathSection, ...]:
    """The derivations in the order of the document.

    Raises:
        MissingExtraError: latex2mathml or markdown-it-py isn't installed.
    """
    network, recipe, single = numbers.run.network, numbers.run.recipe, numbers.single
    plain = Evaluation.from_predictions(
        single.evaluation.labels,
        metrics.untempered(single.evaluation.probabilities, single.record.temperature),
        single.evaluation.classes,
    )
    here: list[tuple[tuple[str, ...], Table | None]] = [
        (_convolutions(network, t), _windows(network, t)),
        (_norms(network, recipe, t), None),
        _softmax(plain, medium_row(single.evaluation), recipe, t),
        (_noise(network, t), _dropouts(network, t)),
        (_optimizer(recipe, t), None),
        (_temperature(single, plain, t), None),
        (_shares(numbers.run, t), None),
        (_wilson(numbers.reported.evaluation, t), None),
    ]
    return tuple(
        MathSection(derived.title, derived.html, tuple(mathematics.to_html(text) for text in texts), table)
        for derived, (texts, table) in zip(mathematics.derivations(t.lang), here, strict=True)
    )


def _moving(network: NetworkRecord) -> list[LayerRecord]:
    """Convolutions and poolings, in runs whose record has their windows."""
    return [layer for layer in network.layers if layer.window is not None]


def _convolutions(network: NetworkRecord, t: Texts) -> tuple[str, ...]:
    linear = [layer for layer in network.layers if layer.kind == "Linear"]
    largest = max(network.layers, key=lambda layer: layer.parameters)
    sentences = [
        t("mathematics.total", parameters=network.parameters, macs=network.macs, linear=len(linear)),
        t("mathematics.largest", name=largest.name, share=largest.parameters / max(1, network.parameters)),
    ]
    if moving := _moving(network):
        sentences.insert(0, t("mathematics.first_layer", length=_length(moving[0]), parameters=_parameters(moving[0])))
    return (t.joined(sentences),)


def _length(layer: LayerRecord) -> str:
    """The output length of a convolution or a pooling as a formula in TeX, with its numbers."""
    window = layer.window
    assert window is not None
    top = f"{layer.input[1]} + 2 \\cdot {window.padding} - {window.kernel}"
    return f"n' = \\left\\lfloor \\frac{{{top}}}{{{window.stride}}} \\right\\rfloor + 1 = {layer.output[1]}"


def _parameters(layer: LayerRecord) -> str:
    """The parameters of a convolution as a product in TeX."""
    window = layer.window
    assert window is not None
    kernel = f"{layer.input[0]} \\cdot {window.kernel} \\cdot {window.kernel}"
    product = f"({kernel} + 1)" if window.bias else kernel
    return f"{layer.output[0]} \\cdot {product} = {_tex(layer.parameters)}"


def _tex(num: int) -> str:
    """A count in TeX, with thousands separators that take no further space."""
    return cells.count(num).replace(",", "{,}")


def _windows(network: NetworkRecord, t: Texts) -> Table | None:
    moving = _moving(network)
    if not moving:
        return None
    rows = []
    for layer in moving:
        window = layer.window
        assert window is not None
        kernel = f"{layer.input[0]}·{window.kernel}·{window.kernel}"
        product = f"{layer.output[0]}·({kernel} + 1)" if window.bias else f"{layer.output[0]}·{kernel}"
        shown = (str(layer.input[1]), str(window.kernel), str(window.stride), str(window.padding), str(layer.output[1]))
        count = f"{product} = {cells.count(layer.parameters)}" if layer.parameters else cells.count(0)
        rows.append(TableRow(f"{layer.name} ({layer.kind})", (*shown, count)))
    return Table((t("network.layer"), "n", "k", "s", "p", "n′", t("network.parameters")), tuple(rows))


def _norms(network: NetworkRecord, recipe: Recipe, t: Texts) -> tuple[str, ...]:
    norms = [layer for layer in network.layers if layer.kind == "BatchNorm2d"]
    if not norms:
        return (t("mathematics.no_norm"),)
    _, height, width = norms[0].output
    values = recipe.batch_size * height * width
    return (
        t(
            "mathematics.norms",
            num=len(norms),
            parameters=sum(layer.parameters for layer in norms),
            m=f"m = {recipe.batch_size} \\cdot {height} \\cdot {width} = {_tex(values)}",
        ),
    )


def _softmax(plain: Evaluation, row: int, recipe: Recipe, t: Texts) -> tuple[tuple[str, ...], Table]:
    """The gradient for one face, by the probabilities of the network itself."""
    probabilities, label = plain.probabilities[row].astype(np.float64), int(plain.labels[row])
    smoothing, num = recipe.label_smoothing, len(plain.classes)
    target = np.full(num, smoothing / num) + (1 - smoothing) * (np.arange(num) == label)
    logs = np.log(np.maximum(probabilities, 1e-12))
    gradient = probabilities - target
    sentences = [
        t(
            "mathematics.gradient",
            label=t.named(plain.classes[label]),
            loss=float(-(target * logs).sum()),
            own=float(gradient[label]),
            norm=float(np.abs(gradient).sum()),
        )
    ]
    if smoothing:
        sentences.append(
            t(
                "mathematics.smoothing",
                alpha=smoothing,
                high=float(target.max()),
                low=float(target.min()),
                gap=float(np.log(target.max() / target.min())),
            )
        )
    heads = (t("confusion.class"), "log p", "p", "t", "∂L/∂z = p − t")
    return (t.joined(sentences),), Table(
        heads, _gradient_rows(plain.classes, (logs, probabilities, target, gradient), t)
    )


def _gradient_rows(classes: Sequence[str], columns: Sequence[NDArray[np.float64]], t: Texts) -> tuple[TableRow, ...]:
    *positive, last = columns
    return tuple(
        TableRow(
            name=t.named(name),
            colour=palette.on_page(palette.colour(name, classes)),
            cells=(
                *(cells.true_minus(cells.decimal(float(column[index]), 4)) for column in positive),
                cells.true_minus(cells.signed(float(last[index]), 4)),
            ),
        )
        for index, name in enumerate(classes)
    )


def _noise(network: NetworkRecord, t: Texts) -> tuple[str, ...]:
    rrelus = sum(layer.kind == "RReLU" for layer in network.layers)
    on = [share for share in network.dropouts if share]
    sentences = [t("mathematics.rrelu", num=rrelus, slope=sum(RRELU_SLOPES) / 2)] if rrelus else []
    sentences.append(t("mathematics.dropout", num=len(on)) if on else t("mathematics.no_dropout"))
    return (t.joined(sentences),)


def _dropouts(network: NetworkRecord, t: Texts) -> Table | None:
    layers = [layer for layer in network.layers if layer.dropout]
    rows = [
        TableRow(
            layer.name,
            (
                cells.exact_percent(share),
                cells.decimal(1 / (1 - share), 3),
                cells.decimal(share / (1 - share), 3),
            ),
        )
        for layer in layers
        if (share := layer.dropout or 0.0) < 1
    ]
    return Table((t("network.layer"), "q", "1/(1−q)", "q/(1−q)"), tuple(rows)) if rows else None


def _optimizer(recipe: Recipe, t: Texts) -> tuple[str, ...]:
    if recipe.optimizer != "sgd":
        return (t("mathematics.adamw"),)
    momentum, rate = recipe.momentum, recipe.learning_rate
    sentences = [
        t("mathematics.sgd", momentum=momentum, rate=rate, factor=1 / (1 - momentum), limit=2 * (1 + momentum) / rate)
    ]
    if recipe.nesterov:
        sentences.append(t("mathematics.nesterov"))
    if recipe.muon:
        sentences.append(t("mathematics.muon"))
    return (t.joined(sentences),)


def _temperature(single: Judgement, plain: Evaluation, t: Texts) -> tuple[str, ...]:
    evaluation = single.evaluation
    return (
        t(
            "mathematics.temperature",
            temperature=single.record.temperature,
            before=float(plain.probabilities.max(1).mean()),
            after=float(evaluation.probabilities.max(1).mean()),
            accuracy=evaluation.accuracy,
            loss_before=plain.log_loss,
            loss_after=evaluation.log_loss,
        ),
    )


def _shares(run: Run, t: Texts) -> tuple[str, ...]:
    data = run.record.data
    counts = np.array(data.train.counts, np.float64)
    counts, names = counts[counts > 0], [name for name, count in zip(data.classes, counts, strict=True) if count]
    most, least = int(counts.argmax()), int(counts.argmin())
    return (
        t(
            "mathematics.shares",
            most=t.named(names[most]),
            least=t.named(names[least]),
            high=float(counts[most] / counts.sum()),
            low=float(counts[least] / counts.sum()),
            offset=float(np.log(counts[most] / counts[least])),
        ),
    )


def _wilson(evaluation: Evaluation, t: Texts) -> tuple[str, ...]:
    low, high = evaluation.accuracy_interval
    right = int(np.trace(evaluation.confusion))
    return (t("mathematics.wilson", k=right, n=len(evaluation), share=evaluation.accuracy, low=low, high=high),)
