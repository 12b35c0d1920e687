"""Inline SVG that follows its page: matplotlib's plots, and the diagram of a network.

Colours are the page's variables (``--card``, ``--muted``, ``--rule``, ``--first``, ``--second``, ``--third``) and
``currentColor``, so one picture suits a light and a dark page; text stays text, in the page's own fonts.
"""

from __future__ import annotations

import io
import math
import re
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

from mien import palette
from mien.errors import MissingExtraError
from mien.reporting.plots import scores
from mien.run_record import LayerRecord, NetworkRecord
from mien.words import exact_percent, percent

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.typing import RcKeyType

ON_PAGE = {
    scores.INK: "currentColor",
    scores.MUTED: "var(--muted)",
    scores.RULE: "var(--rule)",
    scores.FIRST: "var(--first)",
    scores.SECOND: "var(--second)",
    scores.HOLLOW: "var(--card)",
    **{value: palette.on_page(value) for value in palette.EXPRESSIONS.values()},
}
"""Colour of a plot to colour of the page."""

DIAGRAM_WORDS = {
    "face": "face",
    "conv": "convolution",
    "residual": "residual",
    "linear": "linear",
    "layers": "layers {numbers}",
    "dropout": "dropout {share}",
}
"""The words on the diagram; a translation has the same keys and placeholders."""

TALLEST, CENTRE, GAP = 132.0, 104.0, 16.0
"""Of the diagram: height of a full-size map, height of its axis, and what is left free between two blocks."""


MOST_OUTCOMES = 12
"""Maximum number of classes in the diagram."""


NARROW, BROAD = 300.0, 640.0
"""Widths of drawings in points: the first fits a screen of 360 pixels with letters of 11, the second a figure of 616 pixels."""

LETTERS = 11.5
"""Height of the letters on a drawing, in points."""

STRETCH = 1.2
"""How much wider than drawn a drawing may be shown."""

NEAR = 9
"""Radius of a point, in units of the drawing."""


@dataclass(frozen=True)
class Point:
    """A place of a drawing that says something, such as a value of a curve.

    Attributes:
        x, y: where it is, in the units of the axes.
        text: what it says.
        faces: the query of its faces, as ``explore.select`` writes it; ``""`` without any.
    """

    x: float
    y: float
    text: str
    faces: str = ""


def wide(
    draw: Callable[[Axes], object], height: float, *, prefix: str, label: str, points: Sequence[Point] = ()
) -> str:
    """A drawing in two widths; the page shows the one that fits."""
    broad = from_plot(draw, BROAD, height, prefix=prefix, label=label, points=points)
    narrow = from_plot(draw, NARROW, height, prefix=f"{prefix}-narrow", label=label, points=points)
    return f'<div class="broad">{broad}</div><div class="narrow">{narrow}</div>'


def from_plot(
    draw: Callable[[Axes], object],
    width: float,
    height: float,
    *,
    prefix: str,
    label: str,
    points: Sequence[Point] = (),
) -> str:
    """Draw on new axes with matplotlib and return inline SVG.

    Args:
        draw: draws on the axes.
        width, height: in points, which is the unit of the view box.
        prefix: what ids start with; a different one for every figure of a page, so that they don't meet.
        label: what the figure shows, for those who don't see it.
        points: what places of the drawing say, in the order of reading.

    Raises:
        MissingExtraError: matplotlib isn't installed.
    """
    with _style(prefix):
        ax = scores.new_axes()
        figure = ax.get_figure(root=True)
        assert figure is not None
        figure.set_size_inches(width / 72, height / 72)
        draw(ax)
        drawn = _drawn(figure)
        marked = "".join(_marked(point, ax) for point in points)
    return _for_page(drawn, marked, prefix, label)


def _drawn(figure: Figure) -> str:
    """The figure as an SVG file, on a transparent ground; ``Figure.savefig`` would draw it twice, once for the layout."""
    from matplotlib.backends.backend_svg import FigureCanvasSVG

    for patch in (figure.patch, *(ax.patch for ax in figure.axes)):
        patch.set(facecolor="none", edgecolor="none")
    buffer = io.StringIO()
    unsigned = dict.fromkeys(("Creator", "Date", "Format", "Type"))
    FigureCanvasSVG(figure).print_svg(buffer, metadata=unsigned)  # type: ignore[no-untyped-call]
    return buffer.getvalue()


