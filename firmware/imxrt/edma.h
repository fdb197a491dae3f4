/* The DMA that fetches the converters' samples into a ring of buffers without the processor, and interrupts at the end
 * of each. Each product has its own edma.c. */
#ifndef EDMA_H
#define EDMA_H

#include <stdint.h>

#include "samples.h"

#define BUFFER_COUNT 4u
#define BUFFER_SAMPLES 30u
#define BUFFER_WORDS (BUFFER_SAMPLES * SAMPLE_WORDS)

/* Ring that is filled. */
extern uint32_t edma_buffers[BUFFER_COUNT][BUFFER_WORDS];

/* Set the transfers up and start them; the next conversion brings the first sample. */
void edma_start(void);
/* Number of the buffer that is being filled. */
uint32_t edma_buffer_in_use(void);
void edma_acknowledge(void);

#endif
