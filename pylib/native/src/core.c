/* One core: Unicorn's hooks, and slices of execution between deadlines. */
#include "core.h"

#include <stdlib.h>
#include <string.h>

enum { NS_PER_KILO_MIPS = 1000, UNTIL = 0xFFFFFFFE };

static const uint32_t IT_BITS = 0x0600FC00;

int64_t wb_core_time(const wb_core *core)
{
    uint64_t done = core->d.icount - core->d.base_icount;
    return core->d.base_ns + (int64_t)((unsigned __int128)done * NS_PER_KILO_MIPS / core->mips);
}

uint64_t wb_core_instructions_at(const wb_core *core, int64_t time_ns)
{
    if (time_ns <= core->d.base_ns) return core->d.base_icount;
    unsigned __int128 scaled = (unsigned __int128)(time_ns - core->d.base_ns) * core->mips;
    return core->d.base_icount + (uint64_t)((scaled + NS_PER_KILO_MIPS - 1) / NS_PER_KILO_MIPS);
}

int64_t wb_core_time_at(const wb_core *core, uint32_t pc)
{
    if (!core->block_count) return wb_core_time(core);
    uint64_t before = core->d.icount - core->block_count + wb_instructions_before(core, core->block_pc, pc);
    uint64_t done = before - core->d.base_icount;
    return core->d.base_ns + (int64_t)((unsigned __int128)done * NS_PER_KILO_MIPS / core->mips);
}

bool wb_core_handles(const wb_core *core) { return wb_get(core, REG(IPSR)) != 0; }

bool wb_core_privileged(const wb_core *core)
{
    return wb_get(core, REG(IPSR)) || !(wb_get(core, REG(CONTROL)) & 1);
}

/* A callback inside an IT block leaves its IT bits in the CPU state for good: take them away before going on. */
void wb_repair_it(wb_core *core)
{
    uint32_t xpsr = wb_get(core, REG(XPSR));
    if (xpsr & IT_BITS) wb_set(core, REG(XPSR), xpsr & ~IT_BITS);
}

/* Unicorn writes CONTROL as MSR would: SPSEL only falls in privileged thread mode, nothing for unprivileged code. */
void wb_set_control(wb_core *core, uint32_t control, uint32_t ipsr)
{
    wb_set(core, REG(IPSR), WB_NMI);
    wb_set(core, REG(CONTROL), 0);
    wb_set(core, REG(IPSR), 0);
    wb_set(core, REG(CONTROL), ipsr ? control & ~2u : control);
    wb_set(core, REG(IPSR), ipsr);
}

void wb_core_wake(wb_core *core)
{
    int64_t now = core->machine->now_ns, slept = wb_core_time(core);
    core->d.base_ns = now > slept ? now : slept;
    core->d.base_icount = core->d.icount;
    core->d.awake_since_ns = core->d.base_ns;
    core->d.asleep = core->d.waiting_for_event = 0;
}

/* ---- hooks ---- */

static bool leave_before_block(wb_core *core, uint32_t address, uint32_t size)
{
    if (core->look || core->d.icount >= core->deadline) return true;
    if (core->masked_pending && wb_can_take_pending(core)) return true;
    if (core->tlb_negative && !wb_mpu_bypassed(core)) return core->tlb_stale = true;
    if (core->step_left) return false;
    if (core->mixed_code && !wb_may_execute(core, address, size)) return true;
    return core->d.fp_disabled && !wb_may_use_fp(core, address, size);
}

static void on_block(uc_engine *uc, uint64_t address, uint32_t size, void *user)
{
    wb_core *core = user;
    if (leave_before_block(core, (uint32_t)address, size)) {
        core->block_count = 0;
        uc_emu_stop(uc);
        return;
    }
    const wb_block *block = wb_block_at(core, (uint32_t)address, size);
    core->last_was_wfe = block->flags & WB_BLOCK_WFE;
    if (block->flags & WB_BLOCK_SEV) wb_send_event(core->machine);
    core->block_pc = (uint32_t)address;
    core->block_count = block->count;
    core->d.icount += block->count;
}

static void on_translation(uc_engine *uc, uc_tb *block, uc_tb *previous, void *user)
{
    (void)uc;
    (void)previous;
    wb_block_learn(user, (uint32_t)block->pc, block->size);
}

static void on_interrupt(uc_engine *uc, uint32_t number, void *user)
{
    wb_core *core = user;
    core->interrupt = (int)number;
    uc_emu_stop(uc);
}

/*
 * Abandon the instruction that is accessing memory: Unicorn checks for a stop right after the access, before it
 * writes the result. Inside an IT block it does not, so the CPU is copied here and put back outside, and a flushed TLB
 * lets `wb_tlb_fill` end the slice at the next access.
 */
