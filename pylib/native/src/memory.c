/* The memory map, and accesses of devices and of the host. */
#include <stdlib.h>
#include <string.h>

#include "core.h"

/* A page of one view that several regions share. */
typedef struct wb_shared_page {
    wb_region stand_in;                 /* first: it is what `pages` has */
    struct wb_shared_page *next;
    uint64_t parts[WB_MAX_REGIONS / 64]; /* bit per region of the machine, in the order of their mapping */
} wb_shared_page;

static bool holds(const wb_region *region, uint32_t address) { return address - region->base < region->limit; }

static bool is_for_some(const wb_region *region) { return region->views != WB_EVERYONE; }

/* Of several, one that is for some is on top of those for everyone; of equal ones the one mapped last. */
static const wb_region *top_of_shared(const wb_machine *machine, const wb_region *page, uint32_t address)
{
    const wb_shared_page *shared = (const wb_shared_page *)page;
    const wb_region *top = NULL;
    for (unsigned word = WB_MAX_REGIONS / 64; word-- > 0;)
        for (uint64_t left = shared->parts[word]; left;) {
            unsigned bit = 63 - (unsigned)__builtin_clzll(left);
            const wb_region *region = &machine->regions[word * 64 + bit];
            left &= ~(UINT64_C(1) << bit);
            if (!holds(region, address)) continue;
            if (is_for_some(region)) return region;
            if (!top) top = region;
        }
    return top;
}

wb_region *wb_region_at(const wb_machine *machine, uint32_t address, unsigned view)
{
    const wb_region *region = machine->pages[view][address >> 12];
    if (region && region->kind == WB_REGION_SHARED) region = top_of_shared(machine, region, address);
    if (!region || !holds(region, address) || region->kind == WB_REGION_NOTHING) return NULL;
    return (wb_region *)region;
}

/* ---- building the map ---- */

/* Whether the whole page belongs to the region. */
static bool fills(const wb_region *region, uint32_t page)
{
    return (page << 12) - region->base < region->size && (page << 12 | 0xFFF) - region->base < region->size;
}

static bool lies_in(const wb_region *region, uint32_t page)
{
    return region->base >> 12 <= page && page <= (region->base + region->size - 1) >> 12;
}

static void add_part(wb_machine *machine, wb_shared_page *shared, const wb_region *region)
{
    unsigned number = (unsigned)(region - machine->regions);
    shared->parts[number / 64] |= UINT64_C(1) << number % 64;
}

static wb_region *share(wb_machine *machine, uint32_t page, unsigned view)
{
    wb_shared_page *shared = calloc(1, sizeof *shared);
    if (!shared) return NULL;
    shared->stand_in.kind = WB_REGION_SHARED;
    shared->next = machine->shared_pages;
    machine->shared_pages = shared;
    for (unsigned i = 0; i < machine->region_count; i++) {
        const wb_region *region = &machine->regions[i];
        if (region->views >> view & 1 && lies_in(region, page)) add_part(machine, shared, region);
    }
    return &shared->stand_in;
}

void wb_free_shared_pages(wb_machine *machine)
{
    while (machine->shared_pages) {
        wb_shared_page *shared = machine->shared_pages;
        machine->shared_pages = shared->next;
        free(shared);
    }
}

/* What `pages` has of a page from now on; NULL if there is no room for it. */
static wb_region *of_page(wb_machine *machine, wb_region *new, uint32_t page, unsigned view)
{
    wb_region *old = machine->pages[view][page];
    if (!old) return new;
    if (old->kind == WB_REGION_SHARED) {
        add_part(machine, (wb_shared_page *)old, new);
        return old;
    }
    bool hides = is_for_some(new) || !is_for_some(old);
    wb_region *top = hides ? new : old;
    return fills(top, page) ? top : share(machine, page, view);
}

