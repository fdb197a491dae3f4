"""Sensors that do more than scale and delay: filters, coils, transformers."""