void wb_fault_in_access(wb_core *core, uint32_t exception, uint32_t cfsr_bits, uint32_t address)
{
    if (core->fault.raised) return;
    core->fault.raised = true;
    core->fault.exception = exception;
    core->fault.cfsr_bits = cfsr_bits;
    core->fault.address = address;
    core->fault.address_valid = core->fault.inside_block = true;
    uc_context_save(core->uc, core->fault.context);
    if (core->block_count) {
        uint32_t before = wb_instructions_before(core, core->block_pc, wb_get(core, REG(PC)));
        core->d.icount -= core->block_count - before;
        core->block_count = 0;
    }
    if (wb_get(core, REG(XPSR)) & IT_BITS) uc_ctl_flush_tlb(core->uc);
    uc_emu_stop(core->uc);
}

/* ---- slices ---- */

static void undefined(wb_core *core)
{
    uint16_t code[2] = { 0, 0 };
    wb_memory_read(core->machine, core->d.pc, (uint8_t *)code, 4);
    bool coprocessor = (code[0] & 0xEC00) == 0xEC00;      /* ARMv7-M A5.3.18: 0xEC.. to 0xEF.., 0xFC.. to 0xFF.. */
    wb_raise_fault(core, WB_USAGE_FAULT, coprocessor ? WB_NOCP : WB_UNDEFINSTR, 0, false);
}

enum { UC_EXCP_UDEF = 1, UC_EXCP_SVC = 2, UC_EXCP_FETCH = 3, UC_EXCP_BKPT = 7, UC_EXCP_EXIT = 8, UC_EXCP_NOCP = 17,
       UC_EXCP_INVSTATE = 18, UC_EXCP_HALTED = 0x10001 };

static void sleep_core(wb_core *core)
{
    core->d.waiting_for_event = core->last_was_wfe;
    if (core->last_was_wfe && core->d.event_register) {
        core->d.event_register = 0;
        return;
    }
    if (!wb_would_wake(core)) core->d.asleep = 1;
}

/* Unicorn stopped at d.pc: find out why and act as the hardware would. */
static void after_slice(wb_core *core, uc_err error)
{
    if (core->fault.raised) {
        core->fault.raised = false;
        if (core->fault.inside_block) {
            uc_context_restore(core->uc, core->fault.context);
            core->d.pc = wb_get(core, REG(PC));
        }
        wb_raise_fault(core, core->fault.exception, core->fault.cfsr_bits, core->fault.address,
                       core->fault.address_valid);
        return;
    }
    if (core->d.pc >= 0xFFFFFFE0u && wb_core_handles(core)) {
        wb_exception_return(core, core->d.pc | 1);
        return;
    }
    switch (core->interrupt) {
    case UC_EXCP_SVC: wb_raise_svc(core); return;
    case UC_EXCP_UDEF: case UC_EXCP_NOCP: undefined(core); return;
    case UC_EXCP_INVSTATE: wb_raise_fault(core, WB_USAGE_FAULT, WB_INVSTATE, 0, false); return;
    case UC_EXCP_BKPT: wb_raise_debug_event(core); return;
    case UC_EXCP_HALTED: sleep_core(core); return;
    default: break;
    }
    switch (error) {
    case UC_ERR_OK:
        if (!(wb_get(core, REG(XPSR)) & 1u << 24)) wb_raise_fault(core, WB_USAGE_FAULT, WB_INVSTATE, 0, false);
        else if (core->block_count && !core->step_left) sleep_core(core);
        return;
    case UC_ERR_INSN_INVALID: undefined(core); return;
    case UC_ERR_EXCEPTION: case UC_ERR_FETCH_UNMAPPED: case UC_ERR_FETCH_PROT:
        wb_fetch_fault(core, core->d.pc);
        return;
    default:
        core->machine->stop_core = core->number;
        core->lockup_reason = (uint32_t)error;
        wb_request_stop(core->machine, WB_STOP_INTERNAL);
    }
}

void wb_core_run(wb_core *core, int64_t until_ns)
{
    wb_machine *machine = core->machine;
    core->deadline = wb_core_instructions_at(core, until_ns);
    core->running = true;
    while (!machine->stop && !core->d.asleep && !core->d.locked_up && !core->d.held) {
        while (wb_take_pending(core)) {}
        wb_update_masked_pending(core);
        if (core->d.icount >= core->deadline || core->d.locked_up) break;
        if (core->tlb_stale) {
            core->tlb_stale = core->tlb_negative = core->mixed_code = false;
            uc_ctl_flush_tlb(core->uc);
        }
        core->look = false;
        core->interrupt = -1;
        core->block_count = 0;
        uint32_t steps = core->step_left;
        uc_err error = uc_emu_start(core->uc, core->d.pc | 1, UNTIL, 0, steps);
        core->d.pc = wb_get(core, REG(PC));
        after_slice(core, error);
        core->step_left = 0;
    }
    core->running = false;
}

