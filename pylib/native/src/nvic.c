/* Pending and enabled interrupts, and the NVIC's registers (ARMv7-M B3.4). */
#include "core.h"

static uint32_t irq_words(const wb_core *core) { return (core->irqs + 31) / 32; }

static uint32_t word_mask(const wb_core *core, uint32_t word)
{
    uint32_t left = core->irqs - 32 * word;
    return word >= irq_words(core) ? 0 : left >= 32 ? 0xFFFFFFFFu : (1u << left) - 1;
}

void wb_irq(wb_machine *machine, uint32_t number, uint32_t irq, uint32_t level)
{
    wb_core *core = machine->cores[number];
    uint32_t bit = 1u << (irq & 31), word = irq >> 5;
    if (irq >= core->irqs) return;
    if (!level) {
        core->d.level[word] &= ~bit;
        return;
    }
    if (core->d.level[word] & bit) return;
    core->d.level[word] |= bit;
    if (core->machine->trace && !(core->d.pending[word] & bit)) wb_trace_pended(core, WB_IRQ0 + irq, machine->now_ns);
    core->d.pending[word] |= bit;
    if (core->d.scr & 16) core->d.event_register = 1;        /* SEVONPEND */
    core->look = true;
    if (core->d.asleep) wb_note_wakeup(machine);
}

static bool is_pending(const wb_core *core, uint32_t number)
{
    if (number < WB_IRQ0) return core->d.system_pending >> number & 1;
    return core->d.pending[(number - WB_IRQ0) >> 5] >> ((number - WB_IRQ0) & 31) & 1;
}

void wb_nmi(wb_machine *machine, uint32_t number) { wb_set_pending(machine->cores[number], WB_NMI); }

void wb_set_pending(wb_core *core, uint32_t number)
{
    if (core->machine->trace && !is_pending(core, number)) wb_trace_pended(core, number, core->machine->now_ns);
    if (number < WB_IRQ0) core->d.system_pending |= 1u << number;
    else core->d.pending[(number - WB_IRQ0) >> 5] |= 1u << ((number - WB_IRQ0) & 31);
    core->look = true;
    if (core->d.asleep) wb_note_wakeup(core->machine);
}

void wb_clear_pending(wb_core *core, uint32_t number)
{
    if (number < WB_IRQ0) core->d.system_pending &= ~(1u << number);
    else core->d.pending[(number - WB_IRQ0) >> 5] &= ~(1u << ((number - WB_IRQ0) & 31));
}

bool wb_is_active(const wb_core *core, uint32_t number)
{
    for (uint32_t i = 0; i < core->d.active_count; i++)
        if (core->d.active[i] == number) return true;
    return false;
}

/* The pending, enabled exception with the lowest priority value, then the lowest number; 0 for none. */
uint32_t wb_best_pending(const wb_core *core, int *priority)
{
    uint32_t best = 0;
    int lowest = 256;
    for (uint32_t bits = core->d.system_pending; bits; bits &= bits - 1) {
        uint32_t number = (uint32_t)__builtin_ctz(bits);
        int value = wb_exception_priority(core, number);
        if (value < lowest) best = number, lowest = value;
    }
    for (uint32_t word = 0; word < 8; word++) {
        for (uint32_t bits = core->d.pending[word] & core->d.enabled[word]; bits; bits &= bits - 1) {
            uint32_t number = WB_IRQ0 + 32 * word + (uint32_t)__builtin_ctz(bits);
            int value = core->d.priority[number];
            if (value < lowest) best = number, lowest = value;
        }
    }
    *priority = lowest;
    return best;
}

static uint32_t active_word(const wb_core *core, uint32_t word)
{
    uint32_t bits = 0;
    for (uint32_t i = 0; i < core->d.active_count; i++) {
        uint32_t number = core->d.active[i];
        if (number >= WB_IRQ0 && (number - WB_IRQ0) >> 5 == word) bits |= 1u << ((number - WB_IRQ0) & 31);
    }
    return bits;
}

static uint32_t priorities_read(const wb_core *core, uint32_t first, unsigned size)
{
    uint32_t value = 0;
    for (unsigned i = 0; i < size && first + i < core->irqs; i++)
        value |= (uint32_t)core->d.priority[WB_IRQ0 + first + i] << 8 * i;
    return value;
}

static void priorities_write(wb_core *core, uint32_t first, unsigned size, uint32_t value)
{
    for (unsigned i = 0; i < size && first + i < core->irqs; i++)
        core->d.priority[WB_IRQ0 + first + i] = (uint8_t)(value >> 8 * i) & core->priority_mask;
}

/* A bit bank: `set` and `clear` are what a write does to it. */
static uint32_t bank_write(uint32_t bits, uint32_t value, bool set) { return set ? bits | value : bits & ~value; }

static void trace_written(wb_core *core, const uint32_t *bank, uint32_t word, uint32_t before)
{
    if (bank == core->d.enabled) wb_trace_enabled(core);
    else
        for (uint32_t fresh = bank[word] & ~before; fresh; fresh &= fresh - 1)
            wb_trace_pended(core, WB_IRQ0 + 32 * word + (uint32_t)__builtin_ctz(fresh), core->machine->now_ns);
}

/* Registers by their distance from 0xE000E000: 0x100 to 0x4EF, and STIR. False for an address without a register. */
bool wb_nvic_access(wb_core *core, uint32_t offset, unsigned size, bool write, uint32_t *value)
{
    uint32_t word = offset >> 2 & 7, shift = 8 * (offset & 3), mask = word_mask(core, word);
    bool clears = offset & 0x80;
    if (write) core->look = true;
    if (offset == 0xF00) {
        if (write && (*value & 0x1FF) < core->irqs) wb_set_pending(core, WB_IRQ0 + (*value & 0x1FF));
        if (!write) *value = 0;
        return true;
    }
    if (offset >= 0x400 && offset < 0x4F0) {
        if (write) priorities_write(core, offset - 0x400, size, *value);
        else *value = priorities_read(core, offset - 0x400, size);
        return true;
    }
    if (offset >= 0x400 || offset < 0x100) return false;
    if (offset >= 0x300) {
        if (!write) *value = (offset & 0x7F) < 0x20 ? active_word(core, word) >> shift : 0;
        return true;
    }
    uint32_t *bank = offset < 0x200 ? core->d.enabled : core->d.pending;
    if ((offset & 0x7F) >= 0x20) {
        if (!write) *value = 0;
        return true;
    }
    if (!write) {
        *value = bank[word] >> shift;
        return true;
    }
    uint32_t before = bank[word];
    bank[word] = bank_write(bank[word], *value << shift & mask, !clears);
    if (bank == core->d.pending) bank[word] |= core->d.level[word] & ~active_word(core, word);
    if (core->machine->trace) trace_written(core, bank, word, before);
    return true;
}
