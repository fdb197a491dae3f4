/* Accesses of translated code: RAM that Unicorn accesses itself, and a window for everything that needs a look first. */
#include "core.h"

static bool is_ppb(uint32_t address) { return address >> 20 == 0xE00; }

/* LDRT, STRT and their kin access as unprivileged code does: ARMv7-M A7.7.67 and others. */
static bool is_unprivileged_instruction(const wb_core *core)
{
    uint32_t pc = wb_get(core, REG(PC));
    const wb_region *region = wb_region_at(core->machine, pc, core->number);
    if (!region || !region->memory || pc - region->base > region->size - 4) return false;
    const uint8_t *code = region->memory + (pc - region->base);
    return code[1] >> 1 == 0x7C && (code[3] & 0x0F) == 0x0E;
}

static bool acts_privileged(const wb_core *core)
{
    return wb_core_privileged(core) && !is_unprivileged_instruction(core);
}

/* What Unicorn may do by itself in a page of memory that the MPU does not split. */
static int direct_access(const wb_core *core, const wb_region *region, uint32_t page, bool fetch)
{
    /* Code that another core, or this one at another address, has translated: each store must be noticed. */
    bool watched = region->kind == WB_REGION_RAM && wb_others_translate(core, region, page);
    int allowed = wb_mpu_permissions(core, page, fetch ? wb_core_privileged(core) : acts_privileged(core));
    if (region->kind == WB_REGION_ROM || watched || core->loop.guards_memory) allowed &= ~WB_WRITE;
    /* What may be code and written, Unicorn looks at in each store, lest it be code that was translated. */
    if (!fetch && region->kind == WB_REGION_RAM && !wb_holds_code(core, region, page)) allowed &= ~WB_EXEC;
    return allowed;
}

/*
 * Unicorn asks for each page of 1 KiB at its first use. RAM that the whole page may be accessed as asked is given
 * directly; everything else for data goes through the slow window, where each access is judged at its exact address.
 */
bool wb_tlb_fill(uc_engine *uc, uint64_t address, uc_mem_type type, uc_tlb_entry *entry, void *user)
{
    wb_core *core = user;
    uint32_t page = (uint32_t)address;
    (void)uc;
    if (core->fault.raised) return false;
    bool fetch = type == UC_MEM_FETCH, split = wb_mpu_splits_page(core, page);
    int need = fetch ? WB_EXEC : type == UC_MEM_WRITE ? WB_WRITE : WB_READ;
    const wb_region *region = wb_region_at(core->machine, page, core->number);
    bool memory = region && region->memory && (fetch || !region->closed);
    int allowed = 0;
    if (memory && !split) {
        allowed = direct_access(core, region, page, fetch);
        if (wb_trace_watches(core->machine, page)) allowed &= ~WB_WRITE;
        if ((core->d.mpu_ctrl & 1) && wb_mpu_bypassed(core)) core->tlb_negative = core->careful = true;
    }
    entry->paddr = page;
    entry->perms = UC_PROT_EXEC;
    if (fetch && memory && split) core->mixed_code = core->careful = true;
    else if (allowed & need) entry->perms = (uc_prot)allowed;
    else if (fetch) return false;
    else {
        entry->paddr = WB_SLOW_WINDOW + page;
        entry->perms = UC_PROT_READ | UC_PROT_WRITE;
    }
    if (!fetch) wb_repair_it(core);     /* a fetch is between two blocks, where the IT state is what it should be */
    return true;
}

/* A fetch was refused: by the MPU, the default map, or because nothing is there. False if there is no reason. */
bool wb_fetch_fault(wb_core *core, uint32_t pc)
{
    bool privileged = wb_core_privileged(core);
    for (uint32_t half = 0; half < 2; half++) {              /* an instruction may reach into the next page */
        uint32_t at = pc + 2 * half;
        const wb_region *region = wb_region_at(core->machine, at, core->number);
        bool executable = wb_mpu_permissions(core, at, privileged) & WB_EXEC;
        if (executable && region && region->memory) continue;
        if (executable) wb_raise_fault(core, WB_BUS_FAULT, WB_IBUSERR, 0, false);
        else wb_raise_fault(core, WB_MEM_MANAGE, WB_IACCVIOL, 0, false);
        return true;
    }
    return false;
}

