"""The workspace: its folder, its settings in layers, trust, and named libraries.

A workspace is the nearest folder upwards that has an `askdoc.toml` or a `.askdoc` folder. Its
`askdoc.toml` may come from somebody else, so it is trusted less than the user: its paths must be
inside the workspace, and it cannot cause a download.
"""

from __future__ import annotations

import difflib
import hashlib
import json
import os
import re
import shlex
import shutil
import sys
import tomllib
from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

import tomlkit
from tomlkit.exceptions import TOMLKitError

from askdoc import paths
from askdoc import settings as known
from askdoc.addresses import (
    expanded,
    is_address,
    is_chroma,
    is_database,
    is_server,
    normalised,
    without_secrets,
)
from askdoc.errors import NO_ROOM, AskdocError, DiskFull, SettingsError, StoreError, UsageError
from askdoc.models.llm.known import known_models
from askdoc.paths import make_private, tighten
from askdoc.settings import (
    CHECK_BY_LLM,
    DEFAULT_EMBEDDER,
    EXTRACTIVE,
    MULTILINGUAL,
    NO_RERANKER,
    RERANKER,
    Settings,
)
from askdoc.store import files
from askdoc.types.indexing import Permission

FOLDER_VARIABLE = "ASKDOC_DATA_DIR"
_ADDRESSES = "addresses.json"
_PATHS = "paths.json"
_OWNERS = "owners.json"
_PRIVATE = " private"


def data_folder() -> Path:
    """Return the folder of the user's data: `ASKDOC_DATA_DIR`, else the platform's."""
    if named := os.environ.get(FOLDER_VARIABLE):
        return Path(named).expanduser().absolute()
    import platformdirs

    return platformdirs.user_data_path("askdoc")


def is_trusted(config: Path) -> bool:
    """Tell whether the user trusts `config` with its current content."""
    digest = _digest(config)
    return digest is not None and _read_record("trusted.json").get(str(config.resolve())) == digest


def trust(config: Path) -> None:
    """Record that the user trusts `config` with its current content."""
    known = _read_record("trusted.json")
    known[str(config.resolve())] = _digest(config) or ""
    _write_record("trusted.json", known)


def distrust(config: Path) -> bool:
    """Remove the trust in `config`; return whether there was any."""
    known = _read_record("trusted.json")
    was = known.pop(str(config.resolve()), None) is not None
    _write_record("trusted.json", known)
    return was


def foreign_owner(root: Path) -> str | None:
    """Return the owner of the workspace in `root`, if that is another user.

    As in git, a program under `sudo` may also use what its caller owns.
    """
    if sys.platform == "win32":
        return None
    own = {os.geteuid()}
    if os.geteuid() == 0 and (caller := os.environ.get("SUDO_UID", "")).isdecimal():
        own.add(int(caller))
    for mark in (root / CONFIG_NAME, root / FOLDER_NAME):
        with suppress(OSError):
            if mark.lstat().st_uid not in own:
                return _name_of(mark)
    return None


def _name_of(mark: Path) -> str:
    try:
        return mark.owner()
    except KeyError:
        return str(mark.lstat().st_uid)


def trust_owner(root: Path) -> None:
    """Record that the user trusts the owner of `root`."""
    _write_record(_OWNERS, {**_read_record(_OWNERS), str(root.resolve()): "trusted"})


def distrust_owner(root: Path) -> bool:
    """Remove the trust in the owner of `root`; return whether there was any."""
    known = _read_record(_OWNERS)
    was = known.pop(str(root.resolve()), None) is not None
    _write_record(_OWNERS, known)
    return was


def _expect_own(root: Path) -> None:
    """Check that the user owns the workspace, or trusts its owner.

    Raises:
        UsageError: it belongs to another user.

    """
    owner = foreign_owner(root)
    if owner is not None and str(root.resolve()) not in _read_record(_OWNERS):
        message = f"the workspace `{root}` belongs to another user, `{owner}`"
        hint = f"if you trust it: `cd {shlex.quote(str(root))} && askdoc trust`"
        raise UsageError(message, hint=hint)


def was_warned_about(root: Path, host: str) -> bool:
    """Tell whether the notice that questions go to `host` was shown; record that it is now."""
    known = _read_record("warned.json")
    key = f"{root.resolve()} {host}"
    if key in known:
        return True
    _write_record("warned.json", {**known, key: "warned"})
    return False


