"""A model is used only if its bytes are exactly those that the manifest states."""

from __future__ import annotations

import hashlib
import io
import shutil
import tomllib
import traceback
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

import pytest

from agecheck.errors import ModelError, ModelFault
from agecheck.models.store import MANIFEST_FILE, ModelStore
from unit.example_manifest import MANIFEST

SHIPPED = Path(str(files("agecheck.models") / "data"))
MODEL_ID = "blazeface-short"
SHIPPED_IDS = ["blazeface-short", "blazeface-full", "facemesh", "age-mobilenet", "age-tinyxception"]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A copy of the shipped folder with one of its models."""
    folder = tmp_path / "secret-folder"
    folder.mkdir()
    shutil.copy(SHIPPED / MANIFEST_FILE, folder)
    shutil.copy(SHIPPED / f"{MODEL_ID}.onnx", folder)
    return folder


def read_fault(folder: Path) -> ModelFault:
    with pytest.raises(ModelError) as caught:
        ModelStore(folder).read(MODEL_ID)
    assert caught.value.model_id == MODEL_ID
    assert "secret-folder" not in "".join(traceback.format_exception(caught.value))
    assert caught.value.__context__ is None  # an OSError there would name the path
    return caught.value.fault


# --- what ships ---


@pytest.mark.parametrize("model_id", SHIPPED_IDS)
def test_the_shipped_bytes_are_those_of_the_manifest(model_id: str) -> None:
    """Every model in the package has the stated size and digest, by an independent count."""
    model_bytes = ModelStore().read(model_id)
    table = next(
        table
        for table in tomllib.loads((SHIPPED / MANIFEST_FILE).read_text("utf-8"))["model"]
        if table["id"] == model_id
    )
    assert len(model_bytes) == table["bytes"]
    assert hashlib.sha256(model_bytes).hexdigest() == table["sha256"]


def test_the_manifest_and_the_folder_name_the_same_models() -> None:
    """No file ships without a digest, a licence and a source, and none is missing."""
    entries = list(ModelStore())
    assert [entry.id for entry in entries] == SHIPPED_IDS
    shipped_files = {path.name for path in SHIPPED.glob("*.onnx")}
    assert {entry.file for entry in entries} == shipped_files
    for entry in entries:
        assert entry.licence_weights
        assert entry.licence_code
        assert entry.licence_training_data
        assert entry.sources


# --- altered bytes ---


@pytest.mark.parametrize("share", [0.0, 0.001, 0.25, 0.5, 0.75, 0.999, 1.0])
@pytest.mark.parametrize("bit", [0x01, 0x80])
def test_a_flipped_bit_is_refused(data: Path, share: float, bit: int) -> None:
    """One bit anywhere in a model is enough to refuse it."""
    path = data / f"{MODEL_ID}.onnx"
    model_bytes = bytearray(path.read_bytes())
    model_bytes[round(share * (len(model_bytes) - 1))] ^= bit
    path.write_bytes(model_bytes)
    assert read_fault(data) is ModelFault.DIGEST


@pytest.mark.parametrize(
    "alter",
    [
        lambda b: b[:-1],
        lambda b: b[1:],
        lambda b: b + b"\0",
        lambda b: b"\0" + b,
        lambda b: b[: len(b) // 2],
        lambda _: b"",
        lambda b: b + b,
        lambda b: b[::-1],
    ],
)
def test_a_shortened_or_lengthened_file_is_refused(
    data: Path, alter: Callable[[bytes], bytes]
) -> None:
    """A download cut short, or bytes added at an end, are not the model."""
    path = data / f"{MODEL_ID}.onnx"
    path.write_bytes(alter(path.read_bytes()))
    assert read_fault(data) is ModelFault.DIGEST


def test_another_models_bytes_are_refused(data: Path) -> None:
    """A genuine model in the place of another is refused as well."""
    shutil.copy(SHIPPED / "facemesh.onnx", data / f"{MODEL_ID}.onnx")
    assert read_fault(data) is ModelFault.DIGEST


def test_a_missing_file_is_refused(data: Path) -> None:
    """A missing model is an error with a name, not a detector that finds nothing."""
    (data / f"{MODEL_ID}.onnx").unlink()
    assert read_fault(data) is ModelFault.MISSING


def test_a_folder_in_a_files_place_is_refused(data: Path) -> None:
    """Whatever cannot be read as a file counts as missing."""
    (data / f"{MODEL_ID}.onnx").unlink()
    (data / f"{MODEL_ID}.onnx").mkdir()
    assert read_fault(data) is ModelFault.MISSING


def test_the_right_digest_with_the_wrong_size_is_refused(data: Path) -> None:
    """The manifest's size is checked too."""
    manifest = data / MANIFEST_FILE
    stated = f"bytes = {(data / f'{MODEL_ID}.onnx').stat().st_size}"
    text = manifest.read_text("utf-8")
    assert stated in text
    manifest.write_text(text.replace(stated, "bytes = 7"), "utf-8")
    assert read_fault(data) is ModelFault.DIGEST


