/* A sample as it lies in a DMA buffer: a burst of each of the four ADE7913. Each product has a header of this name. */
#ifndef SAMPLES_H
#define SAMPLES_H

#include <stdint.h>

#include "ade7913.h"
#include "board.h"

#define SAMPLE_WORDS (AFE_COUNT * ADE7913_BURST_WORDS)

/* Code of the voltage of `phase`, or of the current of `channel` (L1, L2, L3, neutral). */
static inline int32_t sample_voltage(const uint32_t *sample, uint32_t phase)
{
    return ade7913_voltage(sample + phase * ADE7913_BURST_WORDS);
}

static inline int32_t sample_current(const uint32_t *sample, uint32_t channel)
{
    return ade7913_current(sample + channel * ADE7913_BURST_WORDS);
}

/* How many converters say in this sample that they were reset or have a broken configuration. */
static inline uint32_t sample_faults(const uint32_t *sample)
{
    uint32_t faults = 0;
    for (uint32_t i = 0; i < AFE_COUNT; i++)
        faults += ade7913_faulty(sample + i * ADE7913_BURST_WORDS);
    return faults;
}

#endif
