/*
 * Loops that change nothing: recognised, proven, and passed over.
 *
 * A loop's head is a block that comes again. When one turn from head to head leaves CPU, system registers and memory
 * as they were, and nothing in it depended on time or had an effect elsewhere, every further turn is the same until
 * the next event. Whole turns that fit before it are then counted instead of run. A candidate costs little to find:
 * once in a while the blocks after one place are watched for it to come again with equal registers; a head that was
 * proven once is tried whenever it comes.
 */
#include <stdlib.h>
#include <string.h>

#include "core.h"

enum {
    PROBE_FIRST = 4096, PROBE_LAST = 1 << 20,       /* instructions between two searches */
    BLOCKS_IN_TURN = 256,
    POLLS = 64,                                     /* reads of a device by one instruction that start a search */
    ATTEMPTS = 16,                                  /* times that the head may come with another state */
    WORTHWHILE = 2000,                              /* instructions left before the deadline */
    WORTHWHILE_POLL = 200,                          /* the same where the turn reads a device, which takes far longer */
    BACKOFF_LAST = 12,
};
enum state { OFF, PROBE, FOUND, VERIFY, CLOSED };

static const int QUICK[] = { REG(R0), REG(R1), REG(R2), REG(R3), REG(R4), REG(R5), REG(R6), REG(R7),
                             REG(R8), REG(R9), REG(R10), REG(R11), REG(R12), REG(SP), REG(LR) };
_Static_assert(sizeof QUICK / sizeof *QUICK == WB_LOOP_QUICK, "as many registers as there is room for");

static void read_quick(wb_core *core, uint32_t *values)
{
    void *slots[WB_LOOP_QUICK];
    for (int i = 0; i < WB_LOOP_QUICK; i++) slots[i] = &values[i];
    uc_reg_read_batch(core->uc, QUICK, slots, WB_LOOP_QUICK);
}

/* ---- giving up ---- */

static void set_pause(wb_core *core)
{
    bool soon = core->loop.enabled && core->loop.next_probe < core->deadline;
    core->pause_at = soon ? core->loop.next_probe : core->deadline;
}

static void probe_later(wb_core *core)
{
    core->loop.next_probe = core->d.icount + core->loop.interval;
    if (core->loop.interval < PROBE_LAST) core->loop.interval *= 2;
    set_pause(core);
}

/* Leaves the state machine. Memory is again written directly. */
static void end(wb_core *core)
{
    core->loop.state = OFF;
    core->tracing = false;
    if (core->loop.guards_memory) core->tlb_stale = true;
    core->loop.guards_memory = false;
}

static void fail(wb_core *core)
{
    wb_block *block = core->loop.block;
    if (block->key == core->loop.head + 1 && block->loop_known) {
        if (block->backoff < BACKOFF_LAST) block->backoff++;
        block->passes = (uint16_t)(1u << block->backoff);
    }
    end(core);
    probe_later(core);
}

/* A device was read that time does not change. One instruction that does so again and again is worth a search now. */
void wb_loop_polled(wb_core *core)
{
    uint32_t pc = wb_get(core, REG(PC));
    core->loop.polls = true;
    core->loop.poll_count = pc == core->loop.poll_pc ? core->loop.poll_count + 1 : 0;
    core->loop.poll_pc = pc;
    if (core->loop.poll_count % POLLS != POLLS - 1 || core->loop.state != OFF) return;
    core->loop.interval = PROBE_FIRST;
    core->loop.next_probe = core->d.icount;
    set_pause(core);
}

/* Something that no turn of a loop that changes nothing may do. */
void wb_loop_spoil(wb_core *core) { core->loop.spoiled = true; }

/* Whether an interrupt could be taken here; a loop in which none can is a hang rather than sleep. */
static bool can_be_interrupted(const wb_core *core)
{
    int now = wb_execution_priority(core);
    if (wb_systick_interrupts(core) && wb_group_priority(core, WB_SYSTICK) < now) return true;
    for (uint32_t word = 0; word < 8; word++)
        for (uint32_t bits = core->d.enabled[word]; bits; bits &= bits - 1)
            if (wb_group_priority(core, WB_IRQ0 + 32 * word + (uint32_t)__builtin_ctz(bits)) < now) return true;
    return false;
}

/* ---- in the block hook; true to end the slice before the block ---- */

static void begin_probe(wb_core *core, uint32_t address)
{
    core->loop.state = PROBE;
    core->tracing = true;
    core->loop.head = address;
    core->loop.blocks = core->loop.attempts = 0;
    core->loop.flags = 0;
    read_quick(core, core->loop.quick);
    core->loop.next_probe = UINT64_MAX;
    set_pause(core);
}

