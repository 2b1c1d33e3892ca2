"""Models that are not torch's: what they are told by, and the way round."""

from pathlib import Path

WAY_ROUND = (
    "hsvis runs torch modules. Let the model's own program write states and answers of every step into a "
    "file for `states_from`: “Keras, JAX and others” in docs/bring-your-own-model.md has the ten lines."
)
ENDINGS = {
    ".keras": "Keras", ".h5": "Keras", ".hdf5": "Keras", ".msgpack": "flax", ".pb": "TensorFlow",
    ".tflite": "TensorFlow Lite", ".onnx": "ONNX",
}  # fmt: skip
PACKAGES = {
    "keras": "Keras", "tf_keras": "Keras", "tensorflow": "TensorFlow", "flax": "flax", "jax": "JAX",
    "haiku": "JAX", "equinox": "JAX", "onnx": "ONNX", "onnxruntime": "ONNX",
}  # fmt: skip


def foreign_file(path: Path) -> str | None:
    """Why a file or folder can't be a checkpoint, if it is one of another framework; None if it is not."""
    if not path.exists():
        return None
    if path.is_dir():
        return f"is a model of TensorFlow. {WAY_ROUND}" if (path / "saved_model.pb").is_file() else None
    name = ENDINGS.get(path.suffix.lower())
    return None if name is None else f"is a file of {name}. {WAY_ROUND}"


def foreign_module(module: object) -> str | None:
    """The way round for a model of another framework; None for whatever else is no torch module."""
    for one in type(module).__mro__:
        name = PACKAGES.get(one.__module__.partition(".")[0])
        if name is not None:
            return f"a model of {name}. {WAY_ROUND}"
    return None
