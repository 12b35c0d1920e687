"""Past one machine: the same functions, spread over a Ray cluster."""
