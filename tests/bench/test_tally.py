"""The tally: sums that do not depend on how pictures were divided, and that hold no picture."""

from __future__ import annotations

import copy
import pickle
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agecheck.bench import bands, checkpoint
from agecheck.bench.accuracy_results import Circumstances, results
from agecheck.bench.accuracy_tables import tables
from agecheck.bench.faults import Faults
from agecheck.bench.labels import FaceLabel, LabelCount
from agecheck.bench.observe import AGECHECK, Observation, Sighting
from agecheck.bench.slices import dimension_of
from agecheck.bench.tally import REPLICATES, Tally, bootstrap_weights
from agecheck.calibration import shipped_calibration
from agecheck.policy import EffectivePolicy
from agecheck.verdict import Verdict

POLICY = EffectivePolicy(18, 25.0, 3)
ages = st.integers(0, 80)
labels = st.builds(
    lambda low, width, gender, race, file: FaceLabel(file, low, low + width, (gender, race)),
    ages,
    st.sampled_from([0, 0, 9]),
    st.sampled_from("fm"),
    st.sampled_from(["a", "b"]),
    st.text("xyz", min_size=1, max_size=3),
)
years = st.floats(0, 90)
observations = st.one_of(
    st.builds(
        Observation, st.just(None), years, st.floats(0.5, 15), years, st.sampled_from(Verdict)
    ),
    st.builds(Observation, st.just(None), years, st.none(), years),
    st.just(Observation("NO_FACE")),
    st.builds(Observation, st.just("ESTIMATE_UNCERTAIN"), years, st.floats(9, 15)),
)
sightings = st.builds(
    lambda seen, eyes: Sighting({AGECHECK: seen}, eyes),
    observations,
    st.none() | st.floats(10, 200),
)
pictures = st.lists(st.tuples(labels, sightings), min_size=1, max_size=12)


def tally_of(seen: list[tuple[FaceLabel, Sighting]]) -> Tally:
    tally = Tally()
    for label, sighting in seen:
        tally.add(label, sighting, ("gender", "race"))
    return tally


def content(tally: Tally) -> tuple[dict[object, int], dict[object, list[int]]]:
    """Everything in it; entries that are zero say the same as none."""
    counts: dict[object, int] = {key: count for key, count in tally.counts.items() if count}
    return counts, {key: values.tolist() for key, values in tally.sums.items()}


@settings(max_examples=60)
@given(seen=pictures, cut=st.integers(0, 12), backwards=st.booleans())
def test_merged_parts_equal_the_whole(
    seen: list[tuple[FaceLabel, Sighting]], cut: int, backwards: bool
) -> None:
    """Shards may be divided and may arrive in any order: the sums are the same to the last bit."""
    parts = [tally_of(seen[:cut]), tally_of(seen[cut:])]
    merged = Tally()
    for part in reversed(parts) if backwards else parts:
        merged.merge(part)
    assert content(merged) == content(tally_of(seen))


def test_a_merged_tally_shares_nothing_with_its_parts() -> None:
    """Adding to the sum later does not change a part that is still in use."""
    seen = [
        (FaceLabel("a", 30, 30, ("f", "a")), Sighting({AGECHECK: Observation(None, 31, 2, 31)}))
    ]
    part, whole = tally_of(seen), Tally()
    before = content(copy.deepcopy(part))
    whole.merge(part)
    whole.merge(tally_of(seen))
    assert content(part) == before


@pytest.mark.parametrize("verdict", Verdict)
def test_the_verdict_that_was_given_is_counted(verdict: Verdict) -> None:
    """False-over figures count the policy's answers, and judge no estimate a second time."""
    tally = Tally()
    seen = Sighting({AGECHECK: Observation(None, 31, 1.0, 31, verdict)})
    tally.add(FaceLabel("a", 16, 16), seen, ())
    counted = [v for v in ("OVER", "UNDER") if tally.count(AGECHECK, "", "", "14-17", v)]
    assert counted == ([str(verdict)] if verdict is not Verdict.INCONCLUSIVE else [])


def test_a_range_that_straddles_the_limit_is_neither_minor_nor_adult() -> None:
    """Nobody is counted as a minor who may be none: FairFace's 10-19 is in no such rate."""
    tally = tally_of(
        [(FaceLabel("a", 10, 19, ("f", "a")), Sighting({AGECHECK: Observation(None, 30, 2, 30)}))]
    )
    assert tally.count(AGECHECK, "", "", "all", "shown") == 1
    for band in (bands.MINORS, *bands.ADULTS):
        assert tally.count(AGECHECK, "", "", band.name, "shown") == 0
    assert not any(key[1] == "fine" for key in tally.sums)


