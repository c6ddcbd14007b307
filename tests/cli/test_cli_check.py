"""agecheck check on real pictures with the real models."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from agecheck.cli.exits import ExitCode, most_cautious
from agecheck.errors import ImageFault
from agecheck.verdict import Verdict

Invoke = Callable[..., Result]

# The sample portrait shows a woman in her thirties; these limits leave decades around that.
ASK_OVER = ("--age-limit", "12", "--challenge-age", "15")
ASK_UNDER = ("--age-limit", "70", "--challenge-age", "75")
ASK_BETWEEN = ("--age-limit", "12", "--challenge-age", "75")


def test_over_is_one_word_and_exit_code_0(invoke: Invoke, portrait: Path) -> None:
    """An adult far above the challenge age is OVER: scripts act on this word and code."""
    result = invoke("check", portrait, *ASK_OVER)
    assert (result.stdout, result.stderr, result.exit_code) == ("OVER\n", "", 0)


def test_under_is_one_word_and_exit_code_10(invoke: Invoke, portrait: Path) -> None:
    """A person far below the age limit is UNDER, told apart from any failure by its code."""
    result = invoke("check", portrait, *ASK_UNDER)
    assert (result.stdout, result.stderr, result.exit_code) == ("UNDER\n", "", 10)


def test_between_limit_and_challenge_age_is_inconclusive(invoke: Invoke, portrait: Path) -> None:
    """Inside the buffer nothing is decided, and the exit code is neither of the answers'."""
    result = invoke("check", portrait, *ASK_BETWEEN)
    assert (result.stdout, result.exit_code) == ("INCONCLUSIVE WITHIN_BUFFER\n", 20)


def test_a_cat_is_inconclusive_for_want_of_a_face(invoke: Invoke, cat: Path) -> None:
    """A picture without a person never passes, even at the laxest policy."""
    result = invoke("check", cat, *ASK_OVER)
    assert (result.stdout, result.exit_code) == ("INCONCLUSIVE NO_FACE\n", 20)


def test_the_default_policy_answers(invoke: Invoke, portrait: Path) -> None:
    """The plain call that everybody starts with works and ends with a verdict's own code."""
    result = invoke("check", portrait)
    codes = {"OVER": 0, "UNDER": 10, "INCONCLUSIVE": 20}
    assert result.exit_code == codes[result.stdout.split()[0]]


def test_standard_input_is_read_for_a_dash(invoke: Invoke, portrait: Path) -> None:
    """A picture that never touches the disk can be checked."""
    result = invoke("check", "-", *ASK_OVER, stdin=portrait.read_bytes())
    assert (result.stdout, result.exit_code) == ("OVER\n", 0)


def test_empty_standard_input_is_bad_input(invoke: Invoke) -> None:
    """A pipe whose sender died must not look like an answer."""
    result = invoke("check", "-", stdin=b"")
    assert (result.stdout, result.exit_code) == ("", 2)
    assert result.stderr == f"agecheck: -: {ImageFault.EMPTY.value}\n"


def test_standard_input_is_read_no_further_than_the_limit(invoke: Invoke) -> None:
    """An endless pipe cannot fill the memory: the byte limit answers."""
    result = invoke("check", "-", stdin=b"\xff\xd8\xff" + bytes(32 * 1024 * 1024))
    assert result.exit_code == 2
    assert result.stderr == f"agecheck: -: {ImageFault.TOO_MANY_BYTES.value}\n"


def test_several_pictures_are_named_and_the_most_cautious_code_wins(
    invoke: Invoke, portrait: Path, cat: Path
) -> None:
    """In a batch each line says whose it is, and one undecided picture is seen in the code."""
    result = invoke("check", portrait, cat, *ASK_OVER)
    assert result.stdout == f"{portrait}\tOVER\n{cat}\tINCONCLUSIVE NO_FACE\n"
    assert result.exit_code == 20


@pytest.mark.parametrize(
    ("verdicts", "code"),
    [
        ([Verdict.OVER], 0),
        ([Verdict.OVER, Verdict.UNDER, Verdict.OVER], 10),
        ([Verdict.UNDER, Verdict.INCONCLUSIVE, Verdict.OVER], 20),
    ],
)
def test_most_cautious_prefers_inconclusive_then_under(verdicts: list[Verdict], code: int) -> None:
    """One OVER among others never makes the whole batch look OVER."""
    assert most_cautious(verdicts) == code


def test_most_cautious_of_nothing_is_not_over() -> None:
    """No verdict at all must not end as 0, which means OVER."""
    with pytest.raises(ValueError, match="empty"):
        most_cautious([])


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (None, ImageFault.NOT_FOUND),
        (b"", ImageFault.EMPTY),
        (b"Dear reader, this is a letter and not a picture.", ImageFault.NOT_AN_IMAGE),
    ],
)
def test_bad_input_is_one_line_on_stderr_and_the_rest_goes_on(
    invoke: Invoke, portrait: Path, tmp_path: Path, content: bytes | None, fault: ImageFault
) -> None:
    """A bad file in a batch is named once, stops nothing, and is seen in the exit code."""
    bad = tmp_path / "bad.jpg"
    if content is not None:
        bad.write_bytes(content)
    result = invoke("check", str(bad), portrait, *ASK_OVER)
    assert result.stderr == f"agecheck: {bad}: {fault.value}\n"
    assert result.stdout == f"{portrait}\tOVER\n"
    assert result.exit_code == 2


