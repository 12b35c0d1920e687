"""The derivations have the numbers of the network: computed again here, they agree."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from html import unescape
from pathlib import Path

import numpy as np
import pytest

from mien import files, recipes, typed_json
from mien.data.faceset import FaceSet
from mien.evaluation.judge import Judgement, judge
from mien.inference.classifier import Classifier
from mien.reporting.pages import mathematics
from mien.reporting.pages.mathematics import MathSection, Numbers
from mien.reporting.pages.network import medium_row
from mien.reporting.texts import Texts
from mien.run import Run
from mien.training import networks, summary


@pytest.fixture(scope="module")
def judged(run: Run, faces: FaceSet) -> Judgement:
    return judge(Classifier.load(run.model_file), faces, "test")


@pytest.fixture(scope="module")
def sections(run: Run, judged: Judgement) -> tuple[MathSection, ...]:
    return mathematics.sections(Numbers(run, judged, judged), Texts("en"))


def with_network(run: Run, folder: Path, name: str) -> Run:
    """The run with the record of another network."""
    recipe = recipes.get(name)
    record = summary.describe(networks.build(recipe.network, 7, recipe.image_size), recipe.image_size)
    folder.mkdir()
    files.write_json(folder / "network.json", typed_json.to_json(record))
    return Run(folder, replace(run.record, recipe=recipe))


def words(*html: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", " ".join(html))).split())


def test_there_are_eight_in_both_languages(run: Run, judged: Judgement, sections: tuple[MathSection, ...]) -> None:
    chinese = mathematics.sections(Numbers(run, judged, judged), Texts("zh-TW"))
    assert len(sections) == len(chinese) == 8
    for one, other in zip(sections, chinese, strict=True):
        assert one.here
        assert "{" not in words(*one.here, *other.here)
        assert (one.table is None) == (other.table is None)


def test_sizes_and_parameters_of_the_course_networks_layers(run: Run, judged: Judgement, tmp_path: Path) -> None:
    numbers = Numbers(with_network(run, tmp_path / "vgg", "vgg"), judged, judged)
    first = mathematics.sections(numbers, Texts("en"))[0]
    assert first.table is not None
    cells = [row.cells for row in first.table.rows]
    assert cells[:2] == [("64", "3", "1", "1", "64", "64·(1·3·3 + 1) = 640"), ("64", "2", "2", "0", "32", "0")]
    assert cells[2][-1] == "128·(64·3·3 + 1) = 73,856"
    for n, k, s, p, length, _ in cells:
        assert (int(n) + 2 * int(p) - int(k)) // int(s) + 1 == int(length)
    assert "39,569,799 parameters" in words(*first.here)


def test_parameters_of_every_convolution_are_the_product_that_is_shown(sections: tuple[MathSection, ...]) -> None:
    table = sections[0].table
    assert table is not None
    for row in table.rows:
        product, equals, count = row.cells[-1].partition(" = ")
        if equals:
            assert eval(product.replace("·", "*")) == int(count.replace(",", ""))  # numbers of our own


def test_the_gradient_is_probability_minus_target(judged: Judgement, sections: tuple[MathSection, ...]) -> None:
    table = sections[2].table
    assert table is not None
    rows = np.array([[float(cell.replace("−", "-")) for cell in row.cells] for row in table.rows])  # (K, 4)
    logs, probabilities, targets, gradient = rows.T
    np.testing.assert_allclose(np.exp(logs), probabilities, atol=2e-4)
    np.testing.assert_allclose(probabilities - targets, gradient, atol=2e-4)
    assert probabilities.sum() == pytest.approx(1, abs=5e-4)
    assert targets.sum() == pytest.approx(1, abs=5e-4)
    label = judged.evaluation.labels[medium_row(judged.evaluation)]
    assert targets.argmax() == label
    assert targets.max() == pytest.approx(0.9 + 0.1 / 7, abs=1e-4)  # label smoothing of 0.1


def test_noise_and_optimizer_of_the_course_network(run: Run, judged: Judgement, tmp_path: Path) -> None:
    made = mathematics.sections(Numbers(with_network(run, tmp_path / "vgg", "vgg"), judged, judged), Texts("en"))
    noise, sgd = words(*made[3].here), words(*made[4].here)
    assert f"{11 / 48:.4f}" in noise
    assert made[3].table is not None
    for row in made[3].table.rows:
        q, kept, variance = float(row.cells[0].rstrip("%")) / 100, float(row.cells[1]), float(row.cells[2])
        assert kept == pytest.approx(1 / (1 - q), abs=6e-4)
        assert variance == pytest.approx(q / (1 - q), abs=6e-4)
    assert "10 times" in sgd  # momentum 0.9
    assert "= 380" in sgd  # 2 * 1.9 / 0.01


def test_temperature_shares_and_interval(run: Run, judged: Judgement, sections: tuple[MathSection, ...]) -> None:
    evaluation, counts = judged.evaluation, run.record.data.train.counts
    assert f"{judged.record.temperature:.3f}" in words(*sections[5].here)
    assert f"{evaluation.log_loss:.3f}" in words(*sections[5].here)
    assert f"{math.log(max(counts) / min(counts)):.2f}" in words(*sections[6].here)
    low, high = evaluation.accuracy_interval
    assert f"interval {low:.1%} to {high:.1%}" in words(*sections[7].here)


def test_runs_of_earlier_versions_have_no_table_of_windows(run: Run, judged: Judgement, tmp_path: Path) -> None:
    record = run.network
    old = replace(record, layers=tuple(replace(layer, input=(), window=None) for layer in record.layers))
    (tmp_path / "old").mkdir()
    files.write_json(tmp_path / "old" / "network.json", typed_json.to_json(old))
    made = mathematics.sections(Numbers(Run(tmp_path / "old", run.record), judged, judged), Texts("en"))
    assert made[0].table is None
    assert f"{record.parameters:,}" in words(*made[0].here)
