"""Waveforms beyond plain sums of sinusoids: cut, ramped, modulated, transient and recorded ones."""
