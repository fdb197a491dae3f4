/* The memory map, and accesses of devices and of the host. */
#include <string.h>

#include "core.h"

/* Stands for a page that several regions share. */
static wb_region shared_page;

static bool holds(const wb_region *region, uint32_t address, unsigned core)
{
    return address - region->base < region->size && region->cores >> core & 1;
}

wb_region *wb_region_at(const wb_machine *machine, uint32_t address, unsigned core)
{
    wb_region *region = machine->pages[address >> 12];
    if (region != &shared_page) return region && holds(region, address, core) ? region : NULL;
    for (unsigned i = machine->region_count; i-- > 0;)        /* the region mapped last is on top */
        if (holds(&machine->regions[i], address, core)) return (wb_region *)&machine->regions[i];
    return NULL;
}

/* ---- building the map ---- */

static wb_region *add_region(wb_machine *machine, uint32_t base, uint32_t size, uint32_t cores)
{
    if (machine->region_count == WB_MAX_REGIONS || size == 0) return NULL;
    wb_region *region = &machine->regions[machine->region_count++];
    *region = (wb_region){ .base = base, .size = size, .cores = cores };
    for (uint32_t page = base >> 12; page <= (base + size - 1) >> 12; page++)
        machine->pages[page] = machine->pages[page] ? &shared_page : region;
    return region;
}

void wb_region_show(wb_core *core, const wb_region *region)
{
    if (!region->memory || !(region->cores >> core->number & 1)) return;
    uc_mem_map_ptr(core->uc, region->base, region->size, UC_PROT_ALL, region->memory);
}

static wb_region *memory_at(wb_machine *machine, uint32_t base, uint32_t size, uint32_t cores)
{
    for (unsigned i = 0; i < machine->region_count; i++) {
        wb_region *region = &machine->regions[i];
        if (region->memory && region->base == base && region->size == size && region->cores == cores) return region;
    }
    return NULL;
}

/* Mapping the same place again replaces the memory behind it, as long as no core has seen the old one. */
int wb_map_memory(wb_machine *machine, uint32_t base, uint32_t size, uint8_t *memory, uint32_t read_only, uint32_t cores)
{
    wb_region *region = machine->core_count ? NULL : memory_at(machine, base, size, cores);
    if (!region) region = (base | size) & 0xFFF ? NULL : add_region(machine, base, size, cores);
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
    wb_check_limit(machine->device_count, WB_MAX_REGIONS, "devices");
    machine->devices[machine->device_count++] = device;
    wb_region *region = size ? add_region(machine, base, size, cores) : NULL;
    if (!region) return;
    region->kind = WB_REGION_DEVICE;
    region->device = device;
}

/* ---- accesses outside translated code ---- */

/* Memory as one core sees it, without effects; false where there is none. */
bool wb_core_peek(const wb_core *core, uint32_t address, void *data, uint32_t size)
{
    for (uint8_t *to = data; size; to++, address++, size--) {
        const wb_region *region = wb_region_at(core->machine, address, core->number);
        if (!region || !region->memory) return false;
        *to = region->memory[address - region->base];
    }
    return true;
}

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

void wb_memory_close(wb_machine *machine, uint32_t base, uint32_t closed)
{
    wb_region *region = wb_region_at(machine, base, 0);
    if (!region || region->closed == !!closed) return;
    region->closed = !!closed;
    for (unsigned i = 0; i < machine->core_count; i++) machine->cores[i]->tlb_stale = machine->cores[i]->look = true;
}

bool wb_bus_read(wb_machine *machine, uint32_t address, void *data, uint32_t size)
{
    wb_region *region = wb_region_at(machine, address, 0);
    if (!region || region->closed || address - region->base + size > region->size) return false;
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
    bool done = is_write ? wb_bus_write(machine, address, value, size) : wb_bus_read(machine, address, value, size);
    return done ? 0 : -1;
}

void wb_unmapped_policy(wb_machine *machine, uint32_t policy) { machine->unmapped_policy = policy; }
