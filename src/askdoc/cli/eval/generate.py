"""`askdoc eval generate`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated

import typer

from askdoc.cli.eval.options import Documents, Jobs, SuiteName, indexed, suite_path
from askdoc.cli.eval.suites import say
from askdoc.cli.open import open_workspace
from askdoc.cli.options import Index, Llm, Offline
from askdoc.errors import UsageError

if TYPE_CHECKING:
    from collections import Counter

    from askdoc.evals.draft_llm import Author, Dropped, Excerpt, Tools, Wanted
    from askdoc.evals.judge import Judge, Judgement
    from askdoc.evals.report import SuiteReport
    from askdoc.models.llm.choice import Choice
    from askdoc.render.console import Page
    from askdoc.store.catalog import SqliteCatalog
    from askdoc.types import EvalCase
    from askdoc.workspace import Workspace


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
    """Draft cases from the documents, to be reviewed.

    A language model writes them where one is set; else questions are made by rule from well-formed
    English sentences. Either way they are spread over documents and kinds, and each has its
    verbatim evidence; what a model writes without is dropped, and counted. Some are questions that
    the documents do not answer. Drafts are tagged `draft`, and runs leave them out until they are
    reviewed.

    Examples:
        askdoc eval generate mine --n 50
        askdoc eval generate mine --n 50 --llm http://localhost:8080/v1
        askdoc eval review mine
    """
    from askdoc import app
    from askdoc.evals import suite as suites
    from askdoc.evals.bench import default_jobs
    from askdoc.evals.draft_llm import Author, Wanted
    from askdoc.render.console import errors
    from askdoc.render.indexing import count
    from askdoc.render.notices import ModelNotices

    workspace = open_workspace(index=index, llm=llm, offline=offline)
    path = suite_path(suite, workspace, must_exist=False)
    known = [case for _, case in suites.read(path)] if path.exists() else []
    wanted = Wanted(n - round(n * refused), round(n * refused))
    drafted: list[EvalCase] = []
    told = ""
    with (
        closing(indexed(workspace, documents)) as catalog,
        app.language_model(workspace, ModelNotices(errors())) as model,
    ):
        try:
            work = _Work(catalog, known, wanted, seed)
            if model is None:
                drafted += _by_rule(work)
            else:
                at_once = jobs or default_jobs(workspace.settings.llm)
                author = Author(model.generator, model.evidence_tokens, at_once)
                language = app.main_language(workspace.settings, catalog)
                dropped = _by_model(work, author, language, drafted.append)
                told = _told(model, dropped)
        finally:
            if drafted:
                suites.append(path, drafted)
    if not drafted:
        message = "no sentence of the documents fits a rule" if model is None else told
        raise UsageError(message, hint=f"write cases by hand: `askdoc eval add {suite}`")
    refusals = sum(not case.answerable for case in drafted)
    say(f"drafted {count(len(drafted), 'case')} in {path}, {refusals} of them without an answer")
    if len(drafted) < n and model is None:
        say(f"{n} were wanted; no more sentences of the documents fit a rule")
    if told:
        say(told)
    say(f"look through them with `askdoc eval review {suite}`")


@dataclass(frozen=True, slots=True)
class _Work:
    """The documents to draft from, the cases that are there, and how many more are wanted."""

    catalog: SqliteCatalog
    known: Sequence[EvalCase]
    wanted: Wanted
    seed: int


def _by_rule(work: _Work) -> list[EvalCase]:
    from askdoc.evals.draft import Sentence, draft

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
    work: _Work, author: Author, language: str, hear: Callable[[EvalCase], None]
) -> Counter[Dropped]:
    from askdoc.evals.draft_llm import write
    from askdoc.render.console import errors
    from askdoc.render.progress import CountProgress

    tools = _tools(work.catalog, work.known, language)
    total = work.wanted.answerable + work.wanted.unanswerable
    with CountProgress("Drafting", total, errors()) as progress:

        def heard(case: EvalCase) -> None:
            hear(case)
            progress.step()

        excerpts = _excerpts(work.catalog)
        return write(excerpts, work.wanted, author, tools, heard, seed=work.seed)


def _excerpts(catalog: SqliteCatalog) -> list[Excerpt]:
    """List all passages as their sentences, in the order of the documents."""
    from askdoc.evals.draft_llm import Excerpt

    paths = {document.id: document.path for document in catalog.documents()}
    chunks = catalog.chunks(catalog.chunk_ids())
    return [
        Excerpt(paths[chunk.document_id], tuple(chunk.sentence(s) for s in chunk.sentences))
        for chunk in sorted(chunks, key=lambda c: (paths[c.document_id], c.span))
    ]


def _tools(catalog: SqliteCatalog, known: Sequence[EvalCase], language: str) -> Tools:
    from askdoc.evals.draft_llm import Tools
    from askdoc.evals.scores import normalise
    from askdoc.text.terms import SnowballAnalyser

    analyser = SnowballAnalyser()
    deep = 20

    def terms(text: str) -> list[str]:
        return analyser.terms(text, language)

    def answered(wanted: Sequence[str]) -> bool:
        """Tell whether some sentence of the documents holds all these terms."""
        hits = catalog.search(wanted, deep)
        chunks = catalog.chunks([hit.chunk_id for hit in hits])
        return any(
            set(wanted) <= set(terms(chunk.sentence(span)))
            for chunk in chunks
            for span in chunk.sentences
        )

    return Tools(terms, answered, {normalise(case.question) for case in known})


def _told(model: Choice, dropped: Counter[Dropped]) -> str:
    """Say who wrote the drafts, and what of it was dropped and why."""
    name = model.generator.name
    if not dropped:
        return f"`{name}` wrote them; nothing was dropped"
    reasons = ", ".join(f"{count} × {reason.value}" for reason, count in dropped.most_common())
    return f"of what `{name}` wrote, {dropped.total()} were dropped: {reasons}"


@contextmanager
def open_judge(workspace: Workspace, name: str, aside: Page) -> Iterator[Judge]:
    """Load the language model called `name` as a judge; what it said before is kept.

    Raises:
        UsageError: `name` stands for no language model.

    """
    import msgspec

    from askdoc import app
    from askdoc.evals import bench
    from askdoc.evals.cache import RememberingJudge
    from askdoc.evals.judge import PromptedJudge
    from askdoc.models.llm.files import model_pin
    from askdoc.render.notices import ModelNotices

    settings = msgspec.structs.replace(workspace.settings, llm=name)
    with app.language_model(replace(workspace, settings=settings), ModelNotices(aside)) as model:
        if model is None:
            message = f"`{name}` can't judge, since it is no language model"
            raise UsageError(message, hint="see which there are: `askdoc models list`")
        judge = PromptedJudge(model.generator, pin=model_pin(name))
        yield RememberingJudge(judge, bench.cache_folder() / "judgements")


def judge_all(
    reports: Sequence[SuiteReport], by: Judge, jobs: int, aside: Page
) -> dict[str, Judgement]:
    """Have every suite's answers judged, behind a progress bar."""
    from askdoc.evals.judge import judge, to_judge
    from askdoc.render.progress import CountProgress

    judgements = {}
    for report in reports:
        total = len(to_judge(report.results))
        with CountProgress(f"Judging {report.suite}", total, aside) as progress:
            judgements[report.suite] = judge(report.results, by, jobs=jobs, listen=progress)
    return judgements
