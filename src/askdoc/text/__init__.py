"""Words, sentences and languages, independent of document formats."""
