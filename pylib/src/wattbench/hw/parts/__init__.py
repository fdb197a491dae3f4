"""Parts on a board around the chip."""
