"""The reader as torch sees it: MiniLM with a number for each token and each passage."""

from __future__ import annotations

import sys
from pathlib import Path

import torch
from transformers import AutoModel

sys.path.append(str(Path(__file__).parents[1]))
from base import base_folder


class Reader(torch.nn.Module):
    """A cross-encoder of a question and a passage.

    For each token it gives the score of the unit it stands in (a unit's score is the mean over its
    tokens), and the scores of being the first and the last of the short answer. For each passage it
    gives, from [CLS], a score of not answering, and one of `yes` over `no`.
    """

    def __init__(self) -> None:
        super().__init__()
        self.bert = AutoModel.from_pretrained(str(base_folder()), attn_implementation="sdpa")
        width = self.bert.config.hidden_size
        self.tokens = torch.nn.Linear(width, 3)
        self.passage = torch.nn.Linear(width, 2)
        for layer in (self.tokens, self.passage):
            torch.nn.init.normal_(layer.weight, std=0.02)
            torch.nn.init.zeros_(layer.bias)

    def forward(
        self, ids: torch.Tensor, types: torch.Tensor, mask: torch.Tensor | None = None
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return (passages, tokens, 3) unit, start and end, and (passages, 2) not here and yes."""
        states = self.bert(
            input_ids=ids, attention_mask=mask, token_type_ids=types
        ).last_hidden_state
        return self.tokens(states), self.passage(states[:, 0])
