"""Texts as vectors: bags of words, word vectors, sentence encoders, behind one protocol."""
