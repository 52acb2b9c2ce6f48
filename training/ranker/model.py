"""The ranker as torch sees it: the lower layers of a MiniLM, mean pooling, one number."""

from __future__ import annotations

import sys
from pathlib import Path

import torch
from transformers import AutoModel

sys.path.append(str(Path(__file__).parents[1]))
from base import base_folder


class Ranker(torch.nn.Module):
    """A cross-encoder; `layers` of the base model are kept, from below."""

    def __init__(self, layers: int) -> None:
        super().__init__()
        self.bert = AutoModel.from_pretrained(str(base_folder()), attn_implementation="sdpa")
        self.bert.encoder.layer = self.bert.encoder.layer[:layers]
        self.bert.config.num_hidden_layers = layers
        self.out = torch.nn.Linear(self.bert.config.hidden_size, 1)
        torch.nn.init.normal_(self.out.weight, std=0.02)
        torch.nn.init.zeros_(self.out.bias)

    def forward(
        self, ids: torch.Tensor, types: torch.Tensor, mask: torch.Tensor | None = None
    ) -> torch.Tensor:
        """Score pairs of shape (pairs, tokens); `mask` is 0 where there is no token."""
        states = self.bert(
            input_ids=ids, attention_mask=mask, token_type_ids=types
        ).last_hidden_state
        if mask is None:
            pooled = states.mean(1)
        else:
            kept = mask.unsqueeze(-1).to(states.dtype)
            pooled = (states * kept).sum(1) / kept.sum(1)
        return self.out(pooled).squeeze(-1)
