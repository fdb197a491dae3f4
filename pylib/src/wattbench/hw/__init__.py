"""Models of chips and parts; they know nothing of an engine, a lab or Robot."""
