/* The memory map: RAM that Unicorn accesses itself, and a window for everything that needs a look first. */
#include <string.h>

#include "core.h"

wb_region *wb_region_at(const wb_machine *machine, uint32_t address, unsigned core)
{
    wb_region *region = machine->pages[address >> 12];
    while (region && (address - region->base >= region->size || !(region->cores >> core & 1))) region = region->next;
    return region;
}

/* ---- building the map ---- */

static wb_region *add_region(wb_machine *machine, uint32_t base, uint32_t size, uint32_t cores)
{
    if (machine->region_count == WB_MAX_REGIONS || size == 0) return NULL;
    wb_region *region = &machine->regions[machine->region_count++];
    *region = (wb_region){ .base = base, .size = size, .cores = cores };
    for (uint32_t page = base >> 12; page <= (base + size - 1) >> 12; page++) {
        if (machine->pages[page]) region->next = machine->pages[page];
        machine->pages[page] = region;
    }
    return region;
}

void wb_region_show(wb_core *core, const wb_region *region)
{
    if (!region->memory || !(region->cores >> core->number & 1)) return;
    uc_mem_map_ptr(core->uc, region->base, region->size, UC_PROT_ALL, region->memory);
}

int wb_map_memory(wb_machine *machine, uint32_t base, uint32_t size, uint8_t *memory, uint32_t read_only, uint32_t cores)
{
    wb_region *region = (base | size) & 0xFFF ? NULL : add_region(machine, base, size, cores);
    if (!region) return -1;
    region->kind = read_only ? WB_REGION_ROM : WB_REGION_RAM;
    region->memory = memory;
    for (unsigned i = 0; i < machine->core_count; i++) wb_region_show(machine->cores[i], region);
    return (int)(region - machine->regions);
}

int wb_map_host(wb_machine *machine, uint32_t base, uint32_t size, uint32_t cores)
{
    wb_region *region = add_region(machine, base, size, cores);
    if (!region) return -1;
    region->kind = WB_REGION_HOST;
    return (int)(region - machine->regions);
}

void wb_device_add(wb_machine *machine, wb_device *device, uint32_t base, uint32_t size, uint32_t cores)
{
    device->machine = machine;
    machine->devices[machine->device_count++] = device;
    wb_region *region = size ? add_region(machine, base, size, cores) : NULL;
    if (!region) return;
    region->kind = WB_REGION_DEVICE;
    region->device = device;
}

/* ---- accesses outside translated code ---- */

uint32_t wb_region_read(wb_region *region, wb_machine *machine, uint32_t offset, unsigned size)
{
    uint32_t value = 0;
    if (region->memory) {
        memcpy(&value, region->memory + offset, size);
        return value;
    }
    if (region->device) return region->device->read(region->device, offset, size);
    return machine->host.read((uint32_t)(region - machine->regions), offset, size);
}

void wb_region_write(wb_region *region, wb_machine *machine, uint32_t offset, unsigned size, uint32_t value)
{
    if (region->memory) memcpy(region->memory + offset, &value, size);
    else if (region->device) region->device->write(region->device, offset, size, value);
    else machine->host.write((uint32_t)(region - machine->regions), offset, size, value);
}

bool wb_bus_read(wb_machine *machine, uint32_t address, void *data, uint32_t size)
{
    wb_region *region = wb_region_at(machine, address, 0);
    if (!region || address - region->base + size > region->size) return false;
    if (region->memory) {
        memcpy(data, region->memory + (address - region->base), size);
    } else {
        uint32_t value = wb_region_read(region, machine, address - region->base, size);
        memcpy(data, &value, size);
    }
    return true;
}

bool wb_bus_write(wb_machine *machine, uint32_t address, const void *data, uint32_t size)
{
    wb_region *region = wb_region_at(machine, address, 0);
    if (!region || address - region->base + size > region->size || region->kind == WB_REGION_ROM) return false;
    if (region->memory) {
        memcpy(region->memory + (address - region->base), data, size);
        wb_code_changed(machine, address, size);
    } else {
        uint32_t value = 0;
        memcpy(&value, data, size);
        wb_region_write(region, machine, address - region->base, size, value);
    }
    return true;
}

int wb_memory_read(wb_machine *machine, uint32_t address, uint8_t *data, uint32_t size)
{
    while (size) {
        wb_region *region = wb_region_at(machine, address, 0);
        if (!region || !region->memory) return -1;
        uint32_t offset = address - region->base, length = region->size - offset < size ? region->size - offset : size;
        memcpy(data, region->memory + offset, length);
        address += length, data += length, size -= length;
    }
    return 0;
}

int wb_memory_write(wb_machine *machine, uint32_t address, const uint8_t *data, uint32_t size)
{
    while (size) {
        wb_region *region = wb_region_at(machine, address, 0);
        if (!region || !region->memory) return -1;
        uint32_t offset = address - region->base, length = region->size - offset < size ? region->size - offset : size;
        memcpy(region->memory + offset, data, length);
        wb_code_changed(machine, address, length);
        address += length, data += length, size -= length;
    }
    return 0;
}

int wb_device_access(wb_machine *machine, uint32_t address, uint32_t size, uint32_t is_write, uint32_t *value)
{
    wb_region *region = wb_region_at(machine, address, 0);
    if (!region || address - region->base + size > region->size) return -1;
    if (is_write) wb_region_write(region, machine, address - region->base, size, *value);
    else *value = wb_region_read(region, machine, address - region->base, size);
    return 0;
}

/* ---- accesses of translated code ---- */

