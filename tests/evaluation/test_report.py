"""The report: complete, offline, escaped, in two languages, on easy and on odd input."""

from __future__ import annotations

import re
import string
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import asdict, replace
from html.parser import HTMLParser
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mien import emotions, images
from mien.data.faceset import FaceSet
from mien.errors import DataError, MissingExtraError, OutputError
from mien.evaluation import narrative, plots, probe_plots, probes, report, sections, svg, texts
from mien.evaluation.evaluation import Evaluation
from mien.evaluation.judge import Judgement
from mien.evaluation.overlap import Overlap
from mien.training import networks, recipes, summary

HASH = "ab" * 32


WITHOUT = {
    "accuracy": 0.5, "accuracy_interval": [0.42, 0.58], "macro_f1": 0.4, "macro_f1_interval": [0.3, 0.5], "balanced_accuracy": 0.45,
    "balanced_accuracy_interval": [0.4, 0.5], "per_class": [{"class": "happy", "recall": 0.8}, {"class": "disgust", "recall": 0.1}],
}  # fmt: skip
"""Scores without copies, as far as the report tells them."""


def judgement(
    classes: tuple[str, ...] = emotions.EMOTIONS, num: int = 140, *, perfect: bool = False, absent: int | None = None,
    side: int = 24, **told: Any,
) -> Judgement:  # fmt: skip
    rng = np.random.default_rng(0)
    labels = np.arange(num) % len(classes)
    if absent is not None:
        labels[labels == absent] = (absent + 1) % len(classes)
    logits = rng.normal(0, 1, (num, len(classes)))
    logits[np.arange(num), labels] += 9 if perfect else 1.2
    probabilities = (np.exp(logits) / np.exp(logits).sum(1, keepdims=True)).astype(np.float32)
    faces = FaceSet.from_arrays(rng.integers(0, 256, (num, side, side)).astype(np.uint8), labels, classes, "test")
    record = {
        "mien": "0.1.0", "model": "runs/first/model.onnx", "model_hash": HASH, "data": "somewhere/faces.csv",
        "data_hash": HASH, "split": "test", "rows_hash": HASH, "flip": False, "temperature": 1.25,
        "copies_of_train": copies(4, 136, 0.5) if num > 4 else None, "holds_training_rows": False, "is_hold_out": False,
        "options": {}, **told,
    }  # fmt: skip
    return Judgement(Evaluation.from_predictions(labels, probabilities, classes), faces, record)


def copies(rows: int, n_without: int, accuracy_without: float | None) -> dict[str, Any]:
    found = Overlap(
        rows,
        rows - rows // 4,
        rows // 4,
        n_without,
        accuracy_without,
        WITHOUT if n_without else None,
        "model file",
        1e-6,
    )
    return found.to_dict()


def parts(
    classes: tuple[str, ...] = emotions.EMOTIONS, recipe: str = "base", num_epochs: int = 5, counts: list[int] | None = None
) -> dict[str, Any]:  # fmt: skip
    counts = counts or [100 + 10 * index for index in range(len(classes))]
    settings = recipes.get(recipe)
    record = {
        "mien": "0.1.0", "git_commit": "c0ffee" * 6 + "+", "python": "3.12.1", "processor": "a processor", "device": "cpu",
        "device_name": "", "precision": "fp32", "threads": 2, "torch": "2.11.0", "settings": ["epochs=15"], "recipe": asdict(settings),
        "data": {
            "path": "somewhere/faces.csv", "hash": HASH, "classes": list(classes), "splits": {"train": 999, "test": 140},
            "train": {"rows": sum(counts), "counts": counts}, "valid": {"from": "hold_out", "rows": 60},
        },
    }  # fmt: skip
    history = [
        {
            "epoch": epoch, "learning_rate": 0.1 / epoch, "train_loss": 2 / epoch, "train_accuracy": 0.1 * epoch,
            "valid_loss": 2 / epoch, "valid_accuracy": 0.6 - 0.1 * abs(3 - epoch), "seconds": 2.0, "images_per_second": 500.0,
        }
        for epoch in range(1, num_epochs + 1)
    ]  # fmt: skip
    network = summary.describe(networks.build(settings.network, len(classes), settings.image_size), settings.image_size)
    return {"record": record, "network": network, "history": history}


