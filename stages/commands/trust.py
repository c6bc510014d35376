"""Which servers the user named on this computer: only those get the generic key that OPENAI_API_KEY holds.

Law: a project's settings may come from somebody else. An address that stands nowhere but in project.toml is not asked
with a key until the user has named it once, in the command, the environment or the user's own configuration.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from eventlog.files import folder_of, make_dirs_durably, read_file, replace_durably
from stages.commands.failures import CommandError
from stages.pipeline.settings import without_secrets
from stages.providers.keys import GENERIC, host_of, is_near, owner_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from stages.pipeline.settings import Settings
    from stages.pipeline.system import System

_LIMIT_BYTES = 64 * 1024


def check_server(system: System, settings: Settings, *, named: Iterable[str], project_file: str) -> None:
    """Remember the server if the user named its address; raises CommandError if only the project did."""
    host = host_of(settings.base_url)
    if settings.provider != GENERIC or not host or is_near(host) or owner_of(settings.base_url):
        return
    from platformdirs import user_state_path  # noqa: PLC0415 - only for a server that is none of the known ones

    path = str(user_state_path("scenelog") / "servers")
    known = (read_file(system.files, path) or b"")[:_LIMIT_BYTES].decode("utf-8", "replace").split()
    if host in known:
        return
    if host not in {host_of(address) for address in named}:
        raise CommandError(
            f"{project_file} names the server {host}, which nobody named on this computer yet: "
            f"if your key belongs there, say so once: --base-url {without_secrets(settings.base_url)}"
        )
    with suppress(OSError):  # it is asked for again then
        make_dirs_durably(system.files, folder_of(path))
        replace_durably(system.files, path, "".join(f"{one}\n" for one in [*known, host]).encode())
