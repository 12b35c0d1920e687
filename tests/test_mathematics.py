"""The formulas of the mathematics, run as they stand there, against PyTorch, its derivatives and finite differences."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

import mien
from mien.evaluation import metrics
from mien.training import networks
from mien.training.noise import Dropout, RReLU
from mien.training.temperature import Temperature

TEXTS = Path(mien.__file__).parent / "reporting" / "texts"
RNG = np.random.default_rng(0)


def snippets(name: str) -> list[str]:
    return re.findall(r"```python\n(.*?)```", (TEXTS / name).read_text(encoding="utf-8"), re.DOTALL)


@pytest.fixture(scope="module")
def maths() -> dict[str, Any]:
    """The functions of the document, after its own assertions have held."""
    names: dict[str, Any] = {}
    for snippet in snippets("mathematics.en.md"):
        exec(compile(snippet, "mathematics.en.md", "exec"), names)
    return names


def gradient(function: Any, *values: Any) -> list[Any]:
    """PyTorch's derivatives of a scalar function."""
    tensors = [torch.tensor(value, dtype=torch.float64, requires_grad=True) for value in values]
    function(*tensors).backward()
    return [tensor.grad.numpy() for tensor in tensors if tensor.grad is not None]


def test_both_languages_have_the_same_formulas() -> None:
    english, chinese = snippets("mathematics.en.md"), snippets("mathematics.zh-TW.md")
    assert english == chinese
    texts = [(TEXTS / name).read_text(encoding="utf-8") for name in ("mathematics.en.md", "mathematics.zh-TW.md")]
    formulas = [re.findall(r"\$\$(.*?)\$\$", text, re.DOTALL) for text in texts]
    words = [[re.sub(r"\\text\{[^}]*\}", "", formula) for formula in found] for found in formulas]
    assert words[0] == words[1]


@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("padding", [0, 1, 4])
@pytest.mark.parametrize("dilation", [1, 2])
@pytest.mark.parametrize("groups", [1, 2])
def test_sizes_and_parameters(maths: dict[str, Any], stride: int, padding: int, dilation: int, groups: int) -> None:
    for size, kernel in ((12, 1), (13, 2), (14, 3), (15, 5)):
        layer = nn.Conv2d(4, 6, kernel, stride, padding, dilation, groups)
        expected = layer(torch.zeros(1, 4, size, size)).shape[2]
        assert maths["output_length"](size, kernel, stride, padding, dilation) == expected
        assert maths["conv_parameters"](4, 6, kernel, groups) == networks.num_parameters(layer)
        if padding <= kernel // 2 and dilation == 1:
            pooled = F.max_pool2d(torch.zeros(1, 1, size, size), kernel, stride, padding).shape[2]
            assert maths["output_length"](size, kernel, stride, padding) == pooled
    assert maths["linear_parameters"](5, 3) == networks.num_parameters(nn.Linear(5, 3))


def test_the_reports_network_has_what_the_formulas_say(maths: dict[str, Any]) -> None:
    network = networks.build("vgg", 7, 64)
    assert isinstance(network, networks.VGG)
    size, parameters = maths["report_network"]()
    assert parameters == networks.num_parameters(network)
    assert network.eval().features(torch.zeros(1, 1, 64, 64)).shape[2] == size


def test_batch_normalisation(maths: dict[str, Any]) -> None:
    x, g, gamma, beta = RNG.normal(size=20), RNG.normal(size=20), 1.7, -0.4

    def loss(x: Tensor, gamma: Tensor, beta: Tensor) -> Tensor:
        y = F.batch_norm(x[:, None], None, None, gamma[None], beta[None], training=True)
        return (y[:, 0] * torch.from_numpy(g)).sum()

    expected = gradient(loss, x, gamma, beta)
    for ours, theirs in zip(maths["batch_norm_gradients"](x, gamma, g), expected, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-10)
    layer = nn.BatchNorm1d(1, momentum=1.0).double()
    nn.init.constant_(layer.weight, gamma)
    nn.init.constant_(layer.bias, beta)
    y = layer(torch.from_numpy(x)[:, None]).detach().numpy()[:, 0]
    np.testing.assert_allclose(maths["batch_norm"](x, gamma, beta), y, atol=1e-12)
    later = layer.eval()(torch.from_numpy(x)[:, None]).detach().numpy()[:, 0]
    ours = maths["batch_norm_at_inference"](x, gamma, beta, x.mean(), x.var(ddof=1))
    np.testing.assert_allclose(ours, later, atol=1e-12)


