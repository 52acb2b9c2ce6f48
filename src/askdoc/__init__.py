"""Ask your documents: answers that come with the exact sentences they rest on.

    import askdoc

    with askdoc.open("reports") as library:
        library.index()
        answer = library.ask("What did the committee decide?")
        print(answer.text)
        for citation in answer.citations:
            print(citation.quote, citation.document.path, citation.page)

What is missing raises an `AskdocError`, such as `NoIndex` before anything is indexed.
"""

import os
from importlib import import_module

TYPE_CHECKING = False
"""What type checkers take for true. `typing` has it, and takes longer to load than all else here.
"""

# onnxruntime sends usage data unless this is set before any library loads it.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

__version__ = "0.1.0"

if TYPE_CHECKING:
    from askdoc.app.library import Library
    from askdoc.app.library import open_library as open  # noqa: A004 - `askdoc.open` is its name
    from askdoc.errors import (
        AskdocError,
        EmbedderMismatch,
        GeneratorError,
        IndexLocked,
        ModelError,
        NoIndex,
        StoreError,
        UsageError,
    )
    from askdoc.types import (
        Answer,
        Citation,
        Claim,
        Document,
        Evidence,
        IndexReport,
        Passage,
        Status,
    )

_TYPES = "askdoc.types"
_ERRORS = "askdoc.errors"
_PLACES = {
    "open": ("askdoc.app.library", "open_library"),
    "Library": ("askdoc.app.library", "Library"),
    "Answer": (_TYPES, "Answer"),
    "Citation": (_TYPES, "Citation"),
    "Claim": (_TYPES, "Claim"),
    "Document": (_TYPES, "Document"),
    "Evidence": (_TYPES, "Evidence"),
    "IndexReport": (_TYPES, "IndexReport"),
    "Passage": (_TYPES, "Passage"),
    "Status": (_TYPES, "Status"),
    "AskdocError": (_ERRORS, "AskdocError"),
    "EmbedderMismatch": (_ERRORS, "EmbedderMismatch"),
    "GeneratorError": (_ERRORS, "GeneratorError"),
    "IndexLocked": (_ERRORS, "IndexLocked"),
    "ModelError": (_ERRORS, "ModelError"),
    "NoIndex": (_ERRORS, "NoIndex"),
    "StoreError": (_ERRORS, "StoreError"),
    "UsageError": (_ERRORS, "UsageError"),
}
"""Where the public names are. They are imported when they are used, so that `import askdoc` and the
command line start fast."""

__all__ = [
    "Answer",
    "AskdocError",
    "Citation",
    "Claim",
    "Document",
    "EmbedderMismatch",
    "Evidence",
    "GeneratorError",
    "IndexLocked",
    "IndexReport",
    "Library",
    "ModelError",
    "NoIndex",
    "Passage",
    "Status",
    "StoreError",
    "UsageError",
    "__version__",
    "open",
]


def __getattr__(name: str) -> object:
    if name not in _PLACES:
        message = f"module `askdoc` has no attribute `{name}`"
        raise AttributeError(message)
    module, attribute = _PLACES[name]
    return getattr(import_module(module), attribute)


def __dir__() -> list[str]:
    return sorted({*globals(), *_PLACES})
