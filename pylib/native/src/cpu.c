/* Unicorn's CPU registers, against its habit of applying the architecture's access rules to its user as well. */
#include "core.h"

static const uint32_t IT_BITS = 0x0600FC00;

bool wb_core_handles(const wb_core *core) { return wb_get(core, REG(IPSR)) != 0; }

bool wb_core_privileged(const wb_core *core)
{
    return wb_core_handles(core) || !(wb_get(core, REG(CONTROL)) & 1);
}

/* MSP, PSP and the masks read as zero for an unprivileged thread: be a handler meanwhile. */
static void read_batch(const wb_core *core, const int *regs, void **values, int count)
{
    bool privileged = wb_core_privileged(core);
    if (!privileged) wb_set((wb_core *)core, REG(IPSR), WB_NMI);
    uc_reg_read_batch(core->uc, regs, values, count);
    if (!privileged) wb_set((wb_core *)core, REG(IPSR), 0);
}

uint32_t wb_get_special(const wb_core *core, int reg)
{
    uint32_t value = 0;
    read_batch(core, &reg, (void *[]){ &value }, 1);
    return value;
}

wb_masks wb_get_masks(const wb_core *core)
{
    static const int REGISTERS[] = { REG(PRIMASK), REG(BASEPRI), REG(FAULTMASK) };
    wb_masks masks = { 0, 0, 0 };
    read_batch(core, REGISTERS, (void *[]){ &masks.primask, &masks.basepri, &masks.faultmask }, 3);
    return masks;
}

/* A callback inside an IT block leaves its IT bits in the CPU state for good: take them away before going on. */
void wb_repair_it(wb_core *core)
{
    uint32_t xpsr = wb_get(core, REG(XPSR));
    if (xpsr & IT_BITS) wb_set(core, REG(XPSR), xpsr & ~IT_BITS);
}

/*
 * Mode, privilege and stack in one go. Unicorn writes CONTROL as MSR would: SPSEL only falls in privileged thread mode,
 * nothing for unprivileged code. It also keeps mode and privilege a second time, for choosing translated code and TLB;
 * writing the flags through APSR_NZCV is what makes it derive them again.
 */
void wb_set_control(wb_core *core, uint32_t control, uint32_t ipsr)
{
    static const int REGISTERS[] = { REG(IPSR), REG(CONTROL), REG(IPSR), REG(CONTROL), REG(IPSR), REG(APSR_NZCV) };
    uint32_t handler = WB_NMI, none = 0, flags = wb_get(core, REG(APSR_NZCV)), wanted = ipsr ? control & ~2u : control;
    void *values[] = { &handler, &none, &none, &wanted, &ipsr, &flags };
    uc_reg_write_batch(core->uc, REGISTERS, values, sizeof REGISTERS / sizeof *REGISTERS);
}