def permit(root: Path, address: str, *, depth: int | None, private: bool) -> Permission:
    """Record that the user has named an address; None keeps the former depth."""
    before = _named_address(root, address) or Permission()
    now = Permission(before.depth if depth is None else depth, private or before.private)
    known = _read_record(_ADDRESSES)
    known[_key(root, address)] = f"{now.depth}{_PRIVATE if now.private else ''}"
    _write_record(_ADDRESSES, known)
    return now


def permission(root: Path, address: str, trusted: Collection[str] = ()) -> Permission | None:
    """Return what the user permits for an address on this machine; None for one from elsewhere.

    That is one which was never named here, and is not among `trusted`: those of settings that the
    user made. An index may come from elsewhere, so that it has an address permits nothing.
    """
    named = _named_address(root, address)
    return named or (Permission() if address in trusted else None)


def _named_address(root: Path, address: str) -> Permission | None:
    stored = _read_record(_ADDRESSES).get(_key(root, address))
    if stored is None:
        return None
    depth = stored.removesuffix(_PRIVATE)
    return Permission(int(depth) if depth.isdigit() else 0, stored.endswith(_PRIVATE))


def forbid(root: Path, addresses: Iterable[str]) -> None:
    """Remove the permission for addresses."""
    known = _read_record(_ADDRESSES)
    gone = {_key(root, address) for address in addresses} & known.keys()
    if gone:
        _write_record(_ADDRESSES, {key: stored for key, stored in known.items() if key not in gone})


def allow_paths(root: Path, locations: Iterable[str]) -> None:
    """Record that the user has named paths that lead out of a workspace."""
    known = _read_record(_PATHS)
    targets = (_target(root, one) for one in locations if not is_address(one))
    fresh = {_key(root, one): "named" for one in targets if not _is_within(one, root)}
    if not fresh.keys() <= known.keys():
        _write_record(_PATHS, known | fresh)


def may_read(root: Path, location: str, named: Iterable[Path] = ()) -> bool:
    """Tell whether a location leads into the workspace, or into a path that the user has named.

    An index from elsewhere can reach out of the workspace by `..` and by links, too.
    """
    target = _target(root, location)
    if any(_is_within(target, folder) for folder in (root, *named)):
        return True
    known = _read_record(_PATHS)
    return any(_key(root, str(one)) in known for one in (target, *Path(target).parents))


def _target(root: Path, location: str) -> str:
    """Return the path to which a location leads, without links; empty for what is no path."""
    try:
        return os.path.realpath(root / location)
    except ValueError:  # a null character
        return ""


def _is_within(path: str, folder: Path) -> bool:
    return Path(path).is_relative_to(folder.resolve())


def _key(root: Path, address: str) -> str:
    return f"{root.resolve()} {address}"


def _digest(path: Path) -> str | None:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return None


def _read_record(name: str) -> dict[str, str]:
    try:
        found = json.loads((data_folder() / name).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return {str(k): str(v) for k, v in found.items()} if isinstance(found, dict) else {}


def _write_record(name: str, values: dict[str, str]) -> None:
    folder = data_folder()
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    target = folder / name
    part = target.with_suffix(f".{os.getpid()}.part")
    part.write_text(json.dumps(values, indent=1, sort_keys=True), encoding="utf-8")
    part.replace(target)


CONFIG_NAME = "askdoc.toml"
FOLDER_NAME = ".askdoc"
_LOCAL = f"{FOLDER_NAME}/shared"
"""The folder for fetched pages and the like of a workspace whose index is in a database."""

_MODELS = {
    "embedder": (DEFAULT_EMBEDDER, MULTILINGUAL),
    "reranker": (RERANKER, NO_RERANKER),
    "check": (CHECK_BY_LLM,),
}
"""Settings that name a model, with the values that mean no download."""

_FIX = "fix it: `askdoc config edit`"
_FIX_WORKSPACE = "fix it: `askdoc config edit --workspace`"

_AT_LINE = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)$")


