"""Other machines that this one is paired with: one file a host, made by tillctl pair --with."""
from __future__ import annotations

import dataclasses
import os
import pathlib
import re
import tomllib

from tillhost.errors import FieldError, NotAdmitted, TillhostError

NETWORK_PORT = 15210
_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}")
_KEY_CHARACTERS = 40


@dataclasses.dataclass(frozen=True, repr=False)  # a secret is not printed by accident
class Host:
    address: str  # HOST:PORT
    host_key: bytes
    public_key: bytes
    secret_key: bytes

    @property
    def endpoint(self) -> str:
        return f"tcp://{self.address}"


def folder() -> pathlib.Path:
    """$TILLHOST_HOSTS_DIR, else $XDG_CONFIG_HOME/tillhost/hosts, else ~/.config/tillhost/hosts."""
    if named := os.environ.get("TILLHOST_HOSTS_DIR"):
        return pathlib.Path(named)
    config = os.environ.get("XDG_CONFIG_HOME")
    return (pathlib.Path(config) if config else pathlib.Path.home() / ".config") / "tillhost/hosts"


def read(name: str) -> Host:
    """NotAdmitted (not_paired) without such a file, FieldError (the name), config_invalid."""
    if not _NAME.fullmatch(name):
        raise FieldError("host", "a name that tillctl pair --with has saved")
    path = folder() / f"{name}.toml"
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise NotAdmitted("not_paired", f"{path} is not there") from None
    except (OSError, ValueError) as error:
        raise TillhostError("config_invalid", f"{path}: {error}",
                            reaction="ask_operator") from None
    address = str(table.get("address", ""))
    keys = [str(table.get(key, "")) for key in ("host_key", "public_key", "secret_key")]
    if not address or any(len(key) != _KEY_CHARACTERS for key in keys):
        raise TillhostError("config_invalid", f"{path}: not as tillctl pair wrote it",
                            reaction="ask_operator")
    return Host(address if ":" in address else f"{address}:{NETWORK_PORT}",
                *(key.encode() for key in keys))
