"""Adapting a model to somebody's own faces and classes."""

from __future__ import annotations

import dataclasses
import json
import shutil
from functools import cache
from pathlib import Path

import numpy as np
import onnx
import pytest

import mien
from mien.data.faceset import UNLABELLED, FaceSet
from mien.errors import ArgumentError, DataError, MienError, ModelFileError, OutputError
from mien.evaluation.judge import judge
from mien.inference.classifier import Classifier
from mien.modelfile import Lineage, sha256
from mien.run import Run
from mien.synthetic import drawn
from mien.training import adapt as adapting
from mien.training import ensemble, pretrained
from mien.training.adapt import Adapted

OWN = {"happy": "joy", "angry": "pain", "neutral": "calm"}


@cache
def own_faces(num: int, seed: int, people: int | None = None) -> FaceSet:
    """Drawn faces of three classes of somebody's own, all of the split ``train``; people take turns. Don't change the arrays."""
    classes = ("calm", "joy", "pain")
    shown = {OWN[name]: name for name in OWN}
    identities = [drawn.new_identity(np.random.default_rng((seed, person))) for person in range(num // 8 + 1)]
    labels = np.random.default_rng(seed).integers(3, size=num)
    images = [
        drawn.draw_face(
            shown[classes[label]], identities[row % len(identities)], np.random.default_rng((seed, 99, row))
        )
        for row, label in enumerate(labels)
    ]
    subjects = None if people is None else np.array([f"p{row % people}" for row in range(num)])
    return dataclasses.replace(FaceSet.from_arrays(np.stack(images), labels, classes), subjects=subjects)


@pytest.fixture(scope="module")
def own() -> FaceSet:
    return own_faces(140, seed=5, people=15)


@pytest.fixture(scope="module")
def adapted(own: FaceSet, run: Run, tmp_path_factory: pytest.TempPathFactory) -> Adapted:
    return mien.adapt(run.folder, own, tmp_path_factory.mktemp("adapted") / "mine.onnx")


def test_the_scores_out_of_fold_are_those_on_other_faces(own: FaceSet, tmp_path: Path) -> None:
    others, adapted = own_faces(300, seed=6), mien.adapt("tiny", own, tmp_path / "mine.onnx")
    classifier = Classifier.load(adapted.path)
    probabilities = classifier.probabilities(others.images)
    accuracy = float((probabilities.argmax(1) == others.labels).mean())
    low, high = adapted.scores["accuracy"].interval
    assert accuracy > 0.7
    assert low < accuracy < high
    assert low < adapted.evaluation.accuracy < high
    assert float(probabilities.max(1).mean()) == pytest.approx(accuracy, abs=0.08)
    assert len(adapted.evaluation) == len(own)
    assert adapted.num_unscored == 0


def test_the_file_says_what_it_was_made_of(adapted: Adapted, own: FaceSet, run: Run) -> None:
    classifier = Classifier.load(adapted.path)
    spec, training = classifier.spec, classifier.spec.training
    assert spec == dataclasses.replace(adapted.spec, training=training)
    assert spec.classes == ("calm", "joy", "pain")
    assert training["data_hash"] == own.hash
    assert training["train_hash"] == own.resized(spec.size).faces_hash
    assert training["class_counts"] == dict(zip(own.classes, own.counts().tolist(), strict=True))
    assert (training["folds"], training["folds_by"], training["people"]) == (5, "person", 15)
    (score,) = spec.scores
    assert (score["split"], score["n"], score["flip"]) == ("out_of_fold", len(own), False)
    assert score["accuracy"] == adapted.evaluation.accuracy
    assert score["accuracy_interval"] == list(adapted.scores["accuracy"].interval)
    assert spec.temperature == training["temperature"]["value"]
    lineage = spec.adapted_from
    assert lineage is not None
    assert lineage.name == f"{run.folder.name}/model.onnx"
    assert lineage.sha256 == sha256(run.model_file)
    assert lineage.train_hash == run.record.data.train.faces_hash
    assert str(run.folder) not in spec.to_json()
    assert json.loads(json.dumps(adapted.to_dict()))["scores"]["accuracy"] == adapted.evaluation.accuracy


def test_it_takes_a_prior_and_a_decision_and_can_be_adapted_again(
    adapted: Adapted, own: FaceSet, tmp_path: Path
) -> None:
    classifier = Classifier.load(adapted.path)
    assert classifier.shares == pytest.approx(own.counts() / len(own))
    shifted = classifier.with_prior("pain=0.8").probabilities(own.images)
    assert shifted[:, 2].mean() > classifier.probabilities(own.images)[:, 2].mean()
    assert Classifier.load(adapted.path, decision="balanced").probabilities(own.images[:3]).shape == (3, 3)
    again = mien.adapt(classifier, own, tmp_path / "again.onnx")
    chain = again.spec.adapted_from
    assert chain is not None
    assert [source.name for source in chain.chain()] == ["mine.onnx", "run/model.onnx"]
    np.testing.assert_array_equal(Classifier.load(again.path).features(own.images), classifier.features(own.images))
    np.testing.assert_array_equal(
        Classifier.load(again.path).probabilities(own.images), classifier.probabilities(own.images)
    )


def test_the_features_and_the_network_stay_those_of_the_source(adapted: Adapted, own: FaceSet, run: Run) -> None:
    source, classifier = Classifier.load(run.model_file), Classifier.load(adapted.path)
    np.testing.assert_array_equal(classifier.features(own.images), source.features(own.images))
    graph = onnx.load_model(adapted.path).graph
    assert [output.name for output in graph.output] == ["probabilities", "features"]
    used = {name for node in graph.node for name in node.input}
    assert {tensor.name for tensor in graph.initializer} <= used
    weights = pretrained.load(adapted.path)
    assert weights.classes == ("calm", "joy", "pain")
    assert weights.tensors["linear.weight"].shape == (3, classifier.features(own.images[:1]).shape[1])


def test_faces_that_either_training_has_seen_are_found(adapted: Adapted, own: FaceSet, faces: FaceSet) -> None:
    classifier = Classifier.load(adapted.path)
    record = judge(classifier, own, "all").record
    assert record.holds_training_rows
    assert record.copies_of_train is not None
    assert record.copies_of_train.learned == len(own)
    fresh = judge(classifier, own_faces(36, seed=9), "all").record.copies_of_train
    assert fresh is not None
    assert fresh.rows == 0
    known = faces.select(np.isin(faces.labels, [faces.classes.index(name) for name in OWN]) & (faces.splits == "train"))
    renamed = dataclasses.replace(known, labels=known.labels * 0, classes=("joy",))
    of_source = judge(classifier, renamed, "all").record.copies_of_train
    assert of_source is not None
    assert of_source.learned > 0.8 * len(known)
    assert of_source.rows == len(known)


def test_the_training_rows_of_a_source_without_hashes_of_faces_are_found(
    own: FaceSet, run: Run, tmp_path: Path
) -> None:
    model = onnx.load_model(run.model_file)
    kept = [entry for entry in model.metadata_props if entry.key == "mien"]
    values = json.loads(kept[0].value)
    values["training"]["train_hash"] = own_faces(36, seed=7).faces_hash
    del model.metadata_props[:]
    model.metadata_props.add(key="mien", value=json.dumps(values))
    onnx.save_model(model, tmp_path / "old.onnx")
    classifier = Classifier.load(mien.adapt(tmp_path / "old.onnx", own, tmp_path / "mine.onnx").path)
    found = judge(classifier, own_faces(36, seed=7), "all").record.copies_of_train
    assert found is not None
    assert found.learned == found.rows > 0


def test_classes_that_no_face_has_and_rows_without_a_label_are_left_out(own: FaceSet, tmp_path: Path) -> None:
    labels = np.where(np.arange(len(own)) % 5 == 0, UNLABELLED, own.labels + 1)
    more = dataclasses.replace(own, labels=labels, classes=("boredom", *own.classes))
    spec = mien.adapt("tiny", more, tmp_path / "mine.onnx").spec
    assert spec.classes == own.classes
    assert sum(spec.training["class_counts"].values()) == int((labels != UNLABELLED).sum())


def test_test_rows_are_not_learned_from(own: FaceSet, tmp_path: Path) -> None:
    splits = np.where(np.arange(len(own)) % 3 == 0, "test", "train")
    divided = dataclasses.replace(own, splits=splits)
    adapted = mien.adapt("tiny", divided, tmp_path / "mine.onnx")
    assert len(adapted.faces) == int((splits == "train").sum())
    classifier = Classifier.load(adapted.path)
    judged = judge(classifier, divided).record
    assert judged.split == "test"
    assert judged.adapted_from == adapted.spec.adapted_from
    with pytest.raises(DataError, match="was adapted, which holds nothing out: name a split"):
        judge(classifier, divided, "hold_out")
    assert judged.copies_of_train is not None
    assert judged.copies_of_train.rows == 0


def test_two_classes_and_larger_faces_of_people_unknown(tmp_path: Path) -> None:
    faces = own_faces(70, seed=5).resized((60, 60))
    rows = faces.select(faces.labels < 2)
    adapted = mien.adapt("tiny", dataclasses.replace(rows, classes=("no", "yes", "other")), tmp_path / "mine.onnx")
    assert adapted.spec.classes == ("no", "yes")
    assert adapted.spec.size == (48, 48)
    assert adapted.spec.training["folds_by"] == "picture"
    assert adapted.evaluation.accuracy > 0.6


def one_class(own: FaceSet) -> FaceSet:
    return own.select(own.labels == 2)


def one_person(own: FaceSet) -> FaceSet:
    return own.select(np.asarray(own.subjects) == "p3")


def four_faces(own: FaceSet) -> FaceSet:
    return own.select(np.array([*np.flatnonzero(own.labels == 0)[:2], *np.flatnonzero(own.labels == 1)[:2]]))


def one_face_of_a_class(own: FaceSet) -> FaceSet:
    return own.select(np.array([*np.flatnonzero(own.labels != 1), np.flatnonzero(own.labels == 1)[0]]))


def copies_of_one_face(own: FaceSet) -> FaceSet:
    first = np.flatnonzero(own.labels == 1)[0]
    return own.select(np.array([*np.flatnonzero(own.labels != 1), first, first]))


def unlabelled(own: FaceSet) -> FaceSet:
    return dataclasses.replace(own, labels=np.full(len(own), UNLABELLED))


def clashing(own: FaceSet) -> FaceSet:
    return dataclasses.replace(own, classes=("calm", "Pain ", "pain"))


def only_tests(own: FaceSet) -> FaceSet:
    return dataclasses.replace(own, splits=np.full(len(own), "test"))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (one_class, "All faces are of one class, 'pain'"),
        (one_person, "All faces are of one person"),
        (four_faces, "The data has 4 labelled faces: adapting takes 10 or more"),
        (
            one_face_of_a_class,
            "The class 'joy' has one face: add faces of it, or leave the class out with --drop 'joy'",
        ),
        (copies_of_one_face, "The class 'joy' has one face"),
        (unlabelled, "has a label: there is nothing to adapt to"),
        (only_tests, "has a label: there is nothing to adapt to"),
        (clashing, "The classes 'Pain ' and 'pain' clash: they differ in spelling only"),
    ],
)
def test_data_that_cannot_be_adapted_to_says_why(change, message: str, own: FaceSet, tmp_path: Path) -> None:  # type: ignore[no-untyped-def] # one of the functions above
    with pytest.raises(DataError, match=message):
        mien.adapt("tiny", change(own), tmp_path / "mine.onnx")
    assert list(tmp_path.iterdir()) == []


