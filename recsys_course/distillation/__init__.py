"""A small model learns from a large one: objectives, and the one loop that applies them."""