static bool fault(wb_core *core, uint32_t exception, uint32_t cfsr_bits, uint32_t address)
{
    core->fault = (wb_fault){ true, true, exception, cfsr_bits, address };
    return false;
}

/* Nothing there. With BFHFNMIGN data bus errors are ignored at negative priority (B3.2.8). */
static bool unmapped(wb_core *core, uint32_t address, unsigned size, bool write)
{
    wb_machine *machine = core->machine;
    wb_loop_spoil(core);
    machine->host.unmapped(core->number, address, size, write ? WB_ACCESS_WRITE : WB_ACCESS_READ, wb_get(core, REG(PC)));
    if (machine->unmapped_policy == WB_UNMAPPED_REPORT) return true;
    if (machine->unmapped_policy == WB_UNMAPPED_STOP) {
        machine->stop_core = core->number;
        wb_request_stop(machine, WB_STOP_UNMAPPED);
        return true;
    }
    if (core->d.ccr >> 8 & 1 && wb_execution_priority(core) < 0) return true;
    return fault(core, WB_BUS_FAULT, WB_PRECISERR, address);
}

/* Whether MPU and memory map let the access go on; notes the fault if they do not. */
static bool allowed(wb_core *core, uint32_t address, unsigned size, bool write)
{
    wb_machine *machine = core->machine;
    uint32_t last = address + size - 1;
    if (is_ppb(address)) {                                   /* unprivileged code must not: a bus fault (B3.1.1) */
        if (acts_privileged(core) || (address == 0xE000EF00 && core->d.ccr & 2)) return true;
        return fault(core, WB_BUS_FAULT, WB_PRECISERR, address);
    }
    if (core->d.mpu_ctrl & 1) {
        int need = write ? WB_WRITE : WB_READ;
        bool privileged = acts_privileged(core);
        if (!(wb_mpu_permissions(core, address, privileged) & need))
            return fault(core, WB_MEM_MANAGE, WB_DACCVIOL, address);
        if ((address ^ last) & ~31u && !(wb_mpu_permissions(core, last, privileged) & need))
            return fault(core, WB_MEM_MANAGE, WB_DACCVIOL, last & ~31u);
    }
    const wb_region *region = wb_region_at(core->machine, address, core->number);
    if (!region || (write && region->kind == WB_REGION_ROM)) return unmapped(core, address, size, write);
    if (region->closed) wb_loop_spoil(core);
    if (region->closed) machine->host.unmapped(core->number, address, size, WB_ACCESS_CLOSED_READ, wb_get(core, REG(PC)));
    if (region->memory) return true;
    if (address & ((size < 4 ? size : 4) - 1)) return fault(core, WB_USAGE_FAULT, WB_UNALIGNED, address);
    return last - region->base < region->size || unmapped(core, address, size, write);
}

/* Whether the access is one to a device, and another core may still access it before that. */
static bool must_wait(const wb_core *core, uint32_t address, int64_t time)
{
    if (is_ppb(address) || !wb_is_ahead(core, time)) return false;
    const wb_region *region = wb_region_at(core->machine, address, core->number);
    return region && !region->memory;
}

/* Whether the access comes through the window for nothing but a trace: it then has no more effect than a direct one. */
static bool only_traced(const wb_core *core, uint32_t address, bool write)
{
    if (!wb_trace_watches(core->machine, address) || core->loop.guards_memory) return false;
    const wb_region *region = wb_region_at(core->machine, address, core->number);
    if (!region || !region->memory || region->closed) return false;
    if (!(core->d.mpu_ctrl & 1)) return region->kind == WB_REGION_RAM && !wb_others_translate(core, region, address);
    if (wb_mpu_splits_page(core, address)) return false;
    return direct_access(core, region, address, false) & (write ? WB_WRITE : WB_READ);
}

