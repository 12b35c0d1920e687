"""The faces of a page, and what a reader does with it in a browser."""

from __future__ import annotations

import base64
import io
import json
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

import browsers
from mien.reporting.pages import explore, report
from mien.reporting.texts import Texts
from mien.run import Run
from reported import judgement

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


@pytest.mark.parametrize("side", [24, 48, 200])
def test_all_faces_are_in_the_picture(side: int) -> None:
    told = judgement(side=side)
    found = explore.explorer(told.evaluation, told.faces, Texts("en"))
    data = json.loads(found.data)
    head, _, text = found.picture.partition(",")
    picture = np.asarray(Image.open(io.BytesIO(base64.b64decode(text))), np.float64)
    assert head == "data:image/jpeg;base64"
    assert (data["width"], data["height"]) == (min(side, 48),) * 2
    assert picture.shape == (3 * data["height"], explore.COLUMNS * data["width"])  # 140 faces in rows of 60
    assert (data["true"], data["predicted"]) == (told.evaluation.labels.tolist(), told.evaluation.predicted.tolist())
    np.testing.assert_allclose(data["confidence"], told.evaluation.probabilities.max(1), atol=1e-4)
    assert data["total"] == len(data["names"]) == 140
    if side == 48:
        row, column = divmod(77, explore.COLUMNS)
        shown = picture[48 * row : 48 * (row + 1), 48 * column : 48 * (column + 1)]
        assert np.corrcoef(shown.ravel(), told.faces.images[77].ravel())[0, 1] > 0.7  # noise, as JPEG keeps it


def test_of_very_many_faces_some_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(explore, "MOST", 50)
    told = judgement()
    data = json.loads(explore.explorer(told.evaluation, told.faces, Texts("en")).data)
    assert (len(data["true"]), data["total"]) == (50, 140)


def test_names_do_not_end_the_data() -> None:
    told = judgement(("</script><b>", "b"), num=20)
    assert "</script" not in explore.explorer(told.evaluation, told.faces, Texts("en")).data


def test_a_page_without_faces_has_no_picture_of_one(base: Run) -> None:
    told = judgement()
    shown = report.render(told, base, faces=False)
    assert 'id="faces-data"' not in shown
    assert "<article" in shown  # the errors themselves are named
    assert '<div class="strips">' not in shown
    assert Texts("en")("footer.no_faces") in shown
    pictures = [base64.b64decode(text) for text in re.findall('base64,([^"]+)', shown)]
    for picture in pictures:  # the face of the diagram is a gray area
        assert np.asarray(Image.open(io.BytesIO(picture))).std() == 0


