"""Notes on standard error: on an incomplete index, and while a model is prepared."""

from __future__ import annotations

from askdoc.render.console import Page
from askdoc.render.errors import note_line
from askdoc.types import Busy, CompileStage, Compiling, NotCompiled, Sending

STAGES = {
    CompileStage.FETCH: "Fetching the model",
    CompileStage.WAIT: "Waiting for another askdoc to prepare the model",
    CompileStage.LOAD: "Loading the model",
    CompileStage.EXPORT: "Exporting the model",
    CompileStage.CHECK: "Checking the model",
}
"""The steps of preparing a model, in words."""

STOPPED = "files may be missing, the last run was stopped; run `askdoc index` to continue"
"""What is said of an index that a run has left incomplete."""


class ModelNotices:
    """Listens to the preparation of a model, and reports it once; ignores other events."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._announced = False

    def tells(self, event: object) -> bool:
        """Say whether `event` would be reported."""
        if isinstance(event, Compiling):
            return not self._announced
        return isinstance(event, NotCompiled | Sending | Busy)

    def __call__(self, event: object) -> None:
        """Report what `event` means for someone who waits."""
        if isinstance(event, Compiling) and not self._announced:
            self._announced = True
            self._say(f"preparing `{event.name}`; this happens once and takes about half a minute")
        elif isinstance(event, NotCompiled):
            self._say(f"`{event.name}` is slow, because it cannot be compiled: {event.reason}")
        elif isinstance(event, Sending):
            self._say(
                f"your questions, and the sentences found for them, are sent to {event.host}; "
                "this note appears once"
            )

        elif isinstance(event, Busy):
            why = "asks to wait" if event.status is None else f"answered {event.status}"
            self._say(f"`{event.name}` {why}; it is asked again in {event.seconds:.0f} s")

    def _say(self, message: str) -> None:
        self._page.show([note_line(message, self._page)])
