"""Fewer bytes for the same model: pruning, quantisation, embedding tables, low rank."""
