"""Derivations become HTML: every formula is MathML, and nothing of TeX or Markdown is left."""

from __future__ import annotations

import re

import pytest

from mien.reporting import mathematics


@pytest.mark.parametrize("lang", ["en", "zh-TW"])
def test_every_formula_becomes_mathml(lang: str) -> None:
    sections = mathematics.derivations(lang)
    assert len(sections) == 8
    html = "".join(section.html for section in sections)
    assert html.count("<math") == html.count("</math>") > 100
    assert html.count('display="block"') > 10
    words = re.sub(r"<[^>]+>", "", html)
    assert not re.search(r"[$\\`\ue000\ue001]|\*\*", words), re.search(r".{30}[$\\`*].{30}", words)
    assert "double-struck" not in html


def test_both_languages_have_the_same_formulas() -> None:
    english, chinese = (mathematics.derivations(lang) for lang in ("en", "zh-TW"))
    for one, other in zip(english, chinese, strict=True):
        blocks = [re.findall(r'display="block">(.*?)</math>', section.html, re.DOTALL) for section in (one, other)]
        assert len(blocks[0]) == len(blocks[1])


def test_code_and_examples_of_other_networks_are_left_out() -> None:
    html = "".join(section.html for section in mathematics.derivations("en"))
    assert "def " not in html
    assert "8192" not in html


def test_text_is_escaped_and_formulas_are_known() -> None:
    html = str(mathematics.to_html("a < b & **c**: $x < y_1$, $`\\mathbb E[z]`$ and $$\\arg\\max_k z_k$$"))
    assert "a &lt; b &amp; <strong>c</strong>" in html
    assert "<mi>&#x1D53C;</mi>" in html
    assert "argmax" in html
    assert "<msub><mi>y</mi><mn>1</mn></msub>" in html
    assert "<script" not in str(mathematics.to_html("<script>alert(1)</script>"))


def test_a_formula_on_a_line_of_its_own_says_so() -> None:
    assert 'display="block"' in mathematics.formula("x", is_block=True)
    assert 'display="inline"' in mathematics.formula("x")
