"""From what an item is to who will like it: texts as vectors, profiles, search."""
