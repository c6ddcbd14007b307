"""Calibrations from a deployer's faces: what they offer, what they refuse, and that they work."""

from __future__ import annotations

import csv
import hashlib
from pathlib import Path
from statistics import NormalDist

import numpy as np
import pytest
from click.testing import CliRunner, Result

from agecheck import AgePolicy, load_checker
from agecheck.bench.calibrate import (
    MIN_FACES,
    LabelledFeatures,
    MadeCalibration,
    make_calibration,
    require_enough,
)
from agecheck.bench.calibration_card import card
from agecheck.bench.challenge_table import challenge_ages, count_minors
from agecheck.bench.fitting import FitError, fit_fusion, held_out_estimates
from agecheck.bench.labels import FaceLabel
from agecheck.bench.statistics import FloatArray
from agecheck.calibration import load_calibration, parse_calibration, shipped_calibration
from agecheck.cli.program import cli
from agecheck.errors import PolicyError
from agecheck.vision.age import NUM_FEATURES
from bench.faces import LabelledFolder


def drawn(faces: int, seed: int = 0) -> tuple[FloatArray, FloatArray]:
    """Features that tell an age with an error of some years, and the ages."""
    rng = np.random.default_rng(seed)
    ages_years = rng.integers(1, 80, faces).astype(float)
    noise = rng.normal(0, 4, (faces, NUM_FEATURES))
    return ages_years[:, None] + noise, ages_years


def as_faces(vectors: FloatArray, ages_years: FloatArray) -> LabelledFeatures:
    names = tuple(f"{index}.jpg" for index in range(len(ages_years)))
    return LabelledFeatures(vectors, ages_years, names, (None,) * len(names), unreadable=0)


@pytest.fixture(scope="module")
def made() -> MadeCalibration:
    """Fitted on 3,000 drawn faces."""
    return make_calibration(as_faces(*drawn(3000)), "drawn faces", None)


class TestFit:
    def test_nobody_is_judged_by_a_fit_that_saw_them(self) -> None:
        """A wrong label of one person moves others' estimates, and never that person's own."""
        vectors, ages_years = drawn(600)
        people = [f"person-{index // 3}" for index in range(600)]
        wrong = ages_years.copy()
        wrong[30:33] = 79 - wrong[30:33]
        before = held_out_estimates(vectors, ages_years, people)
        after = held_out_estimates(vectors, wrong, people)
        assert np.array_equal(before[30:33], after[30:33])
        assert not np.array_equal(before, after)

    def test_held_out_estimates_are_as_good_as_the_features(self) -> None:
        """Thirteen features with an error of four years each tell an age to two years or so."""
        vectors, ages_years = drawn(2000)
        names = [str(index) for index in range(2000)]
        estimates = held_out_estimates(vectors, ages_years, names)
        assert np.abs(estimates[:, 0] - ages_years).mean() < 3

    def test_a_face_that_was_not_found_has_no_estimate(self) -> None:
        """NaN goes in and comes out, and does not get into any fit."""
        vectors, ages_years = drawn(600)
        vectors[::10] = np.nan
        estimates = held_out_estimates(vectors, ages_years, [str(i) for i in range(600)])
        assert np.isnan(estimates[::10]).all()
        assert np.isfinite(np.delete(estimates, np.s_[::10], axis=0)).all()

    def test_heads_need_both_sides(self) -> None:
        """Faces of one age cannot make a distribution; the error says so."""
        vectors, _ = drawn(100)
        with pytest.raises(FitError, match="too few different ages"):
            fit_fusion(vectors, np.full(100, 30.0))

    def test_ages_that_are_not_there_have_no_heads(self) -> None:
        """A set of adults fits heads among its own ages alone."""
        vectors, ages_years = drawn(1500)
        adults = (ages_years >= 20) & (ages_years < 60)
        fusion = fit_fusion(vectors[adults], ages_years[adults])
        assert min(fusion.thresholds_years) > 20
        assert max(fusion.thresholds_years) < 60


