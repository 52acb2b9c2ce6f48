"""An index in PostgreSQL with pgvector, which many machines share."""
