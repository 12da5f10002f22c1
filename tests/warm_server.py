"""The model server of a run that warm_start.py forks: its imports are done as well, the rest is `medtfx serve` as ever.

A process that has run TensorFlow can't be forked safely, so the run forks what may become its server before its first word.
"""

import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from types import SimpleNamespace
from typing import Any

from components import child_process
from components.infra_validator import server_process

PROGRAM = server_process.SERVE[:-1]  # before the word `serve`
MOST = 1 << 20  # bytes of a request


def prepare(become: Callable[[list[str]], None]) -> None:
    """Fork a process that waits to become the first server that this one starts; a second is started the usual way.

    Args:
        become: runs the words after `medtfx` to their end.
    """
    here, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    parent = os.getpid()
    child = os.fork()
    if not child:
        here.close()
        wait_and_become(there, parent, become)
        os._exit(0)
    there.close()
    waiting = [Waiting(child, here)]

    def start(words: Sequence[str], **how: Any) -> Any:
        command = tuple(words)[len(child_process.tethered([])) :]
        if waiting and command[: len(PROGRAM)] == PROGRAM:
            return waiting.pop().start(command[len(PROGRAM) :], **how)
        return subprocess.Popen(words, **how)

    server_process.subprocess = SimpleNamespace(**{**vars(subprocess), "Popen": start})  # type: ignore[assignment]


def wait_and_become(asked: socket.socket, parent: int, become: Callable[[list[str]], None]) -> None:
    """Wait for words, environment and a log, and become the server, as subprocess.Popen would start it; end with the parent."""
    child_process.die_with(parent)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    request, descriptors, _, _ = socket.recv_fds(asked, MOST, 1)
    if not request:
        return
    words, environment = json.loads(request)
    os.setsid()
    for stream in (1, 2):
        os.dup2(descriptors[0], stream)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    os.environ.clear()
    os.environ.update(environment)
    become(words)


class Waiting:
    """A forked process, as subprocess.Popen shows one."""

    def __init__(self, pid: int, channel: socket.socket) -> None:
        """Take the process and the way to it."""
        self.pid = pid
        self.returncode: int | None = None
        self._channel = channel

    def start(self, words: Sequence[str], *, env: Mapping[str, str], stdout: Any, **_: Any) -> "Waiting":
        """Let it become a server that logs to a file; it ends with this process."""
        socket.send_fds(self._channel, [json.dumps([words, dict(env)]).encode()], [stdout.fileno()])
        return self

    def poll(self) -> int | None:
        """Return the exit code, minus the signal's number if one killed it, None while it runs."""
        if self.returncode is None:
            ended, status = os.waitpid(self.pid, os.WNOHANG)
            self.returncode = os.waitstatus_to_exitcode(status) if ended else None
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the exit code."""
        end = time.monotonic() + (timeout or 1e9)
        while self.poll() is None:
            if time.monotonic() >= end:
                raise subprocess.TimeoutExpired("medtfx serve", timeout or 0)
            time.sleep(0.005)
        assert self.returncode is not None
        return self.returncode
