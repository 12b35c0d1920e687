"""What an audit finds, counted on planted faults."""

from __future__ import annotations

import numpy as np

from audited import NUM
from mien.auditing.audit import Audit
from mien.auditing.findings import Counts, Group


def test_groups_hold_copies_in_the_order_of_the_data(found: Audit) -> None:
    groups: list[Group] = list(found.groups)
    rows = np.concatenate([group.rows for group in groups])
    assert len(rows) == len(set(rows.tolist()))
    for group in groups:
        assert group.rows.tolist() == sorted(group.rows.tolist())
        assert len(group.rows) >= 2
        assert group.across == (len(set(found.faces.splits[group.rows].tolist())) > 1)
        same = found.faces.images[group.rows] == found.faces.images[group.rows[:1]]
        assert group.exact == bool(same.all())


def test_counts_are_those_of_the_groups(found: Audit) -> None:
    counts: Counts = found.counts
    assert counts.rows == NUM
    assert counts.pictures == len({face.tobytes() for face in found.faces.images})
    assert counts.exact_copies == counts.rows - counts.pictures
    assert counts.groups == len(found.groups)
    assert counts.rows_in_groups == sum(len(group.rows) for group in found.groups)
    assert counts.groups_across_splits == sum(group.across for group in found.groups)
    assert counts.conflicting_rows == sum(len(group.rows) for group in found.groups if group.labels > 1)
    assert (counts.label_issues, counts.judged) == (len(found.label_issues.rows), len(found.label_issues.judged))