@pytest.fixture(scope="module")
def english() -> str:
    sheet = images.encode_png(np.zeros((20, 100), np.uint8))
    return report.render(judgement(), **parts(), augmented=sheet)


class Outline(HTMLParser):
    """Collects what the tests ask about, and checks that tags close in order."""

    VOID = ("meta", "img", "br", "link", "path", "use", "rect", "image")

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.VOID:
            assert self.open.pop() == tag


def test_page_is_well_formed_and_asks_for_nothing(english: str) -> None:
    outline = Outline(english)
    assert outline.open == []
    assert not {"script", "link", "iframe"} & {tag for tag, _ in outline.tags}
    for _, attributes in outline.tags:
        for name in ("src", "href"):
            address = attributes.get(name) or "#"
            assert address.startswith(("#", "data:image/png;base64,"))
    assert "http" not in english
    assert "@import" not in english
    assert set(re.findall(r"url\((.)", english)) <= {"#"}


def test_ids_are_unique_and_links_lead_somewhere(english: str) -> None:
    tags = Outline(english).tags
    ids = [attributes["id"] for _, attributes in tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    links = [a["href"] for tag, a in tags if tag in ("a", "use")]
    assert links
    assert {str(link)[1:] for link in links} <= set(ids)


def test_head_and_network_say_what_was_judged(english: str) -> None:
    evaluation = judgement().evaluation
    for text in (
        f"{evaluation.accuracy:.1%}", f"{evaluation.accuracy_interval[0]:.1%}", f"{evaluation.macro_f1:.1%}",
        f"{evaluation.balanced_accuracy:.1%}", f"{evaluation.log_loss:.3f}", f"{evaluation.calibration_error:.1%}",
        HASH, "first/model.onnx", "c0ffee", "with changes", "a processor", "temperature of 1.25",
        "Of the 140 judged faces, 4 were seen in training, pixel for pixel: 3 learned from, 1 held out", "1,562,647", "stages.2.1.act2",
    ):  # fmt: skip
        assert text in english
    assert "slightly optimistic" not in english
    assert "somewhere/" not in english  # a report is for others: no path of this machine


def test_tricks_are_those_of_the_recipe(english: str) -> None:
    used, unused = english.split("Not used in this run:")
    for name in ("mirror image", "rotation", "label smoothing", "averaged weights", "erased rectangle", "temperature"):
        assert f'<th scope="row">{name}</th>' in used
    assert "Gaussian blur" not in used
    assert "Gaussian blur" in unused
    assert "ablations are not part of this report" in used


def test_what_shapes_the_training_is_told_where_it_did() -> None:
    t, made = texts.Texts("en"), parts()
    recipe = {**made["record"]["recipe"], "teacher": "somewhere/large.onnx", "distil": 0.5}
    data = made["record"]["data"]
    for votes in (True, False):
        record = {**made["record"], "recipe": recipe, "data": {**data, "votes": votes}}
        used, unused = narrative.means(record, [0.1], {"flip": False, "temperature": 1.0}, t)
        told = {each["name"]: each["setting"] for each in used}
        assert told["Muon"] == "peak rate 0.03, for the hidden convolutions"
        assert told["growing faces"] == "32 to 48 pixels over the first 60% of the epochs"
        assert told["teacher"] == "50% of the target from large.onnx"
        assert told["dropout"] == "1 layer: 10%"
        assert ("second head for votes" in told) == votes
        assert ("second head for votes" in unused) != votes


@pytest.mark.parametrize("lang", ["en", "zh-TW"])
def test_what_imitates_bad_pictures_is_told_where_it_did(lang: str) -> None:
    t, made = texts.Texts(lang), parts()
    recipe = recipes.to_dict(recipes.get("base", ["augment=robust", "augment.gamma=1,1", "init=somewhere/first.onnx"]))
    used, unused = narrative.means({**made["record"], "recipe": recipe}, [0.1], {"flip": False, "temperature": 1.0}, t)
    told = {each["name"]: each["setting"] for each in used}
    shown = {key: told.get(t(f"tricks.name.{key}")) for key in narrative.CORRUPTION_PARTS}
    assert shown["gamma"] is None
    assert t("tricks.name.gamma") in unused
    assert shown["jpeg"] == t("tricks.setting.jpeg", value="5", share="8%")
    assert shown["resolution"] == t("tricks.setting.resolution", percent="16%", share="8%")
    assert "first.onnx" in told[t("tricks.name.init")]


def test_the_set_up_names_both_optimizers_and_both_losses(english: str) -> None:
    assert "SGD, Nesterov momentum 0.9; Muon, peak 0.03" in english
    assert "and 0.5 times that of a second head for votes" in english


def test_confusions_are_shown_as_faces(english: str) -> None:
    evaluation = judgement().evaluation
    top = evaluation.top_confusions(4)
    alts = [attributes["alt"] for tag, attributes in Outline(english).tags if tag == "img"]
    confidence = f"{evaluation.probabilities[top[0].rows[0]].max():.0%}"
    first = f"Face labelled {top[0].true.capitalize()}, read as {top[0].predicted.capitalize()} with {confidence} confidence"
    assert first in alts
    assert english.count("<article") == 4


def test_class_shares_are_listed_as_in_the_report(english: str) -> None:
    assert "[100, 110, 120, 130, 140, 150, 160]" in english
    assert "Bayes" in english
    assert "changes" in english


@pytest.mark.parametrize("split", ["valid", "hold_out"])
def test_hold_out_rows_bring_a_warning(split: str) -> None:
    warnings, _ = narrative.notes(judgement(split=split, is_hold_out=True), parts()["record"], texts.Texts("en"))
    assert len(warnings) == 1
    assert "slightly optimistic" in warnings[0]


@pytest.mark.parametrize(
    ("told", "text"),
    [
        ({"holds_training_rows": True}, "include those that the model learned from"),
        ({"data": "other.csv", "data_hash": "00"}, "other data than it was trained on"),
        ({"copies_of_train": None}, "is not known, as the model file does not tell"),
        ({"copies_of_train": copies(0, 140, 0.5)}, "No judged face was seen in training, pixel for pixel"),
        ({}, "Of the 140 judged faces, 4 were seen in training, pixel for pixel: 3 learned from, 1 held out"),
        ({"copies_of_train": copies(140, 0, None)}, "nothing here is a new face"),
        ({"flip": True}, "averaged"),
    ],
)
def test_notes_fit_what_was_judged(told: dict[str, Any], text: str) -> None:
    warnings, rest = narrative.notes(judgement(**told), parts()["record"], texts.Texts("en"))
    assert text in " ".join([*warnings, *rest])


def test_chinese_page_is_chinese() -> None:
    page = report.render(judgement(), **parts(), lang="zh-TW")
    assert '<html lang="zh-TW">' in page
    for text in ("混淆矩陣", "準確率", "生氣", "厭惡", "密集的 3x3 卷積", "貝氏決策法則", "同第 2 層"):
        assert text in page
    assert "Angry" not in page
    assert Outline(page).open == []


def test_names_are_escaped_everywhere() -> None:
    classes = ("<script>alert(1)</script>", 'b"onload="x', "c & d")
    page = report.render(judgement(classes, num=60), **parts(classes))
    outline = Outline(page)
    assert "<script" not in page
    assert not any("onload" in attributes for _, attributes in outline.tags)
    assert "c &amp; d" in page


@pytest.mark.parametrize(
    ("classes", "options", "num_epochs"),
    [
        (emotions.ALL_EMOTIONS, {"absent": 7, "side": 200}, 1),
        (("happy", "sad"), {"perfect": True, "num": 30}, 2),
        (emotions.EMOTIONS, {"num": 1}, 1),
    ],
)
def test_odd_input_still_gives_a_page(classes: tuple[str, ...], options: dict[str, Any], num_epochs: int) -> None:
    told = judgement(classes, **options)
    before = told.faces.hash
    page = report.render(told, **parts(classes, "tiny", num_epochs, [0] + [9] * (len(classes) - 1)))
    assert Outline(page).open == []
    assert replace(told.faces).hash == before  # a replaced one hashes anew
    assert "nan" not in re.sub(r"base64,[^\"]*", "", page)
    if options.get("absent"):
        assert "carries these labels, so how well they are read stays open: Contempt" in page
    if options.get("perfect"):
        assert "there is no confusion to discuss" in page
        assert "<article" not in page


def test_prior_correction_by_hand() -> None:
    probabilities = np.array([[0.6, 0.4], [0.95, 0.05]], np.float32)
    corrected = narrative.prior_corrected(probabilities, [30, 10])
    assert corrected == pytest.approx(np.array([[0.2, 0.4], [0.95 / 3, 0.05]]) / [[0.6], [0.95 / 3 + 0.05]], rel=1e-5)
    assert corrected.argmax(1).tolist() == [1, 0]
    assert narrative.prior_corrected(probabilities, [5, 0])[:, 1].tolist() == [0, 0]  # never seen in training


def test_training_tells_why_it_ended() -> None:
    t, made = texts.Texts("en"), parts(num_epochs=5)
    recipe = made["record"]["recipe"]
    for change, text in (
        ({}, "reached epoch 5 of at most 80"),
        ({"epochs": 5}, "every epoch of the recipe (5)"),
        ({"stop_accuracy": 0.59}, "passed the threshold of 59%"),
        ({"patience": 2}, "had not improved for 2 epochs"),
    ):
        assert text in narrative.training({"recipe": {**recipe, **change}}, made["history"], t)


def test_write_replaces_only_where_allowed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report, "render", lambda *_, **values: f"a page: {values['lang']}")
    path = tmp_path / "report.html"
    path.write_text("mine")
    report.write(path, judgement(), record={}, network={}, history=[], lang="zh-TW")
    assert path.read_text(encoding="utf-8") == "a page: zh-TW"
    assert [entry.name for entry in tmp_path.iterdir()] == ["report.html"]


