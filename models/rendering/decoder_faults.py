"""What decoders raise and say of damaged files: a reason of ours instead, and silence."""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

import numpy as np

from pipeline.errors import ImageError
from pipeline.reasons import Reason, failure

TALKATIVE = ("pydicom", "pylibjpeg", "openjpeg", "rle")  # their messages may hold values of the header

RUST_PANIC = "PanicException"  # of the RLE decoder; PyO3 derives it from BaseException and keeps the class to itself


@contextmanager
def stated_reasons() -> Iterator[None]:
    """Turn every exception of the decoders into an ImageError: they raise all sorts on damaged files.

    Raises:
        ImageError: as raised within, else by the kind of the exception.
    """
    try:
        yield
    except ImageError:
        raise
    except RecursionError as error:
        raise failure(Reason.TOO_DEEP) from error
    except MemoryError as error:
        raise failure(Reason.TOO_MUCH_MEMORY) from error
    except EOFError as error:
        raise failure(Reason.TRUNCATED) from error
    except BaseException as error:
        if not isinstance(error, Exception) and type(error).__name__ != RUST_PANIC:
            raise  # the user's Ctrl-C, the end of the process
        raise failure(Reason.UNDECODABLE) from error


@contextmanager
def silence() -> Iterator[None]:
    """Keep warnings and logs of the decoders back; warnings for the whole process, so render in one thread at a time."""
    _quiet_loggers()
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        yield


@cache
def _quiet_loggers() -> None:
    for name in TALKATIVE:
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
