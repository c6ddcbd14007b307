"""Many pictures of one person are one person: in challenge ages, intervals and least numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from agecheck.bench.challenge_table import bootstrapped_challenge_ages, challenge_ages
from agecheck.bench.labels import FaceLabel
from agecheck.bench.measures import Measures
from agecheck.bench.observe import AGECHECK, Observation, Sighting
from agecheck.bench.statistics import MIN_PEOPLE, effective_people, share
from agecheck.bench.tally import Tally, bootstrap_weights
from agecheck.verdict import Verdict

EVERYBODY = ("", "", "all")


def tally_of(pictures: int, people: int) -> Tally:
    """So many pictures of so many people of 16; every third person is taken for 30."""
    tally = Tally()
    for index in range(pictures):
        person = index % people
        years, verdict = (30.0, Verdict.OVER) if person % 3 == 0 else (15.0, Verdict.UNDER)
        label = FaceLabel(f"{index}.jpg", 16, 16, (), f"person-{person}")
        seen = Observation(None, years, 2.0, years, verdict)
        tally.add(label, Sighting({AGECHECK: seen}), ())
    return tally


def width(figure: dict[str, Any]) -> float:
    return float(figure["interval"][1] - figure["interval"][0])


class TestCalibration:
    def test_copies_of_a_picture_change_no_challenge_age(self) -> None:
        """Thirty frames of each visitor are worth one: copied, the table stays what it was."""
        rng = np.random.default_rng(1)
        years, ages = rng.normal(19, 4, 160), np.full(160, 16.0)
        people = [f"person-{index}" for index in range(160)]
        once = challenge_ages(years, ages, people)
        copied = challenge_ages(
            np.repeat(years, 30), np.repeat(ages, 30), np.repeat(people, 30).tolist()
        )
        assert once.table["18"]
        assert copied.table == once.table
        assert copied.measured["18"]["0.05"]["minors"] == 160

    def test_a_person_passes_by_the_share_of_their_pictures(self) -> None:
        """Of twelve people 5 % is 0.6: one whose every second picture passes is less than that."""
        drawn, whose = np.arange(12)[None], np.array([*range(12), 11])
        for second_years, challenge_age in ((15.0, 15.1), (40.0, 40.1)):
            years = np.array([15.0] * 11 + [40.0, second_years])
            found = bootstrapped_challenge_ages(years, whose, drawn)
            assert found[0.05].tolist() == [challenge_age]


class TestFigures:
    def test_pictures_are_worth_their_people(self) -> None:
        """Kish: equal numbers of pictures of each person are worth as many as there are people."""
        weights = sum(bootstrap_weights(f"person-{index % 40}") for index in range(400))
        assert effective_people(np.asarray(weights)) == pytest.approx(40, rel=0.3)
        alone = sum(bootstrap_weights(f"person-{index}") for index in range(400))
        assert effective_people(np.asarray(alone)) == pytest.approx(400, rel=0.3)

    def test_a_rates_interval_goes_by_people(self) -> None:
        """400 pictures of 40 people say no more of a rate than 40 pictures would."""
        tally = tally_of(400, 40)
        by_pictures = Measures(tally, AGECHECK).verdicts([EVERYBODY], "OVER")
        by_people = Measures(tally, AGECHECK, by_people=True).verdicts([EVERYBODY], "OVER")
        assert by_pictures["value"] == by_people["value"]
        assert by_people["n"] == 400
        assert width(by_people) == pytest.approx(width(share(14, 40)), rel=0.25)
        assert width(by_pictures) < width(by_people) / 2

    def test_few_people_have_no_figure(self) -> None:
        """Twenty-five pictures of one person would print that person's own error."""
        of = Measures(tally_of(25, 1), AGECHECK, by_people=True)
        for figure in (of.mean(EVERYBODY, "error"), of.verdicts([EVERYBODY], "OVER")):
            assert (figure["value"], figure["needs_people"]) == (None, MIN_PEOPLE)

    def test_a_part_of_few_people_has_no_figure(self) -> None:
        """Fifty pictures in one bin are worth five people where the whole has ten of each."""
        tally = tally_of(400, 40)
        part = Measures(tally, AGECHECK, by_people=True)._share(20, 50)
        assert (part["value"], part["needs_people"]) == (None, MIN_PEOPLE)
        whole = Measures(tally, AGECHECK, by_people=True)._share(20, 400)
        assert whole["people"] == pytest.approx(40, rel=0.3)

    def test_people_decide_whether_a_rate_is_supported(self) -> None:
        """400 pictures of 40 minors are no 59 minors, which 5 % takes."""
        from agecheck.bench import bands

        of = Measures(tally_of(400, 40), AGECHECK, by_people=True)
        assert of.challenge_age(bands.MINORS_18, 0.05)["needs_n"] == 59
        assert Measures(of.tally, AGECHECK).challenge_age(bands.MINORS_18, 0.05)["value"] == 30.1
