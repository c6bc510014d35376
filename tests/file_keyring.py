"""A keyring in one file, for programs that tests start: PYTHON_KEYRING_BACKEND=tests.file_keyring.FileKeyring.

Law: it keeps its keys in the file that TEST_KEYRING names, and nowhere else.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

from keyring.backend import KeyringBackend


class FileKeyring(KeyringBackend):
    """The keyring."""

    priority = 1

    def get_password(self, service: str, username: str) -> str | None:
        found = self._kept().get(f"{service} {username}")
        return None if found is None else str(found)

    def set_password(self, service: str, username: str, password: str) -> None:
        self._keep(self._kept() | {f"{service} {username}": password})

    def delete_password(self, service: str, username: str) -> None:
        self._keep({name: value for name, value in self._kept().items() if name != f"{service} {username}"})

    def _kept(self) -> dict[str, str]:
        path = Path(os.environ["TEST_KEYRING"])
        return dict(json.loads(path.read_text(encoding="utf-8"))) if path.exists() else {}

    def _keep(self, kept: dict[str, str]) -> None:
        Path(os.environ["TEST_KEYRING"]).write_text(json.dumps(kept), encoding="utf-8")