static wb_region *add_region(wb_machine *machine, uint32_t base, uint32_t size, uint32_t views)
{
    if (machine->region_count == WB_MAX_REGIONS || size == 0) return NULL;
    wb_region *region = &machine->regions[machine->region_count++];
    *region = (wb_region){ .base = base, .size = size, .limit = size, .views = views };
    for (unsigned view = 0; view < WB_VIEWS; view++) {
        wb_region **pages = machine->pages[view];
        if (!(views >> view & 1)) continue;
        for (uint32_t page = base >> 12; page <= (base + size - 1) >> 12; page++)
            if (!(pages[page] = of_page(machine, region, page, view))) return NULL;
    }
    return region;
}

/* Shows Unicorn one run of pages, in place of what was there before. */
static void show_pages(wb_core *core, const wb_region *region, uint32_t first, uint32_t count)
{
    uint64_t base = (uint64_t)first << 12, size = (uint64_t)count << 12;
    uint8_t *memory = region->memory + (uint32_t)(base - region->base);
    if (uc_mem_map_ptr(core->uc, base, size, UC_PROT_ALL, memory) == UC_ERR_OK) return;
    for (uint32_t page = first; page < first + count; page++) uc_mem_unmap(core->uc, (uint64_t)page << 12, 4096);
    uc_mem_map_ptr(core->uc, base, size, UC_PROT_ALL, memory);
}

/* Memory that this core finds there, as far as nothing hides it. */
void wb_region_show(wb_core *core, const wb_region *region)
{
    if (!region->memory || !(region->views >> core->number & 1)) return;
    uint32_t first = region->base >> 12, end = first + (region->size >> 12), run = 0;
    for (uint32_t page = first; page <= end; page++) {
        const wb_region *there = page < end ? core->machine->pages[core->number][page] : NULL;
        if (there == region || (there && there->kind == WB_REGION_SHARED)) run++;
        else if (run) show_pages(core, region, page - run, run), run = 0;
    }
}

static wb_region *memory_at(wb_machine *machine, uint32_t base, uint32_t size, uint32_t views)
{
    for (unsigned i = 0; i < machine->region_count; i++) {
        wb_region *region = &machine->regions[i];
        if (region->memory && region->base == base && region->size == size && region->views == views) return region;
    }
    return NULL;
}

static bool overlap(const wb_region *region, const uint8_t *memory, uint32_t size)
{
    return region->memory && memory < region->memory + region->size && region->memory < memory + size;
}

/* Give each byte of memory one name, the place where it was mapped first; false at the third place. */
static bool name_code(wb_machine *machine, wb_region *new)
{
    new->code_base = new->base;
    new->alias = new->aliased = false;
    for (unsigned i = 0; i < machine->region_count; i++) {
        wb_region *old = &machine->regions[i];
        if (old == new || !overlap(old, new->memory, new->size)) continue;
        if (new->alias || old->aliased) return false;
        new->code_base = old->code_base + (uint32_t)(new->memory - old->memory);
        new->alias = new->aliased = old->aliased = true;
    }
    return true;
}

/* Mapping the same place again replaces the memory behind it, as long as no core has seen the old one. */
int wb_map_memory(wb_machine *machine, uint32_t base, uint32_t size, uint8_t *memory, uint32_t read_only, uint32_t views)
{
    wb_region *region = machine->core_count ? NULL : memory_at(machine, base, size, views);
    if (!region) region = (base | size) & 0xFFF ? NULL : add_region(machine, base, size, views);
    if (!region) return -1;
    region->kind = read_only ? WB_REGION_ROM : WB_REGION_RAM;
    region->memory = memory;
    if (!name_code(machine, region)) return -2;
    for (unsigned i = 0; i < machine->core_count; i++) wb_region_show(machine->cores[i], region);
    return (int)(region - machine->regions);
}

static int map_plain(wb_machine *machine, uint32_t base, uint32_t size, uint32_t views, enum wb_region_kind kind)
{
    wb_region *region = add_region(machine, base, size, views);
    if (!region) return -1;
    region->kind = kind;
    return (int)(region - machine->regions);
}

int wb_map_host(wb_machine *machine, uint32_t base, uint32_t size, uint32_t views)
{
    return map_plain(machine, base, size, views, WB_REGION_HOST);
}

