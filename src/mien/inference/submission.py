"""Predictions for a competition: an id and a label per test face, with the ids, order and header of the test set."""

from __future__ import annotations

import csv
import io
import os
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath

import numpy as np

from mien import emotions, escapes, files, images
from mien.data.faceset import FaceSet
from mien.errors import DataError
from mien.inference.classifier import Classifier
from mien.typed_json import JsonObject
from mien.words import agreed, counted

HEAD = ("id", "label")
"""Default header of a submission without a sample."""

_SAMPLE = re.compile(r"sample.*submi|submi.*sample|sample.*(solution|predict)", re.IGNORECASE)
_MOST_BYTES = 2**26  # maximum size of a sample; some millions of rows


@dataclass(frozen=True)
class Sample:
    """A competition's sample submission.

    Attributes:
        path: the file.
        head: its two column names.
        ids: the ids, in the required order.
        labels: its placeholder labels, which show the format of labels.
    """

    path: Path
    head: tuple[str, str]
    ids: tuple[str, ...]
    labels: tuple[str, ...]


@dataclass(frozen=True)
class Submission:
    """A report on the written file.

    Attributes:
        submission: the file.
        rows: number of rows.
        head: its header.
        ids, order, labels: their sources, in words.
        never: classes of the competition that the model lacks, and so never predicts.
    """

    submission: str
    rows: int
    head: str
    ids: str
    order: str
    labels: str
    never: tuple[str, ...]

    def to_dict(self) -> JsonObject:
        """Plain values for JSON."""
        return asdict(self) | {"never": list(self.never)}

    def __str__(self) -> str:
        lines = [f"{self.submission}: {counted(self.rows, 'row')} with the header {self.head}"]
        lines += [f"ids: {self.ids}", f"order: {self.order}", f"labels: {self.labels}"]
        if self.never:
            lines.append(f"warning: the model lacks {', '.join(self.never)}, and never predicts them")
        return "\n".join(lines)


def write(
    classifier: Classifier,
    faceset: FaceSet,
    path: str | os.PathLike[str],
    *,
    sample: str | os.PathLike[str] | None = None,
    num_rows: int | None = None,
    flip: bool = False,
) -> Submission:
    """Write a submission.

    Args:
        classifier: the model.
        faceset: the test set; if it also has other splits, only the rows of split ``test`` are used.
        path: the CSV to write.
        sample: the competition's sample submission, which sets header, order and ids; by default the one in the test set's
            folder (``sample_submission.csv``), if any.
        num_rows: number of rows that the competition expects, if known.
        flip: average each face with its mirror image.

    Raises:
        DataError: these are training rows, the model has classes that the competition lacks, a row could not be read, the ids
            differ from those of the sample or are not unique, or their number is not ``num_rows``; nothing is written then.
        OutputError: the file can't be written, or is an input.
    """
    files.check(Path(path), suffixes=files.TABLES)
    dropped = faceset.source.dropped
    if dropped:
        raise DataError(
            f"{len(dropped):,} of {counted(len(faceset) + len(dropped), 'row')} of the test set could not be read; the first is {dropped[0].name}: "
            f"{dropped[0].reason}. A submission needs every row: repair the file."
        )
    if "test" not in faceset.split_names and "train" in faceset.split_names:
        raise DataError("These are training rows, and there is no split 'test' in the data: name the test set.")
    rows = faceset.split("test") if "test" in faceset.split_names else faceset
    if num_rows is not None and len(rows) != num_rows:
        raise DataError(
            f"The test set has {counted(len(rows), 'row')}, but {num_rows:,} {agreed(num_rows, 'is', 'are')} expected: check that it is the right file."
        )
    found = _sample(Path(sample)) if sample is not None else _beside(faceset.source.path)
    ids, origin = _ids(faceset, rows)
    order = list(range(len(rows))) if found is None else _in_order(found, rows, ids)
    names, labelled = _labels(classifier.spec.classes, faceset, found)
    answers = classifier.probabilities(rows.images, flip=flip).argmax(1).tolist()
    chosen = ids if found is None else found.ids
    if odd := next((one for one in chosen if escapes.readable(one) != one), None):
        raise DataError(f"The id '{odd}' is not valid UTF-8, so it can't be written: rename the picture.")
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow(HEAD if found is None else found.head)
    known = classifier.spec.classes
    writer.writerows((one, names[known[answers[row]]]) for one, row in zip(chosen, order, strict=True))
    with files.atomic_write(path, inputs=[faceset.source.path, *([] if found is None else [found.path])]) as temporary:
        temporary.write_text(table.getvalue(), encoding="utf-8")
    return Submission(
        submission=os.fspath(path),
        rows=len(rows),
        head=",".join(HEAD if found is None else found.head),
        ids=origin if found is None else f"as in '{found.path.name}'",
        order="of the test set" if found is None else f"of '{found.path.name}'",
        labels=labelled,
        never=tuple(name for name in names if name not in known),
    )


def _ids(faceset: FaceSet, rows: FaceSet) -> tuple[Sequence[str], str]:
    """The rows' ids, and their source: an id column, the names of the pictures, or the row numbers.

    Raises:
        DataError: two rows have the same id.
    """
    names = rows.names.tolist()
    last = [PurePosixPath(name).name for name in names]
    numbers = [str(number) for number in range(len(names))]
    if last == numbers or all("/" in name and one.isdecimal() for name, one in zip(names, last, strict=True)):
        return numbers, "the rows' numbers from 0, as the test set has no ids"  # FILE/NUMBER if there are several files
    origin = "those of the test set"
    ids: list[str] = names
    if all(_is_picture(name) for name in names):
        keys = faceset.names[faceset.labels >= 0].tolist() if faceset.source.layout == "numbered" else []
        with_ending = bool(keys) and all(map(_is_picture, keys))  # as the training table names its pictures
        ids = last if with_ending else [PurePosixPath(name).stem for name in last]
        origin = f"the pictures' names {'with' if with_ending else 'without'} their endings"
    twice, count = Counter(ids).most_common(1)[0]
    if count > 1:
        raise DataError(f"The id '{twice}' occurs {count} times in the test set: a submission needs one id per row.")
    return ids, origin


