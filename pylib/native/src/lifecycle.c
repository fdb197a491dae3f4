/* A core from its making to its end: Unicorn set up, reset, hold, speed. */
#include <stdlib.h>
#include <string.h>

#include "core.h"

static int add_hooks(wb_core *core)
{
    uc_hook hook;
    uc_engine *uc = core->uc;
    return uc_hook_add(uc, &hook, UC_HOOK_INTR, (void *)wb_on_interrupt, core, 1, 0) ||
           uc_hook_add(uc, &hook, UC_HOOK_BLOCK, (void *)wb_on_block, core, 1, 0) ||
           uc_hook_add(uc, &hook, UC_HOOK_EDGE_GENERATED, (void *)wb_on_translation, core, 1, 0) ||
           uc_ctl_tlb_mode(uc, UC_TLB_VIRTUAL) ||
           uc_hook_add(uc, &hook, UC_HOOK_TLB_FILL, (void *)wb_tlb_fill, core, 1, 0) ||
           uc_ctl_exits_enable(uc);
}

/*
 * The window forbids what its callbacks allow: Unicorn then asks a hook first, which alone knows the PC (`wb_judge`).
 * The hook is for the window alone: where one could be, Unicorn does not store directly.
 */
static int open_slow_window(wb_core *core)
{
    uc_hook hook;
    uc_engine *uc = core->uc;
    return uc_mmio_map(uc, WB_SLOW_WINDOW, 1ull << 32, wb_slow_read, core, wb_slow_write, core) ||
           uc_mem_protect(uc, WB_SLOW_WINDOW, 1ull << 32, UC_PROT_NONE) ||
           uc_hook_add(uc, &hook, UC_HOOK_MEM_READ_PROT | UC_HOOK_MEM_WRITE_PROT, (void *)wb_judge, core,
                       WB_SLOW_WINDOW, WB_SLOW_WINDOW + UINT32_MAX);
}

int wb_core_new(wb_machine *machine, uint32_t type, uint32_t mips, uint64_t hz, uint64_t systick_reference_hz,
                uint32_t mpu_regions, uint32_t priority_mask, uint32_t irqs)
{
    const wb_core_kind *kind = wb_core_kind_of(type);
    if (machine->core_count == WB_MAX_CORES || !kind || !mips || mpu_regions > WB_MPU_REGIONS || irqs > WB_IRQS) return -1;
    wb_core *core = calloc(1, sizeof *core);
    if (!core) return -1;
    *core = (wb_core){ .machine = machine, .number = machine->core_count, .kind = kind, .hz = hz,
                       .systick_reference_hz = systick_reference_hz, .mpu_regions = mpu_regions,
                       .priority_mask = (uint8_t)priority_mask, .irqs = irqs };
    /* Never UC_MODE_MCLASS: it makes a Cortex-M33 of every model. */
    if (uc_open(UC_ARCH_ARM, UC_MODE_THUMB, &core->uc) ||
        uc_ctl_set_cpu_model(core->uc, kind->model) || add_hooks(core) || open_slow_window(core)) {
        wb_core_free(core);
        return -1;
    }
    for (unsigned i = 0; i < machine->region_count; i++) wb_region_show(core, &machine->regions[i]);
    wb_loop_init(core);
    core->d.held = 1;
    core->systick_event = wb_event_new(machine, wb_systick_due, core);
    core->d.mips = mips;
    machine->cores[machine->core_count] = core;
    return (int)machine->core_count++;
}

void wb_core_free(wb_core *core)
{
    wb_loop_free(core);
    if (core->uc) uc_close(core->uc);
    free(core);
}

/* Interrupt inputs keep their levels: what drives them does not know of the core's reset. */
void wb_core_restart(wb_core *core, uint32_t vector_table)
{
    static const int CLEARED[] = { REG(R0), REG(R1), REG(R2), REG(R3), REG(R4), REG(R5), REG(R6), REG(R7), REG(R8),
                                   REG(R9), REG(R10), REG(R11), REG(R12), REG(BASEPRI), REG(PRIMASK), REG(FAULTMASK) };
    wb_machine *machine = core->machine;
    wb_core_data old = core->d;
    memset(&core->d, 0, sizeof core->d);
    core->d.held = old.held;
    memcpy(core->d.level, old.level, sizeof old.level);
    memcpy(core->d.pending, old.level, sizeof old.level);
    core->d.mips = old.mips;
    core->d.icount = core->d.base_icount = old.icount;
    core->d.base_ns = core->d.awake_since_ns = machine->now_ns;
    wb_set_control(core, 0, 0);
    for (size_t i = 0; i < sizeof CLEARED / sizeof *CLEARED; i++) wb_set(core, CLEARED[i], 0);
    wb_set(core, REG(LR), 0xFFFFFFFF);
    wb_set(core, REG(FPSCR), 0);
    wb_set(core, REG(PSP), 0);
    wb_set(core, REG(XPSR_NZCVQG), 1u << 24);
    wb_scs_reset(core);
    wb_event_at(machine, core->systick_event, WB_NEVER);
    core->d.vtor = vector_table;
    core->tlb_stale = core->code_stale = core->look = true;
    core->fault.raised = core->restarts = false;
    core->exit_at = 0;
    uint32_t vectors[2] = { 0, 0 };
    bool readable = wb_core_peek(core, vector_table, vectors, sizeof vectors);
    core->d.pc = vectors[1] & ~1u;
    wb_set(core, REG(MSP), vectors[0] & ~3u);
    if (machine->trace) wb_trace_restarted(core);
    if (!readable || !(vectors[1] & 1)) wb_lockup(core, WB_LOCKUP_VECTORS);
}

/* A core that resets itself, by way of a device, is in the middle of an access: it comes to that when the slice has ended. */
void wb_core_reset(wb_machine *machine, uint32_t number, uint32_t vector_table)
{
    wb_core *core = machine->cores[number];
    if (!core->running) {
        wb_core_restart(core, vector_table);
        return;
    }
    core->restarts = true;
    core->restart_vectors = vector_table;
    uc_emu_stop(core->uc);
}

void wb_core_hold(wb_machine *machine, uint32_t number, uint32_t held)
{
    wb_core *core = machine->cores[number];
    if (core->d.held && !held) {
        core->d.base_ns = core->d.awake_since_ns = machine->now_ns;
        core->d.base_icount = core->d.icount;
        wb_note_wakeup(machine);
    }
    core->d.held = !!held;
    core->look = true;
    wb_count_live(machine);
}

void wb_core_awake_limit(wb_machine *machine, uint32_t number, int64_t limit_ns)
{
    machine->cores[number]->awake_limit_ns = limit_ns;
}

/* From now on the core does `mips` million instructions a virtual second. */
void wb_core_speed(wb_machine *machine, uint32_t number, uint32_t mips)
{
    wb_core *core = machine->cores[number];
    core->d.base_ns = wb_core_time(core);
    core->d.base_icount = core->d.icount;
    core->d.mips = mips;
    core->look = true;
}

void wb_core_jump(wb_machine *machine, uint32_t core, uint32_t pc) { machine->cores[core]->d.pc = pc & ~1u; }
