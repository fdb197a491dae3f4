"""Random bits that are the same for the same seed: what stands for noise must not make two runs differ."""

from __future__ import annotations

from hashlib import sha256

BLOCK_BYTES = 32


class SeededEntropy:
    """An endless stream of bits; `position` is its whole state."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.position = 0

    def take(self, count: int) -> bytes:
        """The next `count` bytes, rounded up to whole blocks of the stream."""
        result = b""
        while len(result) < count:
            result += sha256(f"{self.seed}:{self.position}".encode()).digest()
            self.position += 1
        return result[:count]

    def words(self, count: int) -> list[int]:
        """The next `count` words of 32 bits."""
        data = self.take(4 * count)
        return [int.from_bytes(data[at : at + 4], "little") for at in range(0, 4 * count, 4)]
