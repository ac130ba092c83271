"""Data: splits, datasets with checksums, planted toys and the simulated world."""
