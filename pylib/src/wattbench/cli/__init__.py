"""The `wattbench` command."""
