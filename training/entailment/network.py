"""The entailment model as torch sees it: MiniLM, pooled over both texts and over the claim."""

from __future__ import annotations

import sys
from pathlib import Path

import torch
from transformers import AutoModel

sys.path.append(str(Path(__file__).parents[1]))
from base import base_folder

LABELS = ("supported", "not_supported", "contradicted")


class EntailmentNetwork(torch.nn.Module):
    """A cross-encoder of a premise and a claim, with one score for each of `LABELS`.

    The mean over all tokens says what both are about. The largest values over the claim's tokens
    let a single word decide, as a changed number does.
    """

    def __init__(self, layers: int = 6) -> None:
        super().__init__()
        self.bert = AutoModel.from_pretrained(str(base_folder()), attn_implementation="sdpa")
        self.bert.encoder.layer = self.bert.encoder.layer[:layers]
        self.bert.config.num_hidden_layers = layers
        width = self.bert.config.hidden_size
        self.hidden = torch.nn.Linear(2 * width, width)
        self.out = torch.nn.Linear(width, len(LABELS))

    def forward(
        self, ids: torch.Tensor, types: torch.Tensor, mask: torch.Tensor | None = None
    ) -> torch.Tensor:
        """Score pairs of shape (pairs, tokens); return (pairs, 3). `mask` is 0 at padding."""
        states = self.bert(
            input_ids=ids, attention_mask=mask, token_type_ids=types
        ).last_hidden_state
        if mask is None:
            mean = states.mean(1)
        else:
            kept = mask.unsqueeze(-1).to(states.dtype)
            mean = (states * kept).sum(1) / kept.sum(1)
        elsewhere = (1 - types).unsqueeze(-1).to(states.dtype) * -1e4
        largest = (states + elsewhere).max(1).values
        joined = torch.cat([mean, largest], dim=-1)
        return self.out(torch.tanh(self.hidden(joined)))
