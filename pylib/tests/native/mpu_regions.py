"""Regions of the MPU for the programs that test it."""

DACC, IACC = 0x82, 1
RW, RO_USER, PRIVILEGED, RO, RO_PRIV, NONE = 3, 2, 1, 6, 5, 0
RAM = 0x20010000


def rasr(size, ap, srd=0, xn=0):
    """Attributes of an enabled region of `size` bytes."""
    return xn << 28 | ap << 24 | srd << 8 | (size.bit_length() - 2) << 1 | 1


CODE_ALL, STACKS = "region 8, 0, 0x0300001F", "region 9, 0x20000000, 0x0300001F\n region 10, 0x20030000, 0x0300001F"