/*
 * Unicorn's call before an access to the slow window, with PC and IT state of the instruction put right. A refused
 * access must leave no trace: Unicorn abandons a refused read by itself, but lets a refused write pass. Asking it for
 * code from a page that is never executable makes it abandon the instruction in both cases, and does not come back.
 */
bool wb_judge(uc_engine *uc, uc_mem_type type, uint64_t address, int size, int64_t value, void *user)
{
    wb_core *core = user;
    wb_machine *machine = core->machine;
    uint32_t target = (uint32_t)address, width = (uint32_t)size;
    bool write = type == UC_MEM_WRITE_PROT;
    (void)value;
    if (!machine->trace || !only_traced(core, target, write)) {
        int64_t time = wb_core_time_at(core, wb_get(core, REG(PC)));
        if (machine->together && must_wait(core, target, time)) {
            core->ahead = true;
            uc_ctl_request_cache(uc, WB_NEVER_CODE, NULL);
        }
        machine->now_ns = time;
        if (machine->next_ns <= machine->now_ns) wb_fire_due(machine);
        if (!allowed(core, target, width, write)) uc_ctl_request_cache(uc, WB_NEVER_CODE, NULL);
    }
    core->judged_first = target & -width;
    core->judged_last = ((target + width - 1) | (width - 1));
    wb_repair_it(core);
    return true;
}

/*
 * The one way into the window past `wb_judge`: the second half of an unaligned load whose first half was in a page of
 * plain RAM. Unicorn stops at a refused one before it writes the result, except in an IT block.
 */
static bool judged(wb_core *core, uint32_t address, unsigned size, bool write)
{
    if (core->fault.raised) return false;
    if (address >= core->judged_first && address + size - 1 <= core->judged_last) return true;
    if (allowed(core, address, size, write)) return true;
    uc_ctl_flush_tlb(core->uc);
    uc_emu_stop(core->uc);
    return false;
}

static wb_region *target_of(const wb_core *core, uint32_t address, unsigned size)
{
    wb_region *region = wb_region_at(core->machine, address, core->number);
    return region && address - region->base + size <= region->size ? region : NULL;
}

static bool is_timeless(const wb_region *region, uint32_t address, unsigned size)
{
    uint32_t word = (address - region->base) >> 2;
    if (region->timeless) return word / 8 < region->timeless_size && region->timeless[word / 8] >> (word & 7) & 1;
    return region->device && region->device->timeless &&
           region->device->timeless(region->device, address - region->base, size);
}

uint64_t wb_slow_read(uc_engine *uc, uint64_t address, unsigned size, void *user)
{
    wb_core *core = user;
    uint32_t target = (uint32_t)address;
    (void)uc;
    if (!judged(core, target, size, false)) return 0;
    if (is_ppb(target)) return wb_ppb_read(core, target, size);
    wb_region *region = target_of(core, target, size);
    if (region && !region->memory) {
        /* Another core may change the device before this one's turn is over. */
        if (!core->machine->together && is_timeless(region, target, size)) wb_loop_polled(core);
        else wb_loop_spoil(core);
    }
    return region ? wb_region_read(region, core->machine, target - region->base, size) : 0;
}

void wb_slow_write(uc_engine *uc, uint64_t address, unsigned size, uint64_t value, void *user)
{
    wb_core *core = user;
    uint32_t target = (uint32_t)address;
    (void)uc;
    if (!judged(core, target, size, true)) return;
    if (is_ppb(target)) {
        wb_ppb_write(core, target, size, (uint32_t)value);
        return;
    }
    wb_region *region = target_of(core, target, size);
    if (!region || region->kind == WB_REGION_ROM) return;
    if (region->memory) wb_loop_note_write(core, target, size);
    else wb_loop_spoil(core);
    if (wb_trace_watches(core->machine, target)) wb_trace_stored(core, target, size, (uint32_t)value);
    wb_region_write(region, core->machine, target - region->base, size, (uint32_t)value);
}
