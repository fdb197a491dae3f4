/* Exception entry and return with their stack frames: ARMv7-M Architecture Reference Manual, B1.5.6 to B1.5.8. */
#include "core.h"

enum { FRAME_WORDS = 8, FP_FRAME_WORDS = 26 };

static const int FRAME_REGISTERS[] = { REG(R0), REG(R1), REG(R2), REG(R3), REG(R12), REG(LR),
                                       REG(S0), REG(S1), REG(S2), REG(S3), REG(S4), REG(S5), REG(S6), REG(S7),
                                       REG(S8), REG(S9), REG(S10), REG(S11), REG(S12), REG(S13), REG(S14), REG(S15),
                                       REG(FPSCR) };
enum { FRAME_REGISTER_COUNT = sizeof FRAME_REGISTERS / sizeof *FRAME_REGISTERS, BASIC_REGISTER_COUNT = 6 };
static const uint32_t XPSR_IT_BITS = 0x0600FC00, XPSR_FLAGS = 0xF80F0000, XPSR_THUMB = 1u << 24;

/* Where in a frame each of FRAME_REGISTERS lies. */
static int frame_slots(uint32_t *frame, bool fp, void **slots)
{
    for (int i = 0; i < FRAME_REGISTER_COUNT; i++) slots[i] = &frame[i < BASIC_REGISTER_COUNT ? i : i + 2];
    return fp ? FRAME_REGISTER_COUNT : BASIC_REGISTER_COUNT;
}

/* Copies words between stack and frame until one is refused: 0 all done, else the fault exception. */
static uint32_t copy_stack(wb_core *core, uint32_t address, uint32_t *frame, uint32_t words, int access, bool privileged)
{
    for (uint32_t i = 0; i < words; i++, address += 4) {
        bool new_granule = i == 0 || !(address & 31);         /* permissions never change inside 32 bytes */
        if (new_granule && !(wb_mpu_permissions(core, address, privileged) & access)) return WB_MEM_MANAGE;
        wb_region *region = wb_region_at(core->machine, address, core->number);
        if (!region || !region->memory || (access == WB_WRITE && region->kind == WB_REGION_ROM)) return WB_BUS_FAULT;
        uint32_t offset = address - region->base;
        if (access == WB_WRITE) wb_loop_note_write(core, address, 4);
        if (access == WB_WRITE) wb_region_write(region, core->machine, offset, 4, frame[i]);
        else frame[i] = wb_region_read(region, core->machine, offset, 4);
    }
    return 0;
}

/* Stacks the current state; returns the exception that a refused word led to, 0 for none. `*dead` if it has none. */
static uint32_t push_frame(wb_core *core, uint32_t control, uint32_t ipsr, bool fp, bool *dead)
{
    bool privileged = ipsr || !(control & 1);
    uint32_t frame[FP_FRAME_WORDS] = { 0 }, words = fp ? FP_FRAME_WORDS : FRAME_WORDS;
    uint32_t sp = wb_get(core, REG(SP)) - 4 * words, align = sp >> 2 & 1 & core->d.ccr >> 9;
    sp -= 4 * align;
    void *slots[FRAME_REGISTER_COUNT];
    uc_reg_read_batch(core->uc, FRAME_REGISTERS, slots, frame_slots(frame, fp, slots));
    frame[6] = core->d.pc;
    frame[7] = (wb_get(core, REG(XPSR)) & (XPSR_FLAGS | XPSR_IT_BITS | XPSR_THUMB)) | ipsr | align << 9;
    if (fp) core->d.fpcar = sp + 4 * FRAME_WORDS;
    uint32_t fault = copy_stack(core, sp, frame, words, WB_WRITE, privileged);
    wb_set(core, REG(SP), sp);
    if (!fault) return 0;
    uint32_t derived = wb_derived_exception(core, fault, fault == WB_MEM_MANAGE ? WB_MSTKERR : WB_STKERR);
    *dead = !derived;
    return derived;
}

/* Continue at the handler of `number`, in handler mode on the main stack, with FPCA clear. */
static void jump_to_handler(wb_core *core, uint32_t number, uint32_t exc_return)
{
    uint32_t vector = 0;
    if (core->d.active_count == sizeof core->d.active / sizeof *core->d.active) {
        wb_lockup(core, WB_LOCKUP_STACK);
        return;
    }
    wb_set_control(core, wb_get(core, REG(CONTROL)) & 1, number);
    wb_set(core, REG(LR), exc_return);
    wb_set(core, REG(XPSR_NZCVQG), (wb_get(core, REG(XPSR)) & XPSR_FLAGS) | XPSR_THUMB | number);
    core->d.active[core->d.active_count++] = (uint16_t)number;
    if (core->machine->trace) wb_trace_entered(core, number);
    core->d.event_register = 1;
    if (!wb_core_peek(core, core->d.vtor + 4 * number, &vector, sizeof vector)) {
        core->d.hfsr |= WB_HFSR_VECTTBL;
        if (wb_execution_priority(core) <= -1) {
            wb_lockup(core, WB_LOCKUP_VECTORS);
            return;
        }
        core->d.active_count--;
        jump_to_handler(core, WB_HARD_FAULT, exc_return);
        return;
    }
    core->d.pc = vector & ~1u;
    if (!(vector & 1)) wb_set(core, REG(XPSR), wb_get(core, REG(XPSR)) & ~XPSR_THUMB);
}

