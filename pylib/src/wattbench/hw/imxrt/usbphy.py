"""USB PHYs of the i.MX RT1170 (IMXRT1170RM "USBPHY"): PLL, reset, state of the connector.

The PLL locks at once when it has power and its regulator. What is electrical (terminations, thresholds, trimming) is
storage. The supply and the identity pin are those of the controller the PHY belongs to.
"""

from __future__ import annotations

from typing import ClassVar

from wattbench.core.host import Host
from wattbench.core.model import model, on_read, on_write
from wattbench.core.registers import load_table
from wattbench.hw.imxrt.aliased import AliasedBlock
from wattbench.hw.imxrt.usb import Usb

TABLE = load_table("wattbench.hw.imxrt", "usbphy")
CTRL, PLL, DETECT, SUPPLY = (TABLE[name] for name in ("CTRL", "PLL_SIC", "USB1_VBUS_DETECT", "USB1_VBUS_DET_STAT"))
OVERRIDES = {
    "SESSEND": "SESSEND_OVERRIDE", "BVALID": "BVALID_OVERRIDE", "AVALID": "AVALID_OVERRIDE",
    "VBUS_VALID": "VBUSVALID_OVERRIDE",
}  # fmt: skip
IDENTITY_STATUS = 1 << 8


class UsbTransceiver(AliasedBlock):
    """What all PHYs have: reset and the identity pin. Supply and PLL are elsewhere on some chips."""

    default_output = "IRQ"
    missing: ClassVar[tuple[str, ...]] = (
        "interrupts of disconnection, plugged-in resistors, resume, wake-up and the identity pin",
    )
    kept_over_reset: ClassVar[tuple[str, ...]] = ()
    """Registers that SFTRST does not reach."""

    def __init__(self, host: Host, name: str, *, usb: Usb | None = None) -> None:
        super().__init__(host, name)
        self.usb = usb
        self.output("IRQ")

    @property
    def _identity(self) -> bool:
        return self.usb is None or self.usb.id_pin

    @on_write("CTRL")
    def _write_control(self, raw: int, old: int) -> None:
        """Reset brings back what belongs to the transceiver, not the PLL nor the analogue part."""
        if self["CTRL"] & ~old & CTRL["SFTRST"].mask:
            kept = {name: self[name] for name in self.kept_over_reset}
            self.values = list(self._resets)
            for name, value in kept.items():
                self[name] = value

    @on_read("CTRL")
    def _read_control(self) -> int:
        value = CTRL["OTG_ID_VALUE"].put(self["CTRL"], self._identity)
        return CTRL["UTMI_SUSPENDM"].put(value, not value & CTRL["CLKGATE"].mask)

    @on_read("STATUS")
    def _read_status(self) -> int:
        return IDENTITY_STATUS if self._identity and self["CTRL"] & CTRL["ENOTGIDDETECT"].mask else 0


@model("Wattbench.UsbPhy")
class UsbPhy(UsbTransceiver):
    """A USB PHY. `usb` is its controller; without one nothing is ever plugged in."""

    size = 0x200
    table = TABLE
    missing = (*UsbTransceiver.missing, "the lock time of the PLL")
    kept_over_reset = ("PLL_SIC", "USB1_VBUS_DETECT", "USB1_CHRG_DETECT", "ANACTRL", "TRIM_OVERRIDE_EN")

    @property
    def _supplied(self) -> bool:
        return self.usb is not None and self.usb.vbus

    @property
    def _identity(self) -> bool:
        if DETECT["ID_OVERRIDE_EN"].get(self["USB1_VBUS_DETECT"]):
            return bool(DETECT["ID_OVERRIDE"].get(self["USB1_VBUS_DETECT"]))
        return super()._identity

    @on_read("PLL_SIC")
    def _read_pll(self) -> int:
        value = self["PLL_SIC"]
        locked = PLL["PLL_POWER"].get(value) and PLL["PLL_REG_ENABLE"].get(value)
        return PLL["PLL_LOCK"].put(value, int(locked))

    @on_read("USB1_VBUS_DET_STAT")
    def _read_supply(self) -> int:
        detect, value = self["USB1_VBUS_DETECT"], SUPPLY["VBUS_VALID_3V"].put(0, self._supplied)
        overridden = DETECT["VBUS_OVERRIDE_EN"].get(detect)
        for name, override in OVERRIDES.items():
            level = self._supplied != (name == "SESSEND")
            value = SUPPLY[name].put(value, DETECT[override].get(detect) if overridden else level)
        return value
