/* One core running: Unicorn's hooks, and slices of execution between deadlines. */
#include "core.h"

enum { NS_PER_KILO_MIPS = 1000, MAX_SPAN_BITS = 50 };

static const uint32_t XPSR_THUMB = 1u << 24;

static int64_t time_of(const wb_core *core, uint64_t icount)
{
    return core->d.base_ns + (int64_t)((icount - core->d.base_icount) * NS_PER_KILO_MIPS / core->d.mips);
}

int64_t wb_core_time(const wb_core *core) { return time_of(core, core->d.icount); }

uint64_t wb_core_instructions_at(const wb_core *core, int64_t time_ns)
{
    if (time_ns <= core->d.base_ns) return core->d.base_icount;
    uint64_t span = (uint64_t)(time_ns - core->d.base_ns);
    if (span >> MAX_SPAN_BITS) return UINT64_MAX;
    return core->d.base_icount + (span * core->d.mips + NS_PER_KILO_MIPS - 1) / NS_PER_KILO_MIPS;
}

/* Instructions done before the one at `pc`, which lies in the current block. */
uint64_t wb_core_icount_at(const wb_core *core, uint32_t pc)
{
    if (!core->block_count || pc - core->block_pc >= core->block_size) return core->d.icount;
    return core->d.icount - core->block_count + wb_instructions_before(core, core->block_pc, pc);
}

int64_t wb_core_time_at(const wb_core *core, uint32_t pc) { return time_of(core, wb_core_icount_at(core, pc)); }

/* Where the core is at this moment, also from inside an access of it. */
uint32_t wb_core_pc(const wb_core *core) { return core->running ? wb_get(core, REG(PC)) : core->d.pc; }

void wb_core_wake(wb_core *core)
{
    int64_t now = core->machine->now_ns, slept = wb_core_time(core);
    core->d.base_ns = now > slept ? now : slept;
    core->d.slept_ns += core->d.base_ns - slept;
    core->d.base_icount = core->d.icount;
    core->d.awake_since_ns = core->d.base_ns;
    core->d.asleep = core->d.waiting_for_event = 0;
    if (core->machine->trace) wb_trace_slept(core, true);
}

/* ---- hooks ---- */

static bool may_enter(wb_core *core, const wb_block *block, uint32_t address, uint32_t size)
{
    if (core->masked_pending && wb_can_take_pending(core)) return false;
    if ((block->flags & WB_BLOCK_CLOSED) && !wb_may_fetch_closed(core, address)) return false;
    if (core->tlb_negative && !wb_mpu_bypassed(core)) {
        core->tlb_stale = true;
        return false;
    }
    if (core->mixed_code && !wb_may_execute(core, address, size)) return false;
    return !core->d.fp_disabled || !(block->flags & WB_BLOCK_FP) || wb_may_use_fp(core, address, size);
}

void wb_on_block(uc_engine *uc, uint64_t address, uint32_t size, void *user)
{
    wb_core *core = user;
    wb_block *block = wb_block_at(core, (uint32_t)address, size);
    if (core->look || (core->d.icount >= core->pause_at && wb_loop_pause(core, (uint32_t)address)) ||
        (core->careful && !may_enter(core, block, (uint32_t)address, size)) ||
        ((core->tracing | block->loop_known) && wb_loop_arrive(core, block, (uint32_t)address))) {
        core->block_count = 0;
        uc_emu_stop(uc);
        return;
    }
    core->block_pc = (uint32_t)address;
    core->block_count = block->count;
    core->block_size = size;
    core->block_flags = block->flags;
    core->d.icount += block->count;
    if (!(block->flags & (WB_BLOCK_SEV | WB_BLOCK_TRACED))) return;
    if (block->flags & WB_BLOCK_TRACED) wb_trace_block(core, (uint32_t)address, block->count);
    if (!(block->flags & WB_BLOCK_SEV)) return;
    wb_send_event(core->machine);
    wb_loop_spoil(core);
}

void wb_on_translation(uc_engine *uc, uc_tb *block, uc_tb *previous, void *user)
{
    (void)uc;
    (void)previous;
    wb_block_learn(user, (uint32_t)block->pc, block->size);
}

void wb_on_interrupt(uc_engine *uc, uint32_t number, void *user)
{
    wb_core *core = user;
    core->interrupt = (int)number;
    uc_emu_stop(uc);
}

/* ---- slices ---- */

/* Unicorn's interrupt numbers. */
enum { UC_EXCP_SVC = 2, UC_EXCP_BKPT = 7, UC_EXCP_EXIT = 8, UC_EXCP_NOCP = 17 };

/* Not for coprocessors 10 and 11, the FPU: they exist, so that an unknown encoding is undefined. */
static void undefined(wb_core *core, bool coprocessor)
{
    uint16_t code[2] = { 0, 0 };
    wb_core_peek(core, core->d.pc, code, sizeof code);
    bool absent = coprocessor && (code[1] & 0x0E00) != 0x0A00;
    wb_raise_fault(core, WB_USAGE_FAULT, absent ? WB_NOCP : WB_UNDEFINSTR, 0, false);
}