/* A fault while stacking does not stop the entry: what it led to is taken first if it is the more urgent. */
void wb_exception_enter(wb_core *core, uint32_t number)
{
    uint32_t control = wb_get(core, REG(CONTROL)), ipsr = wb_get(core, REG(IPSR));
    bool on_psp = (control & 2) && !ipsr, fp = (control & 4) && core->d.fpccr >> 31, dead = false;
    uint32_t derived = push_frame(core, control, ipsr, fp, &dead);
    uint32_t exc_return = 0xFFFFFFE1u | (ipsr ? 0 : 8) | (on_psp ? 4 : 0) | (fp ? 0 : 0x10);
    if (dead) {
        wb_lockup(core, WB_LOCKUP_FAULT);
        return;
    }
    if (derived && derived != number && wb_group_priority(core, derived) < wb_group_priority(core, number)) {
        wb_set_pending(core, number);
        number = derived;
    } else if (derived && derived != number) {
        wb_set_pending(core, derived);
    }
    jump_to_handler(core, number, exc_return);
}

/* ---- return ---- */

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
        uint32_t again = core->d.level[irq >> 5] & ~core->d.pending[irq >> 5] & 1u << (irq & 31);
        core->d.pending[irq >> 5] |= again;
        if (again && core->machine->trace) wb_trace_pended(core, number, wb_core_time(core));
    }
}

/* A fault on the way back: its handler takes the place of the one that ends, the frame stays on the stack. */
static void return_fault(wb_core *core, uint32_t exc_return, uint32_t exception, uint32_t cfsr_bits)
{
    uint32_t taken = wb_derived_exception(core, exception, cfsr_bits);
    if (taken) jump_to_handler(core, taken, exc_return);
    else wb_lockup(core, WB_LOCKUP_FAULT);
}

static void pop_frame(wb_core *core, uint32_t exc_return)
{
    bool fp = !(exc_return & 0x10), to_thread = exc_return & 8, on_psp = exc_return & 4;
    uint32_t frame[FP_FRAME_WORDS] = { 0 }, words = fp ? FP_FRAME_WORDS : FRAME_WORDS;
    uint32_t npriv = wb_get(core, REG(CONTROL)) & 1;
    uint32_t sp = wb_get(core, on_psp ? REG(PSP) : REG(MSP));
    uint32_t fault = copy_stack(core, sp, frame, words, WB_READ, !(to_thread && npriv));
    if (fault) {
        return_fault(core, exc_return, fault, fault == WB_MEM_MANAGE ? WB_MUNSTKERR : WB_UNSTKERR);
        return;
    }
    uint32_t ipsr = frame[7] & 0x1FF, align = frame[7] >> 9 & 1 & core->d.ccr >> 9;
    if (to_thread != (ipsr == 0)) {
        return_fault(core, exc_return, WB_USAGE_FAULT, WB_INVPC);
        return;
    }
    wb_set_control(core, npriv | (on_psp && to_thread ? 2 : 0) | (fp ? 4 : 0), ipsr);
    void *slots[FRAME_REGISTER_COUNT];
    uc_reg_write_batch(core->uc, FRAME_REGISTERS, slots, frame_slots(frame, fp, slots));
    wb_set(core, REG(SP), (sp + 4 * words) | align << 2);
    wb_set(core, REG(XPSR_NZCVQG), (frame[7] & (XPSR_FLAGS | XPSR_IT_BITS | XPSR_THUMB)) | ipsr);
    core->d.pc = frame[6] & ~1u;                    /* the M7 ignores bit 0 */
    if (to_thread && core->d.active_count == 0 && (core->d.scr & 2)) core->d.asleep = !wb_would_wake(core);
    if (core->d.asleep && core->machine->trace) wb_trace_slept(core, false);
}

void wb_exception_return(wb_core *core, uint32_t exc_return)
{
    uint32_t number = wb_get(core, REG(IPSR)), next;
    bool valid = wb_is_active(core, number) && valid_return(core, exc_return);
    deactivate(core, number);
    if (core->machine->trace) wb_trace_left(core, number, exc_return);
    if (!valid) {
        return_fault(core, 0xF0000000u | (exc_return & 0x0FFFFFFFu), WB_USAGE_FAULT, WB_INVPC);
        return;
    }
    core->d.event_register = 1;
    if (wb_best_group_priority(core, &next) < wb_execution_priority(core)) {
        wb_clear_pending(core, next);               /* tail-chaining: the frame stays on the stack */
        jump_to_handler(core, next, exc_return);
        return;
    }
    pop_frame(core, exc_return);
}
