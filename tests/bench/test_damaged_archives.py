"""Archives that are damaged: they cost their own pictures, which are counted, and nothing else."""

from __future__ import annotations

import io
import os
import tarfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from agecheck.bench.labels import BadRow, FaceLabel, LabelError, count_labels, open_labels
from agecheck.bench.pictures import PictureReader

ROWS = 40
IN_GROUP = 10
UNCOUNTED = "the archive cannot be read, nor its rows be counted"
PIXELS = os.urandom(3000)
DAMAGED = "the archive is damaged here"


def make_parquet(path: Path) -> None:
    """Pictures and labels that no compression shortens, in four row groups."""
    rows = [
        {
            "file": f"{path.stem}-{i}.jpg",
            "age": 30,
            "subject": os.urandom(200).hex(),
            "image": PIXELS,
        }
        for i in range(ROWS)
    ]
    pq.write_table(
        pa.Table.from_pylist(rows),
        path,
        row_group_size=IN_GROUP,
        use_dictionary=False,
        compression="gzip",
    )


def spoil(path: Path, column: str, group: int) -> None:
    """Overwrite one column's pages in one row group."""
    found = pq.ParquetFile(path).metadata.row_group(group)
    names = [found.column(i).path_in_schema for i in range(found.num_columns)]
    chunk = found.column(names.index(column))
    content = bytearray(path.read_bytes())
    end = chunk.data_page_offset + chunk.total_compressed_size
    content[chunk.data_page_offset : end] = b"\xff" * (end - chunk.data_page_offset)
    path.write_bytes(content)


def first_half(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


@pytest.mark.parametrize("damaged", ["a.parquet", "c.parquet"])
@pytest.mark.parametrize("how", ["cut", "empty", "text", "folder"])
def test_a_parquet_file_that_cannot_be_opened_is_one_bad_row(
    damaged: str, how: str, tmp_path: Path
) -> None:
    """First or last, it is listed by its name, and the good one beside it is measured."""
    make_parquet(tmp_path / "b.parquet")
    if how == "folder":
        (tmp_path / damaged).mkdir()
    else:
        make_parquet(tmp_path / damaged)
        if how == "cut":
            first_half(tmp_path / damaged)
        else:
            (tmp_path / damaged).write_bytes(b"" if how == "empty" else b"PAR1 no table PAR1")
    source = open_labels(tmp_path)
    rows = list(source)
    bad = [row for row in rows if isinstance(row, BadRow)]
    assert bad == [BadRow(1 if damaged < "b" else ROWS + 1, UNCOUNTED, damaged)]
    assert count_labels(source).pictures == ROWS
    reader = PictureReader(tmp_path)
    assert all(reader.read(label) == PIXELS for label in source.labels())


def test_no_parquet_file_that_can_be_opened_is_an_error(tmp_path: Path) -> None:
    """A folder with nothing else in it says what is wrong, and is no empty run."""
    for name in ("a.parquet", "b.parquet"):
        make_parquet(tmp_path / name)
        first_half(tmp_path / name)
    with pytest.raises(LabelError, match="no Parquet file of the folder can be read"):
        open_labels(tmp_path)


def test_a_damaged_row_group_costs_its_own_rows(tmp_path: Path) -> None:
    """Each row of it is counted as bad, and the groups behind it keep their places."""
    make_parquet(tmp_path / "a.parquet")
    spoil(tmp_path / "a.parquet", "subject", 1)
    source = open_labels(tmp_path)
    assert count_labels(source).faults == {DAMAGED: IN_GROUP}
    assert [row.file for row in source if isinstance(row, BadRow)] == [
        f"a.parquet/{index}" for index in range(IN_GROUP, 2 * IN_GROUP)
    ]
    labels = list(source.labels())
    assert [label.row for label in labels] == [*range(10), *range(20, 40)]
    reader = PictureReader(tmp_path)
    assert all(reader.read(label) == PIXELS for label in labels)


def test_damaged_pictures_are_unreadable_files(tmp_path: Path) -> None:
    """Where the labels are whole, each picture of the damaged row group is one."""
    make_parquet(tmp_path / "a.parquet")
    spoil(tmp_path / "a.parquet", "image", 2)
    labels = list(open_labels(tmp_path).labels())
    reader = PictureReader(tmp_path)
    read = [reader.read(label) for label in labels]
    assert [content is None for content in read] == [20 <= row < 30 for row in range(ROWS)]


def test_a_parquet_file_without_pictures_has_none(tmp_path: Path) -> None:
    """Another table in the folder is unreadable files, not the end of the run."""
    make_parquet(tmp_path / "a.parquet")
    pq.write_table(pa.table({"file": ["x"], "age": [30]}), tmp_path / "b.parquet")
    *_, last = open_labels(tmp_path).labels()
    assert PictureReader(tmp_path).read(last) is None


def test_a_tar_gives_what_lies_before_the_damage(tmp_path: Path) -> None:
    """A copy that broke off has the pictures that arrived; the one cut in two is none."""
    names = [f"{index}.jpg" for index in range(4)]
    with tarfile.open(tmp_path / "faces.tar", "w") as archive:
        for name in names:
            entry = tarfile.TarInfo(name)
            entry.size = len(PIXELS)
            archive.addfile(entry, io.BytesIO(PIXELS))
    whole = (tmp_path / "faces.tar").read_bytes()
    (tmp_path / "faces.tar").write_bytes(whole[: 2 * (512 + 3072) + 1000])
    reader = PictureReader(tmp_path)
    read = [reader.read(FaceLabel(name, 30, 30, archive="faces.tar")) for name in names]
    assert read == [PIXELS, PIXELS, None, None]
