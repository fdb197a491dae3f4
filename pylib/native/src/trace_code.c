/* Blocks of translated code in a trace: where functions begin and return to, and how many instructions ran where. */
#include <stdlib.h>
#include <string.h>

#include "trace_private.h"

/* ---- marked addresses: open addressing, and never more than half full ---- */

static wb_trace_mark *mark_of(wb_trace *trace, uint32_t address)
{
    uint32_t at = (address >> 1) * 2654435761u >> 20;
    while (trace->marks[at].key && trace->marks[at].key != address + 1) at = (at + 1) & (WB_TRACE_MARKS - 1);
    return &trace->marks[at];
}

static wb_trace_mark *known_mark(wb_trace *trace, uint32_t address)
{
    wb_trace_mark *mark = mark_of(trace, address);
    return mark->key ? mark : NULL;
}

static wb_trace_mark *make_mark(wb_trace *trace, uint32_t address)
{
    wb_trace_mark *mark = mark_of(trace, address);
    if (mark->key) return mark;
    if (trace->mark_count >= WB_TRACE_MARKS / 2) return NULL;
    trace->mark_count++;
    mark->key = address + 1;
    return mark;
}

static void flag_block(wb_core *core, uint32_t address)
{
    wb_block *block = &core->blocks[address >> 1 & (WB_BLOCK_SLOTS - 1)];
    if (block->key == address + 1) block->flags |= WB_BLOCK_TRACED;
}

/* Whether the trace wants to see the block at this address: each one while instructions are counted. */
bool wb_trace_marks(const wb_core *core, uint32_t address)
{
    wb_trace *trace = core->machine->trace;
    return trace && (trace->window_ns || known_mark(trace, address));
}

void wb_trace_flag_blocks(wb_machine *machine)
{
    for (unsigned i = 0; i < machine->core_count; i++) {
        wb_core *core = machine->cores[i];
        for (wb_block *block = core->blocks; block < core->blocks + WB_BLOCK_SLOTS; block++) {
            if (!block->key) continue;
            block->flags &= (uint8_t)~WB_BLOCK_TRACED;
            if (wb_trace_marks(core, block->key - 1)) block->flags |= WB_BLOCK_TRACED;
        }
    }
}

/* ---- functions ---- */

static void drop_call(wb_core *core, unsigned index)
{
    wb_trace *trace = core->machine->trace;
    wb_trace_call *calls = trace->calls[core->number];
    wb_trace_mark *mark = known_mark(trace, calls[index].back);
    if (mark && mark->returns) mark->returns--;
    trace->call_count[core->number]--;
    memmove(&calls[index], &calls[index + 1], (trace->call_count[core->number] - index) * sizeof *calls);
}

void wb_trace_forget_calls(wb_core *core)
{
    while (core->machine->trace->call_count[core->number]) drop_call(core, 0);
}

/*
 * A function whose first instruction is the head of a loop comes here in each turn; so does a block that a core gave
 * up before its first access and repeats. Both find their call open.
 */
static bool is_open(const wb_core *core, uint32_t function, uint32_t back, uint32_t sp)
{
    const wb_trace *trace = core->machine->trace;
    for (unsigned i = trace->call_count[core->number]; i-- > 0;) {
        const wb_trace_call *call = &trace->calls[core->number][i];
        if (call->function == function && call->back == back && call->sp == sp) return true;
    }
    return false;
}

static void called(wb_core *core, uint32_t function, uint32_t sp)
{
    wb_trace *trace = core->machine->trace;
    uint32_t link = wb_get(core, REG(LR)), back = link >= 0xFFFFFFE0 ? link : link & ~1u;
    if (is_open(core, function, back, sp)) return;
    if (trace->call_count[core->number] == WB_TRACE_CALLS) drop_call(core, 0);
    int64_t now = wb_core_time(core);
    trace->calls[core->number][trace->call_count[core->number]++] = (wb_trace_call){ function, back, sp, now };
    wb_trace_mark *mark = back < 0xFFFFFFE0 ? make_mark(trace, back) : NULL;
    if (mark) {
        mark->returns++;
        flag_block(core, back);
    } else if (back < 0xFFFFFFE0) {
        trace->lost++;
    }
    wb_trace_append(trace, (wb_trace_record){
        .time_ns = now, .since_ns = WB_NEVER, .kind = WB_TRACE_CALL, .core = (uint16_t)core->number,
        .source = back, .pc = function, .value = wb_get(core, REG(R0)),
    });
}

/* The code goes on at `back` with this stack pointer: the functions that return there with it have ended. */
void wb_trace_returned(wb_core *core, uint32_t back, uint32_t sp)
{
    wb_trace *trace = core->machine->trace;
    for (unsigned i = trace->call_count[core->number]; i-- > 0;) {
        wb_trace_call call = trace->calls[core->number][i];
        if (call.back != back || call.sp != sp) continue;
        drop_call(core, i);
        wb_trace_append(trace, (wb_trace_record){
            .time_ns = wb_core_time(core), .since_ns = call.time_ns, .kind = WB_TRACE_RETURN,
            .core = (uint16_t)core->number, .source = back, .pc = call.function, .value = wb_get(core, REG(R0)),
        });
    }
}

/* ---- load ---- */

static uint32_t bucket_at(const wb_trace *trace, uint32_t address)
{
    uint32_t low = 0, high = trace->bucket_count;       /* the last start that is not above the address */
    while (high - low > 1) {
        uint32_t middle = (low + high) / 2;
        if (trace->starts[middle] <= address) low = middle;
        else high = middle;
    }
    return low;
}

static void set_end(wb_core *core)
{
    wb_trace_load_of *load = &core->machine->trace->load[core->number];
    load->base_ns = core->d.base_ns;
    load->end = wb_core_instructions_at(core, load->begin_ns + core->machine->trace->window_ns);
}

