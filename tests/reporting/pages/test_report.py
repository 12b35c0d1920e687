"""The report: complete, offline, escaped, in two languages, on easy and on odd input."""

from __future__ import annotations

import re
import string
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import records
from mien import emotions, files, images, recipes, typed_json
from mien.data.faceset import FaceSet
from mien.errors import DataError, MissingExtraError, OutputError
from mien.evaluation.evaluation import Evaluation
from mien.evaluation.judge import Judgement
from mien.evaluation.overlap import Overlap
from mien.reporting import narrative, svg, techniques, texts
from mien.reporting.pages import calibration, report
from mien.reporting.plots import probing, scores
from mien.run import Run
from mien.run_record import Ending
from mien.training import networks, summary

TRAIN = ("mien", "train", "faces.csv", "--recipe", "base", "--set", "epochs=15", "--out", "first")
REPORT = ("mien", "report", "first", "--data", "else where.csv", "--lang", "en")


def answered(true: list[int], predicted: list[int]) -> Evaluation:
    """The seven expressions, each row answered without doubt."""
    return Evaluation.from_predictions(np.array(true), np.eye(7, dtype=np.float32)[predicted], emotions.EMOTIONS)


WITHOUT = answered([3] * 5 + [1] * 10, [3] * 4 + [0] * 10 + [1])
"""Scores without copies: the recall of happy is 80%, that of disgust 10%."""


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
    record = records.judgement(**{"copies_of_train": copies(4, 136) if num > 4 else None, **told})
    return Judgement(Evaluation.from_predictions(labels, probabilities, classes), faces, record)


def copies(rows: int, n_without: int) -> Overlap:
    without = WITHOUT if n_without else None
    return Overlap(rows, rows - rows // 4, rows // 4, n_without, without, "model file", 1e-6)


def made(
    folder: Path, classes: tuple[str, ...] = emotions.EMOTIONS, recipe: str = "base", num_epochs: int = 5,
    counts: list[int] | None = None,
) -> Run:  # fmt: skip
    """A run folder as far as a report reads it."""
    folder.mkdir()
    settings = recipes.get(recipe)
    network = networks.build(settings.network, len(classes), settings.image_size)
    run = Run(folder, records.run(settings, data=records.data(classes, counts, votes=True), command=TRAIN))
    run.write()
    run.write_history(records.history(num_epochs))
    files.write_json(folder / "network.json", typed_json.to_json(summary.describe(network, settings.image_size)))
    return run


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run with the recipe base. Don't write into it."""
    run = made(tmp_path_factory.mktemp("made") / "base")
    (run.folder / "augmented.png").write_bytes(images.encode_png(np.zeros((20, 100), np.uint8)))
    return run


@pytest.fixture(scope="module")
def english(base: Run) -> str:
    return report.render(judgement(), base, command=REPORT)


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
        records.HASH, "first/model.onnx", "c0ffee", "with changes", "a processor", "temperature of 1.25",
        "Of the 140 evaluated faces, 4 were seen in training (identical pixels): 3 in the training rows, 1 in the hold-out", "1,562,647", "stages.2.1.act2",
    ):  # fmt: skip
        assert text in english
    assert "slightly optimistic" not in english
    assert "somewhere/" not in english  # a report is for others: no path of this machine


def test_techniques_are_those_of_the_recipe(english: str) -> None:
    used, unused = english.split("Not used in this run:")
    for name in ("horizontal flip", "rotation", "label smoothing", "averaged weights", "random erasing", "temperature"):
        assert f'<th scope="row">{name}</th>' in used
    assert "Gaussian blur" not in used
    assert "Gaussian blur" in unused
    assert "compare trainings with and without it: mien study" in used


def test_what_shapes_the_training_is_told_where_it_did() -> None:
    t, record = texts.Texts("en"), records.run()
    recipe = replace(record.recipe, teacher="somewhere/large.onnx", distillation_weight=0.5)
    for votes in (True, False):
        record = replace(record, recipe=recipe, data=replace(record.data, votes=votes))
        used, unused = techniques.describe(record, [0.1], records.judgement(temperature=1.0), t)
        told = {each.name: each.setting for each in used}
        assert told["Muon"] == "peak rate 0.03, for the hidden convolutions"
        assert told["progressive resizing"] == "32 to 48 pixels over the first 60% of the epochs"
        assert told["teacher"] == "50% of the target from large.onnx"
        assert told["dropout"] == "1 layer: 10%"
        assert ("auxiliary head for votes" in told) == votes
        assert ("auxiliary head for votes" in unused) != votes


@pytest.mark.parametrize("lang", ["en", "zh-TW"])
def test_what_imitates_bad_pictures_is_told_where_it_did(lang: str) -> None:
    t = texts.Texts(lang)
    recipe = recipes.get("base", ["augment=robust", "augment.gamma=1,1", "init=somewhere/first.onnx"])
    used, unused = techniques.describe(records.run(recipe), [0.1], records.judgement(temperature=1.0), t)
    told = {each.name: each.setting for each in used}
    shown = {key: told.get(t(f"techniques.name.{key}")) for key in techniques.CORRUPTION_PARTS}
    assert shown["gamma"] is None
    assert t("techniques.name.gamma") in unused
    assert shown["jpeg"] == t("techniques.setting.jpeg", value="5", share="8%")
    assert shown["resolution"] == t("techniques.setting.resolution", percent="16%", share="8%")
    assert "first.onnx" in told[t("techniques.name.init")]