def _is_picture(name: str) -> bool:
    return PurePosixPath(name).suffix.lower() in images.SUFFIXES


def _in_order(sample: Sample, rows: FaceSet, ids: Sequence[str]) -> list[int]:
    """The row index of each id of the sample.

    Raises:
        DataError: an id has no row, or a row no id.
    """
    names = rows.names.tolist()
    ways: tuple[list[str], ...] = (
        list(ids),
        names,
        [PurePosixPath(name).name for name in names],
        [PurePosixPath(name).stem for name in names],
        [str(int(one)) if one.isdecimal() else one for one in ids],
    )
    missing = list(sample.ids)
    for keys in ways:
        places = {key: row for row, key in enumerate(keys)}
        absent = [one for one in sample.ids if one not in places]
        if not absent and len(sample.ids) == len(set(sample.ids)) == len(rows):
            return [places[one] for one in sample.ids]
        missing = min(absent, missing, key=len)
    if missing:
        raise DataError(
            f"{len(missing):,} of {counted(len(sample.ids), 'id')} of '{sample.path}' {agreed(len(missing), 'is', 'are')} not in the test set, the first is "
            f"'{missing[0]}': check that both are from the same competition."
        )
    raise DataError(
        f"'{sample.path}' has {counted(len(sample.ids), 'row')} ({counted(len(set(sample.ids)), 'different id')}), and the test set "
        f"{len(rows):,}: check that both are from the same competition."
    )


def _labels(known: Sequence[str], faceset: FaceSet, sample: Sample | None) -> tuple[Mapping[str, str], str]:
    """How each class of the competition is written, and the source of that.

    Raises:
        DataError: the model has other classes.
    """
    counts = faceset.select(np.isin(faceset.splits, ("train", "valid"))).counts()
    trained = tuple(name for index, name in enumerate(faceset.classes) if counts[index])
    classes = trained or faceset.classes or emotions.EMOTIONS
    foreign = [name for name in known if name not in classes]
    if foreign:
        whose = "of FER2013" if classes == emotions.EMOTIONS else f"of its training rows ({', '.join(classes)})"
        raise DataError(
            f"A submission has the classes {whose}; the model also has {', '.join(foreign)}. Use a model with these classes, "
            "or name the folder with the competition's training rows too."
        )
    written = {ours: theirs for theirs, ours in faceset.source.class_map.items() if ours in classes}
    complete = set(written) == set(classes) and len(set(written.values())) == len(classes)
    words = (
        written
        if complete and not any(map(_is_whole_number, written.values()))
        else dict(zip(classes, classes, strict=True))
    )
    if sample is not None and not all(_is_whole_number(label) for label in sample.labels if label):
        return _as_in(sample, words), f"class names, as in '{sample.path.name}'"
    if complete and all(_is_whole_number(code) for code in written.values()):
        return written, "codes: " + ", ".join(f"{written[name]} {name}" for name in classes)
    if trained and complete and sample is None and not any(map(_is_whole_number, written.values())):
        return written, "class names, as the training rows have them"
    if all(name in emotions.EMOTIONS for name in classes):
        codes = {name: str(emotions.EMOTIONS.index(name)) for name in classes}
        return codes, "the codes of FER2013: " + ", ".join(f"{codes[name]} {name}" for name in classes)
    return words, "class names"


def _as_in(sample: Sample, words: Mapping[str, str]) -> dict[str, str]:
    """Class names as the sample writes them; names that it lacks get the same case."""
    shown = {emotions.canonical(label) or label.casefold(): label for label in sample.labels if label}
    cases = [
        case for case in (str.lower, str.upper, str.title) if all(case(label) == label for label in shown.values())
    ]
    case = cases[0] if cases else str
    return {name: shown.get(name) or shown.get(name.casefold()) or case(word) for name, word in words.items()}


def _is_whole_number(text: str) -> bool:
    return bool(re.fullmatch(r"-?\d+", text.strip()))


def _beside(source: str) -> Sample | None:
    """The sample in the test set's folder, if there is exactly one."""
    if not source:
        return None
    folder = Path(source) if Path(source).is_dir() else Path(source).absolute().parent
    found = sorted(path for path in folder.glob("*.csv") if _SAMPLE.search(path.stem) and path.is_file())
    if len(found) > 1:
        raise DataError(
            f"'{found[0].name}' and '{found[1].name}' are both beside the test set: name one with --sample."
        )
    return _sample(found[0]) if found else None


def _sample(path: Path) -> Sample:
    """Read a sample submission.

    Raises:
        DataError: it is not a table with an id and a label.
    """
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise DataError(f"'{path}' is too large for a sample submission.")
        text = path.read_text(encoding="utf-8-sig")
        table = [row for row in csv.reader(io.StringIO(text, newline=""), strict=True) if row]
    except (OSError, ValueError, csv.Error) as error:
        raise DataError(f"'{path}' can't be read as a sample submission ({error}).") from None
    if len(table) < 2 or any(len(row) != 2 for row in table):
        raise DataError(
            f"'{path}' is not a sample submission: it needs a header and rows of two cells, an id and a label."
        )
    (head, *rows) = table
    ids, labels = zip(*rows, strict=True)
    return Sample(path, (head[0], head[1]), tuple(one.strip() for one in ids), labels)
