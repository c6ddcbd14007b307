"""The committed model files against the manifest that describes them."""

from __future__ import annotations

import hashlib
import tomllib
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
DATA = REPOSITORY / "src" / "agecheck" / "models" / "data"
MANIFEST = REPOSITORY / "models" / "manifest.toml"
MAX_BUNDLE_BYTES = 12_000_000


def test_files_are_the_manifests() -> None:
    """Protects against a model that was changed without its manifest, or shipped without one."""
    entries = {entry["file"]: entry for entry in tomllib.loads(MANIFEST.read_text())["model"]}
    assert {path.name for path in DATA.glob("*.onnx")} == set(entries)
    for name, entry in entries.items():
        content = (DATA / name).read_bytes()
        assert hashlib.sha256(content).hexdigest() == entry["sha256"], name
        assert len(content) == entry["bytes"], name


def test_every_model_has_a_card() -> None:
    """Protects the licences' documentation: one card a model, none without a model."""
    manifests = MANIFEST, DATA / "mediapipe" / MANIFEST.name
    models = {
        entry["id"] for path in manifests for entry in tomllib.loads(path.read_text())["model"]
    }
    cards = {path.stem for path in (REPOSITORY / "models" / "cards").glob("*.md")}
    assert cards == models | {"calibration"}


def test_bundle_stays_small() -> None:
    """Protects the wheel's size: all models together stay under 12 MB."""
    assert sum(path.stat().st_size for path in DATA.glob("*.onnx")) < MAX_BUNDLE_BYTES


def test_models_folder_shows_the_shipped_manifest() -> None:
    """Protects against two manifests: the one beside the cards is the one in the package."""
    assert MANIFEST.resolve() == (DATA / "manifest.toml").resolve()
