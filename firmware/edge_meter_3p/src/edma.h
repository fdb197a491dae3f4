/* The DMA chain that fetches the converters' samples without the processor.
 *
 *   ready    channel 5, on data-ready or linked: one command word to LPSPI1, then links transmit
 *   transmit channel 7, linked: the four words of a burst read to LPSPI1
 *   receive  channel 6, on each received word: word to the ring of buffers; links count
 *   count    channel 8, linked: after each four words of a converter but the last links ready for the next one
 *
 * At the end of a buffer channel 6 interrupts and loads its descriptor for the next buffer. */
#ifndef EDMA_H
#define EDMA_H

#include <stdint.h>

#include "ade7913.h"
#include "board.h"

#define BUFFER_COUNT 4u
#define BUFFER_SAMPLES 30u
#define SAMPLE_WORDS (AFE_COUNT * ADE7913_BURST_WORDS)
#define BUFFER_WORDS (BUFFER_SAMPLES * SAMPLE_WORDS)

/* Ring that the chain fills. */
extern uint32_t edma_buffers[BUFFER_COUNT][BUFFER_WORDS];

/* Set the chain up and start it; the next data-ready brings the first sample. */
void edma_start(void);
/* Number of the buffer that is being filled. */
uint32_t edma_buffer_in_use(void);
void edma_acknowledge(void);

#endif