void wb_trace_begin_load(wb_core *core)
{
    wb_trace *trace = core->machine->trace;
    wb_trace_load_of *load = &trace->load[core->number];
    if (!trace->window_ns) return;
    memset(load->instructions, 0, trace->bucket_count * sizeof *load->instructions);
    int64_t now = core->machine->now_ns;
    if (now < trace->anchor_ns) trace->anchor_ns = now;
    load->begin_ns = now - (now - trace->anchor_ns) % trace->window_ns;
    set_end(core);
}

/* Tells what ran in the present window, which ends at `end_ns`, and begins the one that `now` lies in. */
void wb_trace_close_window(wb_core *core, int64_t end_ns)
{
    wb_trace *trace = core->machine->trace;
    wb_trace_load_of *load = &trace->load[core->number];
    for (uint32_t bucket = 0; bucket < trace->bucket_count; bucket++) {
        while (load->instructions[bucket]) {
            uint64_t left = load->instructions[bucket];
            uint32_t value = left < UINT32_MAX ? (uint32_t)left : UINT32_MAX;
            load->instructions[bucket] -= value;
            wb_trace_append(trace, (wb_trace_record){
                .time_ns = end_ns, .since_ns = load->begin_ns, .kind = WB_TRACE_LOAD, .core = (uint16_t)core->number,
                .source = bucket, .pc = trace->starts[bucket], .value = value,
            });
        }
    }
    load->begin_ns = end_ns;
}

static void next_window(wb_core *core)
{
    wb_trace *trace = core->machine->trace;
    wb_trace_load_of *load = &trace->load[core->number];
    int64_t now = wb_core_time(core), windows = (now - load->begin_ns) / trace->window_ns;
    if (windows > 0) {
        wb_trace_close_window(core, load->begin_ns + trace->window_ns);
        load->begin_ns += (windows - 1) * trace->window_ns;
    }
    set_end(core);
}

static void count(wb_core *core, uint32_t address, uint32_t instructions)
{
    wb_trace *trace = core->machine->trace;
    wb_trace_load_of *load = &trace->load[core->number];
    if (core->d.icount >= load->end || load->base_ns != core->d.base_ns) next_window(core);
    uint32_t slot = address >> 1 & (WB_BLOCK_SLOTS - 1);
    if (trace->buckets[core->number][slot].key != address + 1) {
        trace->buckets[core->number][slot].key = address + 1;
        trace->buckets[core->number][slot].bucket = bucket_at(trace, address);
    }
    load->bucket = trace->buckets[core->number][slot].bucket;
    load->instructions[load->bucket] += instructions;
}

/* The last block was left before its end. */
void wb_trace_undone(wb_core *core, uint64_t instructions)
{
    wb_trace *trace = core->machine->trace;
    if (trace->window_ns) trace->load[core->number].instructions[trace->load[core->number].bucket] -= instructions;
}

static void look_at(wb_core *core, uint32_t address)
{
    wb_trace *trace = core->machine->trace;
    wb_trace_mark *mark = trace->mark_count ? known_mark(trace, address) : NULL;
    if (!mark || !(mark->returns | mark->functions)) return;
    uint32_t sp = wb_get(core, REG(SP));
    if (mark->returns) wb_trace_returned(core, address, sp);
    if (mark->functions) called(core, address, sp);
}

/* A block begins, and its instructions have been counted already: for the time being they have not. */
void wb_trace_block(wb_core *core, uint32_t address, uint32_t instructions)
{
    if (!core->machine->trace) return;
    core->d.icount -= instructions;
    if (core->machine->trace->window_ns) count(core, address, instructions);
    look_at(core, address);
    core->d.icount += instructions;
}

/* ---- called by the host ---- */

int wb_trace_function(wb_machine *machine, uint32_t address)
{
    wb_trace *trace = machine->trace;
    wb_trace_mark *mark = trace->function_count < WB_TRACE_FUNCTIONS ? make_mark(trace, address & ~1u) : NULL;
    if (!mark) return -1;
    trace->function_count++;
    mark->functions = 1;
    for (unsigned i = 0; i < machine->core_count; i++) flag_block(machine->cores[i], address & ~1u);
    return 0;
}

int wb_trace_load(wb_machine *machine, const uint32_t *starts, uint32_t count, int64_t window_ns)
{
    wb_trace *trace = machine->trace;
    if (trace->window_ns || !count || window_ns <= 0) return -1;
    bool complete = (trace->starts = malloc(count * sizeof *starts)) != NULL;
    for (unsigned i = 0; i < machine->core_count; i++) {
        trace->load[i].instructions = calloc(count, sizeof *trace->load[i].instructions);
        trace->buckets[i] = calloc(WB_BLOCK_SLOTS, sizeof *trace->buckets[i]);
        complete &= trace->load[i].instructions && trace->buckets[i];
    }
    if (!complete) return -1;
    memcpy(trace->starts, starts, count * sizeof *starts);
    trace->bucket_count = count;
    trace->window_ns = window_ns;
    trace->anchor_ns = machine->now_ns;
    for (unsigned i = 0; i < machine->core_count; i++) wb_trace_begin_load(machine->cores[i]);
    wb_trace_flag_blocks(machine);
    return 0;
}

void wb_trace_flush(wb_machine *machine)
{
    wb_trace *trace = machine->trace;
    for (unsigned i = 0; trace && trace->window_ns && i < machine->core_count; i++) {
        wb_core *core = machine->cores[i];
        next_window(core);
        int64_t begin_ns = trace->load[i].begin_ns;
        wb_trace_close_window(core, machine->now_ns);
        trace->load[i].begin_ns = begin_ns;
        set_end(core);
    }
}
