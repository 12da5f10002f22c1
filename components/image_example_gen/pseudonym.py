"""Keyed hashes in place of patient ids and file paths.

HMAC-SHA256 (RFC 2104) with a secret key: without the key nobody can try out names and compare. The domain goes into the hash, so
that a patient and a file of the same name have nothing in common.
"""

import hashlib
import hmac
import os
import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path

from pipeline.errors import ConfigError

KEY_VARIABLE = "MEDTFX_PSEUDONYM_KEY"
KEY_BYTES = 32
FEWEST_KEY_BYTES = 16
KEY_HEX_DIGITS = 32  # of a hash: 128 bit, no two of a billion files meet
KEY_ID_HEX_DIGITS = 8


class Pseudonymizer:
    """Gives patients and images the names under which a run knows them."""

    def __init__(self, key: bytes) -> None:
        """Keep the secret key."""
        self._key = key

    def __repr__(self) -> str:
        """Show the key's id alone."""
        return f"Pseudonymizer(key_id={self.key_id!r})"

    def patient(self, patient_id: str) -> str:
        """Return the patient_key of a patient id, 32 hex digits."""
        return self._hash("patient", patient_id)[:KEY_HEX_DIGITS]

    def study(self, study_id: str) -> str:
        """Return the keyed hash of a study id, 32 hex digits."""
        return self._hash("study", study_id)[:KEY_HEX_DIGITS]

    def institution(self, name: str) -> str:
        """Return the keyed hash of an institution's name, 32 hex digits."""
        return self._hash("institution", name)[:KEY_HEX_DIGITS]

    def image(self, name: str) -> str:
        """Return the image_key of `ManifestRow.image_name`, 32 hex digits."""
        return self._hash("image", name)[:KEY_HEX_DIGITS]

    def manifest_row(self, cells: str) -> int:
        """Return the keyed digest of a manifest row, 64 bit."""
        return int(self._hash("manifest row", cells)[:16], 16)

    def patient_list(self, patient_ids: Sequence[str]) -> str:
        """Return the keyed digest of a list of patient ids, 64 hex digits."""
        return self._hash("patient list", "\n".join(patient_ids))

    def forgotten(self, patient_id: str) -> str:
        """Return the name of a forgotten patient in the record of that act, 32 hex digits; no patient_key gives it away."""
        return self._hash("forgotten patient", patient_id)[:KEY_HEX_DIGITS]

    @property
    def key_id(self) -> str:
        """Say which key this is without giving it away, 8 hex digits."""
        return self._hash("key id", "")[:KEY_ID_HEX_DIGITS]

    def _hash(self, domain: str, text: str) -> str:
        message = b"medtfx " + domain.encode() + b"\x00" + text.encode("utf-8", "surrogatepass")
        return hmac.digest(self._key, message, hashlib.sha256).hex()


def load_key(key_file: Path | str | None, environment: Mapping[str, str] = os.environ) -> bytes:
    """Return the pseudonym key from MEDTFX_PSEUDONYM_KEY or, where that is unset, from a file; both hold hex digits.

    Raises:
        ConfigError: when there is no key, or it is not at least 32 hex digits. The key is never part of the message.
    """
    text, place = environment.get(KEY_VARIABLE, ""), KEY_VARIABLE
    if not text:
        if key_file is None:
            raise ConfigError(f"no pseudonym key: set {KEY_VARIABLE} or name data.pseudonym_key_file")
        text, place = _key_text(Path(key_file)), f"pseudonym key file {key_file}"
    try:
        key = bytes.fromhex(text.strip())
    except ValueError:
        key = b""
    if len(key) < FEWEST_KEY_BYTES:
        raise ConfigError(f"{place}: expected at least {2 * FEWEST_KEY_BYTES} hex digits")
    return key


def _key_text(key_file: Path) -> str:
    try:
        return key_file.read_text(encoding="ascii", errors="replace")
    except OSError as error:
        raise ConfigError(f"pseudonym key file {key_file}: {error.strerror}") from error


def make_key_file(path: Path) -> None:
    """Write a new random key, readable by its owner alone; a key that is already there stays.

    Raises:
        ConfigError: when the file can't be written.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "w", encoding="ascii") as file:
                file.write(secrets.token_hex(KEY_BYTES) + "\n")
                file.flush()
                os.fsync(descriptor)
            _put_in_place(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        advice = "Name another place in data.pseudonym_key_file."
        raise ConfigError(f"pseudonym key file {path}: {error.strerror}. {advice}") from error


def _put_in_place(temporary: Path, path: Path) -> None:
    """Give a whole file its name, unless a file has that name already: a kill leaves no empty key."""
    try:
        path.hardlink_to(temporary)
    except FileExistsError:
        return
    except OSError:  # a file system without hard links
        if not path.exists():
            temporary.rename(path)
