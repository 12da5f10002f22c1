"""Loads an export the way TF Serving does: in a TF1 session.

tf.saved_model.load hides what this finds: variables that the graph has and the session loader does not fill.
"""

from pathlib import Path

import tensorflow as tf

from pipeline.errors import MedtfxError

REQUIRED_SIGNATURES = frozenset({"serving_default", "predict_image"})


class UnloadableModelError(MedtfxError):
    """An export is not what a server could run."""


def check_loads(export: Path) -> None:
    """Load an export in a TF1 session and see that every variable has its value.

    Raises:
        UnloadableModelError: it does not load, lacks a signature, or leaves variables empty.
    """
    try:
        with tf.Graph().as_default() as graph, tf.compat.v1.Session(graph=graph) as session:
            loaded = tf.compat.v1.saved_model.loader.load(session, [tf.saved_model.SERVING], str(export))
            empty = _empty_variables(graph, session)
    except (OSError, ValueError, RuntimeError, tf.errors.OpError) as error:
        raise UnloadableModelError(f"the export does not load in a TF1 session: {_first_line(error)}") from error
    missing = REQUIRED_SIGNATURES - set(loaded.signature_def)
    if missing:
        raise UnloadableModelError(f"the export has no signature {', '.join(sorted(missing))}")
    if empty:
        raise UnloadableModelError(f"the session loader leaves {len(empty)} variables without value, such as {empty[0]!r}")


def _empty_variables(graph: tf.Graph, session: tf.compat.v1.Session) -> list[str]:
    """Return the names of variables that were not restored."""
    handles = [operation for operation in graph.get_operations() if operation.type == "VarHandleOp"]
    filled = session.run([tf.raw_ops.VarIsInitializedOp(resource=handle.outputs[0]) for handle in handles])
    return [handle.name for handle, is_filled in zip(handles, filled, strict=True) if not is_filled]


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
