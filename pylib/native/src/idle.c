/* Waiting without WFI: places that the host has named as such. */
#include "core.h"

static int slot_of(const wb_core *core, uint32_t address)
{
    for (uint64_t left = core->wait_points.used; left; left &= left - 1) {
        int slot = __builtin_ctzll(left);
        if (core->wait_points.address[slot] == address) return slot;
    }
    return -1;
}

/*
 * The instruction at a wait point is next. The core sleeps, and passes the place the next time it comes here: the
 * firmware has then looked at what it waits for once more.
 */
static void on_wait_point(uc_engine *uc, uint64_t address, uint32_t size, void *user)
{
    wb_core *core = user;
    int slot = slot_of(core, (uint32_t)address);
    (void)size;
    if (slot < 0 || wb_in_it_block(core, core->block_pc, (uint32_t)address)) {
        wb_repair_it(core);
        return;
    }
    core->d.passing ^= 1ull << slot;
    if (!(core->d.passing >> slot & 1)) return;
    core->waits = true;
    uc_emu_stop(uc);
}

int wb_core_wait_point(wb_machine *machine, uint32_t number, uint32_t address, uint32_t add)
{
    wb_core *core = machine->cores[number];
    address &= ~1u;
    int slot = slot_of(core, address);
    if ((slot >= 0) == (add != 0)) return 0;
    if (add) {
        if (core->wait_points.used == UINT64_MAX) return -1;
        slot = __builtin_ctzll(~core->wait_points.used);
        uc_hook *hook = &core->wait_points.hook[slot];
        if (uc_hook_add(core->uc, hook, UC_HOOK_CODE, (void *)on_wait_point, core, address, address)) return -1;
        core->wait_points.address[slot] = address;
    } else {
        uc_hook_del(core->uc, core->wait_points.hook[slot]);
    }
    core->wait_points.used ^= 1ull << slot;
    core->d.passing &= ~(1ull << slot);
    core->code_stale = core->look = true;               /* the hook is part of the translation */
    return 0;
}
