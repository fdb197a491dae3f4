"""The chapters of the ledger: which peripherals belong together."""

from __future__ import annotations

import re

DOMAINS = (
    ("Core and its private bus", r"SystemControl|NVIC|CM7_MCM|MCM|MMCAU|LMEM"),
    ("Clocks, power and reset", r"ANADIG_\w+|CCM(_OBS|_ANALOG)?|DCDC|GPC\w*|PGMC_\w+|PGC|PMU|SRC|SSARC_\w+|IPS_DOMAIN|"
     r"XTALOSC24M|TEMPMON|AUDIO_PLL|ETHERNET_PLL|VIDEO_PLL|OSC_RC_400M|PHY_LDO|TMPSNS|VMBANDGAP"),
    ("Pads and ports", r"IOMUXC\w*|(CM7_)?GPIO\d+|KPP|XBAR[AB]\d|AOI\d"),
    ("Memories and their controllers", r"FLEXRAM|FLEXSPI\d?|SEMC|USDHC\d|MECC\d|XECC_\w+|SRAM|OCOTP|ROMC"),
    ("DMA", r"DMA\d|DMAMUX\d?"),
    ("Serial ports and networks", r"LPUART\d+|LPSPI\d|LPI2C\d|CAN\d(_WRAPPER)?|ENET\w*|FLEXIO\d|USB\w*|EMVSIM\d"),
    ("Timers and watchdogs", r"GPT\d|PIT\d?|TMR\d|PWM\d|ENC\d|E?WDOG\d?|RTWDOG\d?|EWM|CDOG"),
    ("Analogue", r"ADC\d|ADC_ETC|LPADC\d|CMP\d|DAC|TSC"),
    ("Sound and picture", r"SAI\d|SPDIF|ASRC|PDM|CSI|LCDIF(V2)?|DSI_HOST\w*|MIPI_\w+|PXP|VIDEO_MUX|DCIC\d"),
    ("Between the cores", r"MU[AB]|SEMA4|RDC\w*|XRDC2_D\d"),
    ("Security", r"SNVS|CAAM|TRNG|DCP|BEE|CSU|IEE\w*|OTFAD\d|KEY_MANAGER\w*|AIPSTZ\d"),
)  # fmt: skip


def domain_of(peripheral: str) -> str:
    """The chapter of a peripheral; raises LookupError where none or several would have it."""
    found = [title for title, pattern in DOMAINS if re.fullmatch(pattern, peripheral)]
    if len(found) != 1:
        raise LookupError(f"{peripheral} belongs to {found or 'no chapter'}; see fidelity/domains.py")
    return found[0]
