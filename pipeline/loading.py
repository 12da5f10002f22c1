"""Loading TensorFlow and TFX: most of the start of every command that needs them, so nothing is loaded that no command uses."""

import gc
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType

from pipeline import memory

# Keras and Beam load these where they are installed, for wrappers and connectors that nothing here uses; they do without where
# these can't be imported.
NOT_NEEDED = (
    *("matplotlib", "pymongo", "sklearn"),
    *("google.cloud.bigquery", "google.cloud.bigquery_storage_v1", "google.cloud.pubsub"),
)
# TFX, TFDV and TFMA can't do without these, and nothing here uses what they are for: pages in a notebook, metrics of texts,
# confidence intervals (ours are patients': components/clinical_gate/wilson.py), a model server in Kubernetes.
STOOD_IN_FOR = (
    "IPython.display",
    "nltk",
    "rouge_score",
    "scipy.stats",
    "tensorflow_model_analysis.notebook",
    "tensorflow_model_analysis.notebook.visualization",
    "tfx.components.infra_validator.model_server_runners.kubernetes_runner",
)
# Beam asks it with each pipeline whether a notebook runs, and would load four hundred modules to hear "no".
NOT_TO_COME = ("IPython",)


@contextmanager
def objects_that_stay() -> Iterator[None]:
    """Load modules within without collecting garbage, and leave their objects out of later collections.

    TensorFlow and TFX are a million objects. Collecting garbage in the midst of loading them finds nothing and takes a tenth of
    its time; later collections would look at them again and again, a third of a second each time.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


@contextmanager
def tensorflow_loading() -> Iterator[None]:
    """Load TensorFlow and TFX within: quickly, with short chatter, into memory that can be given back.

    Without what is left out it takes a fifth less of processor time and 90 MB less (bench/RESULTS.md).
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "1")  # read once, when TensorFlow's C++ code loads
    memory.prepare()
    stand_ins = {name: StandIn(name) for name in STOOD_IN_FOR}
    hidden: dict[str, ModuleType | None] = dict.fromkeys((*NOT_NEEDED, *NOT_TO_COME))  # None: Python reads "not to be imported"
    hidden = {name: module for name, module in (hidden | stand_ins).items() if name not in sys.modules}
    with objects_that_stay():
        try:
            sys.modules.update(hidden)  # type: ignore[arg-type]  # of None
            yield
        finally:
            for name in hidden.keys() - NOT_TO_COME:
                del sys.modules[name]  # whoever plots or fits later imports them then


class StandIn(ModuleType):
    """A module in the place of another, with all that is asked of it: a class for a name in capitals, a stand-in for others."""

    def __getattr__(self, name: str) -> type | ModuleType:
        """Return what nobody uses."""
        if name.startswith("__"):
            raise AttributeError(name)
        return object if name[0].isupper() else StandIn(f"{self.__name__}.{name}")
