"""The nouns of askdoc: frozen values that every layer shares.

Offsets count characters (Python string indices) of a document's stored text, half-open. Pages and
lines count from 1. Standard library only.
"""

from askdoc.types.answers import Answer, Fingerprint
from askdoc.types.citations import Citation, Claim, FileState, Reason, Status, Support
from askdoc.types.documents import (
    BARE_PAGES,
    ENCRYPTED,
    NO_TEXT,
    Chunk,
    Copy,
    Document,
    Part,
    Reading,
    ReadOptions,
    Section,
    Skip,
    Span,
    Stamp,
    Unread,
)
from askdoc.types.evaluation import EvalCase, GoldEvidence, Turn
from askdoc.types.generation import (
    Disagreement,
    Draft,
    DraftClaim,
    Form,
    Generation,
    Prompt,
    Spent,
    Wrote,
)
from askdoc.types.indexing import (
    Counts,
    Fetched,
    Found,
    Indexed,
    IndexReport,
    Known,
    Moving,
    Named,
    Waiting,
)
from askdoc.types.models import Busy, CompileStage, Compiling, Fetching, NotCompiled, Sending
from askdoc.types.retrieval import Candidate, Evidence, Hit, Passage

__all__ = [
    "BARE_PAGES",
    "ENCRYPTED",
    "NO_TEXT",
    "Answer",
    "Busy",
    "Candidate",
    "Chunk",
    "Citation",
    "Claim",
    "CompileStage",
    "Compiling",
    "Copy",
    "Counts",
    "Disagreement",
    "Document",
    "Draft",
    "DraftClaim",
    "EvalCase",
    "Evidence",
    "Fetched",
    "Fetching",
    "FileState",
    "Fingerprint",
    "Form",
    "Found",
    "Generation",
    "GoldEvidence",
    "Hit",
    "IndexReport",
    "Indexed",
    "Known",
    "Moving",
    "Named",
    "NotCompiled",
    "Part",
    "Passage",
    "Prompt",
    "ReadOptions",
    "Reading",
    "Reason",
    "Section",
    "Sending",
    "Skip",
    "Span",
    "Spent",
    "Stamp",
    "Status",
    "Support",
    "Turn",
    "Unread",
    "Waiting",
    "Wrote",
]
