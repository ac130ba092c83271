"""How each library is asked to do the same thing; one module per library."""
