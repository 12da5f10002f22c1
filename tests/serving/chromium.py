"""A real browser, driven over the DevTools protocol through its pipe (descriptors 3 and 4), which needs no library."""

import base64
import json
import os
import select
import subprocess
import time
from pathlib import Path
from typing import Any, Self

QUIET = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
OPTIONS = (*QUIET, "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1", "--remote-debugging-pipe")
PATIENCE = 60.0  # seconds


class Chromium:
    """One tab; keeps every event that the browser tells."""

    def __init__(self, executable: str, profile: Path) -> None:
        to_read, self._write = os.pipe()
        self._read, to_write = os.pipe()
        # The shell moves the pipes to where the browser looks for them.
        words = [
            "sh",
            "-c",
            f'exec "$@" 3</dev/fd/{to_read} 4>/dev/fd/{to_write}',
            "sh",
            executable,
            *OPTIONS,
            f"--user-data-dir={profile}",
        ]
        quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        self._process = subprocess.Popen([*words, "about:blank"], pass_fds=(to_read, to_write), **quiet)
        os.close(to_read)
        os.close(to_write)
        self.events: list[dict[str, Any]] = []
        self._rest, self._number, self._session = b"", 0, ""
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network", "DOM"):
            self.call(f"{domain}.enable")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        os.close(self._write)
        os.close(self._read)

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Call a method of the protocol and return its result."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._write, json.dumps(message).encode() + b"\0")
        while True:
            told = self._message()
            if told.get("id") == self._number:
                assert "error" not in told, told
                return dict(told["result"])
            self.events.append(told)

    def _message(self) -> dict[str, Any]:
        while b"\0" not in self._rest:
            readable, _, _ = select.select([self._read], [], [], PATIENCE)
            chunk = os.read(self._read, 2**20) if readable else b""
            assert chunk, "the browser is silent"
            self._rest += chunk
        first, _, self._rest = self._rest.partition(b"\0")
        return dict(json.loads(first))

    def evaluate(self, expression: str) -> Any:
        """Return the value of an expression in the page."""
        result = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in result, result
        return result["result"].get("value")

    def wait_for(self, expression: str) -> Any:
        """Wait until an expression is true; return its value."""
        end = time.monotonic() + PATIENCE
        while not (value := self.evaluate(expression)):
            assert time.monotonic() < end, f"{expression}\n{self.evaluate('document.body.innerText')}"
            time.sleep(0.05)
        return value

    def open(self, url: str) -> None:
        self.events.clear()
        self.call("Page.navigate", url=url)
        self.wait_for("document.readyState === 'complete' && location.href !== 'about:blank'")

    def drop(self, file: Path, selector: str) -> None:
        """Drop a file on an element, as a hand would."""
        place = "((box) => [box.x + box.width / 2, box.y + box.height / 2])"
        x, y = self.evaluate(f"{place}(document.querySelector('{selector}').getBoundingClientRect())")
        data = {"items": [], "files": [str(file)], "dragOperationsMask": 1}
        for kind in ("dragEnter", "dragOver", "drop"):
            self.call("Input.dispatchDragEvent", type=kind, x=x, y=y, data=data)

    def choose(self, file: Path, selector: str) -> None:
        """Choose a file in a file input."""
        root = self.call("DOM.getDocument")["root"]["nodeId"]
        node = self.call("DOM.querySelector", nodeId=root, selector=selector)["nodeId"]
        self.call("DOM.setFileInputFiles", nodeId=node, files=[str(file)])

    def press(self, key: str, code: int) -> None:
        for kind in ("keyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=code)

    def screenshot(self, file: Path) -> None:
        shown = self.call("Page.captureScreenshot", captureBeyondViewport=True)["data"]
        file.write_bytes(base64.b64decode(shown))

    def of(self, method: str) -> list[dict[str, Any]]:
        """Return what the browser told by one kind of event."""
        return [event["params"] for event in self.events if event.get("method") == method]

    @property
    def complaints(self) -> list[Any]:
        """Errors and warnings of the console, and uncaught exceptions."""
        logged = [entry for entry in self.of("Log.entryAdded") if entry["entry"]["level"] in ("error", "warning")]
        return [*logged, *self.of("Runtime.exceptionThrown"), *self.of("Runtime.consoleAPICalled")]

    @property
    def requested(self) -> set[str]:
        return {event["request"]["url"] for event in self.of("Network.requestWillBeSent")}
