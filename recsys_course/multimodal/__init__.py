"""Texts, pictures and sounds together: fusion, alignment, missing modalities."""
