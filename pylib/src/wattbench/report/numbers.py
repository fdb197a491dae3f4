"""How numbers are written for people."""

from __future__ import annotations

MINUS = "\N{MINUS SIGN}"
MICRO = "\N{MICRO SIGN}"
THIN = "\N{NARROW NO-BREAK SPACE}"


def plain(value: float, digits: int = 6) -> str:
    """A value with `digits` significant digits, groups of three, and a true minus sign."""
    text = f"{value:.{digits}g}"
    if "e" not in text:
        decimals = max(0, digits - len(str(int(abs(value))))) if abs(value) >= 1 else len(text.partition(".")[2])
        text = f"{value:,.{decimals}f}".replace(",", THIN)
    return text.replace("-", MINUS)


def signed(value: float) -> str:
    """An error with its sign, four decimals where it is small and two where it is not."""
    decimals = 4 if abs(value) < 10 else 2
    text = f"{round(value, decimals) + 0.0:+.{decimals}f}"
    return text.replace("-", MINUS)


def amount(value: float, unit: str) -> str:
    """A value with its unit; what is itself an error in percent is written as one."""
    return f"{signed(value) if unit == '%' else plain(value)} {unit}"


def doubt(value: float, unit: str) -> str:
    """An uncertainty; what does not show in the error beside it is only bounded."""
    if not value:
        return "none"
    return (f"< 0.0001 {unit}" if value < 1e-4 else f"±{value:.2g} {unit}").rstrip()


def percent(value: float) -> str:
    """A limit without trailing zeros."""
    return f"{value:.3g}".replace("-", MINUS)


def measure(value: float, unit: str) -> str:
    """A timing figure: ns as the unit of time that suits it, else with its unit."""
    for name, size in (("s", 1e9), ("ms", 1e6), ("us", 1e3)):
        if unit == "ns" and abs(value) >= size:
            return f"{plain(value / size, 4)}{THIN}{name.replace('u', MICRO)}"
    return f"{plain(value, 4)}{THIN}{unit}"


def seconds(value: float) -> str:
    """A duration in s, or in min and s from two minutes on."""
    if value < 120:
        return f"{value:.3g}{THIN}s" if value < 10 else f"{value:.1f}{THIN}s"
    return f"{int(value) // 60}{THIN}min {int(value) % 60}{THIN}s"
