"""What holds for the pages of every kind: they are read by axe, on small screens and in both languages, and can be without faces."""

from __future__ import annotations

import base64
import functools
import io
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page

import browsers
import homeworks
from experimental import crossvalidated, study, sweep, with_answers
from filmed import filmed
from mien.auditing.audit import Audit
from mien.data.faceset import FaceSet
from mien.evaluation import groups
from mien.evaluation.judge import Judgement
from mien.evaluation.model_comparison import ModelComparison
from mien.evaluation.probing.findings import Findings
from mien.reporting.pages import audit, compare, crossval, explain, homework, report, tune, video_study
from mien.reporting.pages import study as study_page
from mien.reporting.texts import Texts
from mien.run import Run
from reported import judgement

Render = Callable[..., str]

KINDS = ("report", "explain", "compare", "study", "tune", "crossval", "audit", "homework", "video")
WITHOUT_FACES = ("report", "explain", "compare", "study", "crossval", "audit", "homework")
LANGUAGES = ("en", "zh-TW")

SMALL = """() => {
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const part = walker.currentNode.parentElement;
    if (!walker.currentNode.textContent.trim() || !part.getClientRects().length || part.closest("script, title")) continue;
    const drawn = part.closest("svg") && part.getScreenCTM();
    const size = parseFloat(getComputedStyle(part).fontSize) * (drawn ? Math.hypot(drawn.a, drawn.b) : 1);
    if (size < 10.99) found.push(`${size}: ${walker.currentNode.textContent.trim()}`);
  }
  return found;
}"""
"""Texts of less than 11 pixels."""


OUTSIDE = """() => [...document.querySelectorAll("svg text")].flatMap((text) => {
  const part = text.getBoundingClientRect(), whole = (text.closest("figure") ?? text.ownerSVGElement).getBoundingClientRect();
  const isOut = part.width && !text.closest(".scroll") && (part.left < whole.left - 1 || part.right > whole.right + 1);
  return isOut ? [text.textContent] : [];
})"""
"""Texts of drawings that leave their figure."""


@pytest.fixture(scope="module")
def renders(
    judged: Judgement,
    probed: Findings,
    compared: ModelComparison,
    found: Audit,
    base: Run,
    run: Run,
    faces: FaceSet,
    faces_file: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> dict[str, Render]:
    """The function that renders the page of each kind in a language, with or without faces; it renders each page once."""
    folder = tmp_path_factory.mktemp("pages")
    done = homeworks.done(faces_file, None, folder / "hw", run)
    clips = filmed(folder / "clips")
    judged_base = judgement()
    grouped = groups.by_column(judged_base, "split")
    parts = report.Parts(studies=(study(),), by=(grouped,))
    kinds: dict[str, Render] = {
        "report": lambda **options: report.render(judged_base, base, parts=parts, **options),
        "explain": lambda **options: explain.render(judged, probed, **options),
        "compare": lambda **options: compare.render(compared, **options),
        "study": lambda **options: study_page.render(with_answers(study()), **options),
        "tune": lambda **options: tune.render(sweep(), **options),
        "crossval": lambda **options: crossval.render(crossvalidated(), **options),
        "audit": lambda **options: audit.render(found, **options),
        "homework": lambda **options: homework.render(done, **options),
        "video": lambda **options: video_study.render(clips, **options),
    }
    return {kind: functools.cache(render) for kind, render in kinds.items()}


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    with browsers.chromium() as browser:
        yield browser.new_page()


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("kind", KINDS)
def test_every_page_is_read_by_everybody(
    kind: str, lang: str, renders: dict[str, Render], page: Page, tmp_path: Path
) -> None:
    """Axe finds no fault, no text is smaller than 11 pixels or leaves its figure or the screen, and nothing is loaded."""
    path = tmp_path / "page.html"
    path.write_text(renders[kind](lang=lang), encoding="utf-8")
    problems: list[str] = []
    page.on("console", lambda message: problems.append(message.text))
    page.goto(path.as_uri())
    page.evaluate("document.querySelectorAll('details').forEach(part => { part.open = true })")
    for width in (360, 1280):
        page.set_viewport_size({"width": width, "height": 800})
        assert browsers.faults(page) == []
        assert page.evaluate(SMALL) == []
        assert page.evaluate(OUTSIDE) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate("performance.getEntriesByType('resource').length") == 0  # one file
    assert problems == []


@pytest.mark.parametrize("kind", WITHOUT_FACES)
def test_a_page_can_be_without_faces(kind: str, renders: dict[str, Render]) -> None:
    html = renders[kind](faces=False)
    assert 'id="faces-data"' not in html
    assert Texts("en")("footer.no_faces") in html
    for text in re.findall(r'base64,([^"]+)', html):  # what is left are gray areas, some under a saliency map
        picture = np.asarray(Image.open(io.BytesIO(base64.b64decode(text))).convert("L"), np.float64)
        assert picture.std() < 25
    assert 'id="faces-data"' in renders[kind](lang="en") or kind == "audit"


def test_a_homework_without_a_test_set_has_no_predictions(renders: dict[str, Render]) -> None:
    assert "predictions.csv" not in renders["homework"](lang="en")
