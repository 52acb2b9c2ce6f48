"""A server that keeps libraries open: the engine, and the HTTP interface to it.

It needs the extra `askdoc[serve]`. Only `serve.client` is imported without it.
"""
