"""A `medtfx` to put on a PATH: its words run in a process that warm_start.py forks, with the caller's environment and exit code.

A dry-run starts each task of a package by name. Six seconds of imports for each of its thirty processes would be most of a test.
"""

import json
import socketserver
import sys
import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

SCRIPT = """#!{python} -IS
import json, os, socket, sys
if set(sys.argv) & set({cold}):
    os.execv({medtfx!r}, [{medtfx!r}, *sys.argv[1:]])
with socket.socket(socket.AF_UNIX) as asking:
    asking.connect({address!r})
    asking.sendall(json.dumps([sys.argv[1:], dict(os.environ)]).encode() + b"\\n")
    done = json.loads(asking.makefile().readline())
print(done["said"])
sys.exit(done["code"])
"""


@contextmanager
def warm_path(folder: Path, start: Callable[..., Any], *, cold: Collection[str]) -> Iterator[Path]:
    """Yield a folder with such a `medtfx`; a call with one of the words of `cold` starts the real one instead."""

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            words, environment = json.loads(self.rfile.readline())
            done = start(*words, environment=environment).finish()
            self.wfile.write(json.dumps({"code": done.code, "said": done.stdout + done.stderr}).encode() + b"\n")

    folder.mkdir()
    write_script(folder, cold)
    with socketserver.ThreadingUnixStreamServer(str(folder / "socket"), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield folder
        server.shutdown()


def write_script(folder: Path, cold: Collection[str]) -> None:
    """Write the `medtfx` of such a folder."""
    medtfx = str(Path(sys.executable).with_name("medtfx"))
    text = SCRIPT.format(python=sys.executable, cold=list(cold), medtfx=medtfx, address=str(folder / "socket"))
    script = folder / "medtfx"
    script.write_text(text)
    script.chmod(0o755)
