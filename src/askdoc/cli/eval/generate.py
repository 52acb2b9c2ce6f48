"""`askdoc eval generate`, and the judge of `askdoc eval run`: what a language model does here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from typing import Annotated

import msgspec
import typer

from askdoc import app
from askdoc.cli.eval.options import Documents, Jobs, SuiteName, indexed, say, suite_path
from askdoc.cli.open import open_workspace
from askdoc.cli.options import Index, Llm, Offline
from askdoc.errors import UsageError
from askdoc.evals import bench as benches
from askdoc.evals import draft_llm, judge
from askdoc.evals import suite as suite_files
from askdoc.evals.cache import FILE_NAME, CachedJudge
from askdoc.evals.draft import Sentence, draft
from askdoc.evals.draft_llm import Author, Dropped, Excerpt, Tools, Wanted
from askdoc.evals.judge import Judge, Judgement, PromptedJudge
from askdoc.evals.report import SuiteReport
from askdoc.evals.scores import normalise
from askdoc.models.llm.choice import Choice
from askdoc.models.llm.files import model_pin
from askdoc.render.console import Page, errors
from askdoc.render.indexing import count
from askdoc.render.notices import ModelNotices
from askdoc.render.progress import CountProgress
from askdoc.store.sql_catalog import SqlCatalog
from askdoc.text.terms import SnowballAnalyser, terms_in
from askdoc.types import EvalCase
from askdoc.workspace import Workspace

_DEEP = 20
"""Passages among which a near miss is looked for: no sentence of them may hold all its words."""


def generate(  # noqa: PLR0913 - one parameter for each option
    suite: SuiteName,
    *,
    n: Annotated[int, typer.Option("--n", metavar="N", min=1, help="How many cases.")] = 50,
    seed: Annotated[int, typer.Option("--seed", metavar="S", help="Draw other ones.")] = 0,
    refused: Annotated[
        float,
        typer.Option("--unanswerable", metavar="P", min=0, max=1, help="Share without an answer."),
    ] = 0.2,
    llm: Llm = None,
    jobs: Jobs = None,
    offline: Offline = None,
    documents: Documents = None,
    index: Index = None,
) -> None:
    """Draft cases from the documents, for you to review.

    A language model writes them if one is set. Otherwise rules make questions from English
    sentences of a few plain shapes, and write few. The drafts cover many documents and kinds of
    question, and each has its verbatim evidence. What a model writes without evidence is dropped
    and counted. Some drafts are questions that the documents do not answer. Drafts have the tag
    `draft`, and runs leave them out until you review them.

    Examples:
        askdoc eval generate mine --n 50
        askdoc eval generate mine --n 50 --llm http://localhost:8080/v1
        askdoc eval review mine
    """
    workspace = open_workspace(index=index, llm=llm, offline=offline)
    path = suite_path(suite, workspace, must_exist=False)
    known = [case for _, case in suite_files.read(path)] if path.exists() else []
    wanted = Wanted(n - round(n * refused), round(n * refused))
    drafted: list[EvalCase] = []
    summary = ""
    with (
        closing(indexed(workspace, documents)) as catalog,
        app.language_model(workspace, ModelNotices(errors())) as model,
    ):
        try:
            work = _Work(catalog, known, wanted, seed)
            if model is None:
                drafted += _by_rule(work)
            else:
                at_once = jobs or benches.default_jobs(workspace.settings.llm)
                author = Author(model.generator, model.evidence_tokens, at_once)
                language = app.main_language(workspace.settings, catalog)
                dropped = _by_model(work, author, language, drafted.append)
                summary = _summary(model, dropped)
        finally:
            if drafted:
                suite_files.append(path, drafted)
    if not drafted:
        message = "no sentence of the documents fits a rule" if model is None else summary
        raise UsageError(message, hint=f"write cases by hand: `askdoc eval add {suite}`")
    refusals = sum(not case.answerable for case in drafted)
    say(f"drafted {count(len(drafted), 'case')} in {path}, {refusals} of them without an answer")
    if len(drafted) < n and model is None:
        say(f"you asked for {n}; no other sentence of the documents fits a rule")
    if summary:
        say(summary)
    say(f"review them: `askdoc eval review {suite}`")


@dataclass(frozen=True, slots=True)
class _Work:
    """The documents to draft from, the cases of the suite, and how many more to draft."""

    catalog: SqlCatalog
    known: Sequence[EvalCase]
    wanted: Wanted
    seed: int


def _by_rule(work: _Work) -> list[EvalCase]:
    n = work.wanted.answerable + work.wanted.unanswerable
    distinct = {(e.document, text): None for e in _excerpts(work.catalog) for text in e.sentences}
    asked = {case.question.lower() for case in work.known} | {case.id for case in work.known}
    drafted = [
        case
        for case in draft(
            [Sentence(document, text) for document, text in distinct],
            n + len(work.known),
            seed=work.seed,
            refused=work.wanted.unanswerable / n,
        )
        if case.question.lower() not in asked and case.id not in asked
    ]
    refusals = [case for case in drafted if not case.answerable][: work.wanted.unanswerable]
    return [case for case in drafted if case.answerable][: n - len(refusals)] + refusals


def _by_model(
    work: _Work, author: Author, language: str, on_case: Callable[[EvalCase], None]
) -> Counter[Dropped]:
    tools = _tools(work.catalog, work.known, language)
    total = work.wanted.answerable + work.wanted.unanswerable
    with CountProgress("Drafting", total, errors()) as progress:

        def report(case: EvalCase) -> None:
            on_case(case)
            progress.step()

        excerpts = _excerpts(work.catalog)
        return draft_llm.write(excerpts, work.wanted, author, tools, report, seed=work.seed)


def _excerpts(catalog: SqlCatalog) -> list[Excerpt]:
    """List all passages as their sentences, in the order of the documents."""
    paths = {document.id: document.path for document in catalog.documents()}
    chunks = catalog.chunks(catalog.chunk_ids())
    return [
        Excerpt(paths[chunk.document_id], tuple(chunk.sentence(s) for s in chunk.sentences))
        for chunk in sorted(chunks, key=lambda c: (paths[c.document_id], c.span))
    ]


def _tools(catalog: SqlCatalog, known: Sequence[EvalCase], language: str) -> Tools:
    analyser = SnowballAnalyser()
    terms = terms_in(analyser, language)

    def answered(wanted: Sequence[str]) -> bool:
        """Tell whether some sentence of the documents holds all these terms."""
        hits = catalog.search(wanted, _DEEP)
        chunks = catalog.chunks([hit.chunk_id for hit in hits])
        return any(
            set(wanted) <= set(terms(chunk.sentence(span)))
            for chunk in chunks
            for span in chunk.sentences
        )

    return Tools(terms, answered, {normalise(case.question) for case in known})


def _summary(model: Choice, dropped: Counter[Dropped]) -> str:
    """Say who wrote the drafts, what was dropped, and why."""
    name = model.generator.name
    if not dropped:
        return f"`{name}` wrote them; nothing was dropped"
    reasons = ", ".join(f"{count} × {reason.value}" for reason, count in dropped.most_common())
    return f"{dropped.total()} drafts of `{name}` were dropped: {reasons}"


@contextmanager
def open_judge(workspace: Workspace, name: str, stderr: Page) -> Iterator[Judge]:
    """Load the language model called `name` as a judge; its grades are kept.

    Raises:
        UsageError: `name` stands for no language model.

    """
    settings = msgspec.structs.replace(workspace.settings, llm=name)
    with app.language_model(replace(workspace, settings=settings), ModelNotices(stderr)) as model:
        if model is None:
            message = f"`{name}` is not a language model"
            raise UsageError(message, hint="list them: `askdoc models list`")
        asked = PromptedJudge(model.generator, pin=model_pin(name))
        with CachedJudge(asked, benches.cache_folder() / FILE_NAME) as cached:
            yield cached


def judge_all(
    reports: Sequence[SuiteReport], by: Judge, jobs: int, stderr: Page
) -> dict[str, Judgement]:
    """Have the answers of every suite judged, behind a progress bar."""
    judgements = {}
    for report in reports:
        total = len(judge.to_judge(report.results))
        with CountProgress(f"Judging {report.suite}", total, stderr) as progress:
            judgements[report.suite] = judge.judge(report.results, by, jobs=jobs, listen=progress)
    return judgements
