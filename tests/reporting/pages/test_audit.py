"""The page of an audit."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

import reported
from audited import NUM, Page, odd
from mien.auditing import cleaning
from mien.auditing.audit import DROPS, Audit, audit
from mien.errors import DataError
from mien.reporting import terminal
from mien.reporting.pages import audit as audit_page


@pytest.mark.parametrize("lang", ["en", "zh-TW"])
def test_page_is_whole_offline_and_shows_the_pairs(found: Audit, lang: str) -> None:
    page = audit_page.render(
        replace(found, faces=replace(found.faces, source=replace(found.faces.source, path="some/where/faces.csv"))),
        lang=lang,
    )
    outline = Page(page)
    assert outline.open == []
    assert "://" not in page
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


def test_names_are_escaped(found: Audit) -> None:
    evil = "<script>alert(1)</script>"
    faces = replace(found.faces, names=np.full(NUM, evil), classes=(evil, *found.faces.classes[1:]))
    assert audit_page.render(replace(found, faces=faces)).count("<script") == 1  # its own


@pytest.mark.parametrize("kind", ["one row", "unlabelled", "all blank", "one class", "huge"])
def test_odd_data_still_gives_a_page(kind: str) -> None:
    result = audit(odd(kind))
    page = audit_page.render(result)
    assert Page(page).open == []
    assert "nan" not in reported.readable(page)
    json.dumps(result.to_dict())
    assert terminal.audit_as_text(result)
    if kind == "all blank":
        assert result.counts.conflicting_groups == 0
        with pytest.raises(DataError, match="All rows would be dropped"):
            cleaning.clean(result, DROPS)
