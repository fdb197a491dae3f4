/* DWT: the cycle counter (ARMv7-M C1.8.8); the comparators are absent and say so. */
#include "core.h"

enum { CYCCNTENA = 1, NO_TRACE_NO_EXTERNAL_NO_PROFILE = 0x0D000000, NS_PER_S = 1000000000 };

static bool counts(const wb_core *core) { return (core->d.dwt_ctrl & CYCCNTENA) && core->d.demcr >> 24 & 1; }

uint32_t wb_dwt_cycles(const wb_core *core)
{
    if (!counts(core)) return core->d.dwt_offset;
    unsigned __int128 passed = (unsigned __int128)(core->machine->now_ns - core->d.dwt_anchor_ns);
    return core->d.dwt_offset + (uint32_t)(passed * core->hz / NS_PER_S);
}

static void anchor(wb_core *core, uint32_t cycles)
{
    core->d.dwt_offset = cycles;
    core->d.dwt_anchor_ns = core->machine->now_ns;
}

bool wb_dwt_access(wb_core *core, uint32_t offset, bool write, uint32_t *value)
{
    if (write || offset == 0x004) wb_loop_spoil(core);
    switch (offset) {
    case 0x000:
        if (write) {
            anchor(core, wb_dwt_cycles(core));
            core->d.dwt_ctrl = *value & CYCCNTENA;
        } else {
            *value = core->d.dwt_ctrl | NO_TRACE_NO_EXTERNAL_NO_PROFILE;
        }
        return true;
    case 0x004:
        if (write) anchor(core, *value);
        else *value = wb_dwt_cycles(core);
        return true;
    case 0x008: case 0x00C: case 0x010: case 0x014: case 0x018: case 0x01C: case 0xFB0: case 0xFB4:
        if (!write) *value = 0;
        return true;
    default: return false;
    }
}