class Origin(StrEnum):
    """Where the value of a setting came from."""

    DEFAULT = "default"
    USER = "user configuration"
    WORKSPACE = "workspace"
    TRUSTED = "trusted workspace"
    ENVIRONMENT = "environment"
    COMMAND_LINE = "command line"

    @property
    def trusted(self) -> bool:
        """Tell whether the user set the value, not a default or a workspace's file."""
        return self not in (Origin.DEFAULT, Origin.WORKSPACE)


@dataclass(frozen=True, slots=True)
class Workspace:
    """A folder to work in, with its settings; all paths are absolute.

    `config` is the `askdoc.toml` that was read, or None. `origins` says where each setting came
    from; `app` fetches an embedder only if `origins["embedder"].trusted`, and `addresses`, the
    sources that are pages of the web, only if `origins["sources"].trusted` or they were named on
    this machine.
    """

    root: Path
    settings: Settings = field(repr=False)  # the address of a database may have a password
    index: Path
    evals: Path
    sources: tuple[Path, ...]
    config: Path | None
    origins: Mapping[str, Origin]
    addresses: tuple[str, ...] = ()
    library: str | None = None
    """The name of the library, if it is one."""
    database: str | None = field(default=None, repr=False)
    """The address of the database with the index, which may have a password; `index` is then the
    folder for what stays on this machine."""
    vectors: str | None = field(default=None, repr=False)
    """The address of the Chroma server with the vectors; `index` is then the folder of the rest."""

    @property
    def place(self) -> Path | str:
        """Where the index is, without secrets."""
        server = self.database or self.vectors
        return self.index if server is None else without_secrets(server)

    def hint(self, text: str) -> str:
        """Return a hint whose `askdoc index` names the library or the index that was named."""
        if self.library is not None:
            named = f"--library {self.library}"
        elif self.origins["index"] is Origin.COMMAND_LINE:
            named = f"--index {shlex.quote(paths.seen_from(Path.cwd(), str(self.place)))}"
        else:
            return text
        return text.replace("`askdoc index", f"`askdoc index {named}")

    @property
    def source_names(self) -> list[str]:
        """List the sources of the settings: files and folders, then addresses."""
        return [*map(str, self.sources), *self.addresses]


def find(
    start: Path,
    *,
    overrides: Mapping[str, Any] | None = None,
    environment: Mapping[str, str] | None = None,
    user_config: Path | None = None,
    library: str | None = None,
) -> Workspace:
    """Find the workspace around `start`, or take `start` itself, and read its settings.

    Args:
        start: the folder to look from, upwards.
        overrides: settings from the command line; their paths are relative to `start`.
        environment: the variables `ASKDOC_<KEY>`, by default those of the process.
        user_config: the user's `config.toml`, by default the one of the platform; it need not
            exist.
        library: the name of the library in `start`, if it is one.

    Raises:
        UsageError: the workspace belongs to another user.
        SettingsError: a setting is unknown or invalid, reaches out of the workspace, or is in the
            user's own file although it belongs to one workspace.

    """
    start = start.absolute()
    root = root_of(start)
    _expect_own(root)
    config = root / CONFIG_NAME
    user_config = user_config_file() if user_config is None else user_config
    tighten(user_config)
    environment = os.environ if environment is None else environment
    fix = _FIX_WORKSPACE if library is None else f"fix it in an editor: `{config}`"
    layers: list[tuple[Origin, str, Mapping[str, Any]]] = [
        (Origin.USER, str(user_config), _read_settings(user_config, _FIX)),
        (_trust_of(config), str(config), _read_settings(config, fix)),
        (Origin.ENVIRONMENT, "environment", known.from_environment(environment)),
        (Origin.COMMAND_LINE, "command line", _anchored(overrides or {}, start)),
    ]
    _refuse_for_all(layers[0][2], user_config)
    settings = Settings()
    origins = dict.fromkeys(Settings.__struct_fields__, Origin.DEFAULT)
    for origin, name, values in layers:
        try:
            settings = known.parse(values, origin=name, base=settings)
        except SettingsError as error:
            nearest = "did you mean" in (error.hint or "")
            if origin in (Origin.USER, Origin.WORKSPACE, Origin.TRUSTED) and not nearest:
                error.hint = f"{_FIX if origin == Origin.USER else fix}; {known.LISTED}"
            raise
        origins.update(dict.fromkeys(values, origin))
    _refuse_programs(settings, origins, config)
    for key, built_in in _MODELS.items():
        value = getattr(settings, key)
        if not origins[key].trusted and value is not None and value not in built_in:
            own = _own_model(key, value, root, config)
            settings = known.parse({key: own}, origin=str(config), base=settings)
    if not origins["llm"].trusted and settings.llm is not None:
        settings = known.parse(
            {"llm": _own_llm(settings.llm, root, config)}, origin=str(config), base=settings
        )
    if layers[0][2].get("offline") is True and not origins["offline"].trusted:
        settings = known.parse({"offline": True}, origin=str(user_config), base=settings)
    if is_server(settings.index) and not origins["index"].trusted:
        kind = "database" if is_database(settings.index) else "Chroma server"
        message = f"{config}: `index` is a {kind}, `{without_secrets(settings.index)}`"
        hint = "if you trust this file, run `askdoc trust`; else pass `--index` with its address"
        raise SettingsError(message, hint=hint)
    return Workspace(
        root=root,
        settings=settings,
        index=_place(root, "index", _folder_of(settings.index), origins),
        evals=_place(root, "evals", settings.evals, origins),
        sources=tuple(
            _place(root, "sources", source, origins)
            for source in settings.sources
            if not is_address(source)
        ),
        config=config if config.is_file() else None,
        origins=origins,
        addresses=tuple(normalised(one) for one in settings.sources if is_address(one)),
        library=library,
        database=settings.index if is_database(settings.index) else None,
        vectors=settings.index if is_chroma(settings.index) else None,
    )


