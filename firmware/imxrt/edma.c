#include "edma.h"

#include "board.h"
#include "system.h"

DMA_MEMORY uint32_t edma_buffers[BUFFER_COUNT][BUFFER_WORDS];
DMA_MEMORY static struct edma_tcd ring[BUFFER_COUNT];

void edma_install(uint32_t channel, const struct edma_tcd *tcd)
{
    struct edma_tcd *target = &EDMA->TCD[channel];
    target->CSR = 0; /* also takes DONE away, without which link and scatter-gather bits cannot be set */
    target->SADDR = tcd->SADDR;
    target->SOFF = tcd->SOFF;
    target->ATTR = tcd->ATTR;
    target->NBYTES = tcd->NBYTES;
    target->SLAST = tcd->SLAST;
    target->DADDR = tcd->DADDR;
    target->DOFF = tcd->DOFF;
    target->DLAST_SGA = tcd->DLAST_SGA;
    target->CITER = tcd->CITER;
    target->BITER = tcd->BITER;
    target->CSR = tcd->CSR;
}

void edma_fill_ring(const struct edma_tcd *transfer)
{
    for (uint32_t i = 0; i < BUFFER_COUNT; i++) {
        ring[i] = *transfer;
        ring[i].DADDR = (uint32_t)edma_buffers[i];
        ring[i].DLAST_SGA = (uint32_t)&ring[(i + 1u) % BUFFER_COUNT];
        ring[i].CSR |= EDMA_CSR_INTMAJOR | EDMA_CSR_ESG;
    }
    memory_barrier();
    edma_install(DMA_CHANNEL_SAMPLES, &ring[0]);
    system_enable_irq(IRQ_DMA_SAMPLES, PRIORITY_DMA);
}

/* The buffers lie one behind the other, so the end of one is the start of the next whether or not the next
 * descriptor is loaded yet. */
uint32_t edma_buffer_in_use(void)
{
    uint32_t offset = EDMA->TCD[DMA_CHANNEL_SAMPLES].DADDR - (uint32_t)edma_buffers;
    return offset / sizeof edma_buffers[0] % BUFFER_COUNT;
}

void edma_acknowledge(void)
{
    EDMA->CINT = DMA_CHANNEL_SAMPLES;
}
