"""A network is run only if its inputs and outputs are exactly those that the manifest states."""

from __future__ import annotations

import subprocess
import sys
import traceback
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from agecheck.errors import ModelError, ModelFault
from agecheck.models.manifest import ModelEntry, TensorSpec
from agecheck.models.store import ModelStore
from agecheck.runtime import DeferredModel, OnnxModel

BATCH = 2
DTYPES = {"float32": np.float32, "uint8": np.uint8}
SHIPPED = [entry.id for entry in ModelStore()]
MODEL_ID = "age-tinyxception"


def feed_for(entry: ModelEntry, batch: int = BATCH) -> dict[str, NDArray[np.generic]]:
    """Blank input of the stated form; a free dimension is a batch of two."""
    return {
        spec.name: np.zeros(
            [batch if isinstance(size, str) else size for size in spec.shape], DTYPES[spec.dtype]
        )
        for spec in entry.inputs
    }


@pytest.fixture(scope="module")
def entry() -> ModelEntry:
    return ModelStore().entry(MODEL_ID)


@pytest.fixture(scope="module")
def model_bytes() -> bytes:
    return ModelStore().read(MODEL_ID)


def load_fault(entry: ModelEntry, model_bytes: bytes) -> ModelFault:
    with pytest.raises(ModelError) as caught:
        OnnxModel(entry, model_bytes)
    assert caught.value.model_id == entry.id
    shown = "".join(traceback.format_exception(caught.value))
    assert "onnxruntime.capi" not in shown  # the runtime's own message may hold a path
    assert caught.value.__context__ is None
    return caught.value.fault


@pytest.mark.parametrize("model_id", SHIPPED)
def test_every_shipped_model_loads_and_gives_the_stated_outputs(model_id: str) -> None:
    """The manifest, the files and the runtime agree on names, dtypes and shapes."""
    store = ModelStore()
    entry = store.entry(model_id)
    outputs = OnnxModel(entry, store.read(model_id)).run(feed_for(entry))
    assert len(outputs) == len(entry.outputs)
    for output, spec in zip(outputs, entry.outputs, strict=True):
        assert output.dtype == DTYPES[spec.dtype]
        assert output.shape == tuple(BATCH if isinstance(s, str) else s for s in spec.shape)
        assert np.isfinite(output).all()


@pytest.mark.parametrize("model_id", SHIPPED)
def test_a_network_answers_the_same_each_time(model_id: str) -> None:
    """The same picture gets the same verdict: nothing in a run is random or kept."""
    store = ModelStore()
    entry = store.entry(model_id)
    model = OnnxModel(entry, store.read(model_id))
    noise = np.random.default_rng(0)
    feed = {
        name: noise.integers(0, 256, blank.shape).astype(blank.dtype)
        for name, blank in feed_for(entry).items()
    }
    first = model.run(feed)
    model.run(feed_for(entry))
    for one, other in zip(first, model.run(feed), strict=True):
        np.testing.assert_array_equal(one, other)


def test_outputs_come_in_the_manifests_order() -> None:
    """Boxes are not taken for scores when a converter swaps them."""
    store = ModelStore()
    entry = store.entry("blazeface-short")
    outputs = OnnxModel(entry, store.read("blazeface-short")).run(feed_for(entry))
    assert [output.shape[-1] for output in outputs] == [16, 1]


@pytest.mark.parametrize("side", ["inputs", "outputs"])
@pytest.mark.parametrize(
    "change",
    [
        {"name": "other"},
        {"name": ""},
        {"dtype": "float64"},
        {"dtype": "int8"},
        {"dtype": ""},
        {"shape": ()},
        {"shape": ("N",)},
        {"shape": (1, 1)},
        {"shape": ("N", "M")},
        {"shape": ("N", 112, 112, 1)},
        {"shape": ("N", 3, 112, 112)},
        {"shape": ("N", 2)},
        {"shape": ("N", 1, 1)},
        {"shape": ("N", 112, 112, "C")},
        {"shape": ("N", -1)},
    ],
    ids=repr,
)
def test_a_stated_tensor_that_is_not_the_networks_is_refused(
    entry: ModelEntry, model_bytes: bytes, side: str, change: dict[str, object]
) -> None:
    """A wrong name, dtype or shape shows when the model is loaded, not as a wrong age later."""
    (spec,) = getattr(entry, side)
    changed = replace(entry, **{side: (replace(spec, **change),)})  # type: ignore[arg-type]
    assert load_fault(changed, model_bytes) is ModelFault.SIGNATURE


@pytest.mark.parametrize("side", ["inputs", "outputs"])
def test_the_number_of_tensors_counts(entry: ModelEntry, model_bytes: bytes, side: str) -> None:
    """A network with one output more or less than stated is another network."""
    stated = getattr(entry, side)
    for tensors in ((), (*stated, TensorSpec("extra", "float32", (1,))), stated * 2):
        changed = (
            replace(entry, inputs=tensors) if side == "inputs" else replace(entry, outputs=tensors)
        )
        assert load_fault(changed, model_bytes) is ModelFault.SIGNATURE


def test_a_free_dimension_may_have_any_name(entry: ModelEntry, model_bytes: bytes) -> None:
    """A converter's word for the batch is not part of what is stated."""
    (spec,) = entry.inputs
    renamed = replace(entry, inputs=(replace(spec, shape=("batch", *spec.shape[1:])),))
    (ages,) = OnnxModel(renamed, model_bytes).run(feed_for(entry))
    assert ages.shape == (BATCH, 1)


