/* A sample as it lies in a DMA buffer: a word of the AD7779 for each channel. Each product has a header of this name. */
#ifndef SAMPLES_H
#define SAMPLES_H

#include <stdint.h>

#include "board.h"

#define SAMPLE_WORDS AFE_CHANNELS
/* A word is a header and a code of 24 bits. Header: alert (bit 31), number of the channel (30 to 28), reset (27), input
 * beyond full scale (26). */
#define SAMPLE_RESET (1u << 27)

static inline int32_t sample_code(uint32_t word)
{
    return (int32_t)(word << 8) >> 8;
}

/* Code of the voltage of `phase`, or of the current of `channel` (L1, L2, L3, neutral). */
static inline int32_t sample_voltage(const uint32_t *sample, uint32_t phase)
{
    return sample_code(sample[AFE_CHANNEL_VOLTAGE(phase)]);
}

static inline int32_t sample_current(const uint32_t *sample, uint32_t channel)
{
    return sample_code(sample[channel < 3u ? AFE_CHANNEL_CURRENT(channel) : AFE_CHANNEL_NEUTRAL]);
}

/* 1 if the converter says in this sample that it was reset or has an error, or if its words are out of step. */
static inline uint32_t sample_faults(const uint32_t *sample)
{
    uint32_t faulty = 0;
    for (uint32_t i = 0; i < SAMPLE_WORDS; i++)
        faulty |= (sample[i] >> 28 ^ i) | (sample[i] & SAMPLE_RESET);
    return faulty != 0;
}

#endif
