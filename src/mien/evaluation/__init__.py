"""How good a model is, where it errs, and the report that shows it."""
