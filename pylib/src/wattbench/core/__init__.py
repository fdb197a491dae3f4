"""Foundations every tier stands on: virtual time, wires, register tables, models, errors."""