static void sleep_core(wb_core *core, bool for_event)
{
    if (for_event && core->d.event_register) {
        core->d.event_register = 0;
        return;
    }
    core->d.waiting_for_event = for_event;
    if (wb_would_wake(core)) core->d.waiting_for_event = 0;
    else core->d.asleep = 1;
    if (core->d.asleep && core->machine->trace) wb_trace_slept(core, false);
}

/* Unicorn stopped at d.pc: find out why and act as the hardware would. */
static void after_slice(wb_core *core, uc_err error)
{
    uint8_t ended_with = core->block_count && core->d.pc == core->block_pc + core->block_size ? core->block_flags : 0;
    bool thumb = wb_get(core, REG(XPSR)) & XPSR_THUMB;
    uint64_t done = wb_core_icount_at(core, core->d.pc);
    if (core->machine->trace && done != core->d.icount) wb_trace_undone(core, core->d.icount - done);
    core->d.icount = done;
    core->block_count = 0;
    if (core->restarts) {
        wb_core_restart(core, core->restart_vectors);
        return;
    }
    if (core->ahead) return;
    if (core->fault.raised) {
        core->fault.raised = false;
        wb_raise_fault(core, core->fault.exception, core->fault.cfsr_bits, core->fault.address,
                       core->fault.address_valid);
        return;
    }
    switch (core->interrupt) {
    case UC_EXCP_EXIT: wb_exception_return(core, core->d.pc | thumb); return;
    case UC_EXCP_SVC: wb_raise_svc(core); return;
    case UC_EXCP_NOCP: undefined(core, true); return;
    case UC_EXCP_BKPT: wb_raise_debug_event(core); return;
    default: break;
    }
    if (!thumb) return;                                 /* the next round sees to it */
    switch (error) {
    case UC_ERR_OK:
        if (core->waits || ended_with & WB_BLOCK_WFI) sleep_core(core, false);
        return;
    case UC_ERR_INSN_INVALID:
        if (ended_with & WB_BLOCK_WFE) sleep_core(core, true);
        else if (!(ended_with & WB_BLOCK_YIELD)) undefined(core, false);
        return;
    case UC_ERR_EXCEPTION: case UC_ERR_FETCH_UNMAPPED: case UC_ERR_FETCH_PROT:
        if (wb_fetch_fault(core, core->d.pc)) return;
        break;
    default: break;
    }
    core->machine->stop_core = core->number;
    core->lockup_reason = (uint32_t)error;
    wb_request_stop(core->machine, WB_STOP_INTERNAL);
}

static void prepare_slice(wb_core *core)
{
    if (core->code_stale) uc_ctl_flush_tb(core->uc);
    if (core->tlb_stale) {
        uc_ctl_flush_tlb(core->uc);
        core->tlb_negative = core->mixed_code = false;
    }
    wb_update_masked_pending(core);
    core->careful = core->masked_pending || core->tlb_negative || core->mixed_code || core->d.fp_disabled;
    core->code_stale = core->tlb_stale = core->look = core->waits = false;
    core->interrupt = -1;
    core->block_count = 0;
    core->judged_first = 1, core->judged_last = 0;
}

/* An instruction in the middle of a block must not run: translate the block anew so that it ends there. */
static uc_err run_up_to(wb_core *core, uint64_t end)
{
    core->exit_at = 0;
    uc_ctl_remove_cache(core->uc, end, end + 2);
    uc_ctl_set_exits(core->uc, &end, 1);
    uc_err error = uc_emu_start(core->uc, core->d.pc | 1, 0, 0, 0);
    uc_ctl_set_exits(core->uc, &end, 0);
    return error;
}

void wb_core_run(wb_core *core, int64_t until_ns)
{
    wb_machine *machine = core->machine;
    core->deadline = wb_core_instructions_at(core, until_ns);
    core->ahead = false;
    wb_loop_begin_run(core);
    while (!machine->stop && !machine->woken && !core->ahead && !core->d.asleep && !core->d.locked_up && !core->d.held) {
        while (wb_take_pending(core)) {}
        wb_loop_step(core);
        if (core->d.icount >= core->deadline || core->d.locked_up) break;
        if (!(wb_get(core, REG(XPSR)) & XPSR_THUMB)) {
            wb_raise_fault(core, WB_USAGE_FAULT, WB_INVSTATE, 0, false);
            continue;
        }
        prepare_slice(core);
        core->running = true;
        uc_err error = core->exit_at ? run_up_to(core, core->exit_at) : uc_emu_start(core->uc, core->d.pc | 1, 0, 0, 0);
        core->running = false;
        core->d.pc = wb_get(core, REG(PC));
        after_slice(core, error);
    }
    wb_loop_end_run(core);
}