def _folder_of(index: str) -> str:
    """Return the folder of an index, or of what stays on this machine."""
    if is_database(index):
        return _LOCAL
    return Settings().index if is_chroma(index) else index


def root_of(start: Path) -> Path:
    """Return the nearest folder upwards that is a workspace, else `start` itself."""
    for folder in (start, *start.parents):
        if (folder / CONFIG_NAME).is_file() or (folder / FOLDER_NAME).is_dir():
            return folder
    return start


def user_config_file() -> Path:
    """Return the user's settings file, which need not exist."""
    import platformdirs

    return platformdirs.user_config_path("askdoc") / "config.toml"


def is_for_one(key: str, value: Any) -> bool:
    """Tell whether a setting belongs to one workspace, and so not in the user's own file.

    Such settings name sources, or the folder of an index.
    """
    if key == "sources":
        return bool(value)
    if key != "index" or not isinstance(value, str):
        return False
    return is_server(value) or _path(value, key).is_absolute()


def _refuse_for_all(values: Mapping[str, Any], user_config: Path) -> None:
    """Refuse settings of one workspace in the user's own file."""
    for key, value in values.items():
        if is_for_one(key, value):
            message = f"{user_config}: `{key}` would apply to every workspace"
            hint = f"take it out: `askdoc config unset {key}`; then, in a workspace: "
            hint += f"`askdoc config set --workspace {key} {_typed(value)}`"
            raise SettingsError(message, hint=hint)


def _typed(value: Any) -> str:
    """Write a value from a file as it would be typed."""
    if isinstance(value, list):
        return shlex.join(map(str, value))
    return shlex.quote(without_secrets(str(value)))


