/*
 * What a machine does, as a stream of records with exact times: exceptions, functions, stores, wires, DMA, load.
 *
 * Tracing never changes what happens: no event is added, no time passes, and code runs in the same blocks. Without a
 * trace nothing of it is in the way of translated code: blocks that matter to one carry a flag, stores into watched
 * pages go through the slow window, and everything else hangs on paths that are slow anyway.
 */
#ifndef WATTBENCH_TRACE_H
#define WATTBENCH_TRACE_H

#include "machine.h"

enum wb_trace_kind {
    WB_TRACE_ENTER = 1,     /* exception `value`, pending since `since_ns`; exception `source` (0: none) was at `pc` */
    WB_TRACE_LEAVE,         /* exception `value` ends near `pc`; exception `source` (0: none) goes on */
    WB_TRACE_SLEEP,         /* the core sleeps at `pc` */
    WB_TRACE_WAKE,
    WB_TRACE_LOOP,          /* from `since_ns` on a loop at `pc` changed nothing; `value`: an interrupt could end it */
    WB_TRACE_CALL,          /* the function at `pc` begins: `value` R0, `source` return address */
    WB_TRACE_RETURN,        /* the function at `pc`, called at `since_ns`, has ended: `value` R0 */
    WB_TRACE_STORE,         /* `value` was stored to watched address `source` by the instruction at `pc` */
    WB_TRACE_EDGE,          /* wire `source` goes to `value`; the core is at `pc` */
    WB_TRACE_SERVICE,       /* DMA channel `source` begins a minor loop */
    WB_TRACE_MAJOR,         /* DMA channel `source` has ended its major loop, destination now `value` */
    WB_TRACE_LOAD,          /* from `since_ns` on `value` instructions in bucket `source` */
};

enum { WB_TRACE_EXCEPTIONS = 1, WB_TRACE_SLEEPS = 2 };

typedef struct {
    int64_t time_ns, since_ns;          /* WB_NEVER as `since_ns`: before the trace, or unknown */
    uint16_t kind, core;
    uint32_t source, pc, value;
} wb_trace_record;

/* What the rest of the core calls; each only where there is a trace. */
void wb_trace_note(wb_machine *machine, uint32_t kind, uint32_t source, uint32_t value);
void wb_trace_pended(wb_core *core, uint32_t exception, int64_t time_ns);
void wb_trace_enabled(wb_core *core);
void wb_trace_entered(wb_core *core, uint32_t exception);
void wb_trace_left(wb_core *core, uint32_t exception, uint32_t exc_return);
void wb_trace_slept(wb_core *core, bool wakes);
void wb_trace_looped(wb_core *core, int64_t begin_ns, uint32_t head, bool interruptible);
void wb_trace_stored(wb_core *core, uint32_t address, uint32_t size, uint32_t value);
bool wb_trace_watches(const wb_machine *machine, uint32_t page);
void wb_trace_restarted(wb_core *core);
void wb_trace_restored(wb_machine *machine);

/* trace_code.c: blocks of translated code. */
bool wb_trace_marks(const wb_core *core, uint32_t address);
void wb_trace_block(wb_core *core, uint32_t address, uint32_t count);
void wb_trace_undone(wb_core *core, uint64_t instructions);

/* ---- called by the host -------------------------------------------------------------------------------------- */
/* Begins a trace of at most `limit` records; 0 if there is memory for it. What is to be seen is said next. */
WB_EXPORT int wb_trace_start(wb_machine *machine, uint64_t limit, uint32_t kinds);
WB_EXPORT void wb_trace_stop(wb_machine *machine);
/* -1 where there is no room for more. */
WB_EXPORT int wb_trace_function(wb_machine *machine, uint32_t address);
WB_EXPORT int wb_trace_watch(wb_machine *machine, uint32_t address, uint32_t size);
/*
 * Counts instructions: bucket n is the code from `starts[n]` to `starts[n + 1]`, bucket 0 what lies before. Each
 * `window_ns` a record tells those of each bucket.
 */
WB_EXPORT int wb_trace_load(wb_machine *machine, const uint32_t *starts, uint32_t count, int64_t window_ns);
WB_EXPORT void wb_trace_line(wb_machine *machine, unsigned line, uint32_t source);
/* A record of the host's own, of something that happens now. */
WB_EXPORT void wb_trace_tell(wb_machine *machine, uint32_t kind, uint32_t source, uint32_t value);
/* Ends the present window of the load early, so that the records hold everything up to now. */
WB_EXPORT void wb_trace_flush(wb_machine *machine);
WB_EXPORT const wb_trace_record *wb_trace_records(const wb_machine *machine);
WB_EXPORT uint64_t wb_trace_count(const wb_machine *machine);
/* Records there was no room for. */
WB_EXPORT uint64_t wb_trace_lost(const wb_machine *machine);

#endif
