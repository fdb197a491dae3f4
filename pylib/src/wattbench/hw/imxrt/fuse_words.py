"""Words of one-time programmable fuses, as the factory and the maker of a board leave them."""

from __future__ import annotations

import re
from typing import ClassVar

from wattbench.core.errors import UsageError
from wattbench.core.host import Host
from wattbench.hw.imxrt.aliased import AliasedBlock

DEFAULT_UNIQUE_ID = 0x57B0_2A6C_4E09_1D73
"""Lot, wafer and place on the wafer of a part that is not named otherwise."""
WORD_SETTING = re.compile(r"(0x[0-9a-f]+|\d+)\s*=\s*(0x[0-9a-f]+|\d+)", re.IGNORECASE)
MAC_ADDRESS = re.compile(r"[0-9a-f]{2}(?:[:-][0-9a-f]{2}){5}", re.IGNORECASE)


class FuseWords(AliasedBlock):
    """A fuse controller's words of 32 fuses each. They outlive every reset and loss of power."""

    words: ClassVar[int]
    unique_id_words: ClassVar[tuple[int, int]]
    """Words of the identity's upper and lower half."""
    mac_words: ClassVar[tuple[int, int]]
    """Words of a MAC address's lower four and upper two bytes."""

    def __init__(self, host: Host, name: str, fuses: str, unique_id: int, mac_address: str) -> None:
        """See the models for the attributes; UsageError for text that is no list of words or no address."""
        super().__init__(host, name)
        self.fuses = [0] * self.words
        self._preset(self.unique_id_words[0], unique_id >> 32 & 0xFFFF_FFFF)
        self._preset(self.unique_id_words[1], unique_id & 0xFFFF_FFFF)
        if mac_address:
            self._preset_mac_address(mac_address)
        self._preset_words(fuses)

    def _preset(self, word: int, value: int) -> None:
        """A word as the factory or the maker of the board has left it."""
        self.fuses[word] = value

    def _preset_mac_address(self, text: str) -> None:
        if not MAC_ADDRESS.fullmatch(text):
            raise UsageError(f'{self.name}: macAddress takes six bytes such as "02:00:5E:00:53:01", not "{text}".')
        address = int(text.replace(":", "").replace("-", ""), 16)
        self._preset(self.mac_words[0], address & 0xFFFF_FFFF)
        self._preset(self.mac_words[1], address >> 32)

    def _preset_words(self, text: str) -> None:
        for entry in filter(None, re.split(r"[,;]\s*", text.strip())):
            match = WORD_SETTING.fullmatch(entry.strip())
            if not match:
                raise UsageError(f'{self.name}: fuses takes words such as "0x16=0x10, 0x15=2", not "{entry}".')
            word, value = (int(number, 0) for number in match.groups())
            if word >= self.words or value >> 32:
                raise UsageError(f"{self.name}: fuse words are 0 to 0x{self.words - 1:X} of 32 bits, not {entry}.")
            self._preset(word, value)

    def fuse_word(self, word: int) -> int:
        """The 32 fuses of word `word`; ValueError if there is none."""
        return self.fuses[self._checked(word)]

    def blow(self, word: int, ones: int) -> None:
        """Blow the fuses `ones` of a word from outside, locks or not; shadow registers follow at the next load."""
        self.fuses[self._checked(word)] |= ones & 0xFFFF_FFFF

    def _checked(self, word: int) -> int:
        if word not in range(self.words):
            raise ValueError(f"{self.name} has fuse words 0 to 0x{self.words - 1:X}, not {word}")
        return word
