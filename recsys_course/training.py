"""The one loop that trains a torch module."""