def _marked(point: Point, ax: Axes) -> str:
    """An invisible circle with the text of a point, placed as the drawing is laid out."""
    figure = ax.get_figure(root=True)
    assert figure is not None
    height = 72 * figure.get_size_inches()[1]
    x, y = ax.transData.transform((point.x, point.y)) * 72 / figure.dpi
    faces = f' data-faces="{escape(point.faces)}"' if point.faces else ""
    place = f'cx="{x:.1f}" cy="{height - y:.1f}" r="{NEAR}"'
    return f'<circle class="point" {place}{faces}><title>{escape(point.text)}</title></circle>'


@contextmanager
def _style(prefix: str) -> Iterator[None]:
    try:
        import matplotlib
    except ImportError:
        raise MissingExtraError("matplotlib", "report") from None
    settings: dict[RcKeyType, Any] = {
        "svg.fonttype": "none",
        "svg.hashsalt": prefix,
        "font.size": LETTERS,
        "legend.handlelength": 1.5,
        "legend.columnspacing": 1.2,
        "text.parse_math": False,
        "text.color": scores.INK,
        "axes.labelcolor": scores.MUTED,
        "xtick.color": scores.INK,
        "ytick.color": scores.INK,
    }
    with matplotlib.rc_context(settings), warnings.catch_warnings():
        # The browser draws the text in its own fonts; that matplotlib's lack Chinese only makes its layout approximate.
        warnings.filterwarnings("ignore", r"Glyph \d+ .* missing from font", UserWarning)
        yield


def _for_page(svg: str, marked: str, prefix: str, label: str) -> str:
    view = re.search(r'viewBox="([^"]+)"', svg)
    assert view is not None
    inner = svg[svg.index(">", svg.index("<svg")) + 1 : svg.rindex("</svg>")]
    inner = re.sub(r"<style.*?</style>", "", inner, flags=re.DOTALL)  # it would style every element of the page
    inner = re.sub(r"font-family: [^;\"]*;? ?", "", inner)
    for colour, value in ON_PAGE.items():
        inner = re.sub(rf"(fill|stroke): {colour}", rf"\1: {value}", inner)
    used = set(re.findall(r'(?:url\(#|href="#)([^")]+)', inner))
    inner = re.sub(r'(<\w+) id="([^"]+)"', lambda m: f'{m[1]} id="{prefix}-{m[2]}"' if m[2] in used else m[1], inner)
    inner = inner.replace('xlink:href="#', f'href="#{prefix}-').replace("url(#", f"url(#{prefix}-")
    inner = re.sub(r"\s*\n\s*", " ", inner)
    widest = STRETCH * float(view[1].split()[2])
    start = f'<svg class="plot" viewBox="{view[1]}" style="max-width:{widest:.0f}px" role="img" aria-label="{escape(label)}">'
    return f"{start}{inner}{marked}</svg>"


@dataclass(frozen=True)
class Block:
    """Neighbouring layers that are drawn as one block.

    Attributes:
        kind: ``"conv"``, ``"residual"`` or ``"linear"``.
        first, last: the numbers of its layers, counted from 1.
        layers: their records.
    """

    kind: str
    first: int
    last: int
    layers: Sequence[LayerRecord]

    @property
    def output(self) -> tuple[int, ...]:
        """Shape of its first weighted layer's output: that of the map before pooling."""
        return next(layer.output for layer in self.layers if layer.kind in ("Conv2d", "Linear"))

    @property
    def dropout(self) -> float:
        """The largest share that one of its dropout layers drops; 0 where there is none."""
        return max((layer.dropout or 0.0 for layer in self.layers), default=0.0)

    @property
    def pooled(self) -> tuple[int, ...] | None:
        """Shape behind its pooling layer, or None where it has none."""
        return next((layer.output for layer in self.layers if "Pool" in layer.kind), None)