/* LDRT, STRT and their kin access as unprivileged code does: ARMv7-M A7.7.67 and others. */
static bool is_unprivileged_instruction(const wb_core *core)
{
    uint32_t pc = wb_get(core, REG(PC));
    const wb_region *region = wb_region_at(core->machine, pc, core->number);
    if (!region || !region->memory || pc - region->base + 4 > region->size) return false;
    const uint8_t *code = region->memory + (pc - region->base);
    return code[1] >> 1 == 0x7C && (code[3] & 0x0F) == 0x0E;
}

static bool acts_privileged(const wb_core *core)
{
    return wb_core_privileged(core) && !is_unprivileged_instruction(core);
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
    entry->paddr = page;
    entry->perms = UC_PROT_EXEC;
    if (page >= 0xFFFFFC00u && fetch) return true;          /* EXC_RETURN values, and the end mark of each slice */
    const wb_region *region = wb_region_at(core->machine, page, core->number);
    bool memory = region && region->memory;
    bool bypassed = wb_mpu_bypassed(core);
    int allowed = 0;
    if (memory && !split) {
        allowed = wb_mpu_permissions(core, page, fetch ? wb_core_privileged(core) : acts_privileged(core));
        if (region->kind == WB_REGION_ROM) allowed &= ~WB_WRITE;
    }
    if (bypassed && (core->d.mpu_ctrl & 1)) core->tlb_negative = true;
    if (fetch && memory && split) core->mixed_code = true;
    else if (allowed & need) entry->perms = (uc_prot)allowed;
    else if (fetch) return false;
    else {
        entry->paddr = WB_SLOW_WINDOW + page;
        entry->perms = UC_PROT_READ | UC_PROT_WRITE;
    }
    wb_repair_it(core);
    return true;
}

void wb_fetch_fault(wb_core *core, uint32_t pc)
{
    const wb_region *region = wb_region_at(core->machine, pc, core->number);
    bool executable = wb_mpu_permissions(core, pc, wb_core_privileged(core)) & WB_EXEC;
    if (!executable) wb_raise_fault(core, WB_MEM_MANAGE, WB_IACCVIOL, 0, false);
    else if (!region || !region->memory) wb_raise_fault(core, WB_BUS_FAULT, WB_IBUSERR, 0, false);
    else core->tlb_stale = true;
}

static void unmapped(wb_core *core, uint32_t address, unsigned size, bool write)
{
    wb_machine *machine = core->machine;
    machine->host.unmapped(core->number, address, size, write, wb_get(core, REG(PC)));
    if (machine->unmapped_policy == WB_UNMAPPED_REPORT) return;
    if (machine->unmapped_policy == WB_UNMAPPED_STOP) {
        machine->stop_core = core->number;
        wb_request_stop(machine, WB_STOP_UNMAPPED);
        return;
    }
    wb_fault_in_access(core, WB_BUS_FAULT, WB_PRECISERR, address);
}

/* The region for an access that may go on, NULL where it was refused or has nothing to go to. */
static wb_region *judge(wb_core *core, uint32_t address, unsigned size, bool write)
{
    wb_machine *machine = core->machine;
    if (core->fault.raised) return NULL;
    machine->now_ns = wb_core_time_at(core, wb_get(core, REG(PC)));
    if (machine->next_ns <= machine->now_ns) wb_fire_due(machine);
    if (core->d.mpu_ctrl & 1) {
        int need = write ? WB_WRITE : WB_READ;
        bool allowed = wb_mpu_permissions(core, address, wb_core_privileged(core)) & need;
        if (allowed && wb_core_privileged(core) && !(wb_mpu_permissions(core, address, false) & need))
            allowed = !is_unprivileged_instruction(core);
        if (!allowed) {
            wb_fault_in_access(core, WB_MEM_MANAGE, WB_DACCVIOL, address);
            return NULL;
        }
    }
    wb_region *region = wb_region_at(machine, address, core->number);
    if (region && address - region->base + size <= region->size && !(write && region->kind == WB_REGION_ROM)) return region;
    unmapped(core, address, size, write);
    return NULL;
}

static bool is_ppb(uint32_t address) { return address >> 20 == 0xE00; }

/* Unprivileged code must not touch the PPB: a bus fault (B3.1.1). */
static bool may_use_ppb(wb_core *core, uint32_t address)
{
    wb_machine *machine = core->machine;
    if (core->fault.raised) return false;
    machine->now_ns = wb_core_time_at(core, wb_get(core, REG(PC)));
    if (machine->next_ns <= machine->now_ns) wb_fire_due(machine);
    if (acts_privileged(core) || (address == 0xE000EF00 && core->d.ccr & 2)) return true;
    wb_fault_in_access(core, WB_BUS_FAULT, WB_PRECISERR, address);
    return false;
}

uint64_t wb_slow_read(uc_engine *uc, uint64_t address, unsigned size, void *user)
{
    wb_core *core = user;
    uint32_t target = (uint32_t)address, value = 0;
    (void)uc;
    if (is_ppb(target)) {
        if (may_use_ppb(core, target)) value = wb_ppb_read(core, target, size);
    } else {
        wb_region *region = judge(core, target, size, false);
        if (region) value = wb_region_read(region, core->machine, target - region->base, size);
    }
    if (!core->fault.raised) wb_repair_it(core);
    return value;
}

void wb_slow_write(uc_engine *uc, uint64_t address, unsigned size, uint64_t value, void *user)
{
    wb_core *core = user;
    uint32_t target = (uint32_t)address;
    (void)uc;
    if (is_ppb(target)) {
        if (may_use_ppb(core, target)) wb_ppb_write(core, target, size, (uint32_t)value);
    } else {
        wb_region *region = judge(core, target, size, true);
        if (region) wb_region_write(region, core->machine, target - region->base, size, (uint32_t)value);
    }
    if (!core->fault.raised) wb_repair_it(core);
}

void wb_unmapped_policy(wb_machine *machine, uint32_t policy) { machine->unmapped_policy = policy; }