def test_the_set_up_names_both_optimizers_and_both_losses(english: str) -> None:
    assert "SGD, Nesterov momentum 0.9; Muon, peak 0.03" in english
    assert "plus 0.5 times that of an auxiliary head for votes" in english


def test_confusions_are_shown_as_faces(english: str) -> None:
    evaluation = judgement().evaluation
    top = evaluation.top_confusions(4)
    alts = [attributes["alt"] for tag, attributes in Outline(english).tags if tag == "img"]
    confidence = f"{evaluation.probabilities[top[0].rows[0]].max():.0%}"
    first = f"Face labelled {top[0].true.capitalize()}, predicted as {top[0].predicted.capitalize()} with {confidence} confidence"
    assert first in alts
    assert english.count("<article") == 4


def test_class_shares_are_listed_as_in_the_report(english: str) -> None:
    assert "[100, 110, 120, 130, 140, 150, 160]" in english
    assert "Bayes" in english
    assert "changes" in english


@pytest.mark.parametrize("split", ["valid", "hold_out"])
def test_hold_out_rows_bring_a_warning(split: str) -> None:
    warnings, _ = narrative.notes(judgement(split=split, is_hold_out=True), records.run(), texts.Texts("en"))
    assert len(warnings) == 1
    assert "slightly optimistic" in warnings[0]


@pytest.mark.parametrize(
    ("told", "text"),
    [
        ({"holds_training_rows": True}, "include training rows of the model"),
        ({"data": "other.csv", "data_hash": "00"}, "other data than it was trained on"),
        ({"copies_of_train": None}, "because the model file has no record of its training faces"),
        ({"copies_of_train": copies(0, 140)}, "No evaluated face was seen in training (identical pixels)"),
        ({}, "accuracy is 33.3%"),
        (
            {},
            "Of the 140 evaluated faces, 4 were seen in training (identical pixels): 3 in the training rows, 1 in the hold-out",
        ),
        ({"copies_of_train": copies(140, 0)}, "there are no new faces"),
        ({"flip": True}, "averaged"),
    ],
)
def test_notes_fit_what_was_judged(told: dict[str, Any], text: str) -> None:
    warnings, rest = narrative.notes(judgement(**told), records.run(), texts.Texts("en"))
    assert text in " ".join([*warnings, *rest])


def test_chinese_page_is_chinese(base: Run) -> None:
    page = report.render(judgement(), base, lang="zh-TW")
    assert '<html lang="zh-TW">' in page
    for text in ("混淆矩陣", "準確率", "生氣", "厭惡", "密集的 3x3 卷積", "貝氏決策法則", "同第 2 層"):
        assert text in page
    assert "Angry" not in page
    assert Outline(page).open == []


def test_names_are_escaped_everywhere(tmp_path: Path) -> None:
    classes = ("<script>alert(1)</script>", 'b"onload="x', "c & d")
    page = report.render(judgement(classes, num=60), made(tmp_path / "run", classes))
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
def test_odd_input_still_gives_a_page(
    tmp_path: Path, classes: tuple[str, ...], options: dict[str, Any], num_epochs: int
) -> None:
    told = judgement(classes, **options)
    before = told.faces.hash
    page = report.render(told, made(tmp_path / "run", classes, "tiny", num_epochs, [0] + [9] * (len(classes) - 1)))
    assert Outline(page).open == []
    assert replace(told.faces).hash == before  # a replaced one hashes anew
    assert "nan" not in re.sub(r"base64,[^\"]*", "", page)
    if options.get("absent"):
        assert "has these labels, so their recall is unknown: Contempt" in page
    if options.get("perfect"):
        assert "there is no confusion on these rows" in page
        assert "<article" not in page


def test_prior_correction_by_hand() -> None:
    probabilities = np.array([[0.6, 0.4], [0.95, 0.05]], np.float32)
    corrected = narrative.prior_corrected(probabilities, [30, 10])
    assert corrected == pytest.approx(np.array([[0.2, 0.4], [0.95 / 3, 0.05]]) / [[0.6], [0.95 / 3 + 0.05]], rel=1e-5)
    assert corrected.argmax(1).tolist() == [1, 0]
    assert narrative.prior_corrected(probabilities, [5, 0])[:, 1].tolist() == [0, 0]  # never seen in training


def test_training_tells_why_it_ended() -> None:
    t = texts.Texts("en")
    endings: list[tuple[Ending | None, dict[str, Any], str]] = [
        (None, {}, "reached epoch 5 of at most 80"),
        ("epochs", {"epochs": 5}, "every epoch of the recipe (5)"),
        ("accuracy", {"stop_accuracy": 0.59}, "exceeded the threshold of 59%"),
        ("patience", {"patience": 2}, "had not improved for 2 epochs"),
    ]
    for ended, changes, text in endings:
        record = records.run(replace(recipes.get("base"), **changes), ended=ended)
        assert text in narrative.training(record, records.history(5), t)