def blocks(layers: Sequence[LayerRecord]) -> list[Block]:
    """Group the layers of a network: by residual block if the names have one, else from one weighted layer to the next.

    Dropout in front of a linear layer belongs to it.
    """
    starts = [index for index in range(len(layers)) if index == 0 or _starts_block(layers, index)]
    found = []
    for start, end in zip(starts, [*starts[1:], len(layers)], strict=True):
        part = layers[start:end]
        kinds = {layer.kind for layer in part}
        kind = "residual" if _residual(part[0]) else "linear" if "Linear" in kinds else "conv"
        if kinds & {"Conv2d", "Linear"}:  # what precedes all weights has nothing to draw
            found.append(Block(kind, start + 1, end, part))
    return found


def _residual(layer: LayerRecord) -> str:
    """The residual block of a layer, such as ``stages.0.1``; empty where there is none."""
    match = re.match(r"stages\.\d+\.\d+", layer.name)
    return match[0] if match else ""


def _starts_block(layers: Sequence[LayerRecord], index: int) -> bool:
    layer, before = layers[index], layers[index - 1]
    if _residual(layer) or _residual(before):
        return _residual(layer) != _residual(before)
    if layer.kind == "Dropout":
        return index + 1 < len(layers) and layers[index + 1].kind == "Linear"
    if layer.kind == "Linear":
        return before.kind != "Dropout"
    return layer.kind == "Conv2d"


def diagram(
    network: NetworkRecord,
    face: str,
    outcome: Sequence[tuple[str, str, float]],
    *,
    label: str,
    words: Mapping[str, str] = DIAGRAM_WORDS,
) -> str:
    """Draw a network from a face to probabilities, one block per group of layers.

    Height follows the size of the map (as its power 0.6), thickness the logarithm of the channels.

    Args:
        network: the record that ``training.summary.describe`` makes.
        face: address of the face's picture, such as a data URL.
        outcome: name, colour and probability of each class for that face, in the order to draw.
        label: what the figure shows, for those who don't see it.
        words: the words on it.
    """
    side = network.input[1]
    pen = _Pen(2.0)
    pen.face(face, words["face"], f"{side}×{side}")
    for block in blocks(network.layers):
        pen.block(block, side, words)
    pen.outcome(outcome[:MOST_OUTCOMES])
    return (
        f'<svg class="diagram" viewBox="0 0 {pen.x:.0f} 240" style="min-width:{pen.x * 1.15:.0f}px;max-width:{pen.x * 1.15:.0f}px" role="img" '
        f'aria-label="{escape(label)}">{"".join(pen.parts)}</svg>'
    )


