"""The audit: what was planted is found, told, drawn and dropped; and odd data still gives a page."""

from __future__ import annotations

import csv
import json
import re
import sys
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from mien import read
from mien.auditing import cleaning, drift, label_issues
from mien.auditing.audit import DROPS, Audit, audit
from mien.data import duplicates, splits, store
from mien.data.faceset import UNLABELLED, FaceSet
from mien.emotions import EMOTIONS
from mien.errors import DataError, MissingExtraError, OutputError
from mien.evaluation.holdout import held_out
from mien.evaluation.judge import judge
from mien.inference.classifier import Classifier
from mien.modelfile import Spec
from mien.reporting import terminal
from mien.reporting.pages import audit as audit_page
from mien.synthetic import drawn

Invoke = Callable[..., tuple[int, str, str]]
NUM = 160


class Reader(Classifier):
    """A classifier that needs no model: sure of the class that a face's upper left pixel names."""

    def __init__(self, path: Path, classes: tuple[str, ...], training: dict[str, Any] | None = None) -> None:
        path.write_bytes(b"a model")
        super().__init__(None, Spec(classes, (48, 48), training=training or {}), str(path), str(path))

    def probabilities(
        self, faces: NDArray[np.uint8], *, flip: bool = False, batch_size: int = 128
    ) -> NDArray[np.float32]:
        del flip, batch_size
        num = len(self.spec.classes)
        codes = faces[:, 0, 0] % num
        return (np.eye(num, dtype=np.float32)[codes] * 0.93 + 0.01).astype(np.float32)


@pytest.fixture(scope="module")
def planted() -> FaceSet:
    """Drawn faces; the last six are: a leak, a leak with another label, two blanks, a copy in train, one without a label."""
    faces = drawn.draw(NUM, seed=2, wrong_labels=0.0)
    train, test = (np.flatnonzero(faces.splits == name)[:6] for name in ("train", "test"))
    images, labels, split_names = faces.images.copy(), faces.labels.copy(), faces.splits.copy()
    end = np.arange(NUM - 6, NUM)
    images[end] = [
        images[test[0]],
        images[test[1]],
        np.zeros((48, 48)),
        np.full((48, 48), 7),
        images[train[0]],
        images[test[5]] // 2 + 9,
    ]
    labels[end] = [labels[test[0]], (labels[test[1]] + 1) % 7, 0, 1, labels[train[0]], UNLABELLED]
    split_names[end] = ["train", "train", "train", "test", "train", "test"]
    return replace(faces, images=images, labels=labels, splits=split_names)


@pytest.fixture(scope="module")
def found(planted: FaceSet) -> Audit:
    return audit(planted)


def test_copies_conflicts_and_blanks_are_counted(found: Audit) -> None:
    (crossing,) = found.leakage
    assert (crossing.split, crossing.other) == ("test", "train")
    assert (crossing.exact, crossing.near, crossing.conflicting) == (2, 2, 1)
    counts = found.counts
    assert (counts.rows, counts.groups, counts.conflicting_groups, counts.blank) == (NUM, 4, 1, 2)
    assert found.groups[0].labels == 2  # what disagrees comes first
    assert set(found.blank.tolist()) == {NUM - 4, NUM - 3}
    assert not set(found.blank.tolist()) & set(found.faceless.tolist())
    assert not set(found.blank.tolist()) & set(found.label_issues.judged.tolist())


def test_what_is_dropped_has_the_first_reason_that_applies(found: Audit) -> None:
    drops = found.drops(("duplicates", "blank", "conflicts"))
    leak, conflict = NUM - 6, NUM - 5
    assert drops[leak] == "copy of a row that judges"
    assert drops[conflict] == "a copy carries another label"
    assert drops[NUM - 4] == drops[NUM - 3] == "blank"
    assert drops[NUM - 2] == "further copy in its split"
    conflicting = found.groups[0].rows.tolist()
    assert sorted(drops) == sorted(
        {leak, NUM - 4, NUM - 3, NUM - 2, NUM - 1 if NUM - 1 in drops else leak, *conflicting}
    )
    assert found.drops(("blank",)) == {NUM - 4: "blank", NUM - 3: "blank"}
    assert set(found.drops(("label-issues",))) == set(found.label_issues.rows.tolist())


