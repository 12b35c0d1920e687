from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from mien import Classifier, recipes
from mien.data.faceset import FaceSet
from mien.errors import ModelFileError
from mien.run import Run
from mien.training import job, networks, pretrained
from mien.training.augment import augment
from mien.training.graph import ModelGraph, load_network


def seen(faces: FaceSet, weights: pretrained.Pretrained) -> torch.Tensor:
    grays = augment(torch.from_numpy(faces.images), recipes.demo().augment, torch.Generator().manual_seed(0))
    return (grays - weights.mean) / weights.std


def test_a_network_with_the_weights_of_a_file_reads_as_the_file_does(faces: FaceSet, run: Run) -> None:
    classifier, weights = Classifier.load(run.model_file), pretrained.load(run.model_file)
    network = networks.build("tiny", 7, 48)
    weights.put_into(network, weights.classes, seen(faces, weights))
    graph = ModelGraph(network.eval(), weights.mean, weights.std, classifier.spec.temperature)
    with torch.no_grad():
        ours = graph(torch.from_numpy(faces.images[:20])).numpy()
    np.testing.assert_allclose(ours, classifier.probabilities(faces.images[:20]), atol=1e-4)


def test_batch_norms_do_in_training_nearly_what_they_do_in_use(faces: FaceSet, run: Run) -> None:
    weights = pretrained.load(run.model_file)
    network = networks.build("tiny", 7, 48, dropout=0.0)
    x = seen(faces, weights)
    weights.put_into(network, weights.classes, x)
    with torch.no_grad():
        in_training, in_use = network.train()(x), network.eval()(x)
    torch.testing.assert_close(in_training, in_use, atol=1e-3, rtol=1e-3)


def test_a_run_gives_its_own_weights(run: Run) -> None:
    weights = pretrained.load(run.folder)
    network = networks.build("tiny", 7, 48)
    weights.put_into(network, weights.classes, torch.empty(0))
    for name, tensor in network.state_dict().items():
        assert torch.equal(tensor, weights.tensors[name])


def test_the_last_layers_rows_follow_the_order_of_the_classes(faces: FaceSet, run: Run) -> None:
    weights = pretrained.load(run.folder)
    network = networks.build("tiny", 7, 48)
    weights.put_into(network, weights.classes[::-1], torch.empty(0))
    assert torch.equal(network.last.weight, weights.tensors["linear.weight"].flip(0))
    assert torch.equal(network.last.bias, weights.tensors["linear.bias"].flip(0))
    assert torch.equal(network.state_dict()["stem.conv.weight"], weights.tensors["stem.conv.weight"])


def test_the_network_is_known_by_its_weights(run: Run) -> None:
    assert pretrained.load(run.folder).network() == "tiny"
    assert [pretrained.load(name).network() for name in ("tiny", "base", "robust")] == ["tiny", "base", "base"]
    none = replace(pretrained.load(run.folder), tensors={"linear.weight": torch.zeros(7, 64)})
    with pytest.raises(ModelFileError, match="its network is not one of"):
        none.network()


@pytest.mark.parametrize(("name", "num"), [("vgg", 4), ("tiny", 11), ("base", 15), ("large", 20)])
def test_each_convolution_has_the_batch_norm_behind_it(name: str, num: int) -> None:
    network = networks.sketch(name, 7, 64)
    norms = networks.batch_norms(network)
    convolutions = [each for each, module in network.named_modules() if isinstance(module, torch.nn.Conv2d)]
    assert sorted(norms) == sorted(convolutions)
    assert len({*norms.values()}) == num
    for convolution, norm in norms.items():
        width = network.get_submodule(convolution).out_channels
        assert network.get_submodule(norm).num_features == width


def test_the_model_tells_the_faces_that_it_has_seen(run: Run) -> None:
    whole, short = pretrained.load(run.folder).seen, pretrained.load(run.model_file).seen
    assert whole is not None
    assert short is not None
    assert (whole.bits, short.bits) == (64, 32)
    assert set(short.learned.tolist()) == {hashed >> 32 << 32 for hashed in whole.learned.tolist()}


def test_with_other_classes_the_last_layer_stays_as_it_is(faces: FaceSet, run: Run) -> None:
    weights = pretrained.load(run.model_file)
    network = networks.build("tiny", 3, 48)
    before = network.last.weight.clone()
    weights.put_into(network, ("a", "b", "c"), seen(faces, weights))
    assert torch.equal(network.last.weight, before)
    assert not torch.equal(network.get_submodule("stem.conv").weight, networks.build("tiny", 3, 48).stem.conv.weight)  # type: ignore[arg-type,union-attr] # a convolution's


def test_weights_of_another_network_are_refused(faces: FaceSet, run: Run) -> None:
    weights = pretrained.load(run.model_file)
    with pytest.raises(ModelFileError, match="another network"):
        weights.put_into(networks.build("base", 7, 48), weights.classes, seen(faces, weights))


def test_training_starts_from_where_the_model_stood(faces_file: Path, run: Run, tmp_path: Path) -> None:
    settings = ["epochs=1", f"init={run.model_file}", "learning_rate=1e-6", "ema=0"]
    more = job.start(faces_file, recipes.get("demo", settings), tmp_path / "more")
    before = max(row.valid_accuracy for row in run.history)
    assert more.history[0].valid_accuracy == pytest.approx(before, abs=0.05)
    assert more.record.setup.init == pretrained.digest(str(run.model_file))
    assert more.record.data.mean == pytest.approx(run.record.data.mean)
    assert load_network(more)


def test_a_missing_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelFileError):
        pretrained.load(tmp_path / "nothing.onnx")
