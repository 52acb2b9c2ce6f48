"""The commented example that `askdoc eval new` writes."""

EXAMPLE = """\
A suite: one case a line, as JSON. Lines that start with `#`, like this one, are comments.

  id            unique within the suite
  question      as a user would type it
  answers       acceptable short answers, any of which counts; may be left out
  evidence      where the answer stands: verbatim text of a document; any one item is enough
  all_evidence  true where every item of the evidence is needed
  relevant      for suites that judge retrieval alone: {"document": grade}, 0 is not relevant
  answerable    false where the documents do not hold the answer, and askdoc should say so
  tags          results are also reported for each tag

Take the `#` off these, or add cases with `askdoc eval add`, or draft some from your documents
with `askdoc eval generate`. Then: `askdoc eval lint`, and `askdoc eval`.

{"id": "chair", "question": "Who chairs the board?", "answers": ["Ada Hill"], "evidence": \
[{"document": "minutes.txt", "quote": "Ada Hill, who chairs the board"}], "tags": ["name"]}
{"id": "bees", "question": "Who keeps the bees?", "answerable": false, "tags": ["near miss"]}
"""
