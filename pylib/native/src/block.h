/*
 * A block of registers in C: what wattbench.core.model.RegisterBlock is in Python, over the same tables.
 *
 * A twin puts a wb_block first into its struct; `values` is the first member of its state. `get` and `put` are its
 * behaviour: the value read from a register, and what follows after a write was stored.
 */
#ifndef WATTBENCH_BLOCK_H
#define WATTBENCH_BLOCK_H

#include "machine.h"
#include "trace.h"

typedef struct {
    uint16_t offset;
    uint8_t bytes;
    uint32_t reset, stored, write_only, w1c, w1t, unmodelled;
} wb_register;

typedef struct {
    const wb_register *registers;
    const uint16_t *slots;              /* for each byte of the block: index of its register + 1, 0 for none */
    unsigned count, size;
} wb_table;

/* What a model was asked for without doing it; `value` is what was written, or a number of the twin's own. */
enum wb_missing { WB_MISSING_READ, WB_MISSING_WRITE, WB_MISSING_BITS, WB_MISSING_FEATURE };
typedef void (*wb_missing_call)(uint32_t kind, uint32_t offset, uint32_t value);

typedef struct wb_block {
    wb_device device;                   /* first: a wb_device * of the machine is a wb_block * */
    const wb_table *table;
    uint32_t *values;
    uint32_t (*get)(struct wb_block *, unsigned index);
    void (*put)(struct wb_block *, unsigned index, uint32_t raw, uint32_t old);
    void (*release)(struct wb_block *); /* before it is freed; may be NULL */
    wb_missing_call missing;
} wb_block;

/* Fills in everything but get and put; `state` begins with the values. */
void wb_block_init(wb_block *block, wb_machine *machine, const wb_table *table, void *state, size_t state_size);
void wb_block_reset(wb_block *block);
uint32_t wb_block_read(wb_device *device, uint32_t offset, unsigned size);
void wb_block_write(wb_device *device, uint32_t offset, unsigned size, uint32_t value);
void wb_block_missing(wb_block *block, uint32_t kind, uint32_t offset, uint32_t value);

/* The value as stored, without what may only be written: what `get` falls back to. */
static inline uint32_t wb_block_stored(const wb_block *block, unsigned index)
{
    return block->values[index] & ~block->table->registers[index].write_only;
}

/* A clock of num / den ticks per ns that began at anchor_ns, as wattbench.core.clock.TickClock. */
typedef struct { int64_t num, den, anchor_ns; } wb_clock;

static inline int64_t wb_floor_div(__int128 a, int64_t b)
{
    __int128 quotient = a / b;
    return (int64_t)(a % b < 0 ? quotient - 1 : quotient);
}

static inline int64_t wb_clock_ticks(const wb_clock *clock, int64_t time_ns)
{
    return wb_floor_div((__int128)(time_ns - clock->anchor_ns) * clock->num, clock->den);
}

static inline int64_t wb_clock_time(const wb_clock *clock, int64_t tick)
{
    return clock->anchor_ns - wb_floor_div((__int128)-tick * clock->den, clock->num);
}

/* A DMA request: a level in the state of its owner, and the way to the multiplexer. */
typedef struct wb_request {
    wb_machine *machine;
    uint8_t *level;
    void (*acknowledged)(void *owner, unsigned number);
    void *owner;
    unsigned number;
    void (*changed)(void *mux, unsigned source);
    void *mux;
    unsigned source;
    int line;                           /* of the machine, for the host to watch; -1 for none */
} wb_request;

void wb_request_set(wb_request *request, bool level);

/* ---- called by the host ---- */
WB_EXPORT void wb_block_map(wb_block *block, uint32_t base, uint32_t size, uint32_t cores);
WB_EXPORT void wb_block_free(wb_block *block);
WB_EXPORT void wb_block_on_missing(wb_block *block, wb_missing_call call);
WB_EXPORT void wb_block_host_reset(wb_block *block);
WB_EXPORT uint32_t wb_block_host_read(wb_block *block, uint32_t offset, uint32_t size);
WB_EXPORT void wb_block_host_write(wb_block *block, uint32_t offset, uint32_t size, uint32_t value);
/* Present level of a line of the machine. */
WB_EXPORT uint32_t wb_line_level(const wb_machine *machine, unsigned line);
WB_EXPORT int wb_request_watch(wb_request *request);
WB_EXPORT uint32_t wb_request_level(const wb_request *request);

#endif
