"""Runs over real pictures: the shipped pipeline's answers, workers, interruptions, bad files."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from agecheck.bench import checkpoint
from agecheck.bench.checkpoint import Progress
from agecheck.bench.faults import Faults
from agecheck.bench.labels import FaceLabel, count_labels, open_labels
from agecheck.bench.observe import AGECHECK, OWN_SUBJECTS, Observer
from agecheck.bench.pictures import PictureReader
from agecheck.bench.run import MIN_SHARD_PICTURES, LocalPool, first_readable, run, shards
from agecheck.bench.tally import Tally
from agecheck.bench.worker import PicturesMissingError, RunSetup, Worker
from agecheck.bootstrap import build_estimator, build_pipeline
from agecheck.calibration import shipped_calibration
from agecheck.models.store import ModelStore
from agecheck.policy import AgePolicy
from bench.faces import LabelledFolder, make_folder


def run_folder(
    folder: Path, out: Path, workers: int, on_pictures: Callable[[int], None] = lambda _: None
) -> Progress:
    source = open_labels(folder)
    calibration = shipped_calibration()
    policy = AgePolicy().resolve(calibration.challenge_ages_years)
    setup = RunSetup(folder, calibration, policy, (), source.group_by)
    out.mkdir(exist_ok=True)
    counted = count_labels(source)
    pool = LocalPool(setup, workers)
    return run(setup, source, counted, pool=pool, out=out, on_pictures=on_pictures)


def everything(progress: Progress) -> object:
    tally = progress.tally
    counts = {key: count for key, count in tally.counts.items() if count}
    return counts, {key: v.tolist() for key, v in tally.sums.items()}, progress.faults.listed


@pytest.fixture(scope="module")
def undisturbed(labelled: LabelledFolder, tmp_path_factory: pytest.TempPathFactory) -> Progress:
    """One worker, no interruption."""
    return run_folder(labelled.path, tmp_path_factory.mktemp("one"), workers=1)


def test_the_observer_answers_as_the_shipped_gate_does(labelled: LabelledFolder) -> None:
    """What is measured is what ships: verdict by verdict, with both real checks on each picture."""
    store, calibration = ModelStore(), shipped_calibration()
    pipeline = build_pipeline(store, build_estimator(store, calibration.fusion))
    answers = set()
    for challenge_age in (20.0, 28.0):
        policy = AgePolicy(challenge_age=challenge_age).resolve({})
        observer = Observer(calibration, policy)
        for name in labelled.usable[:40]:
            encoded = (labelled.path / "images" / name).read_bytes()
            shipped = pipeline.check(encoded, policy, calibration.max_sd_years)
            seen = observer.see(encoded).by_subject[AGECHECK]
            if seen.reason is None:
                assert seen.verdict is shipped.verdict
            else:
                assert (seen.verdict, seen.reason) == (None, str(shipped.reason))
            answers.add((shipped.verdict, shipped.reason))
    assert len(answers) >= 3  # the pictures must be able to tell a wrong observer


def test_an_undecodable_file_is_a_failure_of_every_own_subject() -> None:
    """A picture that cannot be decoded stays in the denominators as not OVER."""
    policy = AgePolicy(challenge_age=25.0).resolve({})
    sighting = Observer(shipped_calibration(), policy).see(b"\xff\xd8 not a picture")
    assert set(sighting.by_subject) == set(OWN_SUBJECTS)
    for seen in sighting.by_subject.values():
        assert (seen.mean_years, seen.decision_years) == (None, None)
        assert seen.reason is not None
        assert seen.reason.startswith("IMAGE_")


def test_two_workers_give_what_one_gives(
    labelled: LabelledFolder, undisturbed: Progress, tmp_path: Path
) -> None:
    """Every sum, every bootstrap replicate and every fault, to the last bit."""
    assert everything(run_folder(labelled.path, tmp_path, workers=2)) == everything(undisturbed)


def test_bad_files_are_listed_and_the_run_goes_on(
    labelled: LabelledFolder, undisturbed: Progress
) -> None:
    """A file that is not there is no picture; one that is broken counts as one that failed."""
    broken = dict(undisturbed.faults.listed)
    assert set(broken) == {*labelled.undecodable, *labelled.missing}
    assert all(broken[name] == "UNREADABLE" for name in labelled.missing)
    assert all(broken[name] != "UNREADABLE" for name in labelled.undecodable)
    pictures = len(labelled.usable) + len(labelled.undecodable)
    assert undisturbed.tally.count("pictures") == pictures


def test_an_interrupted_run_goes_on_where_it_stopped(tmp_path: Path) -> None:
    """What was done is not done again: its pictures are gone, and the result is whole."""
    labelled = make_folder(tmp_path / "faces", 260)
    whole = everything(run_folder(labelled.path, tmp_path / "whole", workers=1))

    def interrupt(_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_folder(labelled.path, tmp_path / "out", workers=1, on_pictures=interrupt)
    assert [file.name for file in (tmp_path / "out").iterdir()] == [checkpoint.FILE]
    first_shard = next(shards(open_labels(labelled.path).labels()))
    assert len(first_shard) >= MIN_SHARD_PICTURES
    for label in first_shard[checkpoint.KEY_PICTURES :]:
        (labelled.path / "images" / label.file).unlink()
    assert everything(run_folder(labelled.path, tmp_path / "out", workers=2)) == whole


def test_another_runs_checkpoint_is_not_taken_up(labelled: LabelledFolder, tmp_path: Path) -> None:
    """Changed labels make another run: nothing of the old one gets into it."""
    folder = tmp_path / "faces"
    shutil.copytree(labelled.path, folder)

    def interrupt(_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_folder(folder, tmp_path / "out", workers=1, on_pictures=interrupt)
    kept = (folder / "labels.csv").read_text(encoding="utf-8").splitlines()[:121]
    (folder / "labels.csv").write_text("\n".join(kept) + "\n", encoding="utf-8")
    progress = run_folder(folder, tmp_path / "out", workers=1)
    assert progress.tally.count("pictures") == 120


@pytest.mark.parametrize("pictures", [1, 99, 127, 128, 200, 227, 228, 256, 355, 1000])
def test_no_shard_is_small(pictures: int) -> None:
    """No tally is made of fewer than a hundred pictures, unless there are no more; none is lost."""
    labels = [FaceLabel(str(index), 30, 30) for index in range(pictures)]
    cut = list(shards(iter(labels)))
    assert [label for shard in cut for label in shard] == labels
    assert all(len(shard) >= MIN_SHARD_PICTURES for shard in cut) or len(cut) == 1


def test_a_shard_that_is_added_by_half_is_not_kept(tmp_path: Path) -> None:
    """Ctrl-C in the middle of adding: what was kept before stays, and no picture counts twice."""

    class Torn(Tally):
        def merge(self, other: Tally) -> None:
            self.counts.update(other.counts)
            raise KeyboardInterrupt

    def of(pictures: int) -> Tally:
        tally = Tally()
        tally.counts["pictures",] = pictures
        return tally

    this_run, progress = checkpoint.Run("run", bytes(32)), checkpoint.Progress()
    progress.add(0, of(128), Faults())
    assert checkpoint.save(tmp_path, this_run, progress)
    progress.tally = Torn(progress.tally.counts, progress.tally.sums)
    with pytest.raises(KeyboardInterrupt):
        progress.add(1, of(128), Faults())
    assert progress.tally.count("pictures") == 256
    assert checkpoint.save(tmp_path, this_run, progress)
    kept = checkpoint.load(tmp_path, this_run)
    assert kept is not None
    assert (kept.tally.count("pictures"), kept.done) == (128, {0})


def test_a_worker_without_the_pictures_ends_the_run(labelled: LabelledFolder) -> None:
    """A machine that does not see the folder would leave every shard out, faster than others."""
    source, calibration = open_labels(labelled.path), shipped_calibration()
    probe = first_readable(labelled.path, source)
    assert probe is not None
    policy = AgePolicy().resolve(calibration.challenge_ages_years)
    setup = RunSetup(labelled.path / "elsewhere", calibration, policy, probe=probe)
    with pytest.raises(PicturesMissingError):
        Worker(setup)
    worker = Worker(replace(setup, folder=labelled.path))
    gone = [replace(label, file="gone.jpg") for label in source.labels()]
    assert not worker.tally(gone[:2])[0].counts
    worker._pictures = PictureReader(labelled.path / "elsewhere")
    with pytest.raises(PicturesMissingError):
        worker.tally(gone[:2])
