"""wattbench: an emulation test bench for electricity-meter firmware."""
