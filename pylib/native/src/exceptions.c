/* Exception entry, return, priorities and fault escalation: ARMv7-M Architecture Reference Manual, B1.5. */
#include "core.h"

#include <string.h>

enum { FRAME_WORDS = 8, FP_FRAME_WORDS = 26, THREAD_PRIORITY = 256 };

static const int FRAME_REGISTERS[5] = { REG(R0), REG(R1), REG(R2), REG(R3), REG(R12) };
static const uint32_t XPSR_IT_BITS = 0x0600FC00, XPSR_FLAGS = 0xF80F0000, XPSR_THUMB = 1u << 24;

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

static int group_priority(const wb_core *core, uint32_t number)
{
    int priority = wb_exception_priority(core, number);
    return priority < 0 ? priority : priority & group_mask(core);
}

static int active_priority(const wb_core *core)
{
    int result = THREAD_PRIORITY;
    for (uint32_t i = 0; i < core->d.active_count; i++) {
        int priority = group_priority(core, core->d.active[i]);
        if (priority < result) result = priority;
    }
    return result;
}

static int masked_priority(const wb_core *core, int priority, bool with_primask)
{
    int basepri = (int)(wb_get(core, REG(BASEPRI)) & 0xFF & core->priority_mask);
    if (basepri && (basepri & group_mask(core)) < priority) priority = basepri & group_mask(core);
    if (with_primask && (wb_get(core, REG(PRIMASK)) & 1) && priority > 0) priority = 0;
    if ((wb_get(core, REG(FAULTMASK)) & 1) && priority > -1) priority = -1;
    return priority;
}

int wb_execution_priority(const wb_core *core) { return masked_priority(core, active_priority(core), true); }

static int best_group_priority(const wb_core *core, uint32_t *number)
{
    int priority = THREAD_PRIORITY;
    *number = wb_best_pending(core, &priority);
    if (!*number) return THREAD_PRIORITY;
    return priority < 0 ? priority : priority & group_mask(core);
}

bool wb_can_take_pending(const wb_core *core)
{
    uint32_t number;
    return best_group_priority(core, &number) < wb_execution_priority(core);
}

bool wb_would_wake(const wb_core *core)
{
    uint32_t number;
    if (core->d.waiting_for_event && core->d.event_register) return true;
    return best_group_priority(core, &number) < masked_priority(core, active_priority(core), false);
}

void wb_update_masked_pending(wb_core *core)
{
    uint32_t number;
    core->masked_pending = best_group_priority(core, &number) < active_priority(core);
}

bool wb_take_pending(wb_core *core)
{
    uint32_t number;
    if (core->d.locked_up || best_group_priority(core, &number) >= wb_execution_priority(core)) return false;
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
    if (is_enabled(core, exception) && group_priority(core, exception) < now) {
        wb_exception_enter(core, exception);
    } else if (now > -1) {
        core->d.hfsr |= WB_HFSR_FORCED;
        wb_exception_enter(core, WB_HARD_FAULT);
    } else {
        wb_lockup(core, WB_LOCKUP_FAULT);
    }
}

/* A fault while stacking or unstacking does not stop the entry or return: it becomes pending (B1.5.14, derived). */
static void pend_derived(wb_core *core, uint32_t exception, uint32_t cfsr_bits)
{
    note_fault(core, cfsr_bits, 0, false);
    if (is_enabled(core, exception)) {
        wb_set_pending(core, exception);
    } else {
        core->d.hfsr |= WB_HFSR_FORCED;
        wb_set_pending(core, WB_HARD_FAULT);
    }
}