class TestChallengeAges:
    def test_a_rate_holds_for_others_of_the_same_kind(self, made: MadeCalibration) -> None:
        """At the challenge age for 5 %, about 5 % of minors pass whom the fit never saw."""
        from agecheck.bench.fitting import estimates_by

        vectors, ages_years = drawn(20_000, seed=1)
        minors = (ages_years >= 14) & (ages_years <= 17)
        cautious_years = estimates_by(made.calibration.fusion, vectors[minors])[:, 2]
        challenge_age_years = made.calibration.challenge_ages_years[18][0.05]
        assert (cautious_years >= challenge_age_years).mean() == pytest.approx(0.05, abs=0.04)

    def test_a_rate_is_a_maximum_and_not_an_average(self) -> None:
        """Nearly every set of minors gives a challenge age that keeps the rate for all others.

        The age that keeps it in the one set that was measured would do so in about half of them.
        """
        rng = np.random.default_rng(0)
        true_rates = []
        for _ in range(30):
            passing_years = rng.normal(20.0, 4.0, 400)
            ages = challenge_ages(
                passing_years, np.full(400, 16.0), [str(index) for index in range(400)]
            )
            true_rates.append(1 - NormalDist(20.0, 4.0).cdf(ages.table["17"]["0.02"]))
        assert 0.8 <= np.mean(np.array(true_rates) <= 0.02) <= 0.98

    def test_many_pictures_of_a_few_minors_are_a_few_minors(self) -> None:
        """Three hundred pictures of ten people support nothing."""
        passing_years, ages_years = np.linspace(10, 30, 300), np.full(300, 16.0)
        few = [f"person-{index % 10}" for index in range(300)]
        assert count_minors(18, ages_years, few) == 10
        assert "18" not in challenge_ages(passing_years, ages_years, few).table
        many = [f"person-{index}" for index in range(300)]
        assert challenge_ages(passing_years, ages_years, many).table["18"]["0.01"] > 28

    def test_what_is_not_offered_is_listed_with_what_it_takes(self) -> None:
        """100 minors: 10, 5 and 3 % are offered, and each of the others says how many it takes."""
        found = challenge_ages(
            np.linspace(10, 30, 100), np.full(100, 16.0), [str(i) for i in range(100)]
        )
        assert set(found.table["18"]) == {"0.1", "0.05", "0.03"}
        missing = {
            rate.rate: (rate.minors, rate.needed) for rate in found.refused if rate.age_limit == 18
        }
        assert missing == {0.02: (100, 149), 0.01: (100, 299), 0.005: (100, 598)}

    def test_a_smaller_rate_never_has_a_lower_age(self) -> None:
        """Few minors of a younger limit once made a table that no checker could read."""
        children, teenagers = np.linspace(15, 25, 40), np.linspace(10, 19, 120)
        ages_years = np.repeat([10.0, 14.0], [40, 120])
        names = [str(index) for index in range(160)]
        table = challenge_ages(np.concatenate([children, teenagers]), ages_years, names).table
        assert set(table["13"]) == {"0.1"}  # 40 children support no smaller one
        assert set(table["18"]) > {"0.1", "0.05"}
        for rates in table.values():
            ages = [rates[rate] for rate in sorted(rates, key=float, reverse=True)]
            assert ages == sorted(ages)
            assert min(ages) >= table["13"]["0.1"]

    def test_refused_minors_are_in_the_denominator(self) -> None:
        """Half of the minors refused: the others may pass twice as often at the same rate."""
        ages_years, names = np.full(200, 16.0), [str(i) for i in range(200)]
        all_judged = np.linspace(10, 30, 200)
        half_refused = np.where(np.arange(200) % 2, all_judged, -np.inf)
        table = challenge_ages(all_judged, ages_years, names).table["18"]
        lower = challenge_ages(half_refused, ages_years, names).table["18"]
        assert all(lower[rate] <= table[rate] for rate in table)
        assert lower["0.1"] < table["0.1"]


class TestFile:
    def test_a_checker_takes_it(self, made: MadeCalibration) -> None:
        """What is written is what a checker reads, and its digest is that of the bytes."""
        assert parse_calibration(made.content) == made.calibration
        assert made.calibration.digest == hashlib.sha256(made.content).hexdigest()
        assert made.calibration.models_digest == shipped_calibration().models_digest

    def test_the_same_faces_make_the_same_bytes(self, made: MadeCalibration) -> None:
        """Whoever has the faces can check the file."""
        again = make_calibration(as_faces(*drawn(3000)), "drawn faces", None)
        assert again.content == made.content

    def test_a_kept_fusion_is_kept(self, made: MadeCalibration) -> None:
        """Only the challenge ages are measured anew, on other faces."""
        kept = make_calibration(as_faces(*drawn(3000, seed=1)), "others", made.calibration)
        assert kept.calibration.fusion == made.calibration.fusion
        assert kept.calibration.max_sd_years == made.calibration.max_sd_years
        tables = [one.calibration.challenge_ages_years for one in (kept, made)]
        assert tables[0] != tables[1]

    def test_the_card_says_what_is_offered_and_what_is_not(self, made: MadeCalibration) -> None:
        """Every entry of the table stands on the card, and every rate that is missing."""
        text = card(made, as_faces(*drawn(3000)), {"labels that are ranges": 7})
        assert made.calibration.digest in text
        assert "Left out: 7 labels that are ranges." in text
        for limit, rates in made.calibration.challenge_ages_years.items():
            for rate, years in rates.items():
                assert f"| {limit} | {rate:.3g} | {years:.1f} |" in text
        assert made.refused_rates
        for refused in made.refused_rates:
            assert f"| {refused.age_limit} | {refused.rate:.3g} | {refused.minors:,} |" in text

    def test_a_name_cannot_write_into_the_card(self, made: MadeCalibration) -> None:
        """The name comes from a command line: it stays one line."""
        hostile = MadeCalibration(
            made.content,
            made.calibration,
            {**made.measured_on, "name": "a\n# b\x1b[2J"},
            made.refused_rates,
            made.estimates,
            made.is_fitted,
        )
        assert card(hostile, as_faces(*drawn(3000)), {}).splitlines()[0] == (
            "# Calibration: a # b[2J"
        )


