"""Losses of recommenders in torch, apart from the models that use them."""
