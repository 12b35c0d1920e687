"""How an adapted model shows itself. The text needs no package of the extra ``report``."""

from __future__ import annotations

from mien.reporting.display import markup
from mien.reporting.texts import Texts
from mien.training.adapt import Adapted


def text(adapted: Adapted) -> str:
    """What ``mien adapt`` prints, without the next step."""
    return "\n".join(_lines(adapted, Texts("en")))


def html(adapted: Adapted) -> str:
    """The model, and its scores as tables."""
    from mien.reporting.display import evaluation

    t = Texts("en")
    first, *others = _lines(adapted, t)
    return markup.block(markup.title(first), *map(markup.line, others), *evaluation.tables(adapted.evaluation, t))


def rows(adapted: Adapted) -> list[dict[str, object]]:
    """A row for each class: its out-of-fold scores and the ends of their intervals."""
    from mien.reporting.display import evaluation

    return evaluation.rows(adapted.evaluation)


def _lines(adapted: Adapted, t: Texts) -> list[str]:
    training, accuracy = adapted.spec.training, adapted.scores["accuracy"]
    by = "persons" if training["people"] else "pictures"
    return [
        t(
            f"display.adapted_{by}",
            path=str(adapted.path),
            classes=t("page.list").join(adapted.spec.classes),
            n=len(adapted.faces),
            persons=training["people"],
        ),
        t(
            "display.out_of_fold",
            accuracy=accuracy.value,
            low=accuracy.low,
            high=accuracy.high,
            log_loss=adapted.evaluation.log_loss,
            by=t(f"crossval.by.{by}"),
            folds=training["folds"],
            n=len(adapted.evaluation),
        ),
    ]
