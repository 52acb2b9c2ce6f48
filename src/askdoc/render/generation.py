"""The output of a language model: each claim as it comes, and notes."""

from __future__ import annotations

from collections.abc import Iterator

from rich.text import Text

from askdoc.render.answers import claim_text
from askdoc.render.console import Page
from askdoc.render.layout import BLANK, flat, hang
from askdoc.types import Answer, Claim, Generation, Wrote

_INDENT = "    "


class ClaimStream:
    """Prints each claim as soon as it is checked, with its labels.

    `page` may be another from one claim to the next, as where a terminal was resized.
    """

    def __init__(self, page: Page) -> None:
        self.page = page
        self.count = 0

    def __call__(self, event: object) -> None:
        """Hear `Wrote`."""
        if not isinstance(event, Wrote):
            return
        self.count += 1  # first, so that Ctrl-C in between does not print the claim twice
        if self.count > 1 and self.page.width:
            self.page.show([BLANK])
        self.page.show([hang(claim_text(event.claim), self.page)])


def generation_lines(answer: Answer, page: Page, *, withheld: bool) -> Iterator[Text]:
    """Lay out what the sources do not support (if `withheld` is to be shown) and the notes."""
    generation = answer.generation
    if generation is None:
        return
    if withheld:
        for claim in generation.withheld:
            yield BLANK
            yield hang(_struck(claim), page)
            for reason in claim.reasons:
                yield hang(flat(reason, "warning"), page, first=_INDENT)
    refused = answer.reason is not None and answer.reason.code == "model_abstained"
    notes = list(_notes(generation, withheld=withheld, refused=refused))
    if notes:
        yield BLANK
        for note in notes:
            yield hang(flat(note, "faint"), page)


def usage_line(generation: Generation) -> str | None:
    """Say in one line what the generation took, as far as it is known."""
    spent = generation.spent
    parts = []
    if spent.tokens_in is not None:
        cached = f" ({spent.tokens_cached} cached)" if spent.tokens_cached else ""
        parts.append(f"{spent.tokens_in} tokens in{cached}, {spent.tokens_out} out")
    if spent.first_token_seconds is not None:
        parts.append(f"first token after {spent.first_token_seconds:.1f} s")
    if spent.first_claim_seconds is not None:
        parts.append(f"first claim after {spent.first_claim_seconds:.1f} s")
    if spent.cost is not None:
        parts.append(f"cost {spent.cost:.6f}")
    return " · ".join(parts) or None


def prompt_lines(generation: Generation, page: Page) -> Iterator[Text]:
    """Lay out, for `--explain`, what the model did and what was withheld from it."""
    yield BLANK
    yield Text("Language model", style="heading")
    yield hang(flat(generation.model), page, first="  ")
    if usage := usage_line(generation):
        yield hang(flat(usage, "faint"), page, first="  ")
    if generation.attributed:
        claims = "1 claim" if generation.attributed == 1 else f"{generation.attributed} claims"
        text = f"askdoc found the sentences of {claims}: the model named none or a wrong one"
        yield hang(flat(text), page, first="  ")
    if generation.left_out:
        text = f"{generation.left_out} sentences did not fit into the prompt"
        yield hang(flat(text), page, first="  ")
    for label, reason in generation.suspicious.items():
        yield hang(flat(f"{label} was kept from the model: {reason}", "warning"), page, first="  ")


def _struck(claim: Claim) -> Text:
    """Return a withheld claim, marked as such also without colours."""
    text = flat(claim.text, "strike")
    return Text.assemble(("not supported: ", "warning"), text)


def _notes(generation: Generation, *, withheld: bool, refused: bool) -> Iterator[str]:
    for item in generation.disagreements:
        yield (
            f"The sources disagree: [{item.first}] says “{item.one}”, "
            f"[{item.second}] says “{item.other}”."
        )
    if generation.withheld and not withheld:
        count = len(generation.withheld)
        claims = "1 claim was" if count == 1 else f"{count} claims were"
        yield f"{claims} withheld: not supported by the sources (--show-unsupported)."
    if generation.unknown_labels:
        labels = ", ".join(f"[{label}]" for label in generation.unknown_labels)
        yield f"The model cited sentences that do not exist: {labels}."
    if generation.attributed:
        count = generation.attributed
        claims = "1 claim" if count == 1 else f"{count} claims"
        yield f"The model named no sentence, or a wrong one, for {claims}; askdoc found one."
    if generation.suspicious and not (generation.fallback or refused):
        count = len(generation.suspicious)
        which = "1 sentence was" if count == 1 else f"{count} sentences were"
        yield f"{which} kept from the model, because it addresses language models or is hidden."
    if generation.fallback:
        yield f"The answer is extractive: {generation.fallback}."
    elif generation.failure:
        yield f"The model failed; what it wrote before is above: {generation.failure}."
    if generation.spent.cut_off:
        yield "The model reached its limit of length before its end."
    if generation.interrupted:
        yield "The model was interrupted; this is what it wrote before."
