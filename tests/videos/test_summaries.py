"""Summaries of recordings whose values are known."""

from __future__ import annotations

import numpy as np
import pytest

from mien.errors import ArgumentError
from mien.videos import summaries
from mien.videos.recordings import Recording
from mien.videos.summaries import Baseline, EpisodeRule

CLASSES = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
RULE = EpisodeRule(threshold=0.5, shortest=0.4, gap=0.2)


def recording(
    shown: str, *, person: str = "anna", clip: str = "a.mp4", condition: str = "", step: float = 0.1, peak: float = 0.8
) -> Recording:
    """One letter per frame: h happy, s surprise, n neutral, x no face, t turned away."""
    rows, reasons = [], []
    for letter in shown:
        row = np.full(7, (1 - peak) / 6)
        if letter in "xt":
            row[:] = np.nan
        else:
            row[CLASSES.index({"h": "happy", "s": "surprise", "n": "neutral"}[letter])] = peak
        rows.append(row)
        reasons.append({"x": "no_face", "t": "turned_away"}.get(letter, ""))
    times = np.asarray(step * np.arange(len(shown)), np.float64)
    boxes = np.tile([0.0, 0.0, 80.0, 90.0], (len(shown), 1))
    spans, told = np.full(len(shown), step), np.array(reasons, np.str_)
    return Recording(person, clip, condition, CLASSES, times, spans, np.array(rows), told, boxes)


def spans(shown: str, rule: EpisodeRule = RULE, peak: float = 0.8) -> list[tuple[str, float, float]]:
    return [(one.expression, one.start, one.end) for one in summaries.episodes(recording(shown, peak=peak), rule)]


def test_episodes_have_their_times() -> None:
    assert spans("nnnnhhhhhssss") == [("neutral", 0.0, 0.4), ("happy", 0.4, 0.9), ("surprise", 0.9, 1.3)]


def test_short_gaps_are_bridged_and_short_runs_left_out() -> None:
    assert spans("hhhhsshhhh") == [("happy", 0.0, 1.0)]
    assert spans("hhhxxhhhh") == [("happy", 0.0, 0.9)]
    assert spans("hhhhxxxhhhh") == [("happy", 0.0, 0.4), ("happy", 0.7, 1.1)]
    assert spans("hhhsss") == []


def test_improbable_expressions_are_no_episode() -> None:
    assert spans("hhhhhh", peak=0.45) == []
    assert spans("hhhhhh", EpisodeRule(threshold=0.4), peak=0.45) == [("happy", 0.0, 0.6)]


def test_an_episode_has_its_mean_and_its_peak() -> None:
    one = recording("hhhhh")
    one.probabilities[3, 3] = 0.9
    (episode,) = summaries.episodes(one, RULE)
    assert (episode.mean, episode.peak, episode.peak_time) == (0.82, 0.9, 0.3)


def test_a_gap_longer_than_the_shortest_episode_is_refused() -> None:
    with pytest.raises(ArgumentError, match=r"must not be longer than the shortest episode \(0.4 s\)"):
        EpisodeRule(gap=0.5)


def test_transitions_count_what_follows() -> None:
    one = recording("nnnnhhhhnnnnhhhhssss")
    found = summaries.episodes(one, RULE)
    counts = {(row.before, row.after): row.count for row in summaries.transitions(one, found)}
    assert counts == {("neutral", "happy"): 2, ("happy", "neutral"): 1, ("happy", "surprise"): 1}
    assert summaries.transitions(one, found[:1]) == []


def test_the_readable_share_and_the_reasons() -> None:
    summary = summaries.summarise_clip(recording("hhhhhhxxxt"))
    assert (summary.seconds, summary.readable_seconds, summary.readable_share) == (1.0, 0.6, 0.6)
    assert (summary.no_face, summary.turned_away, summary.too_small, summary.too_blurred) == (0.3, 0.1, 0.0, 0.0)


