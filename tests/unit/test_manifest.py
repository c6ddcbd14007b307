"""A manifest is taken as it is written, or refused: nothing in it is guessed or repaired."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agecheck.errors import ModelError, ModelFault
from agecheck.models.manifest import ModelEntry, parse_manifest
from unit.example_manifest import MANIFEST


def parse_fault(text: str) -> ModelFault:
    with pytest.raises(ModelError) as caught:
        parse_manifest(text)
    return caught.value.fault


def assert_parses_or_is_refused(text: str) -> None:
    try:
        parse_manifest(text)
    except ModelError as error:
        if error.fault is not ModelFault.MANIFEST:
            raise


def test_a_manifest_is_read_as_it_is_written() -> None:
    """Every field of the file arrives under its name."""
    (entry,) = parse_manifest(MANIFEST).values()
    assert isinstance(entry, ModelEntry)
    assert (entry.id, entry.file, entry.size_bytes, entry.role) == (
        "small",
        "small.onnx",
        5,
        "example",
    )
    assert [(s.name, s.dtype, s.shape) for s in entry.inputs] == [
        ("pixels", "float32", ("N", 2, 3))
    ]
    assert [(s.name, s.dtype, s.shape) for s in entry.outputs] == [("scores", "float32", ("N", 1))]
    assert (entry.licence_weights, entry.licence_code) == ("CC0-1.0", "MIT")
    assert entry.licence_training_data == "not published"
    assert entry.sources[0].member == "example/small.onnx"


LINES = [line for line in MANIFEST.splitlines() if line]


@pytest.mark.parametrize(
    "line", [line for line in LINES if not line.startswith("[[model.sources]]")]
)
def test_no_line_of_a_manifest_can_be_left_out(line: str) -> None:
    """A field that is missing is an error, never a default."""
    assert parse_fault(MANIFEST.replace(line + "\n", "", 1)) is ModelFault.MANIFEST


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("schema = 1", "schema = 2"),
        ("schema = 1", "schema = true"),
        ("schema = 1", "schema = 1.0"),
        ('id = "small"', 'id = ""'),
        ('id = "small"', 'id = "small 00\\nother"'),
        ("schema = 1", 'schema = "1"'),
        ("[[model]]", "[model]"),
        ("[[model]]", "[[models]]"),
        ("[[model.inputs]]", "[model.inputs]"),
        ("[[model.sources]]", "[model.sources]"),
        ("[model.licence]", "[[model.licence]]"),
        ('id = "small"', "id = 1"),
        ('id = "small"', "id = true"),
        ('file = "small.onnx"', 'file = "../small.onnx"'),
        ('file = "small.onnx"', 'file = "/etc/small.onnx"'),
        ('file = "small.onnx"', 'file = "a/small.onnx"'),
        ('file = "small.onnx"', "file = 'a\\small.onnx'"),
        ('file = "small.onnx"', 'file = ".onnx"'),
        ('file = "small.onnx"', 'file = "small.onnx\\n"'),
        ('file = "small.onnx"', 'file = "small.bin"'),
        ('file = "small.onnx"', 'file = ""'),
        ("bytes = 5", "bytes = 5.0"),
        ("bytes = 5", 'bytes = "5"'),
        ("bytes = 5", "bytes = true"),
        ('sha256 = "', 'sha256 = "0'),
        ('sha256 = "', 'sha256 = "sha256:'),
        ('sha256 = "9', 'sha256 = "G'),
        ('sha256 = "9', 'sha256 = "'),
        ('name = "pixels"', "name = 3"),
        ('dtype = "float32"', "dtype = 32"),
        ('shape = ["N", 2, 3]', "shape = 6"),
        ('shape = ["N", 2, 3]', "shape = [2.0]"),
        ('shape = ["N", 2, 3]', "shape = [true]"),
        ('shape = ["N", 2, 3]', "shape = [[2]]"),
        ('weights = "CC0-1.0"', "weights = false"),
        ('package = "example"', 'package = "example"\nmirror = "elsewhere"'),
        ('version = "1.0"', "version = 1.0"),
        ("schema = 1", "schema = 1\nschema = 1"),
        ("schema = 1", "schema = "),
        ("schema = 1", "schema = 1\0"),
    ],
)
def test_a_malformed_manifest_is_refused(old: str, new: str) -> None:
    """A wrong type, a path in a file name or a strange digest is an error, never repaired."""
    assert old in MANIFEST
    assert parse_fault(MANIFEST.replace(old, new, 1)) is ModelFault.MANIFEST


@pytest.mark.parametrize(
    "text",
    [
        "",
        "schema = 1",
        "schema = 1\nmodel = 3",
        "schema = 1\nmodel = []",
        "model = []",
        "\0",
        "x = " + "[" * 20_000,
        "x = " + "1" * 5_000,
    ],
    ids=range(8),
)
def test_a_document_that_is_no_manifest_is_refused(text: str) -> None:
    """Another file under the manifest's name does not pass for one."""
    assert parse_fault(text) is ModelFault.MANIFEST


def test_a_model_named_twice_is_refused() -> None:
    """The second entry could replace the first one's digest."""
    assert parse_fault(MANIFEST + MANIFEST.split("\n", 1)[1]) is ModelFault.MANIFEST


@given(st.text())
def test_any_text_is_a_manifest_or_a_typed_error(text: str) -> None:
    """No text makes the parser fail in another way."""
    for document in (text, f"schema = 1\n{text}", MANIFEST + text):
        assert_parses_or_is_refused(document)


@given(st.integers(0, len(MANIFEST) - 1), st.characters())
def test_any_altered_letter_gives_a_manifest_or_a_typed_error(position: int, letter: str) -> None:
    """A damaged manifest fails as a manifest, wherever the damage is."""
    assert_parses_or_is_refused(MANIFEST[:position] + letter + MANIFEST[position + 1 :])
