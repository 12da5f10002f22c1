"""The process that stands for TF Serving: `python -m components.infra_validator.probe`, told what to do on standard input.

It can be started before there is a model, because loading TensorFlow takes it longer than anything else. It loads the export in
a TF1 session, as TF Serving's C++ loader does (tf.saved_model.load would hide missing variables), and writes what its signatures
answer. It imports nothing of TFX and none of the code that made the model.
"""

import ctypes
import json
import signal
import sys
from pathlib import Path

import numpy as np
import tensorflow as tf

IMAGES = "images"
EXAMPLES = "examples"
PR_SET_PDEATHSIG = 1


def end_with_parent() -> None:
    """Have the kernel end this process when the one that asks ends, killed or not (Linux: prctl(2), PR_SET_PDEATHSIG)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def told(export: Path, questions: Path, answers: Path) -> bytes:
    """Return what to tell the process: which export is to answer the questions of one file (.npz) into another."""
    return json.dumps([str(export), str(questions), str(answers)]).encode()


def main() -> None:
    """Do what is told on standard input, and nothing where that ends without a word."""
    end_with_parent()
    if said := sys.stdin.buffer.read():
        answer(*map(Path, json.loads(said)))


def answer(export: Path, questions: Path, answers: Path) -> None:
    """Answer the questions of one file (.npz of object-free byte arrays) into another."""
    asked = np.load(questions)
    images, examples = split_bytes(asked, IMAGES), split_bytes(asked, EXAMPLES)
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        meta_graph = tf.compat.v1.saved_model.loader.load(session, [tf.saved_model.SERVING], str(export))
        server = Server(session, meta_graph.signature_def)
        found = server.ask("predict_image", images)
        found["pixels"] = server.ask("canonical_image", images)["pixels"]
        found["from_examples"] = server.ask("serving_default", examples)["probabilities"]
        alone = [server.ask("predict_image", [image])["probabilities"] for image in images]
        found["alone"] = np.concatenate(alone)
    np.savez(answers, allow_pickle=False, **{name: _plain(array) for name, array in found.items()})


class Server:
    """A session and its signatures."""

    def __init__(self, session: tf.compat.v1.Session, signatures: dict[str, tf.compat.v1.MetaGraphDef.SignatureDefEntry]) -> None:
        """Take a session in which an export is loaded."""
        self._session = session
        self._signatures = signatures

    def ask(self, name: str, batch: list[bytes]) -> dict[str, np.ndarray]:
        """Run a signature of one string input on a batch and return its outputs."""
        signature = self._signatures[name]
        (given,) = signature.inputs.values()
        outputs = {output: info.name for output, info in signature.outputs.items()}
        found: dict[str, np.ndarray] = self._session.run(outputs, {given.name: np.array(batch, object)})
        return found


def join_bytes(name: str, values: list[bytes]) -> dict[str, np.ndarray]:
    """Return byte strings as two arrays that .npz holds without pickling."""
    lengths = np.array([len(value) for value in values], np.int64)
    return {f"{name}_lengths": lengths, f"{name}_bytes": np.frombuffer(b"".join(values), np.uint8)}


def split_bytes(arrays: dict[str, np.ndarray], name: str) -> list[bytes]:
    """Return the byte strings that join_bytes joined."""
    joined, ends = arrays[f"{name}_bytes"].tobytes(), np.cumsum(arrays[f"{name}_lengths"]).tolist()
    return [joined[start:end] for start, end in zip([0, *ends], ends, strict=False)]


def _plain(array: np.ndarray) -> np.ndarray:
    """Return an array without Python objects: TensorFlow gives strings as bytes objects."""
    return np.char.decode(array.astype(np.bytes_), "utf-8") if array.dtype == object else array


if __name__ == "__main__":
    main()