class TestBootstrap:
    def test_the_weights_are_poisson_with_mean_one(self) -> None:
        """Mean and variance of a draw are 1, and a draw of none has the share 1/e."""
        drawn = np.array([bootstrap_weights(f"person-{i}")[1:] for i in range(2000)])
        assert drawn.mean() == pytest.approx(1, abs=0.01)
        assert drawn.var() == pytest.approx(1, abs=0.02)
        assert (drawn == 0).mean() == pytest.approx(np.exp(-1), abs=0.005)

    def test_a_subject_is_drawn_as_one(self) -> None:
        """Ten pictures of one person are worth one person: the interval knows it."""

        def spread(subjects: int) -> float:
            tally = Tally()
            for index in range(40):
                years = 30 + 10 * (index % 2)
                label = FaceLabel(f"{index}.jpg", 30, 30, (), f"person-{index % subjects}")
                seen = Sighting({AGECHECK: Observation(None, years, 2, years)})
                tally.add(label, seen, ())
            where = (AGECHECK, "", "", "all")
            with np.errstate(invalid="ignore"):
                means = tally.sum(*where, "error")[1:] / tally.sum(*where, "estimates")[1:]
            return float(np.nanstd(means))

        assert spread(4) > 2 * spread(40)

    def test_the_first_column_is_the_data_itself(self) -> None:
        """The value of a figure is never a resampled one."""
        assert bootstrap_weights("anyone")[0] == 1
        assert bootstrap_weights("anyone").shape == (1 + REPLICATES,)


@pytest.mark.parametrize("value", [Observation(None, 17.3, 2.0, 16.1), Sighting({}, 40.0)])
def test_what_was_seen_cannot_be_printed_or_sent(value: object) -> None:
    """A picture's age reaches no log and no other process by accident."""
    assert repr(value) == f"<{type(value).__name__}>"
    with pytest.raises(TypeError, match="not pickled or copied"):
        pickle.dumps(value)
    with pytest.raises(TypeError, match="not pickled or copied"):
        copy.copy(value)


@pytest.mark.parametrize("columns", [("age", "reason"), ("uncertainty", "eyes"), ("PIT", "fine")])
def test_a_column_of_any_name_counts_nothing_twice(columns: tuple[str, str]) -> None:
    """A column `age` once doubled every n by age, and one called `reason` ended the run."""
    seen = Sighting({AGECHECK: Observation(None, 31, 2, 31)}, 40.0)
    label = FaceLabel("a.jpg", 30, 30, ("30", "all"))
    usual, odd = Tally(), Tally()
    usual.add(label, seen, ("gender", "race"))
    odd.add(label, seen, columns)
    pairs = [(columns[:1], ("gender",)), (columns[1:], ("race",)), (columns, ("gender", "race"))]
    usual_names = {dimension_of(ours): dimension_of(theirs) for ours, theirs in pairs}
    renamed = {
        tuple(usual_names.get(str(part), part) for part in key): count
        for key, count in odd.counts.items()
    }
    assert renamed == dict(usual.counts)


THIS_RUN = checkpoint.Run("this run", checkpoint.key_of([b"a picture"]))


class TestCheckpoint:
    @staticmethod
    def progress(pictures: int) -> checkpoint.Progress:
        seen = Sighting({AGECHECK: Observation(None, 31, 2, 31)}, 40.0)
        many = [(FaceLabel(f"{i}.jpg", i % 60, i % 60, ("f", "a")), seen) for i in range(pictures)]
        faults = Faults()
        faults.add("x.jpg", "CORRUPT")
        return checkpoint.Progress(tally_of(many), {0, 3}, faults, 1.5)

    def test_what_is_kept_comes_back(self, tmp_path: Path) -> None:
        """A resumed run begins with exactly the sums that were kept."""
        folder, kept = tmp_path, self.progress(100)
        checkpoint.save(folder, THIS_RUN, kept)
        back = checkpoint.load(folder, THIS_RUN)
        assert back is not None
        assert content(back.tally) == content(kept.tally)
        assert (back.done, back.faults, back.seconds) == (kept.done, kept.faults, kept.seconds)
        assert (folder / checkpoint.FILE).stat().st_mode & 0o077 == 0
        assert checkpoint.load(folder, checkpoint.Run("another run", THIS_RUN.key)) is None

    def test_it_opens_to_who_has_the_pictures(self, tmp_path: Path) -> None:
        """The sums could be solved for single ages: the file alone must give nothing away."""
        checkpoint.save(tmp_path, THIS_RUN, self.progress(120))
        written = (tmp_path / checkpoint.FILE).read_bytes()
        assert not any(
            telling in written for telling in (b"counts.npy", b"fault_counts", b"CORRUPT")
        )
        other_key = checkpoint.key_of([b"another picture"])
        assert checkpoint.load(tmp_path, checkpoint.Run(THIS_RUN.digest, other_key)) is None

    def test_the_key_is_made_of_the_pictures(self) -> None:
        """Of those that can be read, in their order; and without any there is none."""
        many = [str(index).encode() for index in range(checkpoint.KEY_PICTURES + 5)]
        key = checkpoint.key_of(many)
        assert key is not None
        assert len(key) == 32
        assert checkpoint.key_of([None, *many[: checkpoint.KEY_PICTURES], b"one more"]) == key
        assert checkpoint.key_of(many[1:]) != key
        assert checkpoint.key_of([None]) is None
        unread = iter(many)
        checkpoint.key_of(unread)
        assert len(list(unread)) == 5  # no more are read than it takes

    def test_without_a_key_nothing_is_kept(self, tmp_path: Path) -> None:
        """Rather than in the clear."""
        checkpoint.save(tmp_path, checkpoint.Run("this run", None), self.progress(120))
        assert list(tmp_path.iterdir()) == []
        assert checkpoint.load(tmp_path, checkpoint.Run("this run", None)) is None

    def test_too_few_pictures_are_not_kept(self, tmp_path: Path) -> None:
        """Under a hundred pictures nothing is written: sums over few are close to single ages."""
        checkpoint.save(tmp_path, THIS_RUN, self.progress(99))
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.parametrize("damage", ["cut", "flip", "text", "empty"])
    def test_a_damaged_file_is_not_taken_up(self, tmp_path: Path, damage: str) -> None:
        """A half-written or broken file costs time, never a wrong figure or a crash."""
        file = tmp_path / checkpoint.FILE
        checkpoint.save(file.parent, THIS_RUN, self.progress(120))
        whole = file.read_bytes()
        middle = len(whole) // 2
        damaged = {
            "cut": whole[:middle],
            "flip": whole[:middle] + bytes([whole[middle] ^ 0xFF]) + whole[middle + 1 :],
            "text": b"not an archive",
            "empty": b"",
        }
        file.write_bytes(damaged[damage])
        assert checkpoint.load(file.parent, THIS_RUN) is None


