"""ctypes binding of the native blocks (the headers beside pylib/native/src/block.h)."""

from __future__ import annotations

import ctypes as c
from functools import cache
from typing import Any

from wattbench.engines.embedded import native

_U32, _I64, _PTR, _UINT = c.c_uint32, c.c_int64, c.c_void_p, c.c_uint
MISSING = c.CFUNCTYPE(None, _U32, _U32, _U32)
ACKNOWLEDGED = c.CFUNCTYPE(None, _U32)
SELECT = c.CFUNCTYPE(None, _PTR, _U32)
SELECTED = c.CFUNCTYPE(_U32, _PTR)
EXCHANGE = c.CFUNCTYPE(_U32, _PTR, _U32, _U32)
REFILL = c.CFUNCTYPE(None, _I64, _U32, _I64, _U32, _U32, _U32, _PTR)
DROP = c.CFUNCTYPE(None, _I64)
TEMPOS = c.CFUNCTYPE(_U32)
REFILL_FRAMES = c.CFUNCTYPE(None)
EXECUTE = c.CFUNCTYPE(None, _U32, _U32, _U32, _U32, _PTR, _U32, _PTR, _U32)
READS = c.CFUNCTYPE(None, _U32, _U32, _U32, _U32)

# enum wb_missing
MISSING_READ, MISSING_WRITE, MISSING_BITS, MISSING_FEATURE = range(4)


class SpiPart(c.Structure):
    """`wb_spi_part`: a part on an SPI bus."""

    _fields_ = (("select", SELECT), ("selected", SELECTED), ("exchange", EXCHANGE), ("owner", _PTR))


class ConverterHost(c.Structure):
    """`wb_ade7913_host`: what the native converter asks of Python."""

    _fields_ = (("refill", REFILL), ("drop", DROP), ("tempos", TEMPOS))


class FlexSpiHost(c.Structure):
    """`wb_flexspi_host`: what the native FlexSPI asks of Python."""

    _fields_ = (("execute", EXECUTE), ("reads", READS))


class AudioFrameData(c.Structure):
    """`wb_audio_frame`."""

    _fields_ = (
        ("start_ns", _I64),
        ("hz_num", _I64),
        ("hz_den", _I64),
        ("count", _U32),
        ("lines", _U32),
        ("widths", _U32 * 32),
        ("words", _U32 * 32 * 4),
    )


SUPPLY = c.CFUNCTYPE(None, _U32, c.POINTER(AudioFrameData))
AUDIO_FRAME = c.CFUNCTYPE(None, c.POINTER(AudioFrameData))


class SaiHost(c.Structure):
    """`wb_sai_host`: what the native SAI asks of Python."""

    _fields_ = (("supply", SUPPLY), ("sent", AUDIO_FRAME))