@pytest.fixture(scope="module")
def page(english: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    path = tmp_path_factory.mktemp("page") / "report.html"
    path.write_text(english, encoding="utf-8")
    with browsers.chromium() as browser:
        shown = browser.new_page()
        problems: list[str] = []
        shown.on("console", lambda message: problems.append(message.text))
        shown.on("pageerror", lambda error: problems.append(str(error)))
        shown.on("request", lambda request: problems.append(request.url) if request.url.startswith("http") else None)
        shown.goto(path.as_uri())
        yield shown
        assert problems == []


@pytest.fixture(autouse=True)
def closed(request: pytest.FixtureRequest) -> None:
    if "page" in request.fixturenames:
        shown: Page = request.getfixturevalue("page")
        shown.evaluate("document.querySelector('dialog')?.close()")
        shown.set_viewport_size({"width": 1280, "height": 800})


def test_a_cell_shows_its_faces_and_has_an_address(page: Page, tmp_path: Path) -> None:
    evaluation = judgement().evaluation
    top = evaluation.top_confusions(1)[0]
    true, predicted = (evaluation.classes.index(name) for name in (top.true, top.predicted))
    page.locator(f'td[data-faces="true={true}&predicted={predicted}"] button').click()
    dialog = page.locator("dialog")
    expect(dialog.get_by_role("heading")).to_have_text(
        f"labelled {top.true.capitalize()}, predicted as {top.predicted.capitalize()}"
    )
    expect(dialog.locator("li")).to_have_count(top.count)
    expect(dialog.locator("p")).to_have_text(f"Faces: {top.count}")
    least = min(evaluation.probabilities[row].max() for row in top.rows)
    expect(dialog.locator("li").first).to_contain_text(f"✕ {top.predicted.capitalize()} {least:.0%}")
    assert page.url.endswith(f"#faces:true={true}&predicted={predicted}")
    drawn = "canvas => new Set(canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data).size"
    assert dialog.locator("canvas").first.evaluate(drawn) > 20  # it isn't blank
    address = page.url
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    assert "#" not in page.url
    page.goto(address)
    expect(page.locator("dialog li")).to_have_count(top.count)


def test_a_class_can_be_narrowed_to_its_errors(page: Page) -> None:
    evaluation = judgement().evaluation
    page.locator('.classes th[data-faces="true=2"] button').click()
    dialog = page.locator("dialog")
    expect(dialog.locator("li")).to_have_count(int(evaluation.support[2]))
    dialog.get_by_label("errors only").check()
    errors = int(evaluation.support[2] - evaluation.confusion[2, 2])
    expect(dialog.locator("li")).to_have_count(errors)
    expect(dialog.locator("li.wrong")).to_have_count(errors)
    dialog.get_by_label("errors only").uncheck()
    dialog.get_by_label("Order").select_option("confident")
    most = evaluation.probabilities[evaluation.labels == 2].max()
    expect(dialog.locator("li").first).to_contain_text(f"{most:.0%}")


def test_a_dot_of_the_reliability_diagram_shows_its_bin(page: Page) -> None:
    confidence = judgement().evaluation.probabilities.max(1)
    dot = page.locator("svg [data-faces]").first
    low, high = (float(value) for value in re.findall(r"=([\d.]+)", str(dot.get_attribute("data-faces"))))
    num = int(((confidence >= low) & (confidence < high)).sum())
    assert f"{num} faces: mean confidence" in str(dot.get_attribute("aria-label"))
    dot.focus()
    page.keyboard.press("Enter")
    expect(page.locator("dialog li")).to_have_count(num)


def test_tables_are_sorted_by_a_click(page: Page) -> None:
    evaluation = judgement().evaluation
    table = page.locator("table.classes")
    recall = table.get_by_role("button", name="recall")
    recall.click()
    expect(table.get_by_role("columnheader", name="recall")).to_have_attribute("aria-sort", "descending")
    order = [evaluation.classes[code].capitalize() for code in np.argsort(-evaluation.recall, kind="stable")]
    assert table.locator("tbody th").all_inner_texts() == order
    recall.click()
    shown = table.locator("tbody td:nth-child(4)").all_inner_texts()
    values = [float(text.split("%")[0]) for text in shown]
    assert values == sorted(values)


def test_the_contents_stay_in_view_and_mark_the_section(page: Page) -> None:
    for width in (1280, 360):
        page.set_viewport_size({"width": width, "height": 800})
        page.locator("#shares h2").evaluate("part => part.scrollIntoView({ behavior: 'instant' })")
        expect(page.locator("nav a[aria-current]")).to_have_attribute("href", "#shares")
        expect(page.locator("nav a[aria-current]")).to_be_in_viewport()


@pytest.mark.parametrize("width", [360, 1280])
def test_all_of_it_is_read_on_any_screen(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    page.evaluate("document.querySelectorAll('details').forEach(part => { part.open = true })")
    assert page.evaluate(SMALL) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_without_script_it_is_whole(page: Page) -> None:
    assert page.context.browser is not None
    context = page.context.browser.new_context(java_script_enabled=False)
    shown = context.new_page()
    shown.goto(page.url)
    expect(shown.locator("main > section")).to_have_count(4)
    expect(shown.locator("main button")).to_have_count(0)  # nothing that does not work
    expect(shown.locator(".heat td").first).to_be_visible()
    context.close()
