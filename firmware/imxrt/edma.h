/* The DMA channel that takes the converters' samples to a ring of buffers, and interrupts at the end of each. What asks
 * for its transfers is the product's: transfers.c. */
#ifndef EDMA_H
#define EDMA_H

#include <stdint.h>

#include "registers/edma.h"
#include "samples.h"

#define BUFFER_COUNT 4u
#define BUFFER_SAMPLES 30u
#define BUFFER_WORDS (BUFFER_SAMPLES * SAMPLE_WORDS)

/* Memory that the controller and the processor both use. */
#define DMA_MEMORY __attribute__((section(".dma"), aligned(32)))

/* Ring that is filled. */
extern uint32_t edma_buffers[BUFFER_COUNT][BUFFER_WORDS];

/* Put a descriptor into a channel. */
void edma_install(uint32_t channel, const struct edma_tcd *tcd);
/* Let the samples' channel fill the ring buffer by buffer. `transfer` is what is alike for all: source, sizes, counts,
 * links; each buffer ends with an interrupt and loads the descriptor of the next one. */
void edma_fill_ring(const struct edma_tcd *transfer);
/* Number of the buffer that is being filled. */
uint32_t edma_buffer_in_use(void);
void edma_acknowledge(void);

#endif