void wb_host_timeless(wb_machine *machine, uint32_t number, const uint8_t *words, uint32_t size)
{
    wb_region *region = &machine->regions[number];
    free(region->timeless);
    region->timeless = malloc(size);
    region->timeless_size = region->timeless ? size : 0;
    if (region->timeless) memcpy(region->timeless, words, size);
}

int wb_map_nothing(wb_machine *machine, uint32_t base, uint32_t size, uint32_t views)
{
    return map_plain(machine, base, size, views, WB_REGION_NOTHING);
}

void wb_device_add(wb_machine *machine, wb_device *device, uint32_t base, uint32_t size, uint32_t views)
{
    device->machine = machine;
    wb_check_limit(machine->device_count, WB_MAX_REGIONS, "devices");
    machine->devices[machine->device_count++] = device;
    wb_region *region = size ? add_region(machine, base, size, views) : NULL;
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
    if (region->memory) {
        memcpy(region->memory + offset, &value, size);
        wb_code_changed(machine, region, offset, size);
    } else if (region->device) region->device->write(region->device, offset, size, value);
    else machine->host.write((uint32_t)(region - machine->regions), offset, size, value);
}

void wb_memory_limit(wb_machine *machine, uint32_t base, uint32_t limit)
{
    for (unsigned i = 0; i < machine->region_count; i++) {
        wb_region *region = &machine->regions[i];
        if (!region->memory || region->base != base) continue;
        region->limit = limit < region->size ? limit : region->size;
    }
    for (unsigned i = 0; i < machine->core_count; i++) machine->cores[i]->tlb_stale = machine->cores[i]->look = true;
}

void wb_memory_close(wb_machine *machine, uint32_t base, uint32_t closed)
{
    wb_region *region = wb_region_at(machine, base, WB_SYSTEM_VIEW);
    if (!region || !region->memory || region->closed == !!closed) return;
    for (unsigned i = 0; i < machine->region_count; i++)
        if (overlap(&machine->regions[i], region->memory, region->size)) machine->regions[i].closed = !!closed;
    for (unsigned i = 0; i < machine->core_count; i++) machine->cores[i]->tlb_stale = machine->cores[i]->look = true;
}

bool wb_bus_read(wb_machine *machine, uint32_t address, void *data, uint32_t size)
{
    wb_region *region = wb_region_at(machine, address, WB_SYSTEM_VIEW);
    if (!region || region->closed || address - region->base + size > region->size) return false;
    if (region->memory) {
        memcpy(data, region->memory + (address - region->base), size);
    } else {
        uint32_t master = machine->master;
        machine->master = WB_SYSTEM_VIEW;
        uint32_t value = wb_region_read(region, machine, address - region->base, size);
        machine->master = master;
        memcpy(data, &value, size);
    }
    return true;
}

bool wb_bus_write(wb_machine *machine, uint32_t address, const void *data, uint32_t size)
{
    wb_region *region = wb_region_at(machine, address, WB_SYSTEM_VIEW);
    if (!region || address - region->base + size > region->size || region->kind == WB_REGION_ROM) return false;
    if (region->memory) {
        memcpy(region->memory + (address - region->base), data, size);
        wb_code_changed(machine, region, address - region->base, size);
    } else {
        uint32_t value = 0, master = machine->master;
        memcpy(&value, data, size);
        machine->master = WB_SYSTEM_VIEW;
        wb_region_write(region, machine, address - region->base, size, value);
        machine->master = master;
    }
    return true;
}

int wb_memory_read(wb_machine *machine, uint32_t address, uint8_t *data, uint32_t size)
{
    while (size) {
        wb_region *region = wb_region_at(machine, address, WB_SYSTEM_VIEW);
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
        wb_region *region = wb_region_at(machine, address, WB_SYSTEM_VIEW);
        if (!region || !region->memory) return -1;
        uint32_t offset = address - region->base, length = region->size - offset < size ? region->size - offset : size;
        memcpy(region->memory + offset, data, length);
        wb_code_changed(machine, region, offset, length);
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