class SwappedFile:
    """A file that gives other bytes from the second read on: an attacker between two reads."""

    def __init__(self, first: bytes) -> None:
        self._contents = iter([first])
        self.reads = 0

    def open(self, mode: str) -> io.BytesIO:
        assert mode == "rb"
        self.reads += 1
        return io.BytesIO(next(self._contents, b"other"))


class Folder:
    def __init__(self, members: dict[str, SwappedFile]) -> None:
        self._members = members

    def __truediv__(self, name: str) -> SwappedFile:
        return self._members[name]


def test_the_bytes_that_were_hashed_are_the_bytes_handed_out() -> None:
    """A file swapped after its check has no effect, because it is read only once."""
    model = SwappedFile(b"model")
    folder = Folder({MANIFEST_FILE: SwappedFile(MANIFEST.encode()), "small.onnx": model})
    store = ModelStore(folder)  # type: ignore[arg-type]
    assert store.read("small") == b"model"
    assert model.reads == 1
    with pytest.raises(ModelError) as caught:
        store.read("small")
    assert caught.value.fault is ModelFault.DIGEST


@pytest.mark.parametrize("content", [None, b"\xff\xfe\x00", b"schema = 2"])
def test_a_store_without_a_good_manifest_is_not_made(tmp_path: Path, content: bytes | None) -> None:
    """Without a manifest there is no model to trust."""
    folder = tmp_path / "secret-folder"
    folder.mkdir()
    if content is not None:
        (folder / MANIFEST_FILE).write_bytes(content)
    with pytest.raises(ModelError) as caught:
        ModelStore(folder)
    assert caught.value.model_id == "manifest"
    assert caught.value.fault is (ModelFault.MISSING if content is None else ModelFault.MANIFEST)
    assert "secret-folder" not in "".join(traceback.format_exception(caught.value))
    if content is None:
        assert caught.value.__context__ is None


def test_an_unknown_model_is_a_typed_error(data: Path) -> None:
    """Asking for what the manifest does not state is an error before any file is opened."""
    store = ModelStore(data)
    for ask in (store.entry, store.read):
        with pytest.raises(ModelError) as caught:
            ask("no-such-model")
        assert caught.value.fault is ModelFault.MANIFEST


# --- the bundle's digest ---


def test_the_bundle_digest_changes_with_any_model_and_not_with_the_order(tmp_path: Path) -> None:
    """Tokens name the bundle by this digest, so equal bundles must agree and others differ."""
    second = MANIFEST.split("\n", 1)[1].replace("small", "other")
    texts = {
        "both": MANIFEST + second,
        "swapped": "schema = 1\n" + second + MANIFEST.split("\n", 1)[1],
        "one": MANIFEST,
        "altered": MANIFEST.replace('sha256 = "9', 'sha256 = "8', 1) + second,
        "renamed": MANIFEST.replace('id = "small"', 'id = "smell"', 1) + second,
    }
    digests = {}
    for name, text in texts.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / MANIFEST_FILE).write_text(text, "utf-8")
        digests[name] = ModelStore(tmp_path / name).digest()
    assert digests["both"] == digests["swapped"]
    assert len({digests[name] for name in ("both", "one", "altered", "renamed")}) == 4
    assert all(len(digest) == 64 for digest in digests.values())
