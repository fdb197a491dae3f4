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

void wb_block_learn(wb_core *core, uint32_t address, uint32_t size)
{
    wb_block *block = &core->blocks[address >> 1 & (WB_BLOCK_SLOTS - 1)];
    const uint8_t *code = code_at(core, address, size);
    *block = (wb_block){ address + 1, 0, (uint16_t)size, 0 };
    if (!code) return;
    for (uint32_t at = 0; at < size; block->count++) {
        uint16_t first = halfword(code + at);
        if (is_wide(first)) {
            if (at + 4 <= size && is_fp(first, halfword(code + at + 2))) block->flags |= WB_BLOCK_FP;
            at += 4;
            continue;
        }
        if (first == 0xBF40) block->flags |= WB_BLOCK_SEV;
        block->flags &= (uint8_t)~WB_BLOCK_WFE;
        if (first == 0xBF20) block->flags |= WB_BLOCK_WFE;
        at += 2;
    }
    uint32_t page = address >> 12;
    core->machine->executed[page >> 3] |= (uint8_t)(1u << (page & 7));
}

const wb_block *wb_block_at(wb_core *core, uint32_t address, uint32_t size)
{
    const wb_block *block = &core->blocks[address >> 1 & (WB_BLOCK_SLOTS - 1)];
    if (block->key != address + 1 || block->size != size) wb_block_learn(core, address, size);
    return block;
}

uint32_t wb_instructions_before(const wb_core *core, uint32_t start, uint32_t pc)
{
    const uint8_t *code = code_at(core, start, pc - start);
    uint32_t count = 0;
    for (uint32_t at = 0; code && at < pc - start; count++) at += is_wide(halfword(code + at)) ? 4 : 2;
    return count;
}

void wb_send_event(wb_machine *machine)
{
    for (unsigned i = 0; i < machine->core_count; i++) machine->cores[i]->d.event_register = 1;
}

/* Leaves the block: either with a fault at its first instruction, or to run exactly up to the bad one. */
static void stop_at(wb_core *core, uint32_t start, uint32_t bad, uint32_t exception, uint32_t cfsr_bits)
{
    uint32_t before = wb_instructions_before(core, start, bad);
    if (before) {
        core->step_left = before;
        return;
    }
    core->fault = (wb_fault){ .raised = true, .exception = exception, .cfsr_bits = cfsr_bits,
                              .context = core->fault.context };
}

/* For pages that MPU regions split: every granule of 32 bytes of the block must be executable. */
bool wb_may_execute(wb_core *core, uint32_t address, uint32_t size)
{
    if (!wb_mpu_splits_page(core, address)) return true;
    bool privileged = wb_core_privileged(core);
    for (uint32_t at = address; at < address + size; at = (at | 31) + 1) {
        if (wb_mpu_permissions(core, at, privileged) & WB_EXEC) continue;
        stop_at(core, address, at, WB_MEM_MANAGE, WB_IACCVIOL);
        return false;
    }
    return true;
}

/* While CPACR denies the FPU: an FP instruction is a NOCP usage fault, ARMv7-M B1.4.7. */
bool wb_may_use_fp(wb_core *core, uint32_t address, uint32_t size)
{
    if (!(wb_block_at(core, address, size)->flags & WB_BLOCK_FP)) return true;
    if ((core->d.cpacr >> 20 & 3) == 1 && wb_core_privileged(core)) return true;
    const uint8_t *code = code_at(core, address, size);
    for (uint32_t at = 0; code && at + 4 <= size;) {
        uint16_t first = halfword(code + at);
        if (is_wide(first) && is_fp(first, halfword(code + at + 2))) {
            stop_at(core, address, address + at, WB_USAGE_FAULT, WB_NOCP);
            return false;
        }
        at += is_wide(first) ? 4 : 2;
    }
    return true;
}

void wb_code_changed(wb_machine *machine, uint32_t address, uint32_t size)
{
    for (uint32_t page = address >> 12; page <= (address + size - 1) >> 12; page++) {
        if (!(machine->executed[page >> 3] >> (page & 7) & 1)) continue;
        for (unsigned i = 0; i < machine->core_count; i++) {
            wb_core *core = machine->cores[i];
            uc_ctl_remove_cache(core->uc, (uint64_t)page << 12, (uint64_t)(page + 1) << 12);
            core->look = true;
        }
        machine->executed[page >> 3] &= (uint8_t)~(1u << (page & 7));
    }
}
