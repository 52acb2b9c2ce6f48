"""The embedder, the ranker, the entailment model and language models, with their libraries."""
