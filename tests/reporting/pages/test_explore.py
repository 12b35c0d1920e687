"""The faces of a page, and what a reader does with it in a browser."""

from __future__ import annotations

import base64
import io
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

import browsers
from experimental import study, with_answers
from mien.evaluation.judge import Judgement
from mien.evaluation.model_comparison import ModelComparison
from mien.evaluation.probing.findings import Findings
from mien.reporting.pages import compare, explain, explore, report
from mien.reporting.pages import study as study_page
from mien.reporting.texts import Texts
from mien.run import Run
from reported import judgement


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
    (own,) = data["readings"]
    assert (data["true"], own["predicted"]) == (told.evaluation.labels.tolist(), told.evaluation.predicted.tolist())
    np.testing.assert_allclose(own["confidence"], told.evaluation.probabilities.max(1), atol=1e-4)
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


def test_corrupted_faces_are_shown_as_the_model_saw_them(
    judged: Judgement, probed: Findings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two of each class under each corruption, at the severity with the lowest accuracy."""
    monkeypatch.setattr(explore, "MOST_CORRUPTED", 14)
    found = explore.judged(judged, Texts("en"), probed)
    data = json.loads(found.data)
    clean, *corrupted = data["readings"]
    assert len(corrupted) == len(probed.curves)
    side = data["width"]
    picture = np.asarray(Image.open(io.BytesIO(base64.b64decode(found.picture.partition(",")[2]))), np.float64)
    for curve, reading in zip(probed.curves, corrupted, strict=True):
        rows = np.array(reading["rows"])  # all faces are in the page: places are rows
        assert np.bincount(judged.evaluation.labels[rows]).tolist() == [2] * 7
        inside = np.searchsorted(probed.corrupted, rows)
        assert reading["predicted"] == curve.predicted[curve.worst_place][inside].tolist()
        assert reading["total"] == 21
        given = curve.corruption(judged.faces.images[probed.corrupted], curve.worst[0])[inside[3]]
        row, column = divmod(reading["start"] + 3, explore.COLUMNS)
        shown = picture[side * row : side * (row + 1), side * column : side * (column + 1)]
        assert np.abs(shown - given).mean() < 12, curve.corruption.name  # as JPEG keeps it
    assert clean["rows"] is None


def test_further_rows_are_among_the_faces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 140 faces five are in the page, and those of a reading of three others."""
    monkeypatch.setattr(explore, "MOST", 5)
    told = judgement()
    rows = np.array([3, 35, 99])
    reading = explore.Reading("x", told.evaluation.predicted[rows], None, rows, told.faces.images[rows], 3)
    data = json.loads(explore.explorer(told.evaluation, told.faces, Texts("en"), [reading]).data)
    assert data["names"] == [str(told.faces.names[row]) for row in (0, 3, 35, 70, 99, 104, 139)]
    own, other = data["readings"]
    assert (other["rows"], other["start"], other["confidence"]) == ([1, 2, 4], 7, None)
    assert len(own["predicted"]) == 7


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


@pytest.fixture(scope="module")
def other_page(page: Page, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Page]]:
    """Opens another page in the same browser."""
    assert page.context.browser is not None
    context = page.context.browser.new_context(viewport={"width": 1280, "height": 900})
    shown, path = context.new_page(), tmp_path_factory.mktemp("page") / "other.html"

    def opened(html: str) -> Page:
        path.write_text(html, encoding="utf-8")
        shown.goto(path.as_uri())
        return shown

    yield opened
    context.close()


def test_a_corruption_shows_the_predictions_before_and_after(
    other_page: Callable[[str], Page], judged: Judgement, probed: Findings
) -> None:
    page = other_page(explain.render(judged, probed))
    curve = max(probed.curves, key=lambda one: one.drop)
    row = page.locator("#robust .heat tbody tr").first
    row.locator("td").nth(1).get_by_role("button").click()  # the first class
    dialog = page.locator("dialog")
    name = Texts("en")(f"robust.name.{curve.corruption.name}")
    expect(dialog.get_by_role("heading")).to_contain_text(f"{name} (")
    expect(dialog.get_by_role("heading")).to_contain_text("labelled Angry")
    expect(dialog.locator("p")).to_contain_text("Faces: 3, of a sample of 21 of the 21 corrupted faces")
    rows = probed.corrupted[curve.labels == 0]
    before = judged.evaluation.predicted[rows] == 0
    after = curve.predicted[curve.worst_place][curve.labels == 0] == 0
    expect(dialog.locator("li.wrong")).to_have_count(int((~after).sum()))
    expect(dialog.locator("li span:first-of-type.wrong")).to_have_count(int((~before).sum()))
    dialog.get_by_label("Show", exact=True).select_option("lost")
    expect(dialog.locator("li")).to_have_count(int((before & ~after).sum()))


