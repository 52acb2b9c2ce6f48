from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from askdoc import workspace
from askdoc.errors import SettingsError
from askdoc.settings import Settings, from_words
from askdoc.workspace import Origin, Workspace


def find(start: Path, environment: dict[str, str] | None = None, **overrides: Any) -> Workspace:
    return workspace.find(
        start,
        overrides=overrides,
        environment=environment or {},
        user_config=start.anchor / Path("nowhere/config.toml"),
    )


def configure(folder: Path, text: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "askdoc.toml").write_text(text, encoding="utf-8")
    return folder


def test_without_a_configuration_the_start_is_the_workspace(tmp_path: Path) -> None:
    found = find(tmp_path)
    assert found.root == tmp_path
    assert found.settings == Settings()
    assert found.index == tmp_path / ".askdoc/index"
    assert found.evals == tmp_path / "evals"
    assert found.sources == ()
    assert found.config is None
    assert set(found.origins.values()) == {Origin.DEFAULT}


def test_the_nearest_parent_with_a_configuration_is_taken(tmp_path: Path) -> None:
    configure(tmp_path, "top_k = 1")
    inner = configure(tmp_path / "a/b", 'sources = ["docs"]\nindex = "idx"')
    deep = inner / "docs/deep"
    deep.mkdir(parents=True)
    found = find(deep)
    assert found.root == inner
    assert found.config == inner / "askdoc.toml"
    assert found.sources == (inner / "docs",)
    assert found.index == inner / "idx"
    assert found.settings.top_k == Settings().top_k


@pytest.mark.parametrize(
    ("written", "minutes"), [('"15m"', 15), ("15", 15), ('"90s"', 1.5), ('"2h"', 120), ("0.5", 0.5)]
)
def test_a_time_may_have_a_unit(tmp_path: Path, written: str, minutes: float) -> None:
    found = find(configure(tmp_path, f"keep_warm = {written}"))
    assert found.settings.keep_warm == minutes
    words = written.strip('"')
    assert find(tmp_path, {"ASKDOC_KEEP_WARM": words}).settings.keep_warm == minutes
    assert from_words("keep_warm", [words]) == minutes


@pytest.mark.parametrize("written", ['"15x"', '"15"', '"-1m"', '"m"', '"200h"', "-1"])
def test_a_time_that_is_none_is_refused(tmp_path: Path, written: str) -> None:
    configure(tmp_path, f"keep_warm = {written}")
    with pytest.raises(SettingsError, match="`keep_warm` must be a number"):
        find(tmp_path)


def test_a_folder_with_an_index_is_a_workspace(tmp_path: Path) -> None:
    (tmp_path / ".askdoc").mkdir()
    deep = tmp_path / "x/y"
    deep.mkdir(parents=True)
    assert find(deep).root == tmp_path


def test_layers_lie_in_order(tmp_path: Path) -> None:
    user = tmp_path / "config.toml"
    user.write_text("top_k = 2\nmax_sentences = 2\nmin_confidence = 0.2\nlanguage = 'de'")
    root = configure(tmp_path / "w", "top_k = 3\nmax_sentences = 4\nmin_confidence = 0.3")
    found = workspace.find(
        root,
        user_config=user,
        environment={"ASKDOC_TOP_K": "4", "ASKDOC_MAX_SENTENCES": "5", "ASKDOC_OTHER": "x"},
        overrides={"top_k": 6, "language": None},
    )
    settings = found.settings
    assert (settings.top_k, settings.max_sentences) == (6, 5)
    assert (settings.min_confidence, settings.language) == (0.3, "de")
    origins = [found.origins[key] for key in ("top_k", "max_sentences", "min_confidence")]
    assert origins == [Origin.COMMAND_LINE, Origin.ENVIRONMENT, Origin.WORKSPACE]
    assert found.origins["language"] is Origin.USER
    assert found.origins["chunk_tokens"] is Origin.DEFAULT