def test_a_directory_is_bad_input(invoke: Invoke, tmp_path: Path) -> None:
    """A folder given for a file is refused by name."""
    result = invoke("check", str(tmp_path))
    assert result.stderr == f"agecheck: {tmp_path}: {ImageFault.IS_A_DIRECTORY.value}\n"
    assert (result.stdout, result.exit_code) == ("", 2)


def test_a_truncated_picture_is_bad_input(invoke: Invoke, portrait: Path, tmp_path: Path) -> None:
    """Half a picture gives no verdict."""
    half = tmp_path / "half.png"
    half.write_bytes(portrait.read_bytes()[:100_000])
    result = invoke("check", str(half), *ASK_OVER)
    assert (result.stdout, result.exit_code) == ("", 2)


def test_json_is_one_object_a_line_with_the_same_fields(
    invoke: Invoke, portrait: Path, cat: Path, tmp_path: Path
) -> None:
    """Programs read the lines without guessing which fields are there, faults included."""
    missing = str(tmp_path / "missing.jpg")
    result = invoke("check", "--json", portrait, cat, missing, *ASK_OVER)
    nothing = {"verdict": None, "reason": None, "token": None, "error": None}
    assert [json.loads(line) for line in result.stdout.splitlines()] == [
        {**nothing, "image": str(portrait), "verdict": "OVER"},
        {**nothing, "image": str(cat), "verdict": "INCONCLUSIVE", "reason": "NO_FACE"},
        {**nothing, "image": missing, "error": "NOT_FOUND"},
    ]
    assert result.exit_code == 2


def test_a_line_break_in_a_file_name_cannot_fake_a_line(
    invoke: Invoke, cat: Path, tmp_path: Path
) -> None:
    """Whoever names a file cannot write another picture's verdict into the output."""
    sly = tmp_path / "x\nme.png\tOVER\n.png"
    shutil.copy(cat, sly)
    lines = invoke("check", str(sly), cat).stdout.splitlines()
    assert [line.count("\t") for line in lines] == [1, 1]
    assert all(line.endswith("\tINCONCLUSIVE NO_FACE") for line in lines)


def test_a_file_named_like_an_option_is_a_file_after_two_dashes(invoke: Invoke) -> None:
    """An uploaded file named --help does not end as 0, which means OVER."""
    result = invoke("check", *ASK_OVER, "--", "--help")
    assert result.stderr == f"agecheck: --help: {ImageFault.NOT_FOUND.value}\n"
    assert (result.stdout, result.exit_code) == ("", 2)


@pytest.mark.parametrize(
    "options",
    [
        ("--challenge-age", "18"),
        ("--challenge-age", "nan"),
        ("--challenge-age", "25.55"),
        ("--age-limit", "0"),
        ("--age-limit", "37"),
        ("--max-false-over", "0.0317"),
        ("--max-false-over", "inf"),
        ("--max-attempts", "0"),
    ],
)
def test_a_policy_that_cannot_be_had_is_bad_input(
    invoke: Invoke, portrait: Path, options: tuple[str, str]
) -> None:
    """A policy is refused with a sentence and without a verdict, never rounded to another."""
    result = invoke("check", portrait, *options)
    assert (result.stdout, result.exit_code) == ("", 2)
    assert result.stderr.startswith("agecheck: ")
    assert len(result.stderr.splitlines()) == 1


def test_an_unsupported_rate_names_those_that_are(invoke: Invoke, portrait: Path) -> None:
    """Whoever asks for a rate that was not measured learns what they can ask for."""
    assert "supports" in invoke("check", portrait, "--max-false-over", "0.0317").stderr


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("a.jpg", "--no-such-option"),
        ("a.jpg", "--age-limit", "eighteen"),
        ("a.jpg", "--challenge-age", "25", "--max-false-over", "0.05"),
        ("-", "-"),
        ("a.jpg", "--audience", "https://shop.example"),
        ("a.jpg", "--nonce", "A" * 22),
        ("a.jpg", "--key", "device.key"),
        ("a.jpg", "--audience", "https://shop.example", "--nonce", "A" * 22),
        ("a.jpg", "--audience", "https://shop.example", "--key", "device.key"),
        ("a.jpg", "--nonce", "A" * 22, "--key", "device.key"),
        ("a.jpg", "b.jpg", "--audience", "x", "--nonce", "A" * 22, "--key", "device.key"),
    ],
)
def test_wrong_usage_is_exit_code_2(invoke: Invoke, arguments: tuple[str, ...]) -> None:
    """Contradicting or half-given options are refused before any picture is opened."""
    result = invoke("check", *arguments)
    assert (result.stdout, result.exit_code) == ("", 2)
    assert result.stderr.startswith("Usage: agecheck check")


@pytest.mark.parametrize("arguments", [(), ("keys",), ("Check",), ("checks", "a.jpg")])
def test_no_command_is_wrong_usage(invoke: Invoke, arguments: tuple[str, ...]) -> None:
    """A command line that checks nothing does not end as 0, which means OVER."""
    result = invoke(*arguments)
    assert (result.stdout, result.exit_code) == ("", 2)


def test_a_given_calibration_that_cannot_be_used_is_bad_input(
    invoke: Invoke, portrait: Path, tmp_path: Path
) -> None:
    """The caller's own calibration file is the caller's to mend: 2, not 3."""
    calibration = tmp_path / "calibration.json"
    calibration.write_text("{}")
    result = invoke("check", portrait, "--calibration", str(calibration))
    assert (result.stdout, result.exit_code) == ("", ExitCode.BAD_INPUT)
    assert result.stderr.startswith("agecheck: ")