def test_cross_entropy(maths: dict[str, Any]) -> None:
    z = RNG.normal(size=7) * 3
    t = RNG.dirichlet(np.ones(7))

    def loss(z: Tensor) -> Tensor:
        return F.cross_entropy(z[None], torch.from_numpy(t)[None])

    assert maths["cross_entropy"](z, t) == pytest.approx(loss(torch.from_numpy(z)).item())
    np.testing.assert_allclose(maths["cross_entropy_gradient"](z, t), gradient(loss, z)[0], atol=1e-12)
    hessian = torch.autograd.functional.hessian(loss, torch.from_numpy(z)).numpy()  # type: ignore[no-untyped-call]
    np.testing.assert_allclose(maths["cross_entropy_hessian"](z), hessian, atol=1e-12)
    assert np.linalg.eigvalsh(maths["cross_entropy_hessian"](z)).min() > -1e-12
    assert np.isfinite(maths["log_softmax"](np.array([1e4, 0.0, -1e4]))).all()


def test_label_smoothing(maths: dict[str, Any]) -> None:
    t = np.eye(7)[2]
    z = torch.from_numpy(RNG.normal(size=7))
    expected = F.cross_entropy(z[None], torch.tensor([2]), label_smoothing=0.1).item()
    assert maths["cross_entropy"](z.numpy(), maths["smoothed"](t, 0.1)) == pytest.approx(expected)
    best = np.where(t == 1, maths["logit_gap"](0.1, 7), 0.0)
    np.testing.assert_allclose(maths["cross_entropy_gradient"](best, maths["smoothed"](t, 0.1)), 0, atol=1e-12)


def test_rrelu_and_dropout_have_the_means_and_variances(maths: dict[str, Any]) -> None:
    torch.manual_seed(0)
    x = np.array([-3.0, -1.0, 0.5, 2.0])
    many = torch.tensor(x, dtype=torch.float32).repeat(40_000, 1)
    for layer, mean, variance in (
        (RReLU(), *maths["rrelu_mean_and_variance"](x)),
        (Dropout(0.3), *maths["dropout_mean_and_variance"](x, 0.3)),
    ):
        drawn = layer.train()(many.clone()).double()
        np.testing.assert_allclose(drawn.mean(0), mean, atol=0.05)
        np.testing.assert_allclose(drawn.var(0), variance, rtol=0.05, atol=1e-9)
        np.testing.assert_allclose(layer.eval()(many[:1].clone())[0], mean, atol=1e-6)
    w = np.array([0.5, -1.0, 2.0, 0.1])
    noisy = (5.0 - F.dropout(many.double(), 0.3) @ torch.from_numpy(w)) ** 2
    assert noisy.mean().item() == pytest.approx(maths["expected_squared_error"](5.0, w, x, 0.3), rel=0.02)


@pytest.mark.parametrize("nesterov", [False, True])
def test_momentum_goes_the_way_of_pytorch(maths: dict[str, Any], nesterov: bool) -> None:
    curvatures = np.array([1.0, 10.0])
    theta = nn.Parameter(torch.tensor([2.0, -3.0], dtype=torch.float64))
    optimizer = torch.optim.SGD([theta], lr=0.05, momentum=0.9, nesterov=nesterov)
    for _ in range(12):
        optimizer.zero_grad()
        (0.5 * torch.from_numpy(curvatures) * theta**2).sum().backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    ours = maths["momentum_path"](np.array([2.0, -3.0]), lambda at: curvatures * at, 0.05, 0.9, 12, nesterov)
    np.testing.assert_allclose(ours, theta.detach().numpy(), atol=1e-12)


@pytest.mark.parametrize("momentum", [0.0, 0.5, 0.9])
def test_momentum_diverges_where_the_formula_says(maths: dict[str, Any], momentum: float) -> None:
    edge = 2 * (1 + momentum)
    assert maths["spectral_radius"](0.99 * edge, momentum, 1.0) < 1
    assert maths["spectral_radius"](1.01 * edge, momentum, 1.0) > 1
    start = np.array([1.0])
    path = maths["momentum_path"]
    assert abs(path(start, lambda at: at, 0.97 * edge, momentum, 2000)[0]) < 1e-3
    assert abs(path(start, lambda at: at, 1.03 * edge, momentum, 2000)[0]) > 1e3


