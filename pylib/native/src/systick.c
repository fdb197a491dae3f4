/* SysTick (ARMv7-M B3.3): nothing counts; the current value follows from virtual time. */
#include "core.h"

enum { ENABLE = 1, TICKINT = 2, CLKSOURCE = 4, COUNTFLAG = 1 << 16, NS_PER_S = 1000000000 };

static uint64_t rate(const wb_core *core)
{
    return core->d.systick_csr & CLKSOURCE ? core->hz : core->systick_reference_hz;
}

static uint64_t ticks_since_load(const wb_core *core)
{
    unsigned __int128 passed = (unsigned __int128)(core->machine->now_ns - core->d.systick_anchor_ns);
    return (uint64_t)(passed * rate(core) / NS_PER_S);
}

static int64_t time_of(const wb_core *core, uint64_t ticks)
{
    unsigned __int128 scaled = (unsigned __int128)ticks * NS_PER_S + rate(core) - 1;
    return core->d.systick_anchor_ns + (int64_t)(scaled / rate(core));
}

/* Ticks from the anchor to the first transition from 1 to 0. After a clear (start 0) the counter reloads first. */
static uint64_t first_zero(const wb_core *core)
{
    return core->d.systick_start ? core->d.systick_start : (uint64_t)core->d.systick_rvr + 1;
}

static uint32_t current(const wb_core *core)
{
    if (!(core->d.systick_csr & ENABLE) || rate(core) == 0) return core->d.systick_start;
    uint64_t ticks = ticks_since_load(core), zero = first_zero(core), period = (uint64_t)core->d.systick_rvr + 1;
    if (ticks == 0) return core->d.systick_start;
    if (ticks <= zero) return (uint32_t)(zero - ticks);
    if (core->d.systick_rvr == 0) return 0;
    uint64_t into = (ticks - zero) % period;
    return into ? (uint32_t)(period - into) : 0;
}

static void arm(wb_core *core)
{
    int64_t at = WB_NEVER;
    if ((core->d.systick_csr & ENABLE) && rate(core) && (core->d.systick_start || core->d.systick_rvr))
        at = time_of(core, first_zero(core));
    wb_event_at(core->machine, core->systick_event, at);
}

static void load(wb_core *core, uint32_t start)
{
    core->d.systick_start = start;
    core->d.systick_anchor_ns = core->machine->now_ns;
    arm(core);
}

bool wb_systick_interrupts(const wb_core *core)
{
    return (core->d.systick_csr & (ENABLE | TICKINT)) == (ENABLE | TICKINT);
}

/* The counter reached zero. The anchor moves by whole periods, so that no rounding adds up. */
void wb_systick_due(void *owner)
{
    wb_core *core = owner;
    core->d.systick_csr |= COUNTFLAG;
    if (core->d.systick_csr & TICKINT) wb_set_pending(core, WB_SYSTICK);
    if (core->d.systick_rvr == 0) return;
    uint64_t passed = ticks_since_load(core), period = (uint64_t)core->d.systick_rvr + 1;
    uint64_t next = first_zero(core) + ((passed - first_zero(core)) / period + 1) * period;
    wb_event_at(core->machine, core->systick_event, time_of(core, next));
}

/* `offset` from 0xE000E000: SYST_CSR 0x10 to SYST_CALIB 0x1C. */
bool wb_systick_access(wb_core *core, uint32_t offset, bool write, uint32_t *value)
{
    uint32_t old = core->d.systick_csr;
    if (write || (offset & ~3u) == 0x10 || (offset & ~3u) == 0x18) wb_loop_spoil(core);
    switch (offset & ~3u) {
    case 0x10:
        if (write) {
            uint32_t now = current(core);
            core->d.systick_csr = (old & COUNTFLAG) | (*value & 7);
            if ((old ^ *value) & (ENABLE | CLKSOURCE)) load(core, now);
        } else {
            *value = old;
            core->d.systick_csr &= ~(uint32_t)COUNTFLAG;
        }
        return true;
    case 0x14:
        if (write) {
            uint32_t now = current(core);
            core->d.systick_rvr = *value & 0xFFFFFF;
            load(core, now);
        } else {
            *value = core->d.systick_rvr;
        }
        return true;
    case 0x18:
        if (write) {
            core->d.systick_csr &= ~(uint32_t)COUNTFLAG;
            load(core, 0);
        } else {
            *value = current(core);
        }
        return true;
    case 0x1C:
        if (!write) *value = core->systick_reference_hz ? 0 : 1u << 31;
        return true;
    default: return false;
    }
}
