/* The stream of records, and what is told to it outside of translated code. */
#include <stdlib.h>
#include <string.h>

#include "trace_private.h"

void wb_trace_append(wb_trace *trace, wb_trace_record record)
{
    if (trace->count == trace->limit) trace->lost++;
    else trace->records[trace->count++] = record;
}

/* Now, as the machine as a whole has it. */
void wb_trace_note(wb_machine *machine, uint32_t kind, uint32_t source, uint32_t value)
{
    uint32_t pc = machine->core_count ? wb_core_pc(machine->cores[machine->current_core]) : 0;
    wb_trace_append(machine->trace, (wb_trace_record){
        .time_ns = machine->now_ns, .since_ns = WB_NEVER, .kind = (uint16_t)kind,
        .core = (uint16_t)machine->current_core, .source = source, .pc = pc, .value = value,
    });
}

static wb_trace_record of_core(const wb_core *core, uint32_t kind)
{
    return (wb_trace_record){ .time_ns = wb_core_time(core), .since_ns = WB_NEVER, .kind = (uint16_t)kind,
                              .core = (uint16_t)core->number, .pc = core->d.pc };
}

/* ---- exceptions ---- */

void wb_trace_pended(wb_core *core, uint32_t exception, int64_t time_ns)
{
    core->machine->trace->pended_ns[core->number][exception] = time_ns;
}

/* An interrupt that is enabled for the first time has waited for nothing before. */
void wb_trace_enabled(wb_core *core)
{
    wb_trace *trace = core->machine->trace;
    for (uint32_t word = 0; word < 8; word++) {
        uint32_t *known = &trace->known[core->number][word];
        for (uint32_t bits = core->d.enabled[word] & ~*known & core->d.pending[word]; bits; bits &= bits - 1)
            wb_trace_pended(core, WB_IRQ0 + 32 * word + (uint32_t)__builtin_ctz(bits), core->machine->now_ns);
        *known |= core->d.enabled[word];
    }
}

static uint32_t beneath(const wb_core *core, uint32_t depth)
{
    return core->d.active_count >= depth ? core->d.active[core->d.active_count - depth] : 0;
}

/* In the last block that ran, where the PC is no place in code any more. */
static uint32_t place(const wb_core *core) { return core->d.pc < 0xF0000000 ? core->d.pc : core->block_pc; }

void wb_trace_entered(wb_core *core, uint32_t exception)
{
    wb_trace *trace = core->machine->trace;
    if (!(trace->kinds & WB_TRACE_EXCEPTIONS)) return;
    wb_trace_record record = of_core(core, WB_TRACE_ENTER);
    record.since_ns = trace->pended_ns[core->number][exception];
    record.value = exception;
    record.source = beneath(core, 2);
    record.pc = place(core);
    wb_trace_append(trace, record);
    trace->pended_ns[core->number][exception] = WB_NEVER;
}

void wb_trace_left(wb_core *core, uint32_t exception, uint32_t exc_return)
{
    wb_trace *trace = core->machine->trace;
    wb_trace_returned(core, exc_return, wb_get(core, REG(SP)));
    if (!(trace->kinds & WB_TRACE_EXCEPTIONS)) return;
    wb_trace_record record = of_core(core, WB_TRACE_LEAVE);
    record.value = exception;
    record.source = beneath(core, 1);
    record.pc = place(core);
    wb_trace_append(trace, record);
}

/* ---- sleep ---- */

void wb_trace_slept(wb_core *core, bool wakes)
{
    wb_trace *trace = core->machine->trace;
    if (trace->kinds & WB_TRACE_SLEEPS) wb_trace_append(trace, of_core(core, wakes ? WB_TRACE_WAKE : WB_TRACE_SLEEP));
}

void wb_trace_looped(wb_core *core, int64_t begin_ns, uint32_t head, bool interruptible)
{
    wb_trace *trace = core->machine->trace;
    if (!(trace->kinds & WB_TRACE_SLEEPS)) return;
    wb_trace_record record = of_core(core, WB_TRACE_LOOP);
    record.since_ns = begin_ns;
    record.pc = head;
    record.value = interruptible;
    wb_trace_append(trace, record);
}

/* ---- stores ---- */

bool wb_trace_watches(const wb_machine *machine, uint32_t page)
{
    const uint8_t *pages = machine->trace ? machine->trace->watched_pages : NULL;
    page >>= WB_TRACE_PAGE_SHIFT;
    return pages && pages[page >> 3] >> (page & 7) & 1;
}

