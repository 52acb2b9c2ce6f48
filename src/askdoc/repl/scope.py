"""What a session asks: the workspace it was started in, or several libraries as one."""

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
    """Workspaces by the names of their libraries, one at least, which needs no name then.

    Settings that a question depends on are those of the first; what was given on the command line,
    or changed since, is the same for all.
    """

    members: Mapping[str | None, Workspace]

    @classmethod
    def of(cls, workspace: Workspace) -> Self:
        """Ask a single workspace."""
        return cls({None: workspace})

    @property
    def settings(self) -> Settings:
        """The settings that hold for questions."""
        return self._first.settings

    @property
    def name(self) -> str:
        """What is asked, in a word or two."""
        if self.several:
            return " + ".join(map(str, self.members))
        return self._first.root.name or "/"

    @property
    def key(self) -> str:
        """What sessions are kept under: the folders."""
        return os.pathsep.join(str(workspace.root) for workspace in self.members.values())

    @property
    def several(self) -> bool:
        """Whether several libraries are asked."""
        return len(self.members) > 1

    def only(self, what: str) -> Workspace:
        """Return the workspace where there is but one.

        Raises:
            UsageError: there are several, and `what` can't be done to them all.

        """
        if self.several:
            message = f"{what} one library at a time, and this session asks {self.name}"
            raise UsageError(message, hint="start another with `askdoc repl --library NAME`")
        return self._first

    def holder(self, document: Document) -> Workspace:
        """Return the workspace that a document was found in."""
        return self.members.get(document.library, self._first) if self.several else self._first

    def changed(self, **settings: Any) -> Self:
        """Return the same with other settings, for all."""
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
