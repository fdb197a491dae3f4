"""Blocks of the NXP i.MX RT1170 family, one file per kind of block; their registers are in `registers/`."""