def test_write_replaces_only_where_allowed(base: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report, "render", lambda *_, **values: f"a page: {values['lang']}")
    path = tmp_path / "report.html"
    path.write_text("mine")
    report.write(path, judgement(), base, lang="zh-TW")
    assert path.read_text(encoding="utf-8") == "a page: zh-TW"
    assert [entry.name for entry in tmp_path.iterdir()] == ["report.html"]


def test_commands_are_those_that_were_given(base: Run, english: str) -> None:
    train = "mien train faces.csv --recipe base --set epochs=15 --out first"
    assert report.commands(TRAIN, REPORT) == [train, "mien report first --data 'else where.csv' --lang en"]
    assert report.commands((), REPORT[:3]) == ["mien report first"]
    assert train in english
    assert "mien report first --data &#39;else where.csv&#39; --lang en" in english
    assert "mien report" not in report.render(judgement(), base)  # in Python there is no command


def test_wrong_input_is_refused_with_a_reason(base: Run, tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"language 'fr': choose en \(English\) or zh-TW"):
        report.write(tmp_path / "x.html", judgement(), base, lang="fr")
    with pytest.raises(DataError, match="own model"):
        report.render(judgement(("happy", "sad")), base)
    assert not list(tmp_path.iterdir())
    with pytest.raises(DataError, match="no epoch yet"):
        report.render(judgement(), made(tmp_path / "run", num_epochs=0))


@pytest.mark.parametrize(("package", "missing"), [("jinja2", "jinja2"), ("matplotlib", "matplotlib")])
def test_missing_packages_name_the_extra(
    base: Run, package: str, missing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingExtraError, match=rf"'{missing}'.*mien\[report\]"):
        report.render(judgement(), base)


def texts_of(lang: str) -> dict[str, str]:
    place = resources.files("mien.reporting.texts") / f"{lang}.toml"

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
        (-0.01, -0.01, "calibration is better with the temperature"),
        (-0.01, 0.0, "calibration is better with the temperature"),
        (0.01, 0.0, "calibration is better without the temperature"),
        (0.01, -0.01, "with the temperature, log-loss is better and calibration error is worse"),
        (-0.01, 0.01, "with the temperature, calibration error is better and log-loss is worse"),
        (0.0, 0.0, "no relevant difference"),
    ],
)
def test_what_the_temperature_does_is_told_by_both_measures(error: float, loss: float, words: str) -> None:
    after = judgement().evaluation
    shifted = replace(after.calibration, value=after.calibration_error - error)
    before = replace(after, calibration=shifted, log_loss=after.log_loss - loss)
    assert words in calibration.calibration(judgement(), before, texts.Texts("en")).before


def test_a_report_calls_a_model_that_gives_one_answer_only_that() -> None:
    told = judgement()
    constant = np.tile(np.eye(7, dtype=np.float32)[3], (len(told.evaluation), 1))
    evaluation = Evaluation.from_predictions(told.evaluation.labels, constant, told.evaluation.classes)
    text = narrative.summary(evaluation, records.run(), records.history(5), texts.Texts("en"))
    assert (
        f"The model predicts {evaluation.classes[3].capitalize()} for every face: it doesn't distinguish the classes."
        in text
    )
    assert "recall is highest" not in text


def test_languages_have_the_same_keys_and_placeholders() -> None:
    english, chinese = texts_of("en"), texts_of("zh-TW")
    assert list(english) == list(chinese)
    assert {key: placeholders(text) for key, text in english.items()} == {
        key: placeholders(text) for key, text in chinese.items()
    }
    assert all(english.values())
    assert all(chinese.values())


def test_every_text_is_used() -> None:
    place = resources.files("mien.reporting")
    folders = [place, *(place / name for name in ("texts", "pages", "templates"))]
    parts = [part for folder in folders for part in folder.iterdir() if part.name.endswith((".py", ".j2"))]
    source = "".join(part.read_text(encoding="utf-8") for part in parts)
    built = [
        "classes",
        "splits",
        "plots",
        "probe_plots",
        "study_plots",
        "tune_plots",
        "diagram",
        "layers",
        "scores",
        "robust.name",
        "robust.unit",
    ]
    built += ["techniques.name", "techniques.setting", "techniques.why", "study.arms", "study.question", "study.score"]
    for key in texts_of("en"):
        group, _, last = key.rpartition(".")
        assert group in built or key in source or f'"{last}"' in source or re.search(rf"{group}\.\w*\{{", source), key


def test_words_of_the_plots_are_those_of_the_english_texts() -> None:
    tables = texts.Texts("en").tables
    assert tables["plots"] == scores.WORDS
    assert tables["probe_plots"] == probing.WORDS
    assert tables["diagram"] == svg.DIAGRAM_WORDS
    assert list(tables["classes"]) == list(emotions.ALL_EMOTIONS)