def _read_settings(path: Path, hint: str) -> dict[str, Any]:
    """Read a TOML file; one that does not exist is empty. `hint` says how to fix a broken one."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except tomllib.TOMLDecodeError as error:
        found = _AT_LINE.search(str(error))
        line = f":{found[1]}" if found and found[1] else ""
        detail = _AT_LINE.sub("", str(error))
        message = f"{path}{line}: {detail[:1].lower()}{detail[1:]}"
        raise SettingsError(message, hint=hint) from error
    except UnicodeDecodeError as error:
        message = f"{path}: not UTF-8 at byte {error.start}"
        raise SettingsError(message, hint=f"save it as UTF-8; {hint}") from error
    except OSError as error:
        message = f"{path}: cannot be read: {(error.strerror or str(error)).lower()}"
        raise SettingsError(message) from error


def _anchored(overrides: Mapping[str, Any], start: Path) -> dict[str, Any]:
    """Make the paths of the command line absolute; they are relative to the current folder."""
    values = {key: value for key, value in overrides.items() if value is not None}
    for key in ("index", "evals"):
        if key in values and not is_server(str(values[key])):
            values[key] = str(start / expanded(values[key]))
    if "sources" in values:
        values["sources"] = tuple(
            item if is_address(item) else str(start / expanded(item)) for item in values["sources"]
        )
    for key in _MODELS.keys() & values.keys():
        folder = start / expanded(values[key])
        values[key] = str(folder) if folder.is_dir() else values[key]
    return values


def _path(value: str, key: str) -> Path:
    """Return `value` as a path, with `~` expanded."""
    if "\0" in value:
        message = f"`{key}` is not a path: it contains a null character"
        raise SettingsError(message)
    return expanded(value)


def _place(root: Path, key: str, value: str, origins: Mapping[str, Origin]) -> Path:
    """Resolve the path of a setting; only the user may choose one outside the workspace.

    The default is checked, too, since `.askdoc` can be a symbolic link in a downloaded folder.
    """
    path = Path(os.path.normpath(root / _path(value, key)))
    if origins[key].trusted or path.resolve().is_relative_to(root.resolve()):
        return path
    message = f"`{key}` is set to `{value}`, which is outside the workspace `{root}`"
    raise SettingsError(message, hint=_OUTSIDE_HINTS[key].format(path=shlex.quote(str(path))))


_OUTSIDE_HINTS = {
    "index": "if that is what you want, pass `--index {path}` or set `ASKDOC_INDEX={path}`",
    "evals": "if that is what you want, set `ASKDOC_EVALS={path}` or your own configuration",
    "sources": "if that is what you want, run `askdoc index {path}`",
}


def _refuse_programs(settings: Settings, origins: Mapping[str, Origin], config: Path) -> None:
    """Refuse programs (editor, viewer) in a workspace's file: they would be run."""
    for key in ("editor", "viewer"):
        if getattr(settings, key) is not None and not origins[key].trusted:
            message = f"{config}: a workspace cannot set `{key}`"
            hint = f"set it for yourself: `askdoc config set {key} PROGRAM`"
            raise SettingsError(message, hint=hint)


def _trust_of(config: Path) -> Origin:
    """Return the origin of a workspace's file; `askdoc trust` makes it equal to the user's."""
    return Origin.TRUSTED if config.is_file() and is_trusted(config) else Origin.WORKSPACE


def _own_llm(value: str, root: Path, config: Path) -> str:
    """Accept the language model of a workspace's file if it is on this machine.

    It may be a name of the catalogue, or a file inside the workspace; never a server, and nothing
    is downloaded.
    """
    if value == EXTRACTIVE or value in known_models():
        return value
    file = Path(os.path.normpath(root / _path(value, "llm")))
    if file.is_file() and file.resolve().is_relative_to(root.resolve()):
        return str(file)
    message = f"{config}: `llm` is `{value}`, neither built in nor a file in the workspace"
    hint = f"if you trust this file, run `askdoc trust`; for one question, pass `--llm {value}`"
    raise SettingsError(message, hint=hint)


def _own_model(key: str, value: str, root: Path, config: Path) -> str:
    """Accept a model of a workspace's file if it is a folder inside the workspace."""
    folder = Path(os.path.normpath(root / _path(value, key)))
    if folder.is_dir() and folder.resolve().is_relative_to(root.resolve()):
        return str(folder)
    message = f"{config}: `{key}` is `{value}`, neither built in nor a folder in the workspace"
    hint = f"if you trust it, pass `--{key} {value}` or set it in your own configuration"
    raise SettingsError(message, hint=hint)


VARIABLE = "ASKDOC_LIBRARY"

_NAME = re.compile(r"[^\W_][\w-]{0,63}")


def names() -> list[str]:
    """List the named libraries."""
    folder = _folder()
    if not folder.is_dir():
        return []
    return sorted(path.parent.name for path in folder.glob(f"*/{FOLDER_NAME}") if path.is_dir())


