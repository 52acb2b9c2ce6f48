"""`askdoc search`."""

from __future__ import annotations

from askdoc.cli.ask import read_question
from askdoc.cli.open import chosen_documents, here, open_answerer, open_workspace
from askdoc.cli.options import AsJson, Embedder, Index, Library, Sources, TopK, Where, Words
from askdoc.cli.output import print_json
from askdoc.formats import search_to_json
from askdoc.render.answers import passage_lines
from askdoc.render.console import errors, output


def search(  # noqa: PLR0913 - one parameter for each option
    question: Words = None,
    *,
    as_json: AsJson = False,
    source: Sources = None,
    where: Where = None,
    top_k: TopK = None,
    embedder: Embedder = None,
    library: Library = None,
    index: Index = None,
) -> None:
    """Find the passages that fit a question best.

    What stands in "quotation marks" must stand in the passage too; -term and -"a phrase" leave out
    passages that hold it.

    Examples:
        askdoc search "isolation and innovation"
        askdoc search --top-k 3 --json "isolation and innovation"
        askdoc search 'isolation "great nation" -trade'
    """
    text = read_question(question)
    workspace = open_workspace(library=library, index=index, embedder=embedder, top_k=top_k)
    with open_answerer(workspace, errors()) as answerer:
        documents = chosen_documents(answerer, source, where)
        passages = answerer.search(text, documents=documents)
        if as_json:
            print_json(search_to_json(text, passages, base=here(), lines=answerer.lines))
        else:
            page = output()
            page.show(passage_lines(passages, page, lines=answerer.lines))
