"""Runs over a dask.distributed cluster: the local result to the last digit, also without a worker.

The cluster is two worker processes on this machine; they listen on the loopback interface alone.
"""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import tarfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from distributed import LocalCluster

from agecheck.bench.checkpoint import Progress
from agecheck.bench.cluster import ClusterPool
from agecheck.bench.labels import FaceLabel, count_labels, open_labels
from agecheck.bench.pictures import PictureReader
from agecheck.bench.run import LocalPool, run
from agecheck.bench.worker import RunSetup, Worker, WorkerVersionError
from agecheck.calibration import shipped_calibration
from agecheck.cli.program import cli
from agecheck.policy import AgePolicy
from bench.faces import LabelledFolder

SHARD_PICTURES = 30


@pytest.fixture(scope="module")
def cluster() -> Iterator[LocalCluster]:
    with LocalCluster(
        n_workers=2,
        threads_per_worker=1,
        processes=True,
        host="127.0.0.1",
        dashboard_address=None,
        worker_dashboard_address=None,
    ) as started:
        yield started


@pytest.fixture(scope="module")
def locally(labelled: LabelledFolder, tmp_path_factory: pytest.TempPathFactory) -> object:
    """What one process of this machine makes of the folder."""
    setup = setup_of(labelled.path)
    return everything(
        run_folder(labelled.path, tmp_path_factory.mktemp("local"), LocalPool(setup, 1))
    )


def setup_of(folder: Path) -> RunSetup:
    calibration = shipped_calibration()
    policy = AgePolicy().resolve(calibration.challenge_ages_years)
    return RunSetup(folder, calibration, policy, (), open_labels(folder).group_by)


def run_folder(folder: Path, out: Path, pool: LocalPool | ClusterPool, on_pictures=lambda _: None):  # type: ignore[no-untyped-def]
    source = open_labels(folder)
    counted = count_labels(source)
    setup = setup_of(folder)
    return run(setup, source, counted, pool=pool, out=out, on_pictures=on_pictures)


def everything(progress: Progress) -> object:
    tally = progress.tally
    counts = {key: count for key, count in tally.counts.items() if count}
    return counts, {key: v.tolist() for key, v in tally.sums.items()}, progress.faults


