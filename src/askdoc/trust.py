"""What the user has said of workspaces: whose settings are trusted, which addresses may be fetched.

Both are kept in the user's data folder, never in the workspace, which may have come from elsewhere.
Trust is in a file's content: a change of it, by whomever, ends it.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

FOLDER_VARIABLE = "ASKDOC_DATA_DIR"
_ADDRESSES = "addresses.json"
_PRIVATE = " private"


def data_folder() -> Path:
    """Return the folder of the user's data, or where `ASKDOC_DATA_DIR` points."""
    if named := os.environ.get(FOLDER_VARIABLE):
        return Path(named).expanduser().absolute()
    import platformdirs

    return platformdirs.user_data_path("askdoc")


def is_trusted(config: Path) -> bool:
    """Tell whether the user has trusted `config` with the content that it has now."""
    digest = _digest(config)
    return digest is not None and _read("trusted.json").get(str(config.resolve())) == digest


def trust(config: Path) -> None:
    """Remember that the user trusts `config` as it is now."""
    known = _read("trusted.json")
    known[str(config.resolve())] = _digest(config) or ""
    _write("trusted.json", known)


def distrust(config: Path) -> bool:
    """Forget that the user trusted `config`; tell whether that was so."""
    known = _read("trusted.json")
    was = known.pop(str(config.resolve()), None) is not None
    _write("trusted.json", known)
    return was


def told_before(root: Path, host: str) -> bool:
    """Tell whether this workspace was told that questions go to `host`; from now on it was."""
    known = _read("told.json")
    key = f"{root.resolve()} {host}"
    if key in known:
        return True
    _write("told.json", {**known, key: "said"})
    return False


@dataclass(frozen=True, slots=True)
class Permission:
    """How the user has named an address: how far links are followed, whether to private hosts."""

    depth: int = 0
    private: bool = False


def permit(root: Path, address: str, *, depth: int | None, private: bool) -> Permission:
    """Remember that the user has named an address in a workspace; what is left open stays."""
    before = permission(root, address) or Permission()
    now = Permission(before.depth if depth is None else depth, private or before.private)
    known = _read(_ADDRESSES)
    known[_key(root, address)] = f"{now.depth}{_PRIVATE if now.private else ''}"
    _write(_ADDRESSES, known)
    return now


def permission(root: Path, address: str) -> Permission | None:
    """Return how the user has named an address on this machine; None if never."""
    said = _read(_ADDRESSES).get(_key(root, address))
    if said is None:
        return None
    depth = said.removesuffix(_PRIVATE)
    return Permission(int(depth) if depth.isdigit() else 0, said.endswith(_PRIVATE))


def forbid(root: Path, addresses: Iterable[str]) -> None:
    """Forget that the user has named addresses."""
    known = _read(_ADDRESSES)
    gone = {_key(root, address) for address in addresses} & known.keys()
    if gone:
        _write(_ADDRESSES, {key: said for key, said in known.items() if key not in gone})


def _key(root: Path, address: str) -> str:
    return f"{root.resolve()} {address}"


def _digest(path: Path) -> str | None:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return None


def _read(name: str) -> dict[str, str]:
    try:
        found = json.loads((data_folder() / name).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return {str(k): str(v) for k, v in found.items()} if isinstance(found, dict) else {}


def _write(name: str, values: dict[str, str]) -> None:
    folder = data_folder()
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    target = folder / name
    part = target.with_suffix(f".{os.getpid()}.part")
    part.write_text(json.dumps(values, indent=1, sort_keys=True), encoding="utf-8")
    part.replace(target)
