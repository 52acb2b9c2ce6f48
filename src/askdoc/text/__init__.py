"""What askdoc knows about words, sentences and languages, independent of any document format."""