def in_tars(labelled: LabelledFolder, folder: Path) -> Path:
    """The same pictures and labels, the pictures in two archives."""
    folder.mkdir()
    with (labelled.path / "labels.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    names = ["faces-0.tar", "faces-1.tar"]
    for index, row in enumerate(rows):
        row["archive"] = names[2 * index // len(rows)]
    for name in names:
        with tarfile.open(folder / name, "w") as archive:
            for file_name in dict.fromkeys(r["file"] for r in rows if r["archive"] == name):
                picture = labelled.path / "images" / file_name
                if picture.exists():
                    archive.add(picture, file_name)
    with (folder / "labels.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return folder


def in_parquet(labelled: LabelledFolder, folder: Path) -> Path:
    """The same pictures and labels, in two Parquet files with several row groups."""
    folder.mkdir()
    with (labelled.path / "labels.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        picture = labelled.path / "images" / row["file"]
        row["image"] = picture.read_bytes() if picture.exists() else None
    half = len(rows) // 2
    for index, part in enumerate((rows[:half], rows[half:])):
        pq.write_table(
            pa.Table.from_pylist(part), folder / f"faces-{index}.parquet", row_group_size=25
        )
    return folder


class TestCluster:
    def test_a_killed_worker_changes_nothing(
        self, cluster: LocalCluster, labelled: LabelledFolder, locally: object, tmp_path: Path
    ) -> None:
        """One of two workers is killed in the middle: others do its work, to the last digit."""
        killed: list[int] = []

        def kill_one(_: int) -> None:
            if not killed:
                killed.append(next(iter(cluster.workers.values())).pid)
                os.kill(killed[0], signal.SIGKILL)

        pool = ClusterPool(setup_of(labelled.path), cluster.scheduler_address, SHARD_PICTURES)
        progress = run_folder(labelled.path, tmp_path, pool, kill_one)
        assert everything(progress) == locally
        assert len(killed) == 1
        assert all(nanny.pid != killed[0] for nanny in cluster.workers.values())

    def test_the_command_writes_the_same_results(
        self, cluster: LocalCluster, labelled: LabelledFolder, tmp_path: Path
    ) -> None:
        """From the command line to results.json: only time and workers differ."""
        documents = []
        for name, more in (
            ("local", ["--workers", "1"]),
            ("cluster", ["--scheduler", cluster.scheduler_address]),
        ):
            out = tmp_path / name
            arguments = ["bench", "accuracy", str(labelled.path), *more, "--out", str(out)]
            ran = CliRunner().invoke(cli, arguments)
            assert ran.exit_code == 0, ran.output
            document = json.loads((out / "results.json").read_text(encoding="utf-8"))
            assert document.pop("run")["seconds"] > 0
            documents.append(document)
        assert documents[0] == documents[1]

    def test_no_scheduler_is_an_error_that_helps(
        self, labelled: LabelledFolder, tmp_path: Path
    ) -> None:
        """Nothing listens there: one line, and no folder of results."""
        where = ["--scheduler", "tcp://127.0.0.1:9", "--out", str(tmp_path / "out")]
        ran = CliRunner().invoke(cli, ["bench", "accuracy", str(labelled.path), *where])
        assert ran.exit_code == 2
        assert "no scheduler with workers answers at that address" in ran.stderr.splitlines()[-1]
        assert not (tmp_path / "out").exists()

    def test_a_worker_of_another_version_refuses(self, labelled: LabelledFolder) -> None:
        """Figures of two versions are never added up."""
        setup = replace(setup_of(labelled.path), version="0.0.0-other")
        with pytest.raises(WorkerVersionError):
            Worker(setup)


class TestArchives:
    @pytest.mark.parametrize("make", [in_tars, in_parquet])
    def test_archives_give_what_the_folder_gives(
        self,
        make: object,
        cluster: LocalCluster,
        labelled: LabelledFolder,
        locally: object,
        tmp_path: Path,
    ) -> None:
        """The same pictures in tar or Parquet, over the cluster: the same sums and faults."""
        folder = in_tars(labelled, tmp_path / "faces") if make is in_tars else None
        folder = folder or in_parquet(labelled, tmp_path / "faces")
        pool = ClusterPool(setup_of(folder), cluster.scheduler_address, SHARD_PICTURES)
        (tmp_path / "out").mkdir()
        assert everything(run_folder(folder, tmp_path / "out", pool)) == locally

    def test_an_image_column_may_be_a_struct(self, portrait: Path, tmp_path: Path) -> None:
        """As data sets are often published: the bytes beside a path."""
        encoded = portrait.read_bytes()
        rows = [{"age": 30, "image": {"bytes": encoded, "path": "a.png"}}] * 3
        pq.write_table(pa.Table.from_pylist(rows), tmp_path / "faces.parquet", row_group_size=2)
        labels = list(open_labels(tmp_path).labels())
        assert [label.file for label in labels] == [f"faces.parquet/{row}" for row in range(3)]
        reader = PictureReader(tmp_path)
        assert [reader.read(label) == encoded for label in labels] == [True] * 3

    @pytest.mark.parametrize("name", ["faces.tar", "faces.parquet"])
    def test_a_damaged_archive_is_no_picture(self, name: str, tmp_path: Path) -> None:
        """An archive that cannot be opened costs its own pictures and nothing else."""
        (tmp_path / name).write_bytes(b"\x1f\x8b no archive")
        (tmp_path / "a.jpg").write_bytes(b"content")
        reader = PictureReader(tmp_path)
        assert reader.read(FaceLabel("a.jpg", 30, 30, archive=name, row=0)) is None
        assert reader.read(FaceLabel("a.jpg", 30, 30)) == b"content"

    def test_a_tar_that_ends_early_is_no_picture(self, tmp_path: Path) -> None:
        """Half a picture is none."""
        content = os.urandom(5000)
        entry = tarfile.TarInfo("a.jpg")
        entry.size = len(content)
        with tarfile.open(tmp_path / "faces.tar", "w") as archive:
            archive.addfile(entry, io.BytesIO(content))
        label = FaceLabel("a.jpg", 30, 30, archive="faces.tar")
        assert PictureReader(tmp_path).read(label) == content
        reader = PictureReader(tmp_path)
        assert reader.read(FaceLabel("none.jpg", 30, 30, archive="faces.tar")) is None
        whole = (tmp_path / "faces.tar").read_bytes()
        (tmp_path / "faces.tar").write_bytes(whole[:3000])
        assert reader.read(label) is None

    @pytest.mark.parametrize(
        ("archive", "fault"),
        [
            ("../faces.tar", "the file lies outside the folder"),
            ("/faces.tar", "the file lies outside the folder"),
            ("faces.zip", "the archive is no .tar"),
        ],
    )
    def test_an_archive_that_is_none_is_a_bad_row(
        self, archive: str, fault: str, tmp_path: Path
    ) -> None:
        """A labels file cannot reach outside the folder."""
        rows = f"file,age,archive\na.jpg,30,{archive}\nb.jpg,31,\n"
        (tmp_path / "labels.csv").write_text(rows, encoding="utf-8")
        counted = count_labels(open_labels(tmp_path))
        assert (counted.pictures, counted.faults) == (1, {fault: 1})
