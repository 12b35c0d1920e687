"""The report: complete, offline, escaped, in two languages, on easy and on odd input."""

from __future__ import annotations

import re
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import records
from mien import emotions
from mien.errors import DataError, MissingExtraError, OutputError
from mien.reporting.pages import report
from mien.run import Run
from reported import Outline, judgement, made, readable


def test_page_is_well_formed_and_asks_for_nothing(english: str) -> None:
    outline = Outline(english)
    assert outline.open == []
    assert not {"link", "iframe"} & {tag for tag, _ in outline.tags}
    assert all("src" not in attributes for tag, attributes in outline.tags if tag == "script")
    for _, attributes in outline.tags:
        for name in ("src", "href"):
            address = attributes.get(name) or "#"
            assert address.startswith(("#", "data:image/png;base64,", "data:image/jpeg;base64,"))
    assert "://" not in english
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


@pytest.fixture(scope="module")
def chinese(base: Run) -> str:
    """The page in Chinese, made in Python: there is no command."""
    return report.render(judgement(), base, lang="zh-TW")


def test_chinese_page_is_chinese(chinese: str) -> None:
    page = chinese
    assert '<html lang="zh-TW">' in page
    for text in ("混淆矩陣", "準確率", "生氣", "厭惡", "密集的 3x3 卷積", "貝氏決策法則", "同第 2 層"):
        assert text in page
    assert "Angry" not in page
    assert Outline(page).open == []


def test_names_are_escaped_everywhere(tmp_path: Path) -> None:
    classes = ("<script>alert(1)</script>", 'b"onload="x', "c & d")
    page = report.render(judgement(classes, num=60), made(tmp_path / "run", classes))
    outline = Outline(page)
    assert page.count("<script") == 2  # its own, and the faces as data
    assert "<script>alert" not in page
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
    assert "nan" not in readable(page)
    if options.get("absent"):
        assert "has these labels, so their recall is unknown: Contempt" in page
    if options.get("perfect"):
        assert "there is no confusion on these rows" in page
        assert "<article" not in page


def test_commands_are_those_that_were_given(english: str, chinese: str) -> None:
    train = "mien train faces.csv --recipe base --set epochs=15 --out first"
    assert train in english
    assert "mien report first --data &#39;else where.csv&#39; --lang en" in english
    assert "mien report" not in chinese


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