def test_temperature(maths: dict[str, Any]) -> None:
    z = RNG.normal(size=(500, 7)) * 4
    y = np.array([RNG.choice(7, p=np.exp(row / 2.5) / np.exp(row / 2.5).sum()) for row in z])

    def loss(b: Any) -> Any:
        return F.cross_entropy(torch.from_numpy(z) * b, torch.from_numpy(y))

    b = torch.tensor(0.7, dtype=torch.float64)
    slope, curvature = maths["temperature_slope_and_curvature"](0.7, z, y)
    assert slope == pytest.approx(gradient(loss, 0.7)[0])
    expected = torch.autograd.functional.hessian(loss, b)  # type: ignore[no-untyped-call]
    assert curvature == pytest.approx(expected.item())
    found = maths["fit_temperature"](z, y)
    assert found == pytest.approx(2.5, rel=0.2)
    assert found == pytest.approx(Temperature.fit(z, y).value, rel=0.02)


def test_argmax_is_best_for_accuracy_and_adjusted_logits_for_balanced_accuracy(maths: dict[str, Any]) -> None:
    """Classes on a line with known densities and unequal shares: the posterior is exact, so the theory must hold."""
    shares = np.array([0.9, 0.08, 0.02])
    y = RNG.choice(3, size=60_000, p=shares)
    x = RNG.normal(size=y.size) + 1.5 * y
    likelihood = np.exp(-0.5 * (x[:, None] - 1.5 * np.arange(3)) ** 2)
    p = likelihood * shares
    p /= p.sum(1, keepdims=True)

    def scores(answers: Any) -> tuple[float, float]:
        right = answers == y
        return float(right.mean()), float(np.mean([right[y == k].mean() for k in range(3)]))

    results = {tau: scores(maths["adjusted"](p, shares, tau).argmax(1)) for tau in (0.0, 0.5, 1.0, 1.5)}
    assert max(results, key=lambda tau: results[tau][0]) == 0.0
    assert max(results, key=lambda tau: results[tau][1]) == 1.0
    np.testing.assert_allclose(maths["adjusted"](p, shares, 1.0), likelihood / likelihood.sum(1, keepdims=True))
    assert (maths["least_cost"](p, 1 - np.eye(3)) == p.argmax(1)).all()
    dear = np.array([[0.0, 1.0, 50.0], [1.0, 0.0, 50.0], [1.0, 1.0, 0.0]])  # to miss the last class costs most
    costs = [dear[answers, y].mean() for answers in (maths["least_cost"](p, dear), p.argmax(1))]
    assert costs[0] < costs[1]


def test_wilsons_interval(maths: dict[str, Any]) -> None:
    for right, num in ((0, 10), (7, 10), (10, 10), (2512, 3589)):
        low, high = maths["wilson"](right, num, z=1.959963984540054)
        ours = metrics.wilson(right, num)
        assert (low, high) == pytest.approx((ours[0], ours[1]), abs=1e-9)
        for end in (low, high):
            if 1e-9 < end < 1 - 1e-9:  # rounding leaves a trace at the ends
                assert abs(right / num - end) == pytest.approx(1.959963984540054 * math.sqrt(end * (1 - end) / num))


@pytest.mark.parametrize("name", ["mathematics.en.md", "mathematics.zh-TW.md"])
def test_inline_formulas_survive_on_github(name: str) -> None:
    """A dollar directly behind Chinese punctuation opens no formula there, and Markdown takes a backslash before punctuation."""
    text = re.sub(r"```.*?```|\$\$.*?\$\$", "", (TEXTS / name).read_text(encoding="utf-8"), flags=re.DOTALL)
    formulas = list(re.finditer(r"\$`[^`\n]+`\$|\$[^$\n]+\$", text))
    assert len(formulas) > 100
    for formula in formulas:
        assert text[formula.start() - 1] not in "，。、；：（）「」？！", formula[0]
        assert formula[0].startswith("$`") or not re.search(r"\\[!-/:-@\[-`{-~]", formula[0]), formula[0]
