"""Nearest rows of dense or sparse vectors: exactly in blocks, or approximately by an index."""
