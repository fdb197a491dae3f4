/* What the two halves of the trace share. */
#ifndef WATTBENCH_TRACE_PRIVATE_H
#define WATTBENCH_TRACE_PRIVATE_H

#include "core.h"
#include "trace.h"

enum {
    WB_TRACE_PAGE_SHIFT = 10,           /* as Unicorn's pages */
    WB_TRACE_MARKS = 1 << 12,           /* places of the table of marked addresses */
    WB_TRACE_FUNCTIONS = 256,
    WB_TRACE_CALLS = 64,                /* open calls of a core */
    WB_TRACE_WATCHES = 256,
};

/* An address whose block is looked at: a function's, or one that some functions return to. */
typedef struct { uint32_t key, functions, returns; } wb_trace_mark;     /* key: address + 1, 0 empty */
typedef struct { uint32_t function, back, sp; int64_t time_ns; } wb_trace_call;

/* Instructions of one core in the present window. */
typedef struct {
    uint64_t *instructions;             /* of each bucket */
    int64_t begin_ns;
    uint64_t end;                       /* the window's last instruction, as long as the core's time base stays */
    int64_t base_ns;
    uint32_t bucket;                    /* of the last block */
} wb_trace_load_of;

struct wb_trace {
    wb_trace_record *records;
    uint64_t count, limit, lost;
    uint32_t kinds;
    int64_t pended_ns[WB_MAX_CORES][WB_EXCEPTIONS];
    uint32_t known[WB_MAX_CORES][8];    /* interrupts that have been enabled */
    wb_trace_mark marks[WB_TRACE_MARKS];
    unsigned mark_count, function_count;
    wb_trace_call calls[WB_MAX_CORES][WB_TRACE_CALLS];
    unsigned call_count[WB_MAX_CORES];
    struct { uint32_t address, size; } watches[WB_TRACE_WATCHES];
    unsigned watch_count;
    uint8_t *watched_pages;             /* bit per page */
    uint32_t *starts, bucket_count;
    int64_t window_ns;                  /* 0: no load */
    int64_t anchor_ns;                  /* where a window begins */
    wb_trace_load_of load[WB_MAX_CORES];
    struct { uint32_t key, bucket; } *buckets[WB_MAX_CORES];    /* of each of the core's block slots */
};

void wb_trace_append(wb_trace *trace, wb_trace_record record);
void wb_trace_flag_blocks(wb_machine *machine);
void wb_trace_forget_calls(wb_core *core);
void wb_trace_close_window(wb_core *core, int64_t end_ns);
void wb_trace_begin_load(wb_core *core);
void wb_trace_returned(wb_core *core, uint32_t back, uint32_t sp);

#endif