def test_swapped_outputs_are_refused() -> None:
    """The order of outputs is part of what is stated."""
    store = ModelStore()
    entry = store.entry("blazeface-short")
    changed = replace(entry, outputs=entry.outputs[::-1])
    assert load_fault(changed, store.read("blazeface-short")) is ModelFault.SIGNATURE


def test_another_model_under_the_same_name_is_refused(model_bytes: bytes) -> None:
    """Even with a matching digest, a network of another form is not run."""
    other = ModelStore().entry("age-mobilenet")
    assert load_fault(other, model_bytes) is ModelFault.SIGNATURE


@pytest.mark.parametrize(
    "broken",
    [b"", b"\0", b"not a model", b"\xff" * 1000, b"/etc/hostname"],
    ids=["empty", "zero", "text", "noise", "path"],
)
def test_bytes_that_are_no_model_are_a_typed_error(entry: ModelEntry, broken: bytes) -> None:
    """Whatever the runtime makes of garbage, the caller sees a ModelError."""
    assert load_fault(entry, broken) is ModelFault.LOAD


@pytest.mark.parametrize("share", [0.01, 0.5, 0.99])
def test_a_truncated_model_is_a_typed_error(
    entry: ModelEntry, model_bytes: bytes, share: float
) -> None:
    """A model cut short never runs with what is left of it."""
    fault = load_fault(entry, model_bytes[: int(len(model_bytes) * share)])
    assert fault in {ModelFault.LOAD, ModelFault.SIGNATURE}


@pytest.mark.parametrize(
    "feed",
    [
        {},
        {"other": np.zeros((1, 112, 112, 3), np.uint8)},
        {"chips_rgb": np.zeros((1, 112, 112, 3), np.float32)},
        {"chips_rgb": np.zeros((1, 3, 112, 112), np.uint8)},
        {"chips_rgb": np.zeros((112, 112, 3), np.uint8)},
        {"chips_rgb": np.zeros((1, 64, 64, 3), np.uint8)},
        {"chips_rgb": np.zeros((1, 112, 112, 3), np.uint8), "more": np.zeros(1, np.uint8)},
    ],
    ids=["nothing", "name", "dtype", "layout", "rank", "size", "more"],
)
def test_wrong_input_is_a_typed_error(
    entry: ModelEntry,
    model_bytes: bytes,
    feed: dict[str, NDArray[np.generic]],
    capfd: pytest.CaptureFixture[str],
) -> None:
    """A failed run raises a ModelError, and the runtime prints nothing about the input."""
    model = OnnxModel(entry, model_bytes)
    with pytest.raises(ModelError) as caught:
        model.run(feed)
    assert caught.value.fault is ModelFault.RUN
    assert str(caught.value) == f"model {MODEL_ID}: failed while running"
    assert "onnxruntime.capi" not in "".join(traceback.format_exception(caught.value))
    assert caught.value.__context__ is None
    assert capfd.readouterr() == ("", "")


def test_the_input_is_not_changed(entry: ModelEntry, model_bytes: bytes) -> None:
    """A run leaves the caller's chips as they were, and its outputs are memory of their own."""
    model = OnnxModel(entry, model_bytes)
    (chips,) = feed_for(entry).values()
    before = chips.copy()
    (ages,) = model.run({"chips_rgb": chips})
    kept = ages.copy()
    model.run({"chips_rgb": np.full_like(chips, 255)})
    np.testing.assert_array_equal(chips, before)
    np.testing.assert_array_equal(ages, kept)


THREAD_COUNT = """
import os
from agecheck.models.store import ModelStore
from agecheck.runtime import DeferredModel, OnnxModel
store = ModelStore()
before = len(os.listdir("/proc/self/task"))
models = [OnnxModel(entry, store.read(entry.id)) for entry in store]
print(len(os.listdir("/proc/self/task")) - before)
"""


def test_loading_the_models_starts_no_thread() -> None:
    """A filter set from one thread leaves older threads free, so there must be none (Linux)."""
    found = subprocess.run(  # noqa: S603
        [sys.executable, "-c", THREAD_COUNT], capture_output=True, text=True, check=True
    )
    assert found.stdout.split() == ["0"]
    assert found.stderr == ""


def test_a_deferred_network_gives_the_same(entry: ModelEntry, model_bytes: bytes) -> None:
    """When it is loaded changes nothing in what it says."""
    feed = feed_for(entry)
    at_once = OnnxModel(entry, model_bytes).run(feed)
    deferred = DeferredModel(entry, model_bytes)
    for _ in range(2):
        assert all(map(np.array_equal, deferred.run(feed), at_once))


def test_a_deferred_network_is_compared_with_the_manifest_too(
    entry: ModelEntry, model_bytes: bytes
) -> None:
    """Loaded late, an unexpected network is as much an error as loaded early, each time."""
    renamed = replace(entry, outputs=tuple(replace(spec, name="x") for spec in entry.outputs))
    deferred = DeferredModel(renamed, model_bytes)
    for _ in range(2):
        with pytest.raises(ModelError) as caught:
            deferred.run(feed_for(entry))
        assert caught.value.fault is ModelFault.SIGNATURE