def open_library(
    name: str, *, overrides: Mapping[str, Any] | None = None, create: bool = False
) -> Workspace:
    """Return the library `name` as a workspace; `create` creates a missing one.

    Raises:
        UsageError: it does not exist, cannot be created, or the name is invalid.
        SettingsError: its settings are wrong.

    """
    if not _NAME.fullmatch(name):
        message = f"not a name for a library: `{name}`"
        raise UsageError(message, hint="use letters, digits, `-` and `_`")
    root = _folder() / name
    if create:
        _make(root / FOLDER_NAME)
    elif not (root / FOLDER_NAME).is_dir():
        raise _unknown(name)
    else:
        tighten(root)
    return find(root, overrides=overrides, library=name)


def remove(name: str) -> Path | None:
    """Delete the index and the settings of a library; return its folder if other files remain.

    Other files, such as suites of questions, belong to the user.

    Raises:
        UsageError: there is no such library, or it is only a link.
        IndexLocked: another process is writing to its index.
        StoreError: it cannot be deleted.

    """
    library = open_library(name)
    root = library.root
    for folder in (root, root / FOLDER_NAME):
        if folder.is_symlink():
            message = f"the library `{name}` is elsewhere: `{folder}` is a link"
            raise UsageError(message, hint="take away the link yourself")
    if library.index.exists():
        with files.writing(library.index, f"askdoc libraries remove {name}"):
            pass  # no process writes to it
    try:
        (root / CONFIG_NAME).unlink(missing_ok=True)
        shutil.rmtree(root / FOLDER_NAME)
    except OSError as error:
        message = f"cannot delete `{root}`: {(error.strerror or str(error)).lower()}"
        raise StoreError(message, hint="fix that, then run it again") from error
    with suppress(OSError):  # where something else is in it
        root.rmdir()
    return root if root.exists() else None


def _make(folder: Path) -> None:
    try:
        make_private(folder)
        make_private(folder.parent)
    except OSError as error:
        message = f"cannot make `{folder}`: {(error.strerror or str(error)).lower()}"
        hint = "libraries are kept in your data folder; `XDG_DATA_HOME` names another"
        raise UsageError(message, hint=hint) from error


def _folder() -> Path:
    return paths.data() / "libraries"


def _unknown(name: str) -> UsageError:
    known = names()
    message = f"there is no library `{name}`"
    if near := difflib.get_close_matches(name, known, 1):
        return UsageError(message, hint=f"did you mean `{near[0]}`?")
    return UsageError(message, hint=f"make it: `askdoc index --library {name} FOLDER`")


def put(file: Path, key: str, value: Any, *, editing: str) -> None:
    """Set `key`; create the file and its folder if they are missing.

    `editing` is the command that opens the file to fix.

    Raises:
        SettingsError: the file is not TOML, or cannot be written.

    """
    document = _read_toml(file, editing)
    document[key] = value
    _write_toml(file, document)


def take_out(file: Path, key: str, *, editing: str) -> bool:
    """Remove `key`; return whether it was there; `editing` as in `put`.

    Raises:
        SettingsError: the file is not TOML, or cannot be written.

    """
    document = _read_toml(file, editing)
    if key not in document:
        return False
    del document[key]
    _write_toml(file, document)
    return True


def create(file: Path) -> None:
    """Create an empty file.

    Raises:
        SettingsError: it cannot be written.

    """
    _write_toml(file, tomlkit.document())


def _read_toml(file: Path, editing: str) -> tomlkit.TOMLDocument:
    try:
        return tomlkit.parse(file.read_bytes())
    except FileNotFoundError:
        return tomlkit.document()
    except (TOMLKitError, UnicodeDecodeError) as error:
        message = f"{file}: {str(error)[:1].lower()}{str(error)[1:]}"
        raise SettingsError(message, hint=f"fix it: `{editing}`") from error
    except OSError as error:
        raise _refused(file, "read", error) from error


def _write_toml(file: Path, document: tomlkit.TOMLDocument) -> None:
    """Write a draft and rename it, so that the file is never incomplete."""
    fresh = file.with_name(f".{file.name}.new")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        fresh.write_bytes(tomlkit.dumps(document).encode())
        if file == user_config_file():
            tighten(fresh)
        fresh.replace(file)
    except OSError as error:
        raise _refused(file, "written", error) from error


def _refused(file: Path, what: str, error: OSError) -> AskdocError:
    message = f"{file}: cannot be {what}: {(error.strerror or str(error)).lower()}"
    return DiskFull(message) if error.errno in NO_ROOM else SettingsError(message)
