"""The .repl platform language: text in, plain data out."""