void wb_trace_stored(wb_core *core, uint32_t address, uint32_t size, uint32_t value)
{
    wb_trace *trace = core->machine->trace;
    uint32_t pc = wb_get(core, REG(PC));
    for (unsigned i = 0; i < trace->watch_count; i++) {
        if (address - trace->watches[i].address >= trace->watches[i].size &&
            trace->watches[i].address - address >= size) continue;
        wb_trace_append(trace, (wb_trace_record){
            .time_ns = wb_core_time_at(core, pc), .since_ns = WB_NEVER, .kind = WB_TRACE_STORE,
            .core = (uint16_t)core->number, .source = address, .pc = pc, .value = value,
        });
        return;
    }
}

/* ---- other states of the machine ---- */

static void forget_pended(wb_trace *trace, const wb_core *core)
{
    for (uint32_t n = 0; n < WB_EXCEPTIONS; n++) trace->pended_ns[core->number][n] = WB_NEVER;
    memcpy(trace->known[core->number], core->d.enabled, sizeof core->d.enabled);
}

void wb_trace_restarted(wb_core *core)
{
    wb_trace_forget_calls(core);
    forget_pended(core->machine->trace, core);
}

/* Records of what lies after the state that is restored are dropped, and load is counted from there on. */
void wb_trace_restored(wb_machine *machine)
{
    wb_trace *trace = machine->trace;
    uint64_t kept = 0;
    for (uint64_t i = 0; i < trace->count; i++)
        if (trace->records[i].time_ns <= machine->now_ns) trace->records[kept++] = trace->records[i];
    trace->count = kept;
    trace->lost = 0;
    for (unsigned i = 0; i < machine->core_count; i++) {
        wb_trace_restarted(machine->cores[i]);
        wb_trace_begin_load(machine->cores[i]);
    }
}

/* ---- called by the host ---- */

static void reload_pages(wb_machine *machine)
{
    for (unsigned i = 0; i < machine->core_count; i++) machine->cores[i]->tlb_stale = machine->cores[i]->look = true;
}

int wb_trace_start(wb_machine *machine, uint64_t limit, uint32_t kinds)
{
    wb_trace_stop(machine);
    wb_trace *trace = calloc(1, sizeof *trace);
    if (!trace) return -1;
    trace->records = calloc(limit, sizeof *trace->records);     /* the system gives the pages that are written */
    if (!trace->records) {
        free(trace);
        return -1;
    }
    trace->limit = limit;
    trace->kinds = kinds;
    machine->trace = trace;
    for (unsigned i = 0; i < machine->core_count; i++) forget_pended(trace, machine->cores[i]);
    return 0;
}

void wb_trace_stop(wb_machine *machine)
{
    wb_trace *trace = machine->trace;
    if (!trace) return;
    machine->trace = NULL;
    wb_trace_flag_blocks(machine);
    for (unsigned i = 0; i < machine->line_count; i++) {
        machine->lines[i].watched &= (uint8_t)~WB_WATCHED_BY_TRACE;
        machine->lines[i].traced = 0;
    }
    if (trace->watched_pages) reload_pages(machine);
    for (unsigned i = 0; i < WB_MAX_CORES; i++) {
        free(trace->load[i].instructions);
        free(trace->buckets[i]);
    }
    free(trace->watched_pages);
    free(trace->starts);
    free(trace->records);
    free(trace);
}

int wb_trace_watch(wb_machine *machine, uint32_t address, uint32_t size)
{
    wb_trace *trace = machine->trace;
    if (!trace->watched_pages) trace->watched_pages = calloc(1u << (32 - WB_TRACE_PAGE_SHIFT - 3), 1);
    if (!trace->watched_pages || trace->watch_count == WB_TRACE_WATCHES) return -1;
    trace->watches[trace->watch_count].address = address;
    trace->watches[trace->watch_count++].size = size;
    for (uint32_t page = address >> WB_TRACE_PAGE_SHIFT; page <= (address + size - 1) >> WB_TRACE_PAGE_SHIFT; page++)
        trace->watched_pages[page >> 3] |= (uint8_t)(1u << (page & 7));
    reload_pages(machine);
    return 0;
}

void wb_trace_line(wb_machine *machine, unsigned line, uint32_t source)
{
    machine->lines[line].watched |= WB_WATCHED_BY_TRACE;
    machine->lines[line].traced = (uint16_t)source;
}

void wb_trace_tell(wb_machine *machine, uint32_t kind, uint32_t source, uint32_t value)
{
    if (machine->trace) wb_trace_note(machine, kind, source, value);
}

const wb_trace_record *wb_trace_records(const wb_machine *machine)
{
    return machine->trace ? machine->trace->records : NULL;
}

uint64_t wb_trace_count(const wb_machine *machine) { return machine->trace ? machine->trace->count : 0; }

uint64_t wb_trace_lost(const wb_machine *machine) { return machine->trace ? machine->trace->lost : 0; }
