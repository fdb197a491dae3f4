/* The ADE7913 converter. Its analog side stays with the host, which computes codes in blocks. */
#ifndef WATTBENCH_ADE7913_H
#define WATTBENCH_ADE7913_H

#include "block.h"
#include "lpspi.h"

typedef struct wb_ade7913 wb_ade7913;

typedef struct {
    /* Codes of samples `first` on, `count` times three; sample k is taken at tick k * period - preset from anchor_ns. */
    void (*refill)(int64_t first, uint32_t count, int64_t anchor_ns, uint32_t period, uint32_t preset, uint32_t config,
                   int32_t *codes);
    void (*drop)(int64_t after_ns);     /* samples after this time will be asked for again */
    uint32_t (*tempos)(void);
} wb_ade7913_host;

WB_EXPORT wb_ade7913 *wb_ade7913_new(wb_machine *machine, const wb_ade7913_host *host);
/* Crystal frequency num / den Hz; conversions go on at the new pace. */
WB_EXPORT void wb_ade7913_crystal(wb_ade7913 *ade, int64_t num, int64_t den);
WB_EXPORT void wb_ade7913_reset_duration(wb_ade7913 *ade, int64_t ns);
WB_EXPORT void wb_ade7913_changed(wb_ade7913 *ade, int64_t from_ns);
WB_EXPORT void wb_ade7913_input(wb_ade7913 *ade, uint32_t number, uint32_t level);
WB_EXPORT const wb_spi_part *wb_ade7913_part(const wb_ade7913 *ade);
/* The line of DREADY. It moves only once it is asked for here. */
WB_EXPORT unsigned wb_ade7913_dready(wb_ade7913 *ade);
WB_EXPORT int64_t wb_ade7913_samples(const wb_ade7913 *ade);
WB_EXPORT int64_t wb_ade7913_last_sample_ns(const wb_ade7913 *ade);     /* -1 before the first */
WB_EXPORT int64_t wb_ade7913_overruns(const wb_ade7913 *ade);

#endif
