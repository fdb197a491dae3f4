"""Blocks of the NXP i.MX RT1064 that differ from those of the i.MX RT1170 in `wattbench.hw.imxrt`."""