void wb_raise_svc(wb_core *core)
{
    if (group_priority(core, WB_SVC) < wb_execution_priority(core)) {
        wb_set_pending(core, WB_SVC);
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
    if (monitor && group_priority(core, WB_DEBUG_MONITOR) < wb_execution_priority(core)) {
        wb_exception_enter(core, WB_DEBUG_MONITOR);
    } else if (wb_execution_priority(core) > -1) {
        core->d.hfsr |= WB_HFSR_DEBUGEVT;
        wb_exception_enter(core, WB_HARD_FAULT);
    } else {
        wb_lockup(core, WB_LOCKUP_FAULT);
    }
}

/* ---- stack frames (B1.5.6, B1.5.7) ---- */

/* Why the stack cannot be accessed: 0 it can, else the fault exception. */
static uint32_t stack_fault(const wb_core *core, uint32_t address, uint32_t words, int access, bool privileged)
{
    for (uint32_t at = address & ~31u; at < address + 4 * words; at += 32) {
        uint32_t probe = at < address ? address : at;
        if ((wb_mpu_permissions(core, probe, privileged) & access) != access) return WB_MEM_MANAGE;
        const wb_region *region = wb_region_at(core->machine, probe, core->number);
        if (!region || !region->memory || (access == WB_WRITE && region->kind == WB_REGION_ROM)) return WB_BUS_FAULT;
    }
    return 0;
}

static bool copy_stack(wb_core *core, uint32_t address, uint32_t *frame, uint32_t words, bool push, bool privileged)
{
    uint32_t fault = stack_fault(core, address, words, push ? WB_WRITE : WB_READ, privileged);
    if (fault) {
        uint32_t bits = fault == WB_MEM_MANAGE ? (push ? WB_MSTKERR : WB_MUNSTKERR) : (push ? WB_STKERR : WB_UNSTKERR);
        pend_derived(core, fault, bits);
        return false;
    }
    const wb_region *region = wb_region_at(core->machine, address, core->number);
    uint8_t *memory = region->memory + (address - region->base);
    if (push) memcpy(memory, frame, 4 * words);
    else memcpy(frame, memory, 4 * words);
    return true;
}

static void push_frame(wb_core *core, uint32_t control, uint32_t ipsr)
{
    bool fp = control >> 2 & 1, privileged = ipsr || !(control & 1);
    uint32_t frame[FP_FRAME_WORDS] = { 0 }, words = fp ? FP_FRAME_WORDS : FRAME_WORDS;
    uint32_t sp = wb_get(core, REG(SP)) - 4 * words, align = sp >> 2 & 1;
    sp &= ~7u;
    for (int i = 0; i < 5; i++) frame[i] = wb_get(core, FRAME_REGISTERS[i]);
    frame[5] = wb_get(core, REG(LR));
    frame[6] = core->d.pc;
    frame[7] = (wb_get(core, REG(XPSR)) & (XPSR_FLAGS | XPSR_IT_BITS)) | ipsr | align << 9 | XPSR_THUMB;
    if (fp) {
        for (int i = 0; i < 16; i++) frame[8 + i] = wb_get(core, REG(S0) + i);
        frame[24] = wb_get(core, REG(FPSCR));
        core->d.fpcar = sp + 4 * FRAME_WORDS;
    }
    copy_stack(core, sp, frame, words, true, privileged);
    wb_set(core, REG(SP), sp);
}

/* Continue at the handler of `number`, in handler mode on the main stack, with FPCA clear. */
static void jump_to_handler(wb_core *core, uint32_t number, uint32_t exc_return)
{
    uint32_t vector = 0;
    wb_set_control(core, wb_get(core, REG(CONTROL)) & 1, number);
    wb_set(core, REG(LR), exc_return);
    wb_set(core, REG(XPSR), (wb_get(core, REG(XPSR)) & XPSR_FLAGS) | XPSR_THUMB | number);
    core->d.active[core->d.active_count++] = (uint16_t)number;
    core->d.event_register = 1;
    core->tlb_stale |= number <= WB_HARD_FAULT && (core->d.mpu_ctrl & 3) == 1;
    if (wb_memory_read(core->machine, core->d.vtor + 4 * number, (uint8_t *)&vector, 4)) {
        core->d.hfsr |= WB_HFSR_VECTTBL;
        if (number <= WB_HARD_FAULT) wb_lockup(core, WB_LOCKUP_VECTORS);
        else jump_to_handler(core, WB_HARD_FAULT, exc_return);
        return;
    }
    core->d.pc = vector & ~1u;
    if (!(vector & 1)) wb_raise_fault(core, WB_USAGE_FAULT, WB_INVSTATE, 0, false);
}

void wb_exception_enter(wb_core *core, uint32_t number)
{
    uint32_t control = wb_get(core, REG(CONTROL)), ipsr = wb_get(core, REG(IPSR));
    if (core->d.active_count == sizeof core->d.active / sizeof *core->d.active) {
        wb_lockup(core, WB_LOCKUP_STACK);
        return;
    }
    bool on_psp = (control & 2) && !ipsr;
    push_frame(core, control, ipsr);
    uint32_t exc_return = 0xFFFFFFE1u | (ipsr ? 0 : 8) | (on_psp ? 4 : 0) | (control & 4 ? 0 : 0x10);
    jump_to_handler(core, number, exc_return);
}

/* ---- return (B1.5.8) ---- */

static bool valid_return(const wb_core *core, uint32_t exc_return)
{
    uint32_t mode = exc_return & 0xF;
    if ((exc_return & 0xFFFFFFE0u) != 0xFFFFFFE0u) return false;
    if (mode == 1) return core->d.active_count > 1;
    return (mode == 9 || mode == 13) && (core->d.active_count == 1 || core->d.ccr & 1);
}

static void deactivate(wb_core *core, uint32_t number)
{
    for (uint32_t i = core->d.active_count; i-- > 0;) {
        if (core->d.active[i] != number) continue;
        for (uint32_t j = i + 1; j < core->d.active_count; j++) core->d.active[j - 1] = core->d.active[j];
        core->d.active_count--;
        break;
    }
    if (number != WB_NMI) wb_set(core, REG(FAULTMASK), 0);
    if (number >= WB_IRQ0) {
        uint32_t irq = number - WB_IRQ0;
        core->d.pending[irq >> 5] |= core->d.level[irq >> 5] & 1u << (irq & 31);
    }
}

/* A usage fault on the way back: the frame stays where it is, LR keeps the bad value (ExceptionReturn pseudocode). */
static void return_fault(wb_core *core, uint32_t exc_return)
{
    int now = wb_execution_priority(core);
    core->d.cfsr |= WB_INVPC;
    bool usage = is_enabled(core, WB_USAGE_FAULT) && group_priority(core, WB_USAGE_FAULT) < now;
    if (!usage) {
        core->d.hfsr |= WB_HFSR_FORCED;
        if (now <= -1) {
            wb_lockup(core, WB_LOCKUP_FAULT);
            return;
        }
    }
    jump_to_handler(core, usage ? WB_USAGE_FAULT : WB_HARD_FAULT, exc_return);
}

static void pop_frame(wb_core *core, uint32_t exc_return)
{
    bool fp = !(exc_return & 0x10), to_thread = exc_return & 8, on_psp = exc_return & 4;
    uint32_t frame[FP_FRAME_WORDS] = { 0 }, words = fp ? FP_FRAME_WORDS : FRAME_WORDS;
    uint32_t npriv = wb_get(core, REG(CONTROL)) & 1;
    uint32_t sp = wb_get(core, on_psp ? REG(PSP) : REG(MSP));
    bool readable = copy_stack(core, sp, frame, words, false, !(to_thread && npriv));
    uint32_t ipsr = frame[7] & 0x1FF;
    if (readable && (to_thread ? ipsr != 0 : ipsr == 0)) {
        return_fault(core, exc_return);
        return;
    }
    if (!readable) ipsr = to_thread ? 0 : core->d.active[core->d.active_count - 1];
    wb_set_control(core, npriv | (on_psp && to_thread ? 2 : 0) | (fp ? 4 : 0), ipsr);
    wb_set(core, on_psp ? REG(PSP) : REG(MSP), (sp + 4 * words) | (frame[7] >> 9 & 1) << 2);
    for (int i = 0; i < 5; i++) wb_set(core, FRAME_REGISTERS[i], frame[i]);
    wb_set(core, REG(LR), frame[5]);
    for (int i = 0; fp && i < 16; i++) wb_set(core, REG(S0) + i, frame[8 + i]);
    if (fp) wb_set(core, REG(FPSCR), frame[24]);
    wb_set(core, REG(XPSR), (frame[7] & (XPSR_FLAGS | XPSR_IT_BITS)) | XPSR_THUMB | ipsr);
    core->d.pc = frame[6] & ~1u;                    /* the M7 ignores bit 0 */
    if (readable && !(frame[7] & XPSR_THUMB)) wb_raise_fault(core, WB_USAGE_FAULT, WB_INVSTATE, 0, false);
    else if (to_thread && core->d.active_count == 0 && (core->d.scr & 2)) core->d.asleep = !wb_would_wake(core);
}

void wb_exception_return(wb_core *core, uint32_t exc_return)
{
    uint32_t number = wb_get(core, REG(IPSR)), next;
    bool was_active = wb_is_active(core, number);
    core->tlb_stale |= number <= WB_HARD_FAULT && (core->d.mpu_ctrl & 3) == 1;
    bool valid = was_active && valid_return(core, exc_return);
    deactivate(core, number);
    if (!valid) {
        return_fault(core, 0xF0000000u | (exc_return & 0x0FFFFFFFu));
        return;
    }
    core->d.event_register = 1;
    if (best_group_priority(core, &next) < wb_execution_priority(core)) {
        wb_clear_pending(core, next);               /* tail-chaining: the frame stays on the stack */
        jump_to_handler(core, next, exc_return);
        return;
    }
    pop_frame(core, exc_return);
}