def test_the_process_environment_is_the_default(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ASKDOC_TOP_K", "17")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "none"))
    assert workspace.find(tmp_path).settings.top_k == 17


@pytest.mark.parametrize("key", ["index", "evals", "sources"])
@pytest.mark.parametrize("value", ["../out", "/", "a/../../out", "link/x", "~"])
def test_a_workspace_file_cannot_reach_out(tmp_path: Path, key: str, value: str) -> None:
    root = configure(
        tmp_path / "w", f'{key} = ["{value}"]' if key == "sources" else f'{key} = "{value}"'
    )
    (tmp_path / "elsewhere").mkdir()
    (root / "link").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(SettingsError, match=f"`{key}` is set to .* outside the workspace") as error:
        find(root)
    assert error.value.hint is not None


def test_a_linked_index_folder_is_not_followed_out(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    root = tmp_path / "w"
    root.mkdir()
    (root / ".askdoc").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(SettingsError, match="`index`"):
        find(root)


def test_paths_inside_by_detour_are_fine(tmp_path: Path) -> None:
    root = configure(tmp_path / "w", 'sources = ["a/../b", "."]\nindex = "link/index"')
    (root / "real").mkdir()
    (root / "link").symlink_to(root / "real")
    found = find(root)
    assert found.sources == (root / "b", root)
    assert found.index == root / "link/index"


def test_the_user_may_reach_out(tmp_path: Path) -> None:
    root = configure(tmp_path / "w", "")
    assert find(root, index="../out").index == tmp_path / "out"
    assert find(root, environment={"ASKDOC_INDEX": "../out"}).index == tmp_path / "out"
    user = tmp_path / "config.toml"
    user.write_text(f'evals = "{tmp_path / "evals"}"')
    found = workspace.find(root, environment={}, user_config=user)
    assert found.evals == tmp_path / "evals"


@pytest.mark.parametrize(
    ("line", "typed"),
    [
        ('sources = ["docs", "my papers"]', "--workspace sources docs 'my papers'"),
        ('sources = "docs"', "--workspace sources docs"),
        ('index = "/one/for/all"', "--workspace index /one/for/all"),
        ('index = "~/one"', "--workspace index '~/one'"),
    ],
)
def test_what_is_for_one_workspace_is_refused_in_the_user_s_own_file(
    tmp_path: Path, line: str, typed: str
) -> None:
    user = tmp_path / "config.toml"
    user.write_text(f"{line}\ntop_k = 4\n")
    key = line.partition(" ")[0]
    with pytest.raises(SettingsError, match=f"{user}: `{key}` would apply to every") as error:
        workspace.find(tmp_path / "w", environment={}, user_config=user)
    assert error.value.hint
    assert error.value.hint.startswith(f"take it out: `askdoc config unset {key}`")
    assert typed in error.value.hint


def test_what_holds_in_every_workspace_is_taken_from_the_user_s_own_file(tmp_path: Path) -> None:
    user = tmp_path / "config.toml"
    user.write_text('sources = []\nindex = "index"\n')
    root = configure(tmp_path / "w", "")
    assert workspace.find(root, environment={}, user_config=user).index == root / "index"


def test_command_line_paths_are_relative_to_where_one_stands(tmp_path: Path) -> None:
    root = configure(tmp_path / "w", "")
    deep = root / "deep"
    (deep / "model").mkdir(parents=True)
    found = find(deep, index="idx", sources=["docs"], embedder="model")
    assert found.root == root
    assert found.index == deep / "idx"
    assert found.sources == (deep / "docs",)
    assert found.settings.embedder == str(deep / "model")
    assert find(deep, embedder="org/model").settings.embedder == "org/model"


def test_a_workspace_file_names_only_harmless_embedders(tmp_path: Path) -> None:
    root = configure(tmp_path / "w", 'embedder = "all-MiniLM-L6-v2"')
    found = find(root)
    assert found.settings.embedder == "all-MiniLM-L6-v2"
    assert not found.origins["embedder"].trusted

    configure(root, 'embedder = "models/own"')
    (root / "models/own").mkdir(parents=True)
    assert find(root).settings.embedder == str(root / "models/own")


@pytest.mark.parametrize("value", ["org/model", "../model", "link"])
def test_a_workspace_file_cannot_have_a_model_fetched(tmp_path: Path, value: str) -> None:
    root = configure(tmp_path / "w", f'embedder = "{value}"')
    (tmp_path / "model").mkdir()
    (root / "link").symlink_to(tmp_path / "model")
    with pytest.raises(SettingsError, match="neither built in nor a folder") as error:
        find(root)
    assert f"--embedder {value}" in str(error.value.hint)
    asked = find(root, embedder="org/model")
    assert asked.settings.embedder == "org/model"
    assert asked.origins["embedder"] is Origin.COMMAND_LINE
    assert asked.origins["embedder"].trusted


def test_broken_toml_is_reported_with_file_and_line(tmp_path: Path) -> None:
    root = configure(tmp_path, "top_k = 3\nsources = [\n")
    with pytest.raises(SettingsError) as error:
        find(root)
    assert str(error.value).startswith(str(root / "askdoc.toml"))
    configure(tmp_path, "top_k = 3\nlanguage de\n")
    with pytest.raises(SettingsError, match=r"askdoc\.toml:2: expected '=' after a key"):
        find(root)


def test_an_unknown_key_names_the_nearest(tmp_path: Path) -> None:
    root = configure(tmp_path, "top_kk = 3")
    with pytest.raises(SettingsError, match=r"askdoc\.toml: there is no setting `top_kk`") as error:
        find(root)
    assert error.value.hint == "did you mean `top_k`?"
    assert error.value.exit_code == 2


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("top_k = 0", "`top_k` must be a whole number of at least 1, not `0`"),
        ("top_k = 'many'", "`top_k` must be a whole number, not `many`"),
        ("sources = 'docs'", "`sources` must be a list, not `docs`"),
        ("sources = [1]", r"`sources\[0\]` must be text, not a whole number"),
        ("min_confidence = 2.0", "`min_confidence` must be a number of at most 1, not `2.0`"),
        ("min_confidence = nan", "`min_confidence` must be a number, not `nan`"),
        ("keys = 'ed'", "`keys` must be `emacs` or `vi`, not `ed`"),
    ],
)
def test_a_value_that_does_not_fit_is_reported(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(SettingsError, match=rf"askdoc\.toml: {said}$"):
        find(configure(tmp_path, text))


def test_an_option_that_does_not_fit_is_named_as_it_was_typed(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"^`--top-k` must be a whole number of at least 1"):
        find(tmp_path, top_k=0)
    with pytest.raises(SettingsError, match=r"^`ASKDOC_TOP_K` must be a whole number, not `x`$"):
        find(tmp_path, {"ASKDOC_TOP_K": "x"})


def test_a_path_that_cannot_be_one_is_reported(tmp_path: Path) -> None:
    root = configure(tmp_path, 'index = "a\\u0000b"')
    with pytest.raises(SettingsError, match="`index` is not a path"):
        find(root)
    configure(tmp_path, 'index = "~no such user/x"')
    assert find(root).index == root / "~no such user/x"


def test_a_file_that_is_not_utf_8_is_reported(tmp_path: Path) -> None:
    (tmp_path / "askdoc.toml").write_bytes(b"language = '\xff'")
    with pytest.raises(SettingsError, match=r"askdoc\.toml: not UTF-8 at byte 12"):
        find(tmp_path)


def test_an_unreadable_user_configuration_is_reported(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be read"):
        workspace.find(tmp_path, environment={}, user_config=tmp_path)
