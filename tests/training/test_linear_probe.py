from __future__ import annotations

import numpy as np
import pytest
import torch

from mien.data.faceset import FaceSet
from mien.training import linear_probe, networks


def drawn_features() -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    labels = torch.arange(90) % 3
    centres = torch.randn(3, 5, generator=generator) * 2
    noise = torch.randn(90, 5, generator=generator)
    return (centres[labels] + noise) * torch.tensor([1.0, 10.0, 0.1, 1.0, 5.0]) + 3, labels


def test_it_is_the_logistic_regression_of_scikit_learn() -> None:
    linear_model = pytest.importorskip("sklearn.linear_model")
    features, labels = drawn_features()
    weight, bias = linear_probe.fit(features, labels, 3, penalty=0.05)
    x = features.numpy().astype(float)
    mean, scale = x.mean(0), x.std(0).mean()
    theirs = linear_model.LogisticRegression(C=1 / (0.05 * len(x)), tol=1e-8, max_iter=1000)
    theirs.fit((x - mean) / scale, labels.numpy())
    ours = torch.softmax(features @ weight.T + bias, 1).numpy()
    np.testing.assert_allclose(ours, theirs.predict_proba((x - mean) / scale), atol=0.01)  # their bias isn't held


def test_a_larger_penalty_gives_smaller_weights() -> None:
    features, labels = drawn_features()
    lengths = [float(linear_probe.fit(features, labels, 3, penalty)[0].norm()) for penalty in (0.001, 0.01, 0.1)]
    assert lengths == sorted(lengths, reverse=True)


def test_a_class_without_rows_gets_no_face() -> None:
    features, labels = drawn_features()
    weight, bias = linear_probe.fit(features, labels, 4)
    logits = features @ weight.T + bias
    assert torch.isfinite(logits).all()
    assert (torch.softmax(logits, 1)[:, 3] < 0.05).all()


def test_a_feature_that_never_changes_is_no_harm() -> None:
    features, labels = drawn_features()
    weight, bias = linear_probe.fit(torch.cat((features, torch.ones(90, 1)), 1), labels, 3)
    assert torch.isfinite(weight).all()
    assert torch.isfinite(bias).all()


def test_features_are_those_of_the_faces_and_of_their_mirror_images(faces: FaceSet) -> None:
    torch.manual_seed(0)
    network = networks.build("tiny", 7, 48)
    some = torch.from_numpy(faces.images[:5])
    found = linear_probe.features(network, some, 120.0, 60.0)
    assert found.shape == (10, 64)
    with torch.no_grad():
        of_mirrored = network.eval().embed((some.flip(2).float().unsqueeze(1) - 120) / 60)
    torch.testing.assert_close(found[5:], of_mirrored)
