/* What the translated code is made of: instruction counts of blocks, and checks that only code can tell. */
#include "core.h"

static inline bool is_wide(uint16_t halfword) { return halfword >> 11 >= 0x1D; }

/* Coprocessors 10 and 11: FP data processing, load/store and moves, ARMv7-M A6.4 to A6.7. */
static inline bool is_fp(uint16_t first, uint16_t second)
{
    return (first & 0xEC00) == 0xEC00 && (second & 0x0E00) == 0x0A00;
}

static const uint8_t *code_at(const wb_core *core, uint32_t address, uint32_t size)
{
    const wb_region *region = wb_region_at(core->machine, address, core->number);
    if (!region || !region->memory || address - region->base + size > region->size) return NULL;
    return region->memory + (address - region->base);
}

static inline uint16_t halfword(const uint8_t *code) { return (uint16_t)(code[0] | code[1] << 8); }

/* Hints in both encodings, A7.7 and B5.2: 1 YIELD, 2 WFE, 3 WFI, 4 SEV. */
static uint8_t hint_flag(uint16_t first, uint16_t second)
{
    static const uint8_t FLAGS[] = { 0, WB_BLOCK_YIELD, WB_BLOCK_WFE, WB_BLOCK_WFI, WB_BLOCK_SEV };
    uint32_t hint = (first & 0xFF0F) == 0xBF00 ? first >> 4 & 15 : first == 0xF3AF ? second ^ 0x8000u : 0;
    return hint < sizeof FLAGS ? FLAGS[hint] : 0;
}

/* Stores in both encodings, A5.2 and A5.3; rather one too many. */
static inline bool may_store(uint16_t first)
{
    bool access = (first & 0xFE00) == 0xE800 || (first & 0xFE00) == 0xF800 || (first & 0xEE00) == 0xEC00;
    if (is_wide(first)) return access && !(first & 0x10);
    switch (first >> 11) {
    case 0x0A: return (first & 0xFE00) != 0x5600;       /* register offset, but LDRSB */
    case 0x0C: case 0x0E: case 0x10: case 0x12: return true;      /* STR, STRB, STRH, STR to the stack */
    case 0x16: return (first & 0x0E00) == 0x0400;       /* PUSH */
    case 0x18: return true;                             /* STM */
    default: return false;
    }
}

/* The name of a byte of memory, which is the same by whatever address a core reaches it. */
static inline uint32_t name_of(const wb_region *region, uint32_t address)
{
    return region->code_base + (address - region->base);
}

static inline uint8_t *executed_byte(wb_machine *machine, uint32_t granule) { return &machine->executed[granule >> 3]; }

/* How far behind code that ran a prefetch has come, at the most: the receive buffers of a FlexSPI hold 1 KiB each. */
enum { PREFETCH_GRANULES = 1024 >> WB_CODE_SHIFT };

static bool was_executed(wb_machine *machine, uint32_t granule) { return *executed_byte(machine, granule) >> (granule & 7) & 1; }

/* Code in closed memory that never ran, nor lies close behind code that did: no cache can hold it. */
static bool is_out_of_reach(const wb_core *core, uint32_t address, uint32_t size)
{
    const wb_region *region = wb_region_at(core->machine, address, core->number);
    if (!region || !region->closed) return false;
    uint32_t first = region->code_base >> WB_CODE_SHIFT, name = name_of(region, address);
    for (uint32_t granule = name >> WB_CODE_SHIFT; granule <= (name + size - 1) >> WB_CODE_SHIFT; granule++) {
        bool reached = false;
        for (uint32_t back = 0; back <= PREFETCH_GRANULES && granule - back >= first && !reached; back++)
            reached = was_executed(core->machine, granule - back);
        if (!reached) return true;
    }
    return false;
}

/* A core, and whether it runs the code at the address that gave it its name. */
static inline uint8_t translator_bit(const wb_core *core, const wb_region *region)
{
    return (uint8_t)(1u << (2 * core->number + region->alias));
}

