"""One-time programmable fuses of the i.MX RT1064 and their controller (reference manual "OCOTP", "Fusemap").

There are 64 words of 32 fuses, each with a shadow register that is loaded at each reset and by RELOAD_SHADOWS, not by
programming, and that software may write. A fuse can only go from 0 to 1. Locks are fuses of word 0; they hold once its
shadow register shows them.

Times are those of the array: some 10 us to blow a fuse, 300 ns to read a word.
"""

from __future__ import annotations

from wattbench.core.host import Host
from wattbench.core.model import model, on_write
from wattbench.core.registers import load_table
from wattbench.hw.imxrt.fuse_words import DEFAULT_UNIQUE_ID, FuseWords

TABLE = load_table("wattbench.hw.imxrt106x", "ocotp")
SHADOWS = ("LOCK", *TABLE["WORDS_1_TO_47"].names, *TABLE["WORDS_48_TO_63"].names)
"""Names of the shadow registers by word."""
ADDR, BUSY, ERROR, RELOAD, WR_UNLOCK = (
    TABLE["CTRL"][name] for name in ("ADDR", "BUSY", "ERROR", "RELOAD_SHADOWS", "WR_UNLOCK")
)
READ_FUSE = TABLE["READ_CTRL"]["READ_FUSE"]
UNLOCK_KEY = 0x3E77
BLOW_NS, READ_NS = 10_000, 300
UNREADABLE = 0xBADA_BADA
LOCKS = {
    "TESTER": range(1, 5), "BOOT_CFG": range(5, 8), "MEM_TRIM": range(8, 13), "ANALOG": range(13, 16),
    "OTPMK": range(16, 24), "SJC_RESP": range(32, 34), "MAC_ADDR": range(34, 37), "OTPMK_CRC": range(37, 38),
    "GP1": range(38, 39), "GP2": range(39, 40), "SW_GP1": range(40, 41), "SW_GP2_LOCK": range(41, 45),
    "MISC_CONF": range(45, 47), "ROM_PATCH": range(48, 56), "GP3": range(56, 60), "GP4": range(60, 64),
}  # fmt: skip
"""Words that a field of LOCK keeps from being programmed and their shadow registers from being written."""
READ_LOCKS = {
    "OTPMK": range(16, 24), "SJC_RESP": range(32, 34), "SW_GP2_RLOCK": range(41, 45), "GP4_RLOCK": range(60, 64),
}  # fmt: skip


@model("Wattbench.Ocotp106x")
class Ocotp106x(FuseWords):
    """Fuses and their controller at 0x401F4000. Fuses outlive every reset and loss of power."""

    size = 0x4000
    table = TABLE
    words = len(SHADOWS)
    unique_id_words = (1, 2)
    mac_words = (0x22, 0x23)
    state_names = ("fuses", "_access", "_word", "_data")
    missing = (
        "check sums, locks until the next reset (SW_STICKY, SCS), field return",
        "strobes that are too short or too long",
    )

    def __init__(
        self, host: Host, name: str, *, fuses: str = "", unique_id: int = DEFAULT_UNIQUE_ID, mac_address: str = ""
    ) -> None:
        """`fuses` sets words by number: `"0x5=0x10, 0x26=0x2"`; `mac_address` is that of the first Ethernet port.

        Raises UsageError for text that is no such list or address.
        """
        super().__init__(host, name, fuses, unique_id, mac_address)
        self._access, self._word, self._data = "", 0, 0
        self._finish = self.timer("access", self._finished)

    def reset(self) -> None:
        """See `Model.reset`; the shadow registers are loaded from the fuses."""
        super().reset()
        self._access, self._word, self._data = "", 0, 0
        self._load_shadows()

    def _load_shadows(self) -> None:
        for word, name in enumerate(SHADOWS):
            self[name] = self.fuses[word]

    def _locked(self, word: int, upper: bool) -> bool:
        """Whether a lock keeps the word from being programmed or, `upper`, its shadow register from being written."""
        for name, words in LOCKS.items():
            field = TABLE["LOCK"][name]
            if word in words and field.get(self["LOCK"]) >> (upper and field.width > 1) & 1:
                return True
        return False

    def _readable(self, word: int) -> bool:
        lock = self["LOCK"]
        return not any(word in words and TABLE["LOCK"][name].get(lock) for name, words in READ_LOCKS.items())

    def _start(self, access: str, duration_ns: int) -> bool:
        """Begin an access; one that comes while another is under way is an error."""
        if self["CTRL"] & BUSY.mask:
            self["CTRL"] |= ERROR.mask
            return False
        self._access, self._word = access, ADDR.get(self["CTRL"])
        self["CTRL"] |= BUSY.mask
        self._finish.arm(self.host.now_ns() + duration_ns)
        return True

    def _finished(self) -> None:
        self["CTRL"] &= ~BUSY.mask
        access, self._access = self._access, ""
        if access == "read":
            self["READ_CTRL"] &= ~READ_FUSE.mask
            readable = self._readable(self._word)
            self["READ_FUSE_DATA"] = self.fuses[self._word] if readable else UNREADABLE
            self["CTRL"] |= 0 if readable else ERROR.mask
        elif access == "program":
            self["CTRL"] &= ~WR_UNLOCK.mask
            if self._locked(self._word, upper=False):
                self["CTRL"] |= ERROR.mask
            else:
                self.fuses[self._word] |= self._data
        else:
            self["CTRL"] &= ~RELOAD.mask
            self._load_shadows()

    @on_write("CTRL")
    def _control_written(self, raw: int, old: int) -> None:
        if self["CTRL"] & ~old & RELOAD.mask and not self._start("reload", self.words * READ_NS):
            self["CTRL"] &= ~RELOAD.mask

    @on_write("READ_CTRL")
    def _read_control_written(self, raw: int, old: int) -> None:
        if raw & READ_FUSE.mask and not old & READ_FUSE.mask and not self._start("read", READ_NS):
            self["READ_CTRL"] &= ~READ_FUSE.mask

    @on_write("DATA")
    def _data_written(self, raw: int, old: int) -> None:
        """Program the word, if the key is there; without it a write is only stored."""
        if WR_UNLOCK.get(self["CTRL"]) != UNLOCK_KEY:
            return
        if self._start("program", max(self["DATA"].bit_count(), 1) * BLOW_NS):
            self._data = self["DATA"]

    @on_write("WORDS_1_TO_47", "WORDS_48_TO_63")
    def _shadow_written(self, number: int, raw: int, old: int) -> None:
        """A shadow register whose words are locked keeps its value."""
        if self._locked(number, upper=True):
            self[SHADOWS[number]] = old