def test_commands_follow_from_the_records() -> None:
    record = parts()["record"]
    train = "mien train faces.csv --recipe base --set epochs=15 --out first"
    told = judgement(flip=True)
    assert sections.commands(told, record, "en") == [train, "mien report first --split test --flip --lang en"]
    assert (
        sections.commands(judgement(split="hold_out"), record, "zh-TW")[1]
        == "mien report first --split hold_out --lang zh-TW"
    )
    foreign = judgement(data="else where.csv", data_hash="00")
    assert (
        sections.commands(foreign, record, "en")[1]
        == "mien report first --data 'else where.csv' --split test --lang en"
    )


def test_wrong_input_is_refused_with_a_reason(tmp_path: Path) -> None:
    made = parts()
    with pytest.raises(OutputError, match=r"language 'fr': choose en \(English\) or zh-TW"):
        report.write(tmp_path / "x.html", judgement(), **made, lang="fr")
    with pytest.raises(DataError, match="own model"):
        report.render(judgement(("happy", "sad")), **made)
    with pytest.raises(DataError, match="no epoch yet"):
        report.render(judgement(), **{**made, "history": []})
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("package", "missing"), [("jinja2", "jinja2"), ("matplotlib", "matplotlib")])
def test_missing_packages_name_the_extra(package: str, missing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingExtraError, match=rf"'{missing}'.*mien\[report\]"):
        report.render(judgement(("happy", "sad"), num=20), **parts(("happy", "sad"), "tiny", 1))


