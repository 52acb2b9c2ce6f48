"""A sweep in the terminal: every trial, the best trade-offs, and the choice on unseen cases."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence

from rich.text import Text

from askdoc.evals.eval_data import shown
from askdoc.evals.statistics import Estimate
from askdoc.evals.sweep import Trial, differing, pareto
from askdoc.render.console import Page
from askdoc.render.layout import BLANK, hang


def sweep_lines(
    trials: Sequence[Trial],
    metric: str,
    chosen: Trial,
    judged: Mapping[str, Estimate | None],
    page: Page,
) -> Iterator[Text]:
    """Lay out the trials, best first; `judged` has the score on what was held out."""
    front = dict(zip(map(id, trials), pareto(trials, metric), strict=True))
    named = {id(t): "  ".join(differing(t.values)) for t in trials}
    width = max(map(len, named.values()))
    yield Text(f"{'settings':<{width}}  {metric} on the tuning fold", style="faint")
    best_first = sorted(trials, key=lambda t: (t is not chosen, -t.quality.mean, t.milliseconds))
    for trial in best_first:
        quality = trial.quality
        line = Text.assemble(
            f"{named[id(trial)]:<{width}}  ",
            (shown(metric, quality.mean), "heading"),
            (f"  {shown(metric, quality.low)} to {shown(metric, quality.high)}", "faint"),
            f"  {trial.milliseconds:,.0f} ms",
        )
        if trial is trials[0]:
            line.append("  current", style="label")
        if front[id(trial)]:
            line.append("  best trade-off", style="good")
        yield line
    yield BLANK
    yield Text("on the cases that were held out", style="heading")
    for name, estimate in judged.items():
        if estimate is None:
            yield Text(f"  {name}: the metric applies to none of them")
            continue
        values = "  ".join(differing(chosen.values if name == "chosen" else trials[0].values))
        yield Text.assemble(
            f"  {name:<8} ",
            (shown(metric, estimate.mean), "heading"),
            (f"  {shown(metric, estimate.low)} to {shown(metric, estimate.high)}", "faint"),
            f"  n {estimate.n}  {values}",
        )
    if chosen is not trials[0]:
        yield BLANK
        told = "\n".join(f"{name} = {json.dumps(value)}" for name, value in chosen.values.items())
        yield hang(Text("to keep the choice, write into `askdoc.toml`:"), page)
        yield Text(told)
