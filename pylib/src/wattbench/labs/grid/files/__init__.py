"""Recordings in files: COMTRADE in and out; WAV, CSV and NumPy arrays in."""
