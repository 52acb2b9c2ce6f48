"""A folder of documents that came from elsewhere can't make askdoc send or run anything."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from askdoc import workspace
from askdoc import workspace as trust
from askdoc.cli import app as cli
from askdoc.errors import SettingsError, UsageError
from askdoc.store import files
from askdoc.store.catalog import SqliteCatalog


@pytest.fixture(autouse=True)
def _own_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASKDOC_DATA_DIR", str(tmp_path / "data"))


def folder_with(tmp_path: Path, settings: str) -> Path:
    root = tmp_path / "downloaded"
    root.mkdir(exist_ok=True)
    (root / "askdoc.toml").write_text(settings)
    return root


def find(root: Path, user: Path | None = None) -> workspace.Workspace:
    return workspace.find(root, environment={}, user_config=user or root / "no-such-file")


@pytest.mark.parametrize(
    "llm",
    [
        "http://llm.example.org/v1#m", "openai:gpt-4o", "anthropic:x", "ollama:qwen3",
        "http://127.0.0.1:8080/v1", "/etc/model.gguf", "../model.gguf", "no-such-model",
    ],
)  # fmt: skip
def test_a_downloaded_folder_cannot_choose_who_is_asked(tmp_path: Path, llm: str) -> None:
    root = folder_with(tmp_path, f'llm = "{llm}"\n')
    with pytest.raises(SettingsError, match="llm") as caught:
        find(root)
    assert "askdoc trust" in (caught.value.hint or "")


def test_a_link_out_of_the_folder_is_outside(tmp_path: Path) -> None:
    root = folder_with(tmp_path, 'llm = "model.gguf"\n')
    (tmp_path / "elsewhere.gguf").write_bytes(b"GGUF")
    (root / "model.gguf").symlink_to(tmp_path / "elsewhere.gguf")
    with pytest.raises(SettingsError):
        find(root)


def test_it_may_choose_a_model_by_its_name_or_one_inside(tmp_path: Path) -> None:
    assert find(folder_with(tmp_path, 'llm = "smollm2-135m"\n')).settings.llm == "smollm2-135m"
    root = folder_with(tmp_path, 'llm = "model.gguf"\n')
    (root / "model.gguf").write_bytes(b"GGUF")
    assert find(root).settings.llm == str(root / "model.gguf")


def test_trust_is_in_the_content_and_ends_with_a_change(tmp_path: Path) -> None:
    root = folder_with(tmp_path, 'llm = "http://llm.example.org/v1#m"\n')
    trust.trust(root / "askdoc.toml")
    assert find(root).settings.llm == "http://llm.example.org/v1#m"
    (root / "askdoc.toml").write_text('llm = "http://llm.example.com/v1#m"\n')
    with pytest.raises(SettingsError):
        find(root)


def test_trust_can_be_taken_back(tmp_path: Path) -> None:
    root = folder_with(tmp_path, 'llm = "ollama:qwen3"\n')
    trust.trust(root / "askdoc.toml")
    assert trust.distrust(root / "askdoc.toml")
    assert not trust.distrust(root / "askdoc.toml")
    with pytest.raises(SettingsError):
        find(root)


def test_a_folder_cannot_take_back_that_the_user_is_offline(tmp_path: Path) -> None:
    user = tmp_path / "config.toml"
    user.write_text("offline = true\n")
    assert find(folder_with(tmp_path, "offline = false\n"), user).settings.offline


def test_where_questions_go_is_said_once_a_workspace(tmp_path: Path) -> None:
    assert not trust.was_warned_about(tmp_path, "api.openai.com")
    assert trust.was_warned_about(tmp_path, "api.openai.com")
    assert not trust.was_warned_about(tmp_path, "api.anthropic.com")
    assert not trust.was_warned_about(tmp_path / "other", "api.openai.com")


def test_a_damaged_memory_trusts_nobody(tmp_path: Path) -> None:
    root = folder_with(tmp_path, 'llm = "ollama:qwen3"\n')
    trust.trust(root / "askdoc.toml")
    (tmp_path / "data" / "trusted.json").write_text("[")
    assert not trust.is_trusted(root / "askdoc.toml")


def test_the_command_says_what_becomes_allowed_and_what_is_set(tmp_path: Path) -> None:
    (tmp_path / "askdoc.toml").write_text('llm = "https://llm.example/v1#m"\ntop_k = 5\n')
    env = {**os.environ, "ASKDOC_DATA_DIR": str(tmp_path / "data"), "COLUMNS": "400"}

    def run() -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "askdoc", "trust"]
        return subprocess.run(
            command, cwd=tmp_path, env=env, capture_output=True, text=True, check=False
        )

    said = run().stderr
    assert "may now name a language model's server" in said
    assert 'it sets `llm` = "https://llm.example/v1#m"' in said
    assert "top_k" not in said
    (tmp_path / "askdoc.toml").write_text("llm = [")
    broken = run()
    assert broken.returncode == 2
    assert "hint: repair it, then run `askdoc trust`" in broken.stderr
    assert not trust.is_trusted(tmp_path / "askdoc.toml")


@pytest.mark.skipif(sys.platform == "win32", reason="owners")
def test_a_workspace_of_another_user_is_used_only_when_it_is_trusted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = folder_with(tmp_path, "top_k = 9\n")
    (root / "inner").mkdir()
    monkeypatch.setattr(os, "geteuid", lambda: root.stat().st_uid + 1)
    for start in (root, root / "inner"):
        with pytest.raises(UsageError, match="belongs to another user") as caught:
            find(start)
        assert "askdoc trust" in (caught.value.hint or "")
    trust.trust_owner(root)
    assert find(root / "inner").root == root
    assert trust.distrust_owner(root)
    with pytest.raises(UsageError):
        find(root)


@pytest.mark.skipif(sys.platform == "win32", reason="owners")
def test_what_sudo_runs_may_use_the_workspace_of_its_caller(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = folder_with(tmp_path, "top_k = 9\n")
    if os.geteuid() == 0:
        os.chown(root / "askdoc.toml", 4242, -1)
    owner = (root / "askdoc.toml").stat().st_uid
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    if owner != 0:
        with pytest.raises(UsageError, match="belongs to another user"):
            find(root)
    monkeypatch.setenv("SUDO_UID", str(owner))
    assert find(root).root == root


def test_the_command_trusts_the_owner_of_a_workspace(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "shared"
    (root / ".askdoc").mkdir(parents=True)
    monkeypatch.chdir(root)
    monkeypatch.setattr(os, "geteuid", lambda: root.stat().st_uid + 1)
    done = CliRunner().invoke(cli.make_app(), ["trust"], prog_name="askdoc")
    assert done.exit_code == 0
    assert "trusted, though it belongs to" in done.stderr
    assert find(root).root == root
    done = CliRunner().invoke(cli.make_app(), ["trust", "--forget"], prog_name="askdoc")
    assert "no longer trusted" in done.stderr
    with pytest.raises(UsageError):
        find(root)


@pytest.mark.skipif(sys.platform == "win32", reason="rights")
def test_what_askdoc_keeps_is_for_its_user_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "share"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    law = workspace.open_library("law", create=True)
    config = workspace.user_config_file()
    workspace.put(config, "top_k", 9, editing="")
    with files.writing(law.index, "a test"), SqliteCatalog(law.index, law.root, write=True):
        pass
    kept = [law.root, law.index, law.index / "catalog.sqlite", config]

    def rights() -> list[str]:
        return [oct(stat.S_IMODE(one.stat().st_mode)) for one in kept]

    assert rights() == ["0o700", "0o700", "0o600", "0o600"]
    for one in kept:
        one.chmod(0o755 if one.is_dir() else 0o644)
    law = workspace.open_library("law")
    with files.writing(law.index, "a test"), SqliteCatalog(law.index, law.root, write=True):
        pass
    assert rights() == ["0o700", "0o700", "0o600", "0o600"]
