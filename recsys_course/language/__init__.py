"""Language models in a recommender: encode items, order a list of candidates, count the cost."""