def test_a_target_that_exists_is_kept(own: FaceSet, tmp_path: Path) -> None:
    target = tmp_path / "mine.onnx"
    target.write_text("precious")
    with pytest.raises(OutputError, match="already exists"):
        mien.adapt("tiny", own, target)
    assert target.read_text() == "precious"
    mien.adapt("tiny", own, target, overwrite=True)
    assert Classifier.load(target).classes == own.classes
    with pytest.raises(OutputError, match="is an input"):
        mien.adapt(target, own, target, overwrite=True)


def test_models_that_cannot_be_adapted_say_why(own: FaceSet, run: Run, tmp_path: Path) -> None:
    copy = Run.open(shutil.copytree(run.folder, tmp_path / "copy"))
    ensemble.build([run, copy], tmp_path / "both.onnx")
    with pytest.raises(ModelFileError, match="doesn't end in one linear layer, so it can't be adapted"):
        mien.adapt(tmp_path / "both.onnx", own, tmp_path / "mine.onnx")
    model = onnx.load_model(run.model_file)
    del model.metadata_props[:]
    onnx.save_model(model, tmp_path / "theirs.onnx")
    with pytest.raises(ModelFileError, match="it has no spec"):
        mien.adapt(tmp_path / "theirs.onnx", own, tmp_path / "mine.onnx")
    with pytest.raises(ModelFileError, match="There is no model file"):
        mien.adapt(tmp_path / "nope", own, tmp_path / "mine.onnx")
    assert not (tmp_path / "mine.onnx").exists()


