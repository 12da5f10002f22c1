"""A real MariaDB server for tests: data in a temporary folder, a port of its own, killed and started again at will."""

import os
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path

USER, PASSWORD = "nodes", "swordfish-in-no-log"


class MariaDb:
    """A server on 127.0.0.1 and its databases."""

    def __init__(self) -> None:
        """Find the server's programs; nothing is started yet."""
        self.program = shutil.which("mariadbd", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
        self.installed = bool(self.program and shutil.which("mariadb-install-db") and shutil.which("mariadb"))
        self.port = 0
        self._folder = Path()
        self._process: subprocess.Popen[bytes] | None = None

    def set_up(self) -> None:
        """Make an empty data folder, owned by who may not be root, and start."""
        self._folder = Path(tempfile.mkdtemp(prefix="mariadb-"))
        if os.geteuid() == 0:
            shutil.chown(self._folder, "mysql")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        words = ["mariadb-install-db", *self._account, f"--datadir={self._folder}/data", "--skip-test-db"]
        subprocess.run([*words, "--auth-root-authentication-method=normal"], check=True, capture_output=True)
        self.start()
        self.sql(f"create user {USER}@'127.0.0.1' identified by '{PASSWORD}'")

    @property
    def _account(self) -> list[str]:
        return ["--no-defaults", *(["--user=mysql"] if os.geteuid() == 0 else [])]

    def start(self) -> None:
        """Start the server and wait until it answers."""
        places = [f"--datadir={self._folder}/data", f"--socket={self._folder}/socket", f"--pid-file={self._folder}/pid"]
        network = ["--bind-address=127.0.0.1", f"--port={self.port}"]
        small = ["--innodb-buffer-pool-size=16M", "--performance-schema=OFF", "--innodb-flush-log-at-trx-commit=2"]
        log = (self._folder / "log").open("ab")
        self._process = subprocess.Popen([str(self.program), *self._account, *places, *network, *small], stdout=log, stderr=log)
        log.close()
        deadline = time.monotonic() + 60
        while not self.answers():
            assert time.monotonic() < deadline, (self._folder / "log").read_text()
            time.sleep(0.05)

    def answers(self) -> bool:
        """Tell whether the server takes connections."""
        words = ["mariadb", "--no-defaults", "-uroot", f"--socket={self._folder}/socket", "-e", "select 1"]
        return subprocess.run(words, capture_output=True, check=False).returncode == 0

    def sql(self, *statements: str) -> str:
        """Run statements as the server's root; return what they print."""
        words = ["mariadb", "--no-defaults", "-uroot", f"--socket={self._folder}/socket", "-N", "-e", ";".join(statements)]
        return subprocess.run(words, capture_output=True, check=True, text=True).stdout

    def database(self, name: str) -> str:
        """Make an empty database that the user of the nodes has all rights on."""
        self.sql(f"create database {name}", f"grant all on {name}.* to {USER}@'127.0.0.1'")
        return name

    def kill(self) -> None:
        """End the server as a crash does."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def remove(self) -> None:
        """End the server and delete its data."""
        self.kill()
        shutil.rmtree(self._folder, ignore_errors=True)