def test_the_valence_index_is_happy_minus_the_negative_four() -> None:
    happy = summaries.summarise_clip(recording("hhhh"))
    assert happy.valence_index == pytest.approx(0.8 - 4 * 0.2 / 6, abs=1e-4)
    half = summaries.summarise_clip(recording("hhnn"))
    assert half.valence_index == pytest.approx((0.8 + 0.2 / 6) / 2 - 4 * 0.2 / 6, abs=1e-4)
    assert summaries.valence(np.array([0.5, 0.5]), ("happy", "calm")) is None


def test_expressions_have_means_shares_and_latency() -> None:
    one = recording("nnnnnhhhhhxxxxx")
    rows = {row.expression: row for row in summaries.summarise_expressions(one, summaries.episodes(one, RULE))}
    happy = rows["happy"]
    assert happy.mean_probability == pytest.approx((0.8 + 0.2 / 6) / 2, abs=1e-4)
    assert (happy.share_of_time, happy.episodes, happy.episode_seconds) == (0.5, 1, 0.5)
    assert (happy.peak, happy.latency) == (0.8, 0.5)
    assert (rows["sad"].episodes, rows["sad"].latency, rows["sad"].peak, rows["sad"].episode_seconds) == (
        0,
        None,
        None,
        None,
    )
    assert sum(row.share_of_time or 0 for row in rows.values()) == pytest.approx(1)


def test_frames_count_by_their_time() -> None:
    one = recording("hn")
    one.spans[:] = (0.3, 0.1)
    happy = summaries.summarise_expressions(one, [])[3]
    assert happy.share_of_time == 0.75
    assert happy.mean_probability == pytest.approx(0.75 * 0.8 + 0.25 * 0.2 / 6, abs=1e-4)


def test_a_baseline_gives_deviations_beside_raw_values() -> None:
    one, calm = recording("hhhh"), np.full(7, 0.1)
    calm[3] = 0.4
    happy = summaries.summarise_expressions(one, [], Baseline(calm))[3]
    assert (happy.mean_probability, happy.baseline_probability, happy.deviation) == (0.8, 0.4, 0.4)
    summary = summaries.summarise_clip(one, Baseline(calm))
    assert summary.valence_baseline == 0.0
    assert summary.valence_deviation == summary.valence_index


def test_nobody_who_was_never_read_has_figures() -> None:
    one = recording("xxxx")
    summary = summaries.summarise_clip(one)
    assert (summary.readable_share, summary.valence_index) == (0.0, None)
    assert all(row.mean_probability is None for row in summaries.summarise_expressions(one, []))
    assert summaries.episodes(one, RULE) == []


def test_each_person_counts_once_in_a_condition() -> None:
    """Anna has two clips, one of them long; Ben has one."""
    recordings = [
        recording("h" * 30, person="anna", clip="1", condition="film"),
        recording("n" * 10, person="anna", clip="2", condition="film"),
        recording("n" * 10, person="ben", clip="3", condition="film"),
        recording("s" * 10, person="ben", clip="4", condition="rest"),
        recording("x" * 10, person="carl", clip="5", condition="rest"),
    ]
    pairs = []
    for one in recordings:
        found = summaries.episodes(one, RULE)
        pairs.append((summaries.summarise_clip(one), summaries.summarise_expressions(one, found)))
    rows = {(row.group, row.expression): row for row in summaries.summarise_groups(pairs, "condition")}
    happy, low = rows["film", "happy"], 0.2 / 6
    anna = 0.75 * 0.8 + 0.25 * low
    assert (happy.persons, happy.clips) == (2, 3)
    assert happy.mean_probability == pytest.approx((anna + low) / 2, abs=1e-4)
    assert happy.sd_probability == pytest.approx((anna - low) / 2**0.5, abs=1e-4)
    assert happy.share_of_time == pytest.approx(0.375)
    assert happy.episodes_per_minute == pytest.approx((60 / 4 + 0) / 2)
    assert happy.latency == 0.0
    assert rows["rest", "surprise"].persons == 1
    assert rows["rest", "surprise"].sd_probability is None
    by_person = {(row.group, row.expression): row for row in summaries.summarise_groups(pairs, "person")}
    assert by_person["anna", "happy"].mean_probability == pytest.approx(anna, abs=1e-4)
    assert ("carl", "happy") not in by_person