class TestRefusals:
    def test_too_few_faces_to_fit(self) -> None:
        """The message says how many there are, how many it takes, and what to do instead."""
        labels = [FaceLabel(f"{i}.jpg", 10 + i % 50, 10 + i % 50) for i in range(MIN_FACES - 1)]
        with pytest.raises(FitError, match=rf"{MIN_FACES} .* {MIN_FACES - 1}; --keep-fusion"):
            require_enough(labels, fits=True)
        require_enough(labels, fits=False)

    def test_too_few_minors_for_any_rate(self) -> None:
        """A set of adults cannot say how many minors pass."""
        labels = [FaceLabel(f"{i}.jpg", 30, 30) for i in range(5000)]
        labels += [FaceLabel(f"minor-{i}.jpg", 16, 16) for i in range(28)]
        with pytest.raises(FitError, match=r"takes 29 people .* there are 28 at most"):
            require_enough(labels, fits=True)

    def test_no_picture_or_no_face_is_told(self, made: MadeCalibration) -> None:
        """A folder that is not where it was is an error that says so, with a fit or without."""
        missing = LabelledFeatures(np.empty((0, NUM_FEATURES)), np.empty(0), (), (), unreadable=9)
        vectors, ages_years = drawn(3000)
        faceless = as_faces(np.full_like(vectors, np.nan), ages_years)
        for keep in (None, made.calibration):
            with pytest.raises(FitError, match="not one of the 9 files can be read"):
                make_calibration(missing, "missing", keep)
            with pytest.raises(FitError, match="a face was found in none of the pictures"):
                make_calibration(faceless, "faceless", keep)


def calibrate(labelled: LabelledFolder, out: Path, *more: str) -> Result:
    arguments = ["bench", "calibrate", str(labelled.path), *more, "--workers", "1"]
    return CliRunner().invoke(cli, [*arguments, "--out", str(out)])


@pytest.fixture(scope="module")
def out(labelled: LabelledFolder, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("calibration") / "out"
    ran = calibrate(labelled, folder, "--keep-fusion", "--name", "one face in many lights")
    assert ran.exit_code == 0, ran.output
    (folder.parent / "stdout.txt").write_text(ran.stdout, encoding="utf-8")
    return folder


class TestCommand:
    def test_a_checker_uses_it(self, out: Path, portrait: Path) -> None:
        """From labelled faces to a verdict under the deployer's own challenge age."""
        path = out / "calibration.json"
        calibration = load_calibration(path)
        policy = AgePolicy(max_false_over_rate=0.1)
        with load_checker(policy, calibration=path, seal="off") as checker:
            assert checker.bundle_digest == calibration.digest
            challenge_age_years = calibration.challenge_ages_years[18][0.1]
            assert checker.policy.challenge_age_years == challenge_age_years
            assert checker.check(portrait).verdict is not None
        assert (out / "SHA256SUMS").read_text() == f"{calibration.digest}  calibration.json\n"

    def test_a_rate_without_enough_minors_is_refused_by_the_checker(
        self, out: Path, labelled: LabelledFolder
    ) -> None:
        """No checker can be made that promises what was not measured."""
        with pytest.raises(PolicyError, match="does not support"):
            load_checker(AgePolicy(), calibration=out / "calibration.json", seal="off")
        printed = (out.parent / "stdout.txt").read_text(encoding="utf-8")
        with (labelled.path / "labels.csv").open(newline="", encoding="utf-8") as file:
            minors = [row for row in csv.DictReader(file) if row["age"] in ("14", "15", "16", "17")]
        people = len({row["subject"] for row in minors})
        assert 59 <= people < 149
        told = f"not offered: 0.02 at age limit 18, with {people} people below it; it takes 149"
        assert told in printed
        assert "cannot be used with this calibration" in (out / "calibration.md").read_text()

    def test_nothing_of_a_picture_is_written(self, out: Path, labelled: LabelledFolder) -> None:
        """Parameters and counts: no file's name and no person's."""
        for file in [*out.iterdir(), out.parent / "stdout.txt"]:
            text = file.read_text(encoding="utf-8")
            assert "person-" not in text
            assert not [name for name in labelled.usable if name in text]

    def test_a_small_folder_is_refused_before_anything_runs(
        self, labelled: LabelledFolder, tmp_path: Path
    ) -> None:
        """262 faces cannot fit a fusion: exit code 2, one line that helps, no folder."""
        ran = calibrate(labelled, tmp_path / "out")
        assert ran.exit_code == 2
        assert "--keep-fusion" in ran.stderr.splitlines()[-1]
        assert not (tmp_path / "out").exists()
