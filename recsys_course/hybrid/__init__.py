"""Recommenders made of recommenders."""