def test_compared_models_show_the_faces_on_which_they_differ(
    other_page: Callable[[str], Page], compared: ModelComparison
) -> None:
    page = other_page(compare.render(compared))
    (pair,) = compared.pairs
    page.get_by_role("link", name=f"Show all {pair.only_other}").click()
    dialog = page.locator("dialog")
    expect(dialog.get_by_role("heading")).to_have_text("better.csv correct, plain.csv wrong")
    expect(dialog.locator("li")).to_have_count(pair.only_other)
    expect(dialog.get_by_label("Order")).to_be_hidden()  # there are no probabilities
    page.keyboard.press("Escape")
    first, other = (compared.predicted[name] for name in (pair.first, pair.other))
    true, predicted = 1, 2  # errors of the first model: every label is taken for the next
    cell = page.locator(f'td[data-faces="true={true}&predicted={predicted}&by=1&than=0"]')
    cell.get_by_role("button").click()
    wanted = (compared.labels == true) & ((first == predicted) != (other == predicted))
    expect(dialog.locator("li")).to_have_count(int(wanted.sum()))


def test_an_arm_shows_its_predictions_and_what_it_changes(other_page: Callable[[str], Page]) -> None:
    result = with_answers(study())
    page = other_page(study_page.render(result))
    answers = result.answers
    assert answers is not None
    first, second = (answers.predicted[arm.arm] for arm in result.arms[:2])
    page.get_by_role("button", name="horizontal flip only").first.click()
    dialog = page.locator("dialog")
    expect(dialog.get_by_role("heading")).to_have_text("horizontal flip only")
    expect(dialog.locator("li")).to_have_count(len(answers.faces))
    expect(dialog.locator("li.wrong")).to_have_count(int((second != answers.labels).sum()))
    page.keyboard.press("Escape")
    page.locator('td[data-faces="by=1&than=0&side=changed"] button').click()
    changed = (first == answers.labels) != (second == answers.labels)
    expect(dialog.locator("li")).to_have_count(int(changed.sum()))
    assert 'id="faces-data"' not in study_page.render(result, faces=False)
    assert 'id="faces-data"' not in study_page.render(study())  # a result that was read from its file


def test_a_drawing_says_its_values_at_the_pointer_and_by_the_keyboard(page: Page) -> None:
    drawing = page.locator('svg[aria-label="Accuracy per epoch"]').first
    drawing.scroll_into_view_if_needed()
    tip = page.locator("#tip")
    expect(tip).to_be_hidden()
    drawing.focus()
    page.keyboard.press("ArrowRight")
    expect(tip).to_have_text(re.compile(r"^epoch 1: hold-out [\d.]+%, training rows [\d.]+%$"))
    page.keyboard.press("ArrowRight")
    expect(tip).to_have_text(re.compile("^epoch 2: "))
    page.keyboard.press("Escape")
    expect(tip).to_be_hidden()
    box = drawing.locator(".point").nth(2).bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2 + 12, box["y"] + box["height"] / 2)
    expect(tip).to_have_text(re.compile("^epoch 3: "))
    assert drawing.locator("title").count() == 0  # the browser would show it too


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


def test_on_paper_heads_of_tables_can_repeat(page: Page) -> None:
    """Chromium repeats them only if nothing in them is a box of its own."""
    page.emulate_media(media="print")
    displays = "[...document.querySelectorAll('thead *')].map(part => getComputedStyle(part).display)"
    assert set(page.evaluate(displays)) <= {"table-row", "table-cell", "inline", "contents"}
    page.emulate_media(media="screen")


def test_the_contents_stay_in_view_and_mark_the_section(page: Page) -> None:
    for width in (1280, 360):
        page.set_viewport_size({"width": width, "height": 800})
        page.locator("#shares h2").evaluate("part => part.scrollIntoView({ behavior: 'instant' })")
        expect(page.locator("nav a[aria-current]")).to_have_attribute("href", "#shares")
        expect(page.locator("nav a[aria-current]")).to_be_in_viewport()


def test_without_script_it_is_whole(page: Page) -> None:
    assert page.context.browser is not None
    context = page.context.browser.new_context(java_script_enabled=False)
    shown = context.new_page()
    shown.goto(page.url)
    expect(shown.locator("main > section")).to_have_count(4)
    expect(shown.locator("main button")).to_have_count(0)  # nothing that does not work
    expect(shown.locator(".heat td").first).to_be_visible()
    context.close()
