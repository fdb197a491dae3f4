/* The SAI, and frames on its wires. */
#ifndef WATTBENCH_SAI_H
#define WATTBENCH_SAI_H

#include "block.h"

enum { WB_SAI_LINES = 4, WB_SAI_WORDS = 32 };

typedef struct wb_sai wb_sai;

/* wattbench.core.wires.AudioFrame: `count` words on each of `lines` data lines, of widths[] bits each. */
typedef struct {
    int64_t start_ns, hz_num, hz_den;
    uint32_t count, lines;
    uint32_t widths[WB_SAI_WORDS];
    uint32_t words[WB_SAI_LINES][WB_SAI_WORDS];
} wb_audio_frame;

typedef struct {
    void (*supply)(uint32_t receiver, wb_audio_frame *frame);   /* fill in the words of a frame clocked by the chip */
    void (*sent)(const wb_audio_frame *frame);
} wb_sai_host;

WB_EXPORT wb_sai *wb_sai_new(wb_machine *machine, const wb_sai_host *host, uint32_t version, uint32_t lines);
/* Master clock of MSEL 0 (bus) or 1 (the clock root). */
WB_EXPORT void wb_sai_clock(wb_sai *sai, uint32_t source, int64_t num, int64_t den);
/* Both clocks are set: what waited for one begins. */
WB_EXPORT void wb_sai_clocked(wb_sai *sai);
/* A device that drives the clocks begins a frame now. */
WB_EXPORT void wb_sai_begin(wb_sai *sai, uint32_t receiver, const wb_audio_frame *frame);
/* IRQ, RX_IRQ, TX_IRQ. */
WB_EXPORT unsigned wb_sai_line(wb_sai *sai, unsigned number);
WB_EXPORT wb_request *wb_sai_request(wb_sai *sai, unsigned receiver);

#endif