def test_clean_data_keeps_its_splits_and_lists_what_is_gone(found: Audit, tmp_path: Path) -> None:
    record = cleaning.write(found, tmp_path / "clean.parquet", DROPS[:3])
    kept = read(tmp_path / "clean.parquet")
    assert (len(kept), kept.hash) == (record.rows, record.hash)
    assert kept.split_names == ("train", "test")
    assert record.rows + record.dropped == NUM
    with (tmp_path / "clean.changed.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == record.dropped == sum(record.reasons.values()) == sum(record.splits.values())
    assert {row["done"] for row in rows} == {f"dropped: {reason}" for reason in record.reasons}
    again = duplicates.find(kept.images)
    assert len(np.unique(again.groups)) == len(kept)  # no copy is left
    with pytest.raises(OutputError, match="already exists"):
        cleaning.write(found, tmp_path / "clean.parquet", DROPS[:3])


def test_wrong_labels_are_found_better_than_by_chance() -> None:
    right = drawn.draw(360, seed=4, wrong_labels=0.0)
    rng = np.random.default_rng(0)
    is_wrong = rng.random(360) < 0.1
    given = replace(right, labels=np.where(is_wrong, (right.labels + rng.integers(1, 7, 360)) % 7, right.labels))
    result = label_issues.find(given, duplicates.find(given.images), np.ones(360, bool))
    assert len(result.judged) == 360
    assert result.probabilities.sum(1) == pytest.approx(1)
    assert is_wrong[result.rows].mean() > 1.5 * is_wrong.mean()  # a list drawn at random would hold as many as all rows
    assert is_wrong[result.rows[:30]].mean() > 2 * is_wrong.mean()


def test_both_ways_to_the_regression_agree() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(0, 1, (80, 20)).astype(np.float32)
    targets = rng.normal(0, 1, (80, 3)).astype(np.float32)
    folds = rng.integers(0, label_issues.NUM_FOLDS, 80)
    many, few = (fit(x, targets, folds) for fit in (label_issues._ridge_of_many, label_issues._ridge_of_few))
    assert many == pytest.approx(few, abs=1e-4)
    assert label_issues._ridge_of_few(x, targets, folds).tolist() == few.tolist()


def test_copies_never_stand_in_two_folds() -> None:
    """Each noise face has a copy; a classifier that had seen the copy would read it, an honest one can't."""
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 256, (60, 48, 48), np.uint8)
    labels = rng.integers(0, 3, 60)
    faces, twice = np.concatenate([noise, noise]), np.concatenate([labels, labels])
    together = label_issues.out_of_fold(faces, twice, np.tile(np.arange(60), 2)).argmax(1)
    apart = label_issues.out_of_fold(faces, twice, np.arange(120)).argmax(1)
    assert (together == twice).mean() < 0.6
    assert (apart == twice).mean() > 0.7


def test_a_model_judges_only_what_it_did_not_learn(planted: FaceSet, tmp_path: Path) -> None:
    labelled = planted.select(planted.labels != UNLABELLED)
    images = labelled.images.copy()
    images[:, 0, 0] = labelled.labels
    is_test = np.flatnonzero(labelled.splits == "test")
    images[is_test[:5], 0, 0] = (labelled.labels[is_test[:5]] + 1) % 7  # the model disagrees with five test labels
    data = replace(labelled, images=images)
    recipe = {"hold_out": 0.2, "valid_split": "", "split_seed": 3, "image_size": 48}
    train, valid = splits.divide(data, 0.2, "", 3)
    own = Reader(
        tmp_path / "own.onnx", data.classes, {"recipe": recipe, "train_hash": train.faces_hash, "data_hash": data.hash}
    )
    copies, usable = duplicates.find(data.images), duplicates.contrast(data.images) >= duplicates.MIN_CONTRAST
    result = label_issues.find(data, copies, usable, own)
    names = set(data.names[result.judged].tolist())
    assert not names & set(train.names.tolist())
    assert names <= {*valid.names.tolist(), *data.split("test").names.tolist()}
    assert result.num_learned == usable.sum() - len(names)
    assert result.knows_training
    assert set(is_test[:5].tolist()) & set(result.judged.tolist()) <= set(result.rows.tolist())
    other = Reader(tmp_path / "other.onnx", data.classes)
    result = label_issues.find(data, copies, usable, other)
    assert (len(result.judged), result.num_learned, result.knows_training) == (usable.sum(), 0, False)
    with pytest.raises(DataError, match="classes that the model doesn't know"):
        label_issues.find(data, copies, usable, Reader(tmp_path / "few.onnx", data.classes[:2]))