bool wb_loop_pause(wb_core *core, uint32_t address)
{
    if (core->d.icount >= core->deadline) return true;
    if (core->loop.state != OFF) return false;
    if (core->deadline - core->d.icount < WORTHWHILE) core->pause_at = core->deadline;
    else begin_probe(core, address);
    return false;
}

static bool find(wb_core *core, uint32_t address, wb_block *block)
{
    core->loop.state = FOUND;
    core->loop.head = address;
    core->loop.block = block;
    return true;
}

static bool probed(wb_core *core, wb_block *block, uint32_t address)
{
    if (address == core->loop.head && core->loop.blocks) {
        uint32_t quick[WB_LOOP_QUICK];
        read_quick(core, quick);
        if (!memcmp(quick, core->loop.quick, sizeof quick)) return find(core, address, block);
        if (++core->loop.attempts == ATTEMPTS) core->loop.blocks = BLOCKS_IN_TURN;
    }
    core->loop.flags |= block->flags;
    if (core->loop.blocks++ < BLOCKS_IN_TURN) return false;
    end(core);
    probe_later(core);
    return false;
}

bool wb_loop_arrive(wb_core *core, wb_block *block, uint32_t address)
{
    switch (core->loop.state) {
    case PROBE: return probed(core, block, address);
    case VERIFY:
        if (core->loop.spoiled) return true;
        if (address == core->loop.head && core->loop.blocks && !core->loop.goes_on) {
            core->loop.state = CLOSED;
            return true;
        }
        core->loop.goes_on = false;
        if (!core->loop.interruptible) core->loop.interruptible = can_be_interrupted(core);
        core->loop.flags |= block->flags;
        core->loop.spoiled = core->loop.blocks++ >= BLOCKS_IN_TURN;
        return false;
    case OFF:
        if (!block->loop_known || !core->loop.enabled) return false;
        if (core->d.icount + (block->loop_polls ? WORTHWHILE_POLL : WORTHWHILE) >= core->deadline) return false;
        if (core->d.icount < core->loop.not_before) return false;
        if (block->passes) {
            block->passes--;
            return false;
        }
        core->loop.flags = block->loop_stores ? WB_BLOCK_STORES : 0;
        return find(core, address, block);
    default: return false;
    }
}

/* ---- writes of the turn in hand ---- */

static bool read_word(const wb_core *core, uint32_t address, uint32_t *word)
{
    return wb_core_peek(core, address, word, sizeof *word);
}

/* Memory is about to change. */
void wb_loop_note_write(wb_core *core, uint32_t address, uint32_t size)
{
    if (core->loop.state != VERIFY || core->loop.spoiled) return;
    for (uint32_t at = address & ~3u; at - (address & ~3u) < size + (address & 3); at += 4) {
        unsigned i = 0;
        while (i < core->loop.writes && core->loop.written[i].address != at) i++;
        if (i < core->loop.writes) continue;
        if (i == WB_LOOP_WRITES || !read_word(core, at, &core->loop.written[i].before)) {
            core->loop.spoiled = true;
            return;
        }
        core->loop.written[i].address = at;
        core->loop.writes++;
    }
}

static bool memory_is_as_before(const wb_core *core)
{
    uint32_t word;
    for (unsigned i = 0; i < core->loop.writes; i++) {
        if (!read_word(core, core->loop.written[i].address, &word)) return false;
        if (word != core->loop.written[i].before) return false;
    }
    return true;
}

/* ---- the turn, between slices ---- */

/* A saved context is a header that belongs to the object, and then the CPU's state byte by byte. */
static bool have_contexts(wb_core *core)
{
    if (core->loop.before) return true;
    if (uc_context_alloc(core->uc, &core->loop.before) || uc_context_alloc(core->uc, &core->loop.after)) return false;
    uc_context_save(core->uc, core->loop.before);
    uc_context_save(core->uc, core->loop.after);
    const uint8_t *before = (const uint8_t *)core->loop.before, *after = (const uint8_t *)core->loop.after;
    core->loop.context_end = uc_context_size(core->uc);
    for (size_t i = 0; i < core->loop.context_end; i++)
        if (before[i] != after[i]) core->loop.context_start = (i | 7) + 1;
    return true;
}

static bool same_cpu(const wb_core *core)
{
    size_t start = core->loop.context_start;
    return !memcmp((const uint8_t *)core->loop.before + start, (const uint8_t *)core->loop.after + start,
                   core->loop.context_end - start);
}

static bool same_core_data(wb_core *core)
{
    core->loop.data.icount = core->d.icount;
    return !memcmp(&core->loop.data, &core->d, sizeof core->d);
}