/* Nobody else may store into these pages unnoticed from now on. */
static void note_translator(const wb_core *core, const wb_region *region, uint32_t name, uint32_t size)
{
    wb_machine *machine = core->machine;
    uint8_t bit = translator_bit(core, region);
    for (uint32_t page = name >> 10; page <= (name + size - 1) >> 10; page++) {
        if (machine->translators[page] & bit) continue;
        machine->translators[page] |= bit;
        for (unsigned i = 0; i < machine->core_count; i++)
            if (machine->cores[i] != core || region->aliased) machine->cores[i]->tlb_stale = machine->cores[i]->look = true;
    }
}

/* Whether code in the page at `page` is translated by another core, or under another address. */
bool wb_others_translate(const wb_core *core, const wb_region *region, uint32_t page)
{
    return core->machine->translators[name_of(region, page) >> 10] & ~translator_bit(core, region);
}

/* Whether something in the page of 1 KiB at `page` was translated. */
bool wb_holds_code(const wb_core *core, const wb_region *region, uint32_t page)
{
    const uint8_t *bits = executed_byte(core->machine, name_of(region, page & ~1023u) >> WB_CODE_SHIFT);
    return bits[0] | bits[1];
}

/* The first code in a page: Unicorn must learn that it may not store there unnoticed any more. */
static void note_code_page(wb_core *core, const wb_region *region, uint32_t address, uint32_t size)
{
    if (region->kind != WB_REGION_RAM) return;
    if (wb_holds_code(core, region, address) && wb_holds_code(core, region, address + size - 1)) return;
    core->tlb_stale = core->look = true;
}

void wb_block_learn(wb_core *core, uint32_t address, uint32_t size)
{
    wb_block *block = &core->blocks[address >> 1 & (WB_BLOCK_SLOTS - 1)];
    const uint8_t *code = code_at(core, address, size);
    if (block->key != address + 1) *block = (wb_block){ .key = address + 1 };
    block->count = block->flags = 0;
    block->size = (uint16_t)size;
    if (!code) return;
    if (is_out_of_reach(core, address, size)) {
        block->flags = WB_BLOCK_CLOSED;
        core->careful = core->code_stale = true;        /* to be looked at anew once the memory is open */
    }
    for (uint32_t at = 0; at < size; block->count++) {
        uint16_t first = halfword(code + at), second = at + 4 <= size ? halfword(code + at + 2) : 0;
        if (is_wide(first) && is_fp(first, second)) block->flags |= WB_BLOCK_FP;
        block->flags |= hint_flag(first, second);
        if (may_store(first)) block->flags |= WB_BLOCK_STORES;
        at += is_wide(first) ? 4 : 2;
    }
    if (core->machine->trace && wb_trace_marks(core, address)) block->flags |= WB_BLOCK_TRACED;
    if (block->flags & WB_BLOCK_CLOSED) return;
    const wb_region *region = wb_region_at(core->machine, address, core->number);
    uint32_t name = name_of(region, address);
    note_code_page(core, region, address, size);
    for (uint32_t granule = name >> WB_CODE_SHIFT; granule <= (name + size - 1) >> WB_CODE_SHIFT; granule++)
        *executed_byte(core->machine, granule) |= (uint8_t)(1u << (granule & 7));
    if (core->machine->core_count > 1 || region->aliased) note_translator(core, region, name, size);
}

/* A block out of reach in closed memory: reports it, and does what accesses to nothing do. */
bool wb_may_fetch_closed(wb_core *core, uint32_t address)
{
    wb_machine *machine = core->machine;
    wb_loop_spoil(core);
    machine->host.unmapped(core->number, address, 2, WB_ACCESS_FETCH, address);
    if (machine->unmapped_policy == WB_UNMAPPED_REPORT) return true;
    if (machine->unmapped_policy == WB_UNMAPPED_FAULT) {
        core->fault = (wb_fault){ .raised = true, .exception = WB_BUS_FAULT, .cfsr_bits = WB_IBUSERR };
        return false;
    }
    machine->stop_core = core->number;
    wb_request_stop(machine, WB_STOP_UNMAPPED);
    return false;
}