def test_a_file_that_would_differ_is_not_written(own: FaceSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adapting, "TOLERANCE", 0.0)
    with pytest.raises(MienError, match="differs from the fitted head"):
        mien.adapt("tiny", own, tmp_path / "mine.onnx")
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_lineage_is_none(adapted: Adapted) -> None:
    training = {**adapted.spec.training, "adapted_from": {"name": 3}}
    assert dataclasses.replace(adapted.spec, training=training).adapted_from is None
    assert Lineage.of(adapted.spec, "x", "y").adapted_from is not None


def test_arguments_of_another_kind_are_refused(own: FaceSet, tmp_path: Path) -> None:
    with pytest.raises(ArgumentError):
        adapting.adapt("tiny", own, tmp_path / "mine.onnx")  # type: ignore[arg-type] # the wrong type is the test


def test_a_given_penalty_is_taken(own: FaceSet, tmp_path: Path) -> None:
    classifier = Classifier.load("tiny")
    strong, weak = (
        adapting.adapt(classifier, own, tmp_path / f"{penalty}.onnx", penalty=penalty) for penalty in (1e3, 1e-2)
    )
    assert (strong.spec.training["penalty"], weak.spec.training["penalty"]) == (1e3, 1e-2)
    assert strong.evaluation.log_loss == pytest.approx(np.log(3), abs=0.1)  # next to no weights: guessing
    assert weak.evaluation.log_loss < strong.evaluation.log_loss
    with pytest.raises(ArgumentError, match="penalty=0 doesn't fit: it must be a number above 0"):
        adapting.adapt(classifier, own, tmp_path / "none.onnx", penalty=0)
