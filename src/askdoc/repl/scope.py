"""The scope of a session: its workspace, or several libraries."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Self

import msgspec

from askdoc.errors import UsageError

if TYPE_CHECKING:
    from askdoc.settings import Settings
    from askdoc.types import Document
    from askdoc.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Scope:
    """Workspaces by library name, at least one; a single one needs no name.

    Questions use the settings of the first; values of the command line and later changes apply to
    all.
    """

    members: Mapping[str | None, Workspace]

    @classmethod
    def of(cls, workspace: Workspace) -> Self:
        """Make a scope of a single workspace."""
        return cls({None: workspace})

    @property
    def settings(self) -> Settings:
        """The settings for questions."""
        return self._first.settings

    @property
    def name(self) -> str:
        """A short name of the scope."""
        if self.several:
            return " + ".join(map(str, self.members))
        return self._first.root.name or "/"

    @property
    def key(self) -> str:
        """The key of saved sessions: the folders."""
        return os.pathsep.join(str(workspace.root) for workspace in self.members.values())

    @property
    def several(self) -> bool:
        """Whether there are several libraries."""
        return len(self.members) > 1

    def only(self, what: str) -> Workspace:
        """Return the only workspace.

        Raises:
            UsageError: there are several, and `what` needs one.

        """
        if self.several:
            message = f"{what} one library at a time, and this session asks {self.name}"
            raise UsageError(message, hint="start another with `askdoc repl --library NAME`")
        return self._first

    def holder(self, document: Document) -> Workspace:
        """Return the workspace of a document."""
        return self.members.get(document.library, self._first) if self.several else self._first

    def changed(self, **settings: Any) -> Self:
        """Return this scope with changed settings for all."""
        return replace(
            self,
            members={
                name: replace(
                    workspace, settings=msgspec.structs.replace(workspace.settings, **settings)
                )
                for name, workspace in self.members.items()
            },
        )

    @property
    def _first(self) -> Workspace:
        return next(iter(self.members.values()))