def texts_of(lang: str) -> dict[str, str]:
    place = resources.files("mien.evaluation") / "templates" / f"{lang}.toml"

    def flat(table: dict[str, Any], prefix: str) -> Iterator[tuple[str, str]]:
        for key, value in table.items():
            if isinstance(value, dict):
                yield from flat(value, f"{prefix}{key}.")
            else:
                yield prefix + key, value

    return dict(flat(tomllib.loads(place.read_text(encoding="utf-8")), ""))


def placeholders(text: str) -> set[str]:
    """The names that a text takes, without the plurals that it makes of them."""
    names = {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}
    return {name.partition("|")[0] for name in names}


@pytest.mark.parametrize(("num", "words"), [(1, "1 epoch."), ("1", "1 epoch."), (0, "0 epochs."), (21, "21 epochs.")])
def test_a_text_counts_in_the_right_number(num: object, words: str) -> None:
    assert texts.Texts("en")("tune.as_it_is", number=3, accuracy="50%", epochs=num).endswith(words)
    assert str(num) in texts.Texts("zh-TW")("tune.as_it_is", number=3, accuracy="50%", epochs=num)


@pytest.mark.parametrize(
    ("error", "loss", "words"),
    [
        (-0.01, -0.01, "fits better with the temperature"),
        (-0.01, 0.0, "fits better with the temperature"),
        (0.01, 0.0, "fits better without the temperature"),
        (0.01, -0.01, "with the temperature, log-loss is better and calibration error worse"),
        (-0.01, 0.01, "with the temperature, calibration error is better and log-loss worse"),
        (0.0, 0.0, "no difference that matters"),
    ],
)
def test_what_the_temperature_does_is_told_by_both_measures(error: float, loss: float, words: str) -> None:
    after = judgement().evaluation
    calibration = replace(after.calibration, value=after.calibration_error - error)
    before = replace(after, calibration=calibration, log_loss=after.log_loss - loss)
    assert words in probes.calibration(judgement(), before, texts.Texts("en"))["before"]