def test_drift_tells_chance_from_difference() -> None:
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (300, 8, 8), np.uint8)
    labels, is_test = rng.integers(0, 7, 300), np.arange(300) % 3 == 0
    faces = replace(FaceSet.from_arrays(images, labels, EMOTIONS), splits=np.where(is_test, "test", "train"))
    first, same = drift.of_splits(faces, duplicates.contrast(images))
    assert (first.split, first.classes_p, first.variation) == ("train", None, 0)
    assert same.classes_p is not None
    assert same.gray_p is not None
    assert min(same.classes_p, same.gray_p) > 0.01
    images = np.where(is_test[:, None, None], images // 3, images).astype(np.uint8)
    moved_set = replace(faces, images=images, labels=np.where(is_test, 3, labels))
    _, moved = drift.of_splits(moved_set, duplicates.contrast(images))
    assert moved.classes_p is not None
    assert moved.classes_p < 1e-6
    assert (moved.gray_p, moved.contrast_p) == (0.001, 0.001)
    assert moved.variation > 0.5


class Page(HTMLParser):
    """Collects tags and checks that they close in order."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in ("meta", "img"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.mark.parametrize("lang", ["en", "zh-TW"])
def test_page_is_whole_offline_and_shows_the_pairs(found: Audit, lang: str) -> None:
    page = audit_page.render(
        replace(found, faces=replace(found.faces, source=replace(found.faces.source, path="some/where/faces.csv"))),
        lang=lang,
    )
    outline = Page(page)
    assert outline.open == []
    assert "http" not in page
    assert "some/where" not in page
    assert "faces.csv" in page
    ids = [attributes["id"] for _, attributes in outline.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert {str(attributes["href"])[1:] for tag, attributes in outline.tags if tag == "a"} <= set(ids)
    pictures = [attributes for tag, attributes in outline.tags if tag == "img"]
    assert len(pictures) >= 2 * 3 + 2
    assert all(str(picture["src"]).startswith("data:image/png;base64,") and picture["alt"] for picture in pictures)
    assert ("Angry" in page) == (lang == "en")
    assert ("可疑標籤" in page) == (lang == "zh-TW")


def test_votes_are_asked_about_the_label_issues(found: Audit) -> None:
    assert found.voted_otherwise is None
    votes = np.zeros((NUM, 7), np.float32)
    votes[np.arange(NUM), np.maximum(found.faces.labels, 0)] = 9
    first = int(found.label_issues.rows[0])
    votes[first] = np.roll(votes[first], 1)
    votes[found.label_issues.rows[1:5]] = 0  # nobody was asked
    asked = replace(found, faces=replace(found.faces, votes=votes))
    num = len(found.label_issues.rows) - 4
    shares = asked.voted_otherwise
    assert shares is not None
    assert shares.judged == pytest.approx(1 / (len(found.label_issues.judged) - 4))
    assert (shares.label_issues, shares.first) == pytest.approx((1 / num, 1 / min(num, 100)))
    assert "votes disagree with the label" in audit_page.render(asked)
    assert "the majority vote differs from the label" in terminal.audit_as_text(asked)


def test_names_are_escaped(found: Audit) -> None:
    evil = "<script>alert(1)</script>"
    faces = replace(found.faces, names=np.full(NUM, evil), classes=(evil, *found.faces.classes[1:]))
    assert "<script" not in audit_page.render(replace(found, faces=faces))


def odd(kind: str) -> FaceSet:
    noise = np.random.default_rng(0).integers(0, 256, (60, 48, 48), np.uint8)
    classes = ("happy", "sad")
    if kind == "one row":
        return FaceSet.from_arrays(noise[:1], [0], classes)
    if kind == "unlabelled":
        return FaceSet.from_arrays(noise, [UNLABELLED] * 60, classes, "test")
    if kind == "all blank":
        return FaceSet.from_arrays(np.zeros((60, 48, 48), np.uint8), [0, 1] * 30, classes)
    if kind == "one class":
        return FaceSet.from_arrays(noise, [1] * 60, classes)
    return FaceSet.from_arrays(np.repeat(np.repeat(noise[:2], 21, 1), 9, 2), [0, 1], classes)


@pytest.mark.parametrize("kind", ["one row", "unlabelled", "all blank", "one class", "huge"])
def test_odd_data_still_gives_a_page(kind: str) -> None:
    result = audit(odd(kind))
    page = audit_page.render(result)
    assert Page(page).open == []
    assert "nan" not in re.sub(r"base64,[^\"]*", "", page)
    json.dumps(result.to_dict())
    assert terminal.audit_as_text(result)
    if kind == "all blank":
        assert result.counts.conflicting_groups == 0
        with pytest.raises(DataError, match="All rows would be dropped"):
            cleaning.clean(result, DROPS)


def test_no_rows_are_refused() -> None:
    with pytest.raises(DataError, match="no rows"):
        audit(odd("one row").select(np.zeros(1, bool)))


def test_missing_packages_name_the_extra(planted: FaceSet, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.split(".")[0] == "cleanlab"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "cleanlab", None)
    with pytest.raises(MissingExtraError, match=r"'cleanlab'.*mien\[report\]"):
        label_issues.find(planted, duplicates.find(planted.images), np.ones(NUM, bool))


def test_evaluate_without_copies_of_the_training_rows(planted: FaceSet, tmp_path: Path) -> None:
    reader = Reader(tmp_path / "model.onnx", planted.classes)
    plain = judge(reader, planted, "test")
    assert plain.record.without_duplicates_of is None
    fresh = judge(reader, planted, "test", without=planted)
    left_out = fresh.record.without_duplicates_of
    assert left_out is not None
    assert left_out.left_out == left_out.exact == 2
    assert len(fresh.evaluation) == len(plain.evaluation) - 2
    assert "left out: 2 duplicates of rows" in terminal.as_text(fresh)
    others = planted.split("test")  # without a split train, all rows count
    larger = judge(reader, planted, "test", without=others.resized((60, 60)))  # sizes may differ
    assert larger.record.without_duplicates_of is not None
    assert larger.record.without_duplicates_of.left_out > 0.8 * len(plain.evaluation)
    with pytest.raises(DataError, match=r"All rows \(\d+\) are duplicates"):
        judge(reader, planted, "test", without=others)


def test_training_rows_are_known_in_part_of_the_data_too(planted: FaceSet, tmp_path: Path) -> None:
    recipe = {"hold_out": 0.2, "valid_split": "", "split_seed": 0, "image_size": 48}
    train, valid = splits.divide(planted, 0.2)
    training = {"recipe": recipe, "train_hash": train.faces_hash, "data_hash": planted.hash}
    reader = Reader(tmp_path / "model.onnx", planted.classes, training)
    for rows, expected in (
        (planted, True), (planted.split("train"), True), (train, True), (planted.split("test"), False), (valid, False),
    ):  # fmt: skip
        assert bool(judge(reader, rows, "all").record.holds_training_rows) == expected
    assert not judge(reader, planted, "test").record.holds_training_rows


def test_training_rows_are_known_without_their_votes_and_beside_other_rows(planted: FaceSet, tmp_path: Path) -> None:
    recipe = {"hold_out": 0.2, "valid_split": "", "split_seed": 0, "image_size": 48}
    votes = np.random.default_rng(0).random((len(planted), len(planted.classes)), np.float32)
    voted = replace(planted, votes=votes)
    train, valid = splits.divide(voted, 0.2)
    training = {"recipe": recipe, "train_hash": train.faces_hash, "data_hash": voted.hash}
    reader = Reader(tmp_path / "model.onnx", planted.classes, training)
    names = planted.splits.astype("<U12")
    names[np.flatnonzero(names == "test")[::2]] = "private_test"
    plain = replace(planted, splits=names)
    assert plain.hash != voted.hash
    assert judge(reader, plain, "private_test").record.copies_of_train is not None
    assert judge(reader, plain, "all").record.holds_training_rows
    rows = held_out(reader, plain)
    assert [part.faces_hash for part in rows] == [train.faces_hash, valid.faces_hash]
    relabelled = replace(plain, labels=(plain.labels + 1) % len(plain.classes))
    assert judge(reader, relabelled, "private_test").record.copies_of_train is None
    with pytest.raises(DataError, match="isn't what it was trained on"):
        held_out(reader, relabelled)


def test_conflicts_and_label_issues_can_be_put_right_instead(found: Audit, tmp_path: Path) -> None:
    conflict = NUM - 5
    (group,) = [group for group in found.groups if group.labels > 1]
    assert len(cleaning.fix(found, ("conflicts",)).faces) == NUM
    tied = cleaning.fix(found, ("conflicts",))  # one copy says this, one that, and nobody voted
    np.testing.assert_array_equal(tied.faces.labels, found.faces.labels)
    votes = np.zeros((NUM, 7), np.float32)
    right = int(found.faces.labels[group.rows[group.rows != conflict][0]])
    votes[conflict, right] = 10
    voted = replace(found, faces=replace(found.faces, votes=votes))
    fixed = cleaning.fix(voted, ("conflicts",))
    assert set(fixed.faces.labels[group.rows].tolist()) == {right}
    assert fixed.counts.conflicting_groups == 0
    record = cleaning.write(voted, tmp_path / "clean.parquet", ("conflicts",), ("conflicts",))
    assert (record.rows, record.fixed, record.dropped) == (NUM, 1, 0)
    (line,) = (tmp_path / "clean.changed.csv").read_text().splitlines()[1:]
    assert line.endswith(f"now {voted.faces.classes[right]}")
    assert read(tmp_path / "clean.parquet").labels[conflict] == right
    issues_fixed = cleaning.fix(found, ("label-issues",))
    for row in found.label_issues.rows[:5].tolist():
        assert issues_fixed.faces.labels[row] == found.label_issues.of(row).argmax()
    assert not len(issues_fixed.label_issues.rows)


def test_the_verb_writes_page_and_clean_data(invoke: Invoke, planted: FaceSet, tmp_path: Path) -> None:
    data, page, cleaned = (tmp_path / name for name in ("faces.parquet", "audit.html", "clean.parquet"))
    store.write_parquet(planted, data)
    code, out, err = invoke("data", "audit", data, "-o", page, "--write", cleaned, "--json")
    record = json.loads(out)
    assert code == 0, err
    assert record["leakage"][0]["near"] == 2
    assert record["groups"][0]["labels"] == 2
    assert {"name", "split", "label", "reading"} <= set(record["label_issues"]["rows"][0])
    assert record["written"]["rows"] == len(read(cleaned))
    assert "<title>Data audit" in page.read_text(encoding="utf-8")

    code, out, err = invoke("data", "audit", data, "--model", "tiny", "--correlation", "0.99", "--mirrored")
    assert code == 0, err
    assert "duplicates across splits" in out
    assert "its training rows are unknown" not in out  # tiny's file tells
    code, out, _ = invoke("evaluate", "tiny", data, "--without-duplicates-of", data, "--json")
    assert (code, json.loads(out)["without_duplicates_of"]["left_out"]) == (0, 2)


def test_the_verb_refuses_before_it_works(invoke: Invoke, tmp_path: Path) -> None:
    for arguments, message in (
        (("--remove", "faces"), "There is no 'faces' to drop"),
        (("--fix", "blank"), "There is no 'blank' to fix"),
        (("--model", tmp_path / "no.onnx"), "no.onnx"),
    ):
        code, out, err = invoke("data", "audit", tmp_path / "no.parquet", *arguments)
        assert (code, out) == (1, "")
        assert message in err
        assert "copies:" not in err
    assert invoke("data", "audit", tmp_path, "--correlation", "2")[0] == 2