static void begin_turn(wb_core *core)
{
    uc_context_save(core->uc, core->loop.before);
    memcpy(&core->loop.data, &core->d, sizeof core->d);
    core->loop.started = core->d.icount;
    core->loop.blocks = core->loop.writes = 0;
    core->loop.spoiled = core->loop.goes_on = core->loop.interruptible = core->loop.polls = false;
    core->loop.state = VERIFY;
    core->tracing = true;
}

/* Stores go through the slow window while a turn with stores is watched. */
static void guard_memory(wb_core *core)
{
    if (core->loop.guards_memory || !(core->loop.flags & WB_BLOCK_STORES)) return;
    core->loop.guards_memory = core->tlb_stale = true;
}

static void pass_over(wb_core *core)
{
    uint64_t turn = core->d.icount - core->loop.started;
    int64_t begin_ns = wb_core_time(core);
    wb_block *block = core->loop.block;
    core->d.icount += (core->deadline - core->d.icount) / turn * turn;
    core->loop.not_before = core->deadline;
    if (core->machine->trace) wb_trace_looped(core, begin_ns, core->loop.head, core->loop.interruptible);
    if (core->loop.interruptible) {
        core->d.looped_until_ns = wb_core_time(core);
        core->d.looped_ns += core->d.looped_until_ns - begin_ns;
    }
    block->loop_known = true;
    block->loop_stores = core->loop.flags & WB_BLOCK_STORES;
    block->loop_polls = core->loop.polls;
    block->backoff = 0;
    end(core);
    core->loop.interval = PROBE_FIRST;
    probe_later(core);
}

static void judge_turn(wb_core *core)
{
    uc_context_save(core->uc, core->loop.after);
    bool unwatched = core->loop.flags & WB_BLOCK_STORES && !core->loop.guards_memory;
    bool whole = !unwatched && core->d.icount != core->loop.started;
    if (whole && same_core_data(core) && same_cpu(core) && memory_is_as_before(core)) {
        pass_over(core);
        return;
    }
    if (++core->loop.attempts == ATTEMPTS) {
        fail(core);
        return;
    }
    /*
     * The state to come back to may have been no part of the loop yet, or have flags in another form; so begin again
     * now and then. In between the head may only lie in a loop inside the one that changes nothing.
     */
    if (unwatched || !(core->loop.attempts & (core->loop.attempts - 1))) {
        guard_memory(core);
        begin_turn(core);
    } else {
        core->loop.state = VERIFY;
        core->loop.goes_on = true;
    }
}

/* Before each slice. */
void wb_loop_step(wb_core *core)
{
    bool here = core->d.pc == core->loop.head;
    switch (core->loop.state) {
    case FOUND:
        if (!here || core->exit_at || !have_contexts(core)) {
            fail(core);
            return;
        }
        core->loop.attempts = 0;
        guard_memory(core);
        begin_turn(core);
        return;
    case VERIFY:
        if (core->loop.spoiled) fail(core);
        return;
    case CLOSED:
        if (core->loop.spoiled) fail(core);
        else if (here) judge_turn(core);
        else core->loop.state = VERIFY;
        return;
    default: return;
    }
}

/* A run of the core begins or ends: a turn is not watched across it. */
void wb_loop_begin_run(wb_core *core)
{
    core->loop.not_before = 0;
    if (core->loop.next_probe > core->d.icount + core->loop.interval)         /* an earlier state may have come back */
        core->loop.next_probe = core->d.icount + core->loop.interval;
    set_pause(core);
}

void wb_loop_end_run(wb_core *core)
{
    if (core->loop.state == PROBE) probe_later(core);
    if (core->loop.state != OFF) end(core);
}

/* ---- switching it ---- */

/* Either way its figures begin anew. */
void wb_core_recognise_loops(wb_machine *machine, uint32_t number, uint32_t on)
{
    wb_core *core = machine->cores[number];
    core->loop.enabled = on != 0;
    core->d.looped_ns = core->d.looped_until_ns = 0;
}

/* Since when the core has neither slept nor waited in a loop. */
int64_t wb_core_awake_since(const wb_core *core)
{
    return core->d.looped_until_ns > core->d.awake_since_ns ? core->d.looped_until_ns : core->d.awake_since_ns;
}

void wb_loop_init(wb_core *core)
{
    core->loop.enabled = true;
    core->loop.interval = core->loop.next_probe = PROBE_FIRST;
}

void wb_loop_free(wb_core *core)
{
    if (core->loop.before) uc_context_free(core->loop.before);
    if (core->loop.after) uc_context_free(core->loop.after);
}