def test_ranges_of_minors_stand_beside_the_adults_refused() -> None:
    """A rate of minors answered 25 or more is never read without what it costs adults."""
    over, under = (Observation(None, years, 2.0, years) for years in (30.0, 20.0))
    seen = [
        *([("10-17", over)] * 5 + [("10-17", under)] * 20),
        *([("20-29", over)] * 15 + [("20-29", under)] * 10),
        *([("40", over)] * 25),
        *([("16-19", over)] * 25),  # neither minors nor adults
    ]
    tally = Tally()
    for index, (ages_years, observation) in enumerate(seen):
        low, _, high = ages_years.partition("-")
        label = FaceLabel(f"{index}", int(low), int(high or low))
        tally.add(label, Sighting({AGECHECK: observation}), ())
    document = results(tally, circumstances())
    rows = {row["age_range"]: row for row in document["by_age_range"]}
    assert [rows["10-17"][key]["value"] for key in ("over_at_25", "refused_at_25")] == [0.2, 0.8]
    assert [rows["20-29"][key]["value"] for key in ("over_at_25", "refused_at_25")] == [0.6, 0.4]
    adults = document["by_age_range_adults"]
    assert (adults["pictures"], adults["refused_at_25"]["value"]) == (50, 0.2)
    (table,) = [table for table in tables(document) if table.name == "by_age_range"]
    assert table.columns[-2:] == ["answered 25 or more", "refused at 25"]
    assert table.rows[-1][-2:] == [adults["over_at_25"], adults["refused_at_25"]]


def test_minors_above_a_gate_of_16_stand_beside_the_adults_below_it() -> None:
    """Nor is a rate of 13-16-year-olds taken for 17 or more, whichever the estimator."""
    above, below = (Observation(None, years, None, years) for years in (17.0, 16.9))
    seen = [
        *([("15", above)] * 5 + [("15", below)] * 20),
        *([("30", above)] * 15 + [("30", below)] * 5 + [("30", Observation("NO_FACE"))] * 5),
    ]
    tally = Tally()
    for index, (age_years, observation) in enumerate(seen):
        label = FaceLabel(f"{index}", int(age_years), int(age_years))
        tally.add(label, Sighting({AGECHECK: observation}), ())
    document = results(tally, circumstances())
    gate = document["ages_13_16"]
    assert (gate["fnr_up"]["value"], gate["tpr"]["value"]) == (0.2, 0.8)
    assert {band: of["value"] for band, of in gate["adults_refused"].items()} == {
        "18-24": None,
        "25-40": 0.4,
        "30+": 0.4,
    }
    (table,) = [table for table in tables(document) if table.name == "ages_13_16"]
    assert table.rows[0][-2] == gate["adults_refused"]["25-40"]


def circumstances() -> Circumstances:
    calibration = shipped_calibration()
    return Circumstances(
        labels=LabelCount(100, (), {}, "", has_subjects=False),
        split=None,
        group_by=(),
        peer_versions={},
        faults=Faults(),
        calibration=calibration,
        policy=POLICY,
        workers=1,
        seconds=1.0,
    )
