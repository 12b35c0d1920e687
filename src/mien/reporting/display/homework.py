"""How a homework shows itself."""

from __future__ import annotations

from mien.experiments.homework import Homework
from mien.reporting.display import evaluation, markup, study
from mien.reporting.pages import homework as pages
from mien.reporting.texts import Texts


def text(homework: Homework) -> str:
    """What ``mien homework`` prints."""
    return pages.as_text(homework)


def html(homework: Homework) -> str:
    """The scores as tables, and the answer of each study."""
    t = Texts("en")
    return markup.block(
        markup.title(homework.page),
        *evaluation.tables(homework.evaluation, t),
        *(study.html(result) for result in homework.studies.values()),
    )


def rows(homework: Homework) -> list[dict[str, object]]:
    """A row for each run of each study: the study, the arm, the seed and the scores."""
    return [{"study": name, **row} for name, result in homework.studies.items() for row in study.rows(result)]
