"""Deep recommenders: two towers, SASRec, and models of clicks over features."""
