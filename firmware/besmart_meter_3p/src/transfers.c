/* The way of the samples: SAI1 receives the converter's frames of eight words. As soon as a whole one is in its FIFO it
 * asks for the samples' DMA channel, which takes the eight words to the ring of buffers. */
#include "transfers.h"

#include "board.h"
#include "edma.h"
#include "registers/sai.h"

static void receiver_init(void)
{
    SAI1->RCSR = SAI_RCSR_SR;
    SAI1->RCSR = SAI_RCSR_FR;
    SAI1->RCR1 = SAI_RCR1_WATERMARK(SAMPLE_WORDS - 1u);
    SAI1->RCR2 = 0; /* bit clock from the converter */
    SAI1->RCR3 = SAI_RCR3_LINE(0);
    SAI1->RCR4 = SAI_RCR4_WORDS(SAMPLE_WORDS) | SAI_RCR4_MSB_FIRST | SAI_RCR4_SYNC_EARLY;
    SAI1->RCR5 = SAI_RCR5_BITS(32u);
    SAI1->RMR = 0;
}

void transfers_start(void)
{
    const struct edma_tcd sample = {
        .SADDR = (uint32_t)&SAI1->RDR[0],
        .ATTR = EDMA_ATTR(EDMA_SIZE_32, EDMA_SIZE_32),
        .NBYTES = SAMPLE_WORDS * sizeof(uint32_t),
        .DOFF = sizeof(uint32_t),
        .CITER = BUFFER_SAMPLES,
        .BITER = BUFFER_SAMPLES,
    };
    receiver_init();
    edma_fill_ring(&sample);
    DMAMUX_CHCFG[DMA_CHANNEL_SAMPLES] = DMAMUX_ENABLE | DMA_REQUEST_SAI1_RX;
    EDMA->SERQ = DMA_CHANNEL_SAMPLES;
    /* It begins with the next frame, whenever that is. */
    SAI1->RCSR = SAI_RCSR_RE | SAI_RCSR_FRDE;
}
