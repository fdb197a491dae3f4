/* What an AD7779 does at each sample: its words come from the host in blocks and go to a SAI as a frame. */
#ifndef WATTBENCH_AD7779_H
#define WATTBENCH_AD7779_H

#include "sai.h"

typedef struct wb_ad7779 wb_ad7779;

WB_EXPORT wb_ad7779 *wb_ad7779_new(wb_machine *machine, void (*refill)(void));
/* Samples at k * den / num seconds after anchor_ns, k from 1 on, as frames to the receiver of `sai`. */
WB_EXPORT void wb_ad7779_start(wb_ad7779 *ad, wb_sai *sai, int64_t anchor_ns, int64_t num, int64_t den);
WB_EXPORT void wb_ad7779_stop(wb_ad7779 *ad);
/* Let a trace have the edges of data-ready, a pulse of no length, under a name of its own; 0: no more. */
WB_EXPORT void wb_ad7779_trace(wb_ad7779 *ad, uint32_t source);
/* How frames look from now on. */
WB_EXPORT void wb_ad7779_format(wb_ad7779 *ad, uint32_t lines, int64_t dclk_num, int64_t dclk_den);
/* Words of samples `first` to valid_until - 1; NULL keeps those that are there. */
WB_EXPORT void wb_ad7779_block(wb_ad7779 *ad, int64_t first, int64_t valid_until, const uint32_t *words);

#endif