_SIGNATURES: dict[str, tuple[Any, tuple[Any, ...]]] = {
    "wb_block_map": (None, (_PTR, _U32, _U32, _U32)),
    "wb_block_free": (None, (_PTR,)),
    "wb_block_on_missing": (None, (_PTR, MISSING)),
    "wb_block_host_reset": (None, (_PTR,)),
    "wb_block_host_read": (_U32, (_PTR, _U32, _U32)),
    "wb_block_host_write": (None, (_PTR, _U32, _U32, _U32)),
    "wb_line_level": (_U32, (_PTR, _UINT)),
    "wb_request_watch": (c.c_int, (_PTR,)),
    "wb_edma_new": (_PTR, (_PTR,)),
    "wb_edma_line": (_UINT, (_PTR, _UINT)),
    "wb_edma_trace": (None, (_PTR, _UINT, _U32, _U32)),
    "wb_edma_services": (c.c_uint64, (_PTR,)),
    "wb_dmamux_new": (_PTR, (_PTR, _PTR)),
    "wb_dmamux_connect": (None, (_PTR, _UINT, _PTR)),
    "wb_dmamux_connect_host": (None, (_PTR, _UINT, ACKNOWLEDGED)),
    "wb_dmamux_host_level": (None, (_PTR, _UINT, _U32)),
    "wb_dmamux_input": (None, (_PTR, _UINT, _U32)),
    "wb_lpspi_new": (_PTR, (_PTR,)),
    "wb_lpspi_clock": (None, (_PTR, _I64, _I64)),
    "wb_lpspi_attach": (None, (_PTR, _UINT, _PTR)),
    "wb_lpspi_trace": (None, (_PTR, _UINT, _U32)),
    "wb_lpspi_line": (_UINT, (_PTR,)),
    "wb_lpspi_request": (_PTR, (_PTR, _UINT)),
    "wb_gpt_new": (_PTR, (_PTR,)),
    "wb_gpt_clock": (None, (_PTR, _I64, _I64)),
    "wb_gpt_input": (None, (_PTR, _U32, _U32)),
    "wb_gpt_line": (_UINT, (_PTR, _UINT)),
    "wb_flexspi_new": (_PTR, (_PTR, c.POINTER(FlexSpiHost), _U32)),
    "wb_flexspi_attach": (None, (_PTR, _U32)),
    "wb_flexspi_tell": (None, (_PTR,)),
    "wb_flexspi_line": (_UINT, (_PTR,)),
    "wb_flexspi_held": (_U32, (_PTR, _U32, c.POINTER(_PTR))),
    "wb_flexspi_hold": (None, (_PTR, _U32, c.c_char_p, _U32)),
    "wb_flexpwm_new": (_PTR, (_PTR,)),
    "wb_flexpwm_clock": (None, (_PTR, _I64, _I64)),
    "wb_flexpwm_input": (None, (_PTR, _U32, _U32)),
    "wb_flexpwm_connect": (_U32, (_PTR, _U32, _UINT)),
    "wb_flexpwm_line": (_UINT, (_PTR, _UINT)),
    "wb_flexpwm_request": (_PTR, (_PTR, _UINT)),
    "wb_sai_new": (_PTR, (_PTR, c.POINTER(SaiHost), _U32, _U32)),
    "wb_sai_clock": (None, (_PTR, _U32, _I64, _I64)),
    "wb_sai_clocked": (None, (_PTR,)),
    "wb_sai_begin": (None, (_PTR, _U32, c.POINTER(AudioFrameData))),
    "wb_sai_line": (_UINT, (_PTR, _UINT)),
    "wb_sai_request": (_PTR, (_PTR, _UINT)),
    "wb_ad7779_new": (_PTR, (_PTR, REFILL_FRAMES)),
    "wb_ad7779_start": (None, (_PTR, _PTR, _I64, _I64, _I64)),
    "wb_ad7779_stop": (None, (_PTR,)),
    "wb_ad7779_format": (None, (_PTR, _U32, _I64, _I64)),
    "wb_ad7779_block": (None, (_PTR, _I64, _I64, c.c_char_p)),
    "wb_ade7913_new": (_PTR, (_PTR, c.POINTER(ConverterHost))),
    "wb_ade7913_crystal": (None, (_PTR, _I64, _I64)),
    "wb_ade7913_reset_duration": (None, (_PTR, _I64)),
    "wb_ade7913_changed": (None, (_PTR, _I64)),
    "wb_ade7913_input": (None, (_PTR, _U32, _U32)),
    "wb_ade7913_part": (_PTR, (_PTR,)),
    "wb_ade7913_dready": (_UINT, (_PTR,)),
    "wb_ade7913_samples": (_I64, (_PTR,)),
    "wb_ade7913_last_sample_ns": (_I64, (_PTR,)),
    "wb_ade7913_overruns": (_I64, (_PTR,)),
}


@cache
def library() -> c.CDLL:
    """The native core with the signatures of its blocks."""
    loaded = native.library()
    for name, (result, arguments) in _SIGNATURES.items():
        function = getattr(loaded, name)
        function.restype, function.argtypes = result, arguments
    return loaded
