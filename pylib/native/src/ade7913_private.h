/* What the two halves of the ADE7913's twin share: ade7913.c (registers and SPI) and ade7913_conversions.c. */
#ifndef WATTBENCH_ADE7913_PRIVATE_H
#define WATTBENCH_ADE7913_PRIVATE_H

#include "ade7913.h"
#include "ade7913_registers.h"

enum { BLOCK_SAMPLES = 2048, BURST_BYTES = 14 };

typedef struct {
    uint32_t values[ADE7913_COUNT];
    int64_t ready_ns, anchor_ns, hz_num, hz_den;
    int64_t before, before_ns, last_read, na_until, overruns;
    int64_t block_first, valid_until;
    int32_t held[3], block[BLOCK_SAMPLES][3];
    uint32_t preset;
    uint8_t locked, running, na, levels[2], pcs, listening;
    uint8_t command, out[BURST_BYTES], out_length, bit, shift_in, shift_out, zeros;
    uint32_t position;
} ade_state;

struct wb_ade7913 {
    wb_block block;
    ade_state s;
    unsigned edge, refill, dready;
    bool dready_used;
    int64_t reset_duration_ns;
    wb_spi_part part;
    wb_ade7913_host host;
};

static inline int64_t now_ns(const wb_ade7913 *ade) { return wb_now(ade->block.device.machine); }

/* Makes events and line; the conversions stand until they are started. */
void wb_ade7913_init_conversions(wb_ade7913 *ade, wb_machine *machine);
/* Number of the newest sample since the last start, 0 if there is none yet. */
int64_t wb_ade7913_index(const wb_ade7913 *ade);
/* Ticks since the newest sample, as SYNC_SNAP takes them. */
uint32_t wb_ade7913_counter(const wb_ade7913 *ade);
/* The newest sample. */
const int32_t *wb_ade7913_codes(wb_ade7913 *ade);
/* Conversions end; the newest sample stays readable. */
void wb_ade7913_stop(wb_ade7913 *ade);
/* Waits for the next sample, DREADY being high. */
void wb_ade7913_plan_edge(wb_ade7913 *ade);
/* Conversions go on at at_ns with a counter of `counter` ticks. */
void wb_ade7913_start(wb_ade7913 *ade, uint32_t counter, int64_t at_ns);

#endif
