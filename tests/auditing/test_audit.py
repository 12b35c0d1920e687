"""The audit: what was planted is found, told, drawn and dropped; and odd data still gives a page."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from audited import NUM, odd
from mien.auditing.audit import Audit, audit
from mien.errors import DataError
from mien.reporting import terminal
from mien.reporting.pages import audit as audit_page


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


def test_no_rows_are_refused() -> None:
    with pytest.raises(DataError, match="no rows"):
        audit(odd("one row").select(np.zeros(1, bool)))