class _Pen:
    """Draws the diagram from left to right; ``x`` is where the next part begins."""

    def __init__(self, x: float) -> None:
        self.x = x
        self.edge = x  # where the last shape ends
        self.parts: list[str] = []

    def _link(self, x: float) -> None:
        """A line from the last shape to one that begins at ``x``."""
        self.parts.append(f'<path d="M{self.edge + 4:.1f} {CENTRE}H{x - 4:.1f}" stroke="var(--muted)" opacity=".6"/>')

    def face(self, address: str, *lines: str) -> None:
        side, top = TALLEST * 0.74, CENTRE - TALLEST * 0.37
        self.parts.append(
            f'<image href="{address}" x="{self.x}" y="{top:.1f}" width="{side:.1f}" height="{side:.1f}"/>'
        )
        self._captions(self.x + side / 2, lines)
        self.edge = self.x + side
        self.x = self.edge + GAP

    def block(self, block: Block, side: int, words: Mapping[str, str]) -> None:
        numbers = f"{block.first}–{block.last}" if block.last > block.first else f"{block.first}"
        lines = [words[block.kind], "×".join(map(str, block.output)), words["layers"].format(numbers=numbers)]
        if block.pooled:
            lines.insert(2, "→ " + "×".join(map(str, block.pooled)))
        if block.dropout:
            lines.append(words["dropout"].format(share=exact_percent(block.dropout)))
        column = max(5.6 * max(map(len, lines[1:])), 5.4 * scores.width(lines[0]))
        about = escape(", ".join(f"{layer.name} ({layer.kind})" for layer in block.layers))
        self.parts.append(f"<g><title>{about}</title>")
        cuboids = _cuboids(block, side)
        width = sum(thick + depth for thick, _, depth, _ in cuboids) + 2 * (len(cuboids) - 1)
        column = max(column, width)
        x = self.x + (column - width) / 2
        self._link(x)
        if block.kind == "residual":
            self._shortcut(x, width, *cuboids[0][1:3])
        self.edge = x + width
        for thick, height, depth, colour in cuboids:
            self._cuboid(x, thick, height, depth, colour)
            x += thick + depth + 2
        self.parts.append("</g>")
        self._captions(self.x + column / 2, lines)
        self.x += column + GAP

    def outcome(self, outcome: Sequence[tuple[str, str, float]]) -> None:
        step = min(15.0, 190 / len(outcome))
        top = CENTRE - step * len(outcome) / 2
        names = [scores.shorten(name) for name, _, _ in outcome]
        self._link(self.x)
        right = self.x + 6 * max(scores.width(name) for name in names)
        for row, (name, (_, colour, share)) in enumerate(zip(names, outcome, strict=True)):
            y, length = top + step * row, max(0.8, 84 * share)
            self.parts.append(
                f'<text x="{right:.1f}" y="{y + step / 2 + 3.4:.1f}" text-anchor="end">{escape(name)}</text>'
                f'<rect x="{right + 6:.1f}" y="{y + 2:.1f}" width="{length:.1f}" height="{step - 4:.1f}" rx="1.5" fill="{colour}"/>'
                f'<text class="minor" x="{right + 10 + length:.1f}" y="{y + step / 2 + 3.4:.1f}">{escape(percent(share, 0))}</text>'
            )
        self.x = right + 6 + 84 + 32

    def _cuboid(self, x: float, thick: float, height: float, depth: float, colour: str) -> None:
        rise = depth / 2
        top = CENTRE - height / 2 + rise / 2
        sides = (
            (0.9, f"M{x:.1f} {top:.1f}h{thick:.1f}v{height:.1f}h{-thick:.1f}z"),
            (0.45, f"M{x:.1f} {top:.1f}l{depth:.1f} {-rise:.1f}h{thick:.1f}l{-depth:.1f} {rise:.1f}z"),
            (0.65, f"M{x + thick:.1f} {top:.1f}l{depth:.1f} {-rise:.1f}v{height:.1f}l{-depth:.1f} {rise:.1f}z"),
        )
        for opacity, path in sides:
            self.parts.append(
                f'<path d="{path}" fill="var({colour})" fill-opacity="{opacity}" stroke="var(--card)" stroke-width=".6"/>'
            )

    def _shortcut(self, x: float, width: float, height: float, depth: float) -> None:
        """An arch over a block, from the line in front of it to the line behind it."""
        top, left, right = CENTRE - height / 2 - depth / 4 - 13, x - 8, x + width + 8
        self.parts.append(
            f'<path d="M{left:.1f} {CENTRE}V{top + 12:.1f}Q{left:.1f} {top:.1f} {left + 12:.1f} {top:.1f}H{right - 12:.1f}'
            f'Q{right:.1f} {top:.1f} {right:.1f} {top + 12:.1f}V{CENTRE}" fill="none" stroke="var(--second)" stroke-width="1.2"/>'
        )

    def _captions(self, x: float, lines: Sequence[str]) -> None:
        for row, line in enumerate(lines):
            style = "" if row == 0 else ' class="minor"'
            self.parts.append(
                f'<text{style} x="{x:.1f}" y="{CENTRE + TALLEST / 2 + 24 + 12.5 * row:.1f}" text-anchor="middle">{escape(line)}</text>'
            )


def _cuboids(block: Block, side: int) -> list[tuple[float, float, float, str]]:
    """Thickness, height, depth and colour of what a block is drawn as: its map and, behind it, the pooled one."""
    if block.kind == "linear":
        return [(9.0, max(12.0, 10 * math.log2(block.output[-1])), 6.0, "--third")]
    height = TALLEST * (block.output[-1] / side) ** 0.6
    drawn = [(max(6.0, 4.5 * math.log2(block.output[0]) - 8), height, 0.24 * height, "--first")]
    if block.pooled:
        height = TALLEST * (block.pooled[-1] / side) ** 0.6
        drawn.append((5.0, height, 0.24 * height, "--second"))
    return drawn