uint32_t wb_instructions_before(const wb_core *core, uint32_t start, uint32_t pc)
{
    const uint8_t *code = code_at(core, start, pc - start);
    uint32_t count = 0;
    for (uint32_t at = 0; code && at < pc - start; count++) at += is_wide(halfword(code + at)) ? 4 : 2;
    return count;
}

/* Whether an IT instruction between `start` and `pc`, in one block, makes the one at `pc` conditional. */
bool wb_in_it_block(const wb_core *core, uint32_t start, uint32_t pc)
{
    const uint8_t *code = code_at(core, start, pc - start);
    unsigned conditional = 0;
    for (uint32_t at = 0; code && at < pc - start;) {
        uint16_t first = halfword(code + at);
        if ((first & 0xFF00) == 0xBF00 && first & 15) conditional = 4 - (unsigned)__builtin_ctz(first);
        else if (conditional) conditional--;
        at += is_wide(first) ? 4 : 2;
    }
    return conditional != 0;
}

void wb_send_event(wb_machine *machine)
{
    for (unsigned i = 0; i < machine->core_count; i++) {
        machine->cores[i]->d.event_register = 1;
        if (machine->cores[i]->d.waiting_for_event) wb_note_wakeup(machine);
    }
}

/*
 * The instruction at `bad` must not run: it faults where it is the block's first, else the block is left, to be run
 * up to it and then to come here again.
 */
static void refuse(wb_core *core, uint32_t start, uint32_t bad, uint32_t exception, uint32_t cfsr_bits)
{
    if (bad != start) core->exit_at = bad;
    else core->fault = (wb_fault){ .raised = true, .exception = exception, .cfsr_bits = cfsr_bits };
}

static bool executable(const wb_core *core, uint32_t first, uint32_t last, bool privileged)
{
    for (uint32_t at = first; at <= last; at = (at | 31) + 1)
        if (!(wb_mpu_permissions(core, at, privileged) & WB_EXEC)) return false;
    return true;
}

/* For pages that MPU regions split: every granule of 32 bytes of the block must be executable. */
bool wb_may_execute(wb_core *core, uint32_t address, uint32_t size)
{
    bool privileged = wb_core_privileged(core);
    if (!wb_mpu_splits_page(core, address) || executable(core, address, address + size - 1, privileged)) return true;
    const uint8_t *code = code_at(core, address, size);
    for (uint32_t at = 0, length; code && at < size; at += length) {
        length = is_wide(halfword(code + at)) ? 4 : 2;
        if (executable(core, address + at, address + at + length - 1, privileged)) continue;
        refuse(core, address, address + at, WB_MEM_MANAGE, WB_IACCVIOL);
        return false;
    }
    return true;
}

/* While CPACR denies the FPU: an FP instruction is a NOCP usage fault, ARMv7-M B1.4.7. */
bool wb_may_use_fp(wb_core *core, uint32_t address, uint32_t size)
{
    if ((core->d.cpacr >> 20 & 3) == 1 && wb_core_privileged(core)) return true;
    const uint8_t *code = code_at(core, address, size);
    for (uint32_t at = 0; code && at + 4 <= size;) {
        uint16_t first = halfword(code + at);
        if (is_wide(first) && is_fp(first, halfword(code + at + 2))) {
            refuse(core, address, address + at, WB_USAGE_FAULT, WB_NOCP);
            return false;
        }
        at += is_wide(first) ? 4 : 2;
    }
    return true;
}

/* Something else than a core's own stores changed memory: translations of it are no longer true. */
void wb_code_changed(wb_machine *machine, const wb_region *region, uint32_t offset, uint32_t size)
{
    uint32_t name = region->code_base + offset;
    for (uint32_t granule = name >> WB_CODE_SHIFT; granule <= (name + size - 1) >> WB_CODE_SHIFT; granule++) {
        uint8_t bit = (uint8_t)(1u << (granule & 7));
        if (!(*executed_byte(machine, granule) & bit)) continue;
        for (unsigned i = 0; i < machine->core_count; i++) machine->cores[i]->code_stale = machine->cores[i]->look = true;
        *executed_byte(machine, granule) &= (uint8_t)~bit;
    }
}