def test_a_report_calls_a_model_that_gives_one_answer_only_that() -> None:
    told, made = judgement(), parts()
    constant = np.tile(np.eye(7, dtype=np.float32)[3], (len(told.evaluation), 1))
    evaluation = Evaluation.from_predictions(told.evaluation.labels, constant, told.evaluation.classes)
    text = narrative.summary(evaluation, made["record"], made["history"], texts.Texts("en"))
    assert f"It reads every face as {evaluation.classes[3].capitalize()}: it tells no class from another." in text
    assert "reads best" not in text


def test_languages_have_the_same_keys_and_placeholders() -> None:
    english, chinese = texts_of("en"), texts_of("zh-TW")
    assert list(english) == list(chinese)
    assert {key: placeholders(text) for key, text in english.items()} == {
        key: placeholders(text) for key, text in chinese.items()
    }
    assert all(english.values())
    assert all(chinese.values())


def test_every_text_is_used() -> None:
    place = resources.files("mien.evaluation")
    parts = ["narrative.py", "sections.py", "report.py", "probes.py", "explain.py", "audit_page.py", "texts.py"]
    parts += ["study_page.py", "tuning_page.py"]
    parts += [f"templates/{name}.html.j2" for name in ("page", "parts", "report", "explain", "audit", "study", "tune")]
    source = "".join((place / part).read_text(encoding="utf-8") for part in parts)
    built = [
        "classes",
        "splits",
        "plots",
        "probe_plots",
        "study_plots",
        "diagram",
        "scores",
        "robust.name",
        "robust.unit",
    ]
    built += ["tricks.name", "tricks.setting", "tricks.why", "study.arms", "study.question", "study.score"]
    for key in texts_of("en"):
        group, _, last = key.rpartition(".")
        assert group in built or key in source or f'"{last}"' in source or re.search(rf"{group}\.\w*\{{", source), key


def test_words_of_the_plots_are_those_of_the_english_texts() -> None:
    tables = texts.Texts("en").tables
    assert tables["plots"] == plots.WORDS
    assert tables["probe_plots"] == probe_plots.WORDS
    assert tables["diagram"] == svg.DIAGRAM_WORDS
    assert list(tables["classes"]) == list(emotions.ALL_EMOTIONS)
