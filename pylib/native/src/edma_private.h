/* What the two halves of the eDMA's twin share: edma.c (requests and registers) and edma_transfer.c. */
#ifndef WATTBENCH_EDMA_PRIVATE_H
#define WATTBENCH_EDMA_PRIVATE_H

#include "edma.h"
#include "edma_registers.h"

enum { CHANNELS = 32, ERROR_LINE = 16 };

typedef struct {
    uint32_t values[EDMA_COUNT];
    uint32_t requests, starts, shown;   /* shown: INT as the lines have it */
    int32_t forced;
    uint8_t last_channel[2], last_group;
    uint8_t unique;                     /* bit per group: its priorities all differ */
    int64_t instant_ns;
    uint32_t in_instant;
    uint64_t services;
} edma_state;

struct wb_edma {
    wb_block block;
    edma_state s;
    bool running;
    unsigned resume, lines[ERROR_LINE + 1];
    unsigned priority[CHANNELS];        /* index of DCHPRIn */
    uint16_t traced_major[CHANNELS], traced_service[CHANNELS];      /* what a trace calls them, 0: not */
    void (*served)(void *owner, unsigned channel);
    void *owner;
};

static inline uint32_t *tcd(wb_edma *dma, unsigned first, unsigned channel) { return &dma->s.values[first + channel]; }

static inline void start(wb_edma *dma, unsigned channel)
{
    *tcd(dma, EDMA_TCD_CSR, channel) |= EDMA_TCD_CSR_START;
    dma->s.starts |= 1u << channel;
}

/* One service of a channel: its checks, a minor loop and what follows it. Returns bits of ES, 0 for success. */
uint32_t wb_edma_transfer(wb_edma *dma, unsigned channel);

#endif
