"""Robot Framework keyword libraries: thin, typed, documented."""
