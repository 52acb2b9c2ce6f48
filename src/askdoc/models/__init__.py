"""Embedder, ranker, entailment model and language models; the only package that loads their libraries."""