/* ---- making and resetting ---- */

static int add_hooks(wb_core *core)
{
    uc_hook hook;
    uc_engine *uc = core->uc;
    return uc_hook_add(uc, &hook, UC_HOOK_INTR, (void *)on_interrupt, core, 1, 0) ||
           uc_hook_add(uc, &hook, UC_HOOK_BLOCK, (void *)on_block, core, 1, 0) ||
           uc_hook_add(uc, &hook, UC_HOOK_EDGE_GENERATED, (void *)on_translation, core, 1, 0) ||
           uc_ctl_tlb_mode(uc, UC_TLB_VIRTUAL) ||
           uc_hook_add(uc, &hook, UC_HOOK_TLB_FILL, (void *)wb_tlb_fill, core, 1, 0) ||
           uc_mmio_map(uc, WB_SLOW_WINDOW, 1ull << 32, wb_slow_read, core, wb_slow_write, core);
}

int wb_core_new(wb_machine *machine, uint32_t mips, uint64_t hz, uint64_t systick_reference_hz, uint32_t mpu_regions,
                uint32_t priority_mask, uint32_t irqs)
{
    if (machine->core_count == WB_MAX_CORES) return -1;
    wb_core *core = calloc(1, sizeof *core);
    if (!core) return -1;
    *core = (wb_core){ .machine = machine, .number = machine->core_count, .mips = mips, .hz = hz,
                       .systick_reference_hz = systick_reference_hz, .mpu_regions = mpu_regions,
                       .priority_mask = (uint8_t)priority_mask, .irqs = irqs };
    /* Never UC_MODE_MCLASS: it makes a Cortex-M33 of every model. */
    if (uc_open(UC_ARCH_ARM, UC_MODE_THUMB, &core->uc) ||
        uc_ctl_set_cpu_model(core->uc, UC_CPU_ARM_CORTEX_M7) || add_hooks(core) ||
        uc_context_alloc(core->uc, &core->fault.context)) {
        wb_core_free(core);
        return -1;
    }
    for (unsigned i = 0; i < machine->region_count; i++) wb_region_show(core, &machine->regions[i]);
    core->systick_event = wb_event_new(machine, wb_systick_due, core);
    core->d.held = 1;
    machine->cores[machine->core_count] = core;
    return (int)machine->core_count++;
}

void wb_core_free(wb_core *core)
{
    if (core->fault.context) uc_context_free(core->fault.context);
    if (core->uc) uc_close(core->uc);
    free(core);
}

void wb_core_reset(wb_machine *machine, uint32_t number, uint32_t vector_table)
{
    static const int CLEARED[] = { REG(R0), REG(R1), REG(R2), REG(R3), REG(R4), REG(R5), REG(R6), REG(R7), REG(R8),
                                   REG(R9), REG(R10), REG(R11), REG(R12), REG(BASEPRI), REG(PRIMASK), REG(FAULTMASK) };
    wb_core *core = machine->cores[number];
    uint64_t icount = core->d.icount;
    uint8_t held = core->d.held;
    memset(&core->d, 0, sizeof core->d);
    core->d.held = held;
    core->d.icount = core->d.base_icount = icount;
    core->d.base_ns = core->d.awake_since_ns = machine->now_ns;
    wb_set_control(core, 0, 0);
    for (size_t i = 0; i < sizeof CLEARED / sizeof *CLEARED; i++) wb_set(core, CLEARED[i], 0);
    wb_set(core, REG(LR), 0xFFFFFFFF);
    wb_set(core, REG(FPSCR), 0);
    wb_set(core, REG(PSP), 0);
    wb_nvic_reset(core);
    wb_scs_reset(core);
    wb_event_at(machine, core->systick_event, WB_NEVER);
    core->d.vtor = vector_table;
    core->tlb_stale = core->look = true;
    uint32_t vectors[2] = { 0, 0 };
    if (wb_memory_read(machine, vector_table, (uint8_t *)vectors, sizeof vectors) || !(vectors[1] & 1)) {
        core->d.pc = vectors[1];
        wb_lockup(core, WB_LOCKUP_VECTORS);
        return;
    }
    wb_set(core, REG(MSP), vectors[0] & ~3u);
    core->d.pc = vectors[1] & ~1u;
}

void wb_core_hold(wb_machine *machine, uint32_t number, uint32_t held)
{
    wb_core *core = machine->cores[number];
    if (core->d.held && !held) {
        core->d.base_ns = core->d.awake_since_ns = machine->now_ns;
        core->d.base_icount = core->d.icount;
    }
    core->d.held = !!held;
    core->look = true;
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
    core->mips = mips;
}
