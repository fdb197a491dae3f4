"""The two ways to run a machine, behind one contract (`engine.py`)."""
