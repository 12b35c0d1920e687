"""The interface: every verb says what it does and what it gives."""

from __future__ import annotations

import inspect

import pytest

from mien import api


@pytest.mark.parametrize("name", api.__all__)
def test_every_verb_is_described_and_typed(name: str) -> None:
    verb = inspect.unwrap(getattr(api, name))
    first = (inspect.getdoc(verb) or "").partition("\n")[0]
    assert first[:1].isupper()
    assert first.split()[-1]
    assert inspect.signature(verb).return_annotation is not inspect.Signature.empty


def test_verbs_are_in_order() -> None:
    assert sorted(api.__all__) == api.__all__
