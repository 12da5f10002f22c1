"""Loading TensorFlow and TFX: most of the start of every command that needs them, so nothing is loaded that no command uses."""

import gc
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from pipeline import memory

# Keras and Beam load these where they are installed, for wrappers and connectors that nothing here uses: 7 % of the processor
# time of loading, and 40 MB. They do without where these can't be imported.
NOT_NEEDED = ("matplotlib", "pymongo", "sklearn")


@contextmanager
def tensorflow_loading() -> Iterator[None]:
    """Load TensorFlow and TFX within: quickly, with short chatter, into memory that can be given back.

    Loading makes a million objects that stay. Collecting garbage in its midst finds nothing and takes a tenth of its time; later
    collections would look at them again and again, a third of a second each time, so they are left out of those.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "1")  # read once, when TensorFlow's C++ code loads
    memory.prepare()
    hidden = [name for name in NOT_NEEDED if name not in sys.modules]
    gc.disable()
    try:
        sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]  # None: Python reads "not to be imported"
        yield
    finally:
        for name in hidden:
            del sys.modules[name]  # whoever plots or fits later imports them then
        gc.freeze()
        gc.enable()
