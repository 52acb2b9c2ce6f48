"""Ask the demo question on seeds/ and draw what a terminal shows as docs/demo.svg.

Run from the repository after `askdoc index`: python docs/render_demo.py
"""

from __future__ import annotations

from io import StringIO
from pathlib import Path

from rich.terminal_theme import TerminalTheme
from rich.text import Text

from askdoc import app, workspace
from askdoc.render.answers import answer_lines
from askdoc.render.console import make_console, page
from askdoc.render.layout import BLANK

ROOT = Path(__file__).parent.parent
QUESTION = "What did Xue Lan say about isolation?"
WIDTH = 84

_THEME = TerminalTheme(
    background=(250, 250, 248),
    foreground=(36, 36, 36),
    normal=[
        (36, 36, 36), (192, 28, 40), (38, 128, 60), (140, 100, 0),
        (30, 90, 180), (150, 40, 130), (20, 120, 130), (110, 110, 110),
    ],
)  # fmt: skip

# rich's own frame fetches a font from the network when it is shown; this one names local fonts.
_FRAME = """\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img"
  aria-label="askdoc answering a question in a terminal">
<style>
.{unique_id}-matrix {{ font: {char_height}px ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", \
monospace; line-height: {line_height}px; font-variant-east-asian: full-width; }}
.{unique_id}-title {{ font: bold 18px system-ui, sans-serif; }}
{styles}
</style>
<defs>
<clipPath id="{unique_id}-clip-terminal">
<rect x="0" y="0" width="{terminal_width}" height="{terminal_height}"/>
</clipPath>
{lines}
</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
"""


def main() -> None:
    """Draw the picture."""
    console = make_console(
        file=StringIO(), record=True, width=WIDTH, force_terminal=True, color_system="standard"
    )
    paper = page(console, ROOT)
    place = workspace.find(ROOT, environment={}, user_config=ROOT / "none.toml")
    with app.answerer(place) as answerer:
        answer = answerer.answer(QUESTION)
    prompt = Text.assemble(("$ ", "faint"), (f'askdoc "{QUESTION}"', "command"))
    paper.show([prompt, BLANK, *answer_lines(answer, paper), BLANK])
    svg = console.export_svg(
        title="askdoc", theme=_THEME, code_format=_FRAME, unique_id="askdoc", font_aspect_ratio=0.6
    )
    (ROOT / "docs/demo.svg").write_text(svg, encoding="utf-8")


if __name__ == "__main__":
    main()
