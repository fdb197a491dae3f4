/* Exception priorities and fault escalation: ARMv7-M Architecture Reference Manual, B1.5. */
#include "core.h"

enum { THREAD_PRIORITY = 256 };

/* ---- priorities (B1.5.4) ---- */

static int group_mask(const wb_core *core)
{
    return (0xFF << (core->d.aircr_prigroup + 1)) & 0xFF & core->priority_mask;
}

int wb_exception_priority(const wb_core *core, uint32_t number)
{
    if (number < WB_MEM_MANAGE) return (int)number - 4;
    return core->d.priority[number];
}

int wb_group_priority(const wb_core *core, uint32_t number)
{
    int priority = wb_exception_priority(core, number);
    return priority < 0 ? priority : priority & group_mask(core);
}

static int active_priority(const wb_core *core)
{
    int result = THREAD_PRIORITY;
    for (uint32_t i = 0; i < core->d.active_count; i++) {
        int priority = wb_group_priority(core, core->d.active[i]);
        if (priority < result) result = priority;
    }
    return result;
}

static int masked_priority(const wb_core *core, int priority, bool with_primask)
{
    wb_masks masks = wb_get_masks(core);
    int basepri = (int)(masks.basepri & core->priority_mask);
    if (basepri && (basepri & group_mask(core)) < priority) priority = basepri & group_mask(core);
    if (with_primask && (masks.primask & 1) && priority > 0) priority = 0;
    if ((masks.faultmask & 1) && priority > -1) priority = -1;
    return priority;
}

int wb_execution_priority(const wb_core *core) { return masked_priority(core, active_priority(core), true); }

int wb_best_group_priority(const wb_core *core, uint32_t *number)
{
    int priority = THREAD_PRIORITY;
    *number = wb_best_pending(core, &priority);
    if (!*number) return THREAD_PRIORITY;
    return priority < 0 ? priority : priority & group_mask(core);
}

bool wb_can_take_pending(const wb_core *core)
{
    uint32_t number;
    return wb_best_group_priority(core, &number) < wb_execution_priority(core);
}

bool wb_would_wake(const wb_core *core)
{
    uint32_t number;
    if (core->d.waiting_for_event && core->d.event_register) return true;
    int best = wb_best_group_priority(core, &number);
    return best != THREAD_PRIORITY && best < masked_priority(core, active_priority(core), false);
}

void wb_update_masked_pending(wb_core *core)
{
    uint32_t number;
    int best = wb_best_group_priority(core, &number);
    core->masked_pending = best != THREAD_PRIORITY && best < active_priority(core);
}

bool wb_take_pending(wb_core *core)
{
    uint32_t number;
    int best = wb_best_group_priority(core, &number);
    if (core->d.locked_up || best == THREAD_PRIORITY || best >= wb_execution_priority(core)) return false;
    wb_clear_pending(core, number);
    wb_exception_enter(core, number);
    return true;
}

/* ---- faults (B1.5.14) ---- */

void wb_lockup(wb_core *core, uint32_t reason)
{
    core->d.locked_up = 1;
    core->lockup_reason = reason;
    core->machine->stop_core = core->number;
    wb_request_stop(core->machine, WB_STOP_LOCKUP);
}

static bool is_enabled(const wb_core *core, uint32_t exception)
{
    return core->d.shcsr_enables >> (exception - WB_MEM_MANAGE) & 1;
}

static void note_fault(wb_core *core, uint32_t cfsr_bits, uint32_t address, bool address_valid)
{
    core->d.cfsr |= cfsr_bits;
    if (!address_valid) return;
    if (cfsr_bits & WB_DACCVIOL) {
        core->d.mmfar = address;
        core->d.cfsr |= WB_MMARVALID;
    } else if (cfsr_bits & WB_PRECISERR) {
        core->d.bfar = address;
        core->d.cfsr |= WB_BFARVALID;
    }
}

void wb_raise_fault(wb_core *core, uint32_t exception, uint32_t cfsr_bits, uint32_t address, bool address_valid)
{
    int now = wb_execution_priority(core);
    note_fault(core, cfsr_bits, address, address_valid);
    if (is_enabled(core, exception) && wb_group_priority(core, exception) < now) {
        wb_exception_enter(core, exception);
    } else if (now > -1) {
        core->d.hfsr |= WB_HFSR_FORCED;
        wb_exception_enter(core, WB_HARD_FAULT);
    } else {
        wb_lockup(core, WB_LOCKUP_FAULT);
    }
}

/* The exception that a fault of stacking or unstacking ends up as (B1.5.14); 0 where none can be taken any more. */
uint32_t wb_derived_exception(wb_core *core, uint32_t exception, uint32_t cfsr_bits)
{
    int now = wb_execution_priority(core);
    note_fault(core, cfsr_bits, 0, false);
    if (is_enabled(core, exception) && wb_group_priority(core, exception) < now) return exception;
    core->d.hfsr |= WB_HFSR_FORCED;
    return now > -1 ? WB_HARD_FAULT : 0;
}

void wb_raise_svc(wb_core *core)
{
    if (wb_group_priority(core, WB_SVC) < wb_execution_priority(core)) {
        wb_set_pending(core, WB_SVC);
        if (core->machine->trace) wb_trace_pended(core, WB_SVC, wb_core_time(core));
        return;
    }
    core->d.pc -= 2;                                /* escalated: the SVC itself is the faulting instruction */
    core->d.hfsr |= WB_HFSR_FORCED;
    if (wb_execution_priority(core) > -1) wb_exception_enter(core, WB_HARD_FAULT);
    else wb_lockup(core, WB_LOCKUP_FAULT);
}

void wb_raise_debug_event(wb_core *core)
{
    core->d.dfsr |= 2;                              /* BKPT */
    bool monitor = core->d.demcr >> 16 & 1;
    if (monitor && wb_group_priority(core, WB_DEBUG_MONITOR) < wb_execution_priority(core)) {
        wb_exception_enter(core, WB_DEBUG_MONITOR);
    } else if (wb_execution_priority(core) > -1) {
        core->d.hfsr |= WB_HFSR_DEBUGEVT;
        wb_exception_enter(core, WB_HARD_FAULT);
    } else {
        wb_lockup(core, WB_LOCKUP_FAULT);
    }
}
