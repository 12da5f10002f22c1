"""Carries out a forgetting: every step can be done again, so that a killed one is completed by the same command.

The order keeps the knowledge until it is not needed any more: first what only shows a patient, then the examples, which name
their patients themselves, and last the accounts, by which a patient's images are known everywhere else.
"""

import json
import os
import shutil
from pathlib import Path

from components.image_example_gen.account import ACCOUNT_FILE
from pipeline import root as state_root
from pipeline.errors import MedtfxError
from pipeline.forgetting.lineage import DELETED, MARKED, Lineage, Stored
from pipeline.forgetting.rewriting import rewriter_of, without_lines
from pipeline.forgetting.search import Holdings, search
from pipeline.forgetting.traces import Finder, Traces
from pipeline.root import Root, write_atomically

SYSTEM = ".system"  # below a node: where TFX keeps what a running execution needs
FORGOTTEN_ROWS = "forgotten_rows"  # of account.json: how many lines its rows.jsonl has lost


class NotForgottenError(MedtfxError):
    """Something below the root still holds a patient."""


def erase(root: Root, lineage: Lineage, holdings: Holdings, traces: Traces) -> None:
    """Delete and rewrite what was found, then look again.

    Raises:
        NotForgottenError: when something still holds a patient.
    """
    names = traces.finder()
    clear_leftovers(root)
    for path in holdings.deleted:
        path.unlink(missing_ok=True)
    for path in holdings.rewritten:
        rewrite(path, names)
    for artifact in holdings.artifacts:
        delete_artifact(root, lineage, artifact)
    for path in filter(Path.exists, holdings.accounts):  # one may have gone with its artifact
        rewrite_account(path, names)
    left = search(root, lineage.artifacts(), traces)
    if left:
        places = (*left.deleted_places(root), *left.rewritten_places(root))
        raise NotForgottenError(f"{len(places)} places below the root still hold the patient, such as {places[0]}. Run it again.")


def clear_leftovers(root: Root) -> None:
    """Remove what killed runs could continue from: examples without a name are among it, and no run takes it up any more."""
    state_root.end(root)
    state_root.sweep(root)
    for folder in root.artifacts.glob(f"*/{SYSTEM}"):
        shutil.rmtree(folder)
    for half_written in (*root.path.glob(".*.tmp"), *root.artifacts.rglob(".*.tmp"), *root.reports.glob(".*.tmp")):
        half_written.unlink()


def delete_artifact(root: Root, lineage: Lineage, artifact: Stored) -> None:
    """Delete an artifact as a whole; a half deleted one is never LIVE."""
    lineage.mark(artifact, MARKED)
    folder = root.artifacts / artifact.place
    if folder.exists():
        shutil.rmtree(folder)
    lineage.mark(artifact, DELETED)


def rewrite(path: Path, names: Finder) -> None:
    """Write a file anew without the patients; delete it where its form is not as expected and it would still name one."""
    rewriter = rewriter_of(path)
    if not path.exists():  # it went with the leftovers
        return
    text = path.read_bytes().decode("utf-8", "surrogateescape")  # a log may hold anything
    try:
        changed = rewriter(text, names) if rewriter else text
    except (ValueError, KeyError, TypeError):  # cut short by a kill, or of another make
        changed = text
    if names(changed):
        path.unlink()
    else:
        replace_text(path, changed)


def rewrite_account(path: Path, names: Finder) -> None:
    """Take patients out of rows.jsonl; account.json keeps what the run counted, and says how many rows went since."""
    kept = without_lines(path.read_bytes().decode("utf-8", "surrogateescape"), names)
    sums = path.with_name(ACCOUNT_FILE)
    if sums.exists():  # first, so that a kill in between leaves a true sentence for the next try
        account = json.loads(sums.read_text(encoding="utf-8"))
        account[FORGOTTEN_ROWS] = account["rows"] - len(kept.splitlines())
        write_atomically(sums, json.dumps(account, indent=2) + "\n")
    replace_text(path, kept)


def replace_text(path: Path, text: str) -> None:
    """Write a text that may hold bytes of no encoding, whole or not at all."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    temporary.write_bytes(text.encode("utf-8", "surrogateescape"))
    temporary.replace(path)
