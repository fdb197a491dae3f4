/* Register blocks over generated tables, and DMA requests. */
#include <stdlib.h>
#include <string.h>

#include "block.h"

void wb_block_init(wb_block *block, wb_machine *machine, const wb_table *table, void *state, size_t state_size)
{
    block->device = (wb_device){
        .machine = machine, .read = wb_block_read, .write = wb_block_write, .state = state, .state_size = state_size,
    };
    block->table = table;
    block->values = state;
    wb_block_reset(block);
}

void wb_block_reset(wb_block *block)
{
    for (unsigned i = 0; i < block->table->count; i++) block->values[i] = block->table->registers[i].reset;
}

void wb_block_missing(wb_block *block, uint32_t kind, uint32_t offset, uint32_t value)
{
    if (block->missing) block->missing(kind, offset, value);
}

static unsigned slot(const wb_block *block, uint32_t offset)
{
    return offset < block->table->size ? block->table->slots[offset] : 0;
}

uint32_t wb_block_read(wb_device *device, uint32_t offset, unsigned size)
{
    wb_block *block = (wb_block *)device;
    uint32_t result = 0;
    bool told = false;
    for (unsigned position = 0; position < size;) {
        unsigned index = slot(block, offset + position);
        if (!index--) {
            if (!told) wb_block_missing(block, WB_MISSING_READ, offset + position, 0);
            told = true;
            position++;
            continue;
        }
        const wb_register *entry = &block->table->registers[index];
        unsigned skipped = offset + position - entry->offset;
        result |= block->get(block, index) >> 8 * skipped << 8 * position;
        position += entry->bytes - skipped;
    }
    return size < 4 ? result & ((1u << 8 * size) - 1) : result;
}

void wb_block_write(wb_device *device, uint32_t offset, unsigned size, uint32_t value)
{
    wb_block *block = (wb_block *)device;
    bool told = false;
    for (unsigned position = 0; position < size;) {
        unsigned index = slot(block, offset + position);
        if (!index--) {
            if (!told) wb_block_missing(block, WB_MISSING_WRITE, offset + position, 0);
            told = true;
            position++;
            continue;
        }
        const wb_register *entry = &block->table->registers[index];
        unsigned skipped = offset + position - entry->offset, length = entry->bytes - skipped;
        if (length > size - position) length = size - position;
        uint32_t lanes = length < 4 ? (1u << 8 * length) - 1 : UINT32_MAX;
        uint32_t raw = (value >> 8 * position & lanes) << 8 * skipped, old = block->values[index];
        uint32_t stored = entry->stored & lanes << 8 * skipped;
        block->values[index] = (((old & ~stored) | (raw & stored)) & ~(raw & entry->w1c)) ^ (raw & entry->w1t);
        if ((old ^ block->values[index]) & entry->unmodelled)
            wb_block_missing(block, WB_MISSING_BITS, entry->offset, raw);
        block->put(block, index, raw, old);
        position += length;
    }
}

void wb_request_set(wb_request *request, bool level)
{
    if (*request->level == level) return;
    *request->level = level;
    if (request->mux) request->changed(request->mux, request->source);
    if (request->line >= 0) wb_line_set(request->machine, (unsigned)request->line, *request->level);
}

/* ---- called by the host ---- */

void wb_block_map(wb_block *block, uint32_t base, uint32_t size, uint32_t cores)
{
    wb_device_add(block->device.machine, &block->device, base, size, cores);
}

void wb_block_free(wb_block *block)
{
    if (block->release) block->release(block);
    free(block);
}

void wb_block_on_missing(wb_block *block, wb_missing_call call) { block->missing = call; }

void wb_block_host_reset(wb_block *block) { block->device.reset(&block->device); }

uint32_t wb_block_host_read(wb_block *block, uint32_t offset, uint32_t size)
{
    return block->device.read(&block->device, offset, size);
}

void wb_block_host_write(wb_block *block, uint32_t offset, uint32_t size, uint32_t value)
{
    block->device.write(&block->device, offset, size, value);
}

uint32_t wb_line_level(const wb_machine *machine, unsigned line) { return machine->lines[line].level; }

int wb_request_watch(wb_request *request)
{
    if (request->line < 0) {
        request->line = (int)wb_line_new(request->machine);
        request->machine->lines[request->line].level = *request->level;
        wb_line_watch(request->machine, (unsigned)request->line);
    }
    return request->line;
}

uint32_t wb_request_level(const wb_request *request) { return *request->level; }
