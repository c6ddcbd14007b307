"""Labels: what is taken, what is listed as bad, and what stops a run."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from agecheck.bench.labels import (
    MAX_GROUP_VALUES,
    NOT_STATED,
    BadRow,
    FaceLabel,
    LabelError,
    count_labels,
    open_labels,
    parse_age,
)


def folder_with(tmp_path: Path, text: str) -> Path:
    tmp_path.mkdir(exist_ok=True)
    (tmp_path / "labels.csv").write_text(text, encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize(
    ("text", "years"),
    [
        ("17", (17, 17)),
        (" 0 ", (0, 0)),
        ("20-29", (20, 29)),
        ("20 - 29", (20, 29)),
        ("70+", (70, 120)),
        ("17.0", (17, 17)),
    ],
)
def test_ages_and_ranges(text: str, years: tuple[int, int]) -> None:
    """An exact age and a range are both read, and never taken for each other."""
    assert parse_age(text) == years


@pytest.mark.parametrize(
    "text", ["", "-3", "17.5", "29-20", "121", "1e2", "seventeen", "17 18", "+"]
)
def test_what_is_no_age(text: str) -> None:
    """A guess at a broken label would be a wrong measurement."""
    assert parse_age(text) is None


def test_bad_rows_are_listed_and_the_rest_is_read(tmp_path: Path) -> None:
    """One bad row is found by its number, and costs no other row."""
    source = open_labels(
        folder_with(
            tmp_path,
            "file,age,gender,subject\n"
            "a.jpg,17,f,anna\n"
            "b.jpg,old,m,\n"
            ",20,m,\n"
            "../c.jpg,20,m,\n"
            "/etc/c.jpg,20,m,\n"
            "d.jpg,20\n"
            "e.jpg,20-29,,ben\n",
        )
    )
    assert list(source) == [
        FaceLabel("a.jpg", 17, 17, ("f",), "anna"),
        BadRow(2, "the age is neither a whole number nor a range"),
        BadRow(3, "no file is named"),
        BadRow(4, "the file lies outside the folder"),
        BadRow(5, "the file lies outside the folder"),
        BadRow(6, "not as many cells as the head"),
        FaceLabel("e.jpg", 20, 29, (NOT_STATED,), "ben"),
    ]
    counted = count_labels(source)
    assert (counted.pictures, sum(counted.faults.values())) == (2, 5)
    assert counted.has_subjects


def test_a_group_is_free_text_made_short_and_printable(tmp_path: Path) -> None:
    """What stands in a label can neither break a line of a table nor fill it."""
    source = open_labels(
        folder_with(
            tmp_path, 'file,age,race\na.jpg,30,"  a\n\tb\x07 "\nb.jpg,30,' + "x" * 90 + "\n"
        )
    )
    assert [label.groups for label in source.labels()] == [("a b",), ("x" * 40,)]


def test_a_column_that_is_no_group_is_refused(tmp_path: Path) -> None:
    """Grouping by a name or a number would make groups of single people."""
    rows = "".join(f"{i}.jpg,30,{i}\n" for i in range(MAX_GROUP_VALUES + 1))
    source = open_labels(folder_with(tmp_path, "file,age,race\n" + rows))
    with pytest.raises(LabelError, match="too many values"):
        count_labels(source)


def test_a_missing_column_is_named_with_those_there_are(tmp_path: Path) -> None:
    """A misspelt column is not a run without groups."""
    folder = folder_with(tmp_path, "file,age,gender\na.jpg,30,f\n")
    with pytest.raises(LabelError, match=r"'sex'; they have file, age, gender"):
        open_labels(folder, group_by=("sex",))
    with pytest.raises(LabelError, match="'split'"):
        open_labels(folder, split="test")


def test_no_usable_row_is_an_error(tmp_path: Path) -> None:
    """A benchmark over nothing is no benchmark."""
    with pytest.raises(LabelError, match="no row"):
        count_labels(open_labels(folder_with(tmp_path, "file,age\na.jpg,old\n")))


def test_heads_may_have_spaces_and_what_is_there_is_named(tmp_path: Path) -> None:
    """Cells are read without the spaces around them, heads as well; another separator is told."""
    spaced = open_labels(folder_with(tmp_path / "spaced", "file, age\na.jpg, 17\n"))
    assert list(spaced) == [FaceLabel("a.jpg", 17, 17)]
    with pytest.raises(LabelError, match="with commas between; it has: file;age"):
        open_labels(folder_with(tmp_path / "semicolons", "file;age\na.jpg;17\n"))


def test_without_labels_it_is_told_what_was_tried(tmp_path: Path) -> None:
    """Who forgot labels.csv learns that names were looked at instead."""
    (tmp_path / "portrait.jpg").write_bytes(b"")
    with pytest.raises(LabelError, match=r"no labels\.csv, and no file name begins with an age"):
        count_labels(open_labels(tmp_path))


def test_utkface_names(tmp_path: Path) -> None:
    """A folder as UTKFace ships it needs no labels file; its codes become words."""
    for name in ("17_1_2_2017.jpg.chip.jpg", "39_1_2017.jpg", "notes.txt"):
        (tmp_path / name).touch()
    source = open_labels(tmp_path)
    assert source.group_by == ("gender", "race")
    assert list(source) == [
        FaceLabel("17_1_2_2017.jpg.chip.jpg", 17, 17, ("f", "Asian")),
        BadRow(2, "the age is neither a whole number nor a range", "39_1_2017.jpg"),
    ]


def test_an_age_pattern(tmp_path: Path) -> None:
    """Any naming can be read, with or without named groups."""
    (tmp_path / "anna-at-17.png").touch()
    named = open_labels(tmp_path, age_pattern=r"(?P<subject>\w+)-at-(?P<age>\d+)\.png")
    assert list(named) == [FaceLabel("anna-at-17.png", 17, 17, (), "anna")]
    assert list(open_labels(tmp_path, age_pattern=r".*-(\d+)\.png")) == [
        FaceLabel("anna-at-17.png", 17, 17)
    ]
    for pattern in ("(", r"\d+", r"(\d)(\d)"):
        with pytest.raises(LabelError, match="age pattern"):
            open_labels(tmp_path, age_pattern=pattern)


def test_an_optional_part_of_a_pattern_may_be_missing(tmp_path: Path) -> None:
    """A name without the part is a picture whose group is not stated, not a broken row."""
    for name in ("p1_30_m.jpg", "p2_31.jpg", "p3_.jpg"):
        (tmp_path / name).touch()
    pattern = r"p\d+_(?P<age>\d+)?(?:_(?P<gender>[mf]))?\.jpg"
    assert list(open_labels(tmp_path, age_pattern=pattern)) == [
        FaceLabel("p1_30_m.jpg", 30, 30, ("m",)),
        FaceLabel("p2_31.jpg", 31, 31, (NOT_STATED,)),
        BadRow(3, "the age is neither a whole number nor a range", "p3_.jpg"),
    ]
    unnamed = list(open_labels(tmp_path, age_pattern=r"p\d_(\d+)?.*"))
    assert isinstance(unnamed[2], BadRow)


def test_a_name_that_is_no_text_is_a_bad_row_with_its_name(tmp_path: Path) -> None:
    """A byte that is no UTF-8 costs one picture, and its name is shown without that byte."""
    for name in (b"25_0_0_\xff\xe9.jpg", b"26_0_0_a.jpg", b"x\n\xff.jpg"):
        Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name)).touch()
    source = open_labels(tmp_path)
    assert list(source) == [
        BadRow(1, "a name is not UTF-8", r"25_0_0_\xff\xe9.jpg"),
        FaceLabel("26_0_0_a.jpg", 26, 26, ("m", "White")),
        BadRow(3, "a name is not UTF-8", r"x\n\xff.jpg"),
    ]
    assert count_labels(source).faults == {"a name is not UTF-8": 2}
    subjects = open_labels(tmp_path, age_pattern=r"(?P<age>\d\d)_\d_\d_(?P<subject>.*)\.jpg")
    assert [label.subject for label in subjects.labels()] == ["a"]


ROWS = "".join(f"{i}.jpg,{20 + i % 50},f\n" for i in range(20_000))
UNCLOSED = "the row is not CSV: an open quotation mark, or a cell too long"


@pytest.mark.parametrize(
    "row",
    [
        'a.jpg,"17,f',
        '"a.jpg,17,f',
        'a.jpg,17,"f',
        'a.jpg,17,"f, x',
        'a.jpg,17,"f""',
    ],
)
@pytest.mark.parametrize("behind", [ROWS, "0.jpg,20,f\n" * 3, '0.jpg,20,"f"\n' * 3, ""])
def test_a_stray_quotation_mark_costs_its_own_row(row: str, behind: str, tmp_path: Path) -> None:
    """Neither the rest of a large file is lost with it, nor a few rows in silence."""
    text = f"file,age,gender\nb.jpg,30,f\n{row}\n{behind}"
    rows = list(open_labels(folder_with(tmp_path, text)))
    assert rows[:2] == [FaceLabel("b.jpg", 30, 30, ("f",)), BadRow(2, UNCLOSED)]
    assert len(rows) == 2 + behind.count("\n")
    assert all(isinstance(one, FaceLabel) and one.groups == ("f",) for one in rows[2:])


def test_a_stray_mark_with_another_behind_it_swallows_no_picture(tmp_path: Path) -> None:
    """What lies between two stray marks is rows, not an age or a file name of several lines."""
    text = 'file,age\na.jpg,"17\nb.jpg,18\nc.jpg,19"\n"d.jpg,20\ne.jpg",21\nf.jpg,22\n'
    rows = list(open_labels(folder_with(tmp_path, text)))
    assert [row.file if isinstance(row, FaceLabel) else row.fault for row in rows] == [
        UNCLOSED,
        "b.jpg",
        "the age is neither a whole number nor a range",
        UNCLOSED,
        'e.jpg"',
        "f.jpg",
    ]


def test_a_cell_beyond_all_limits_is_one_bad_row(tmp_path: Path) -> None:
    """A cell longer than the parser takes does not end the run, whatever split is asked for."""
    text = f"file,age,split\na.jpg,{'1' * 200_000},b\nb.jpg,30,a\n"
    rows = list(open_labels(folder_with(tmp_path, text), split="a"))
    assert rows == [BadRow(1, UNCLOSED), FaceLabel("b.jpg", 30, 30)]


def test_quoted_cells_are_read_as_ever(tmp_path: Path) -> None:
    """Commas, line breaks and doubled marks in quotes are text; blank lines are no rows."""
    text = (
        'file,age,race\r\n"a,1.jpg","30","x ""y"" z"\r\n\r\nb.jpg,31,"two\r\nlines"\r\n'
        'c "d".jpg,32,x\r\n"e.jpg" ,33,x'
    )
    assert list(open_labels(folder_with(tmp_path, text))) == [
        FaceLabel("a,1.jpg", 30, 30, ('x "y" z',)),
        FaceLabel("b.jpg", 31, 31, ("two lines",)),
        FaceLabel('c "d".jpg', 32, 32, ("x",)),
        FaceLabel("e.jpg", 33, 33, ("x",)),
    ]
