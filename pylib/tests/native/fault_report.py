"""Programs that run into a fault, and what they report of it."""

NOTHING = 0x50000000
PRECISE, FORCED = 0x8200, 1 << 30

# A fault handler that logs CFSR, BFAR, MMFAR, the stacked PC and the stacked xPSR.
REPORT = """
entry hard
entry mem
entry bus
entry usage
 mrs r0, ipsr
 log r0
 logat CFSR
 logat 0xE000ED38
 logat 0xE000ED34
 ldr r0, [sp, #24]
 log r0
 ldr r0, [sp, #28]
 log r0
 logat 0xE000ED2C
 done
.ltorg
"""


def fault(board, body, enable=True, **options):
    """Exception, CFSR, BFAR, MMFAR, PC, xPSR, HFSR of the fault that `body` runs into."""
    one = board(f"entry start\n {'enable_faults' if enable else ''}\n{body}\n done\n .ltorg\n{REPORT}", **options).run()
    log = one.log()
    assert len(log) == 7, (log, hex(one.reg("pc")))
    return one, log
