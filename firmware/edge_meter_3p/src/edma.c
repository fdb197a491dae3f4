/* The DMA chain that fetches the converters' samples.
 *
 *   ready    channel 5, on data-ready or linked: one command word to LPSPI1, then links transmit
 *   transmit channel 7, linked: the four words of a burst read to LPSPI1
 *   receive  channel 6, on each received word: word to the ring of buffers; links count
 *   count    channel 8, linked: after each four words of a converter but the last links ready for the next one
 *
 * At the end of a buffer channel 6 interrupts and loads its descriptor for the next buffer. */
#include "edma.h"

#include "lpspi.h"
#include "registers/edma.h"
#include "registers/flexpwm.h"
#include "registers/lpspi.h"
#include "system.h"

enum { CHANNEL_READY = 5, CHANNEL_RECEIVE = 6, CHANNEL_TRANSMIT = 7, CHANNEL_COUNT = 8 };

#define DMA_MEMORY __attribute__((section(".dma"), aligned(32)))

DMA_MEMORY uint32_t edma_buffers[BUFFER_COUNT][BUFFER_WORDS];
DMA_MEMORY static struct edma_tcd receive_ring[BUFFER_COUNT];
DMA_MEMORY static struct edma_tcd count_ring[AFE_COUNT];
DMA_MEMORY static uint32_t commands[AFE_COUNT];
DMA_MEMORY static uint32_t burst_read[ADE7913_BURST_WORDS];
DMA_MEMORY static uint8_t counted[2];

static void install(uint32_t channel, const struct edma_tcd *tcd)
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

static void build_receive_ring(void)
{
    for (uint32_t i = 0; i < BUFFER_COUNT; i++) {
        struct edma_tcd *tcd = &receive_ring[i];
        tcd->SADDR = (uint32_t)&AFE_SPI->RDR;
        tcd->SOFF = 0;
        tcd->ATTR = EDMA_ATTR(EDMA_SIZE_32, EDMA_SIZE_32);
        tcd->NBYTES = sizeof(uint32_t);
        tcd->SLAST = 0;
        tcd->DADDR = (uint32_t)edma_buffers[i];
        tcd->DOFF = sizeof(uint32_t);
        tcd->DLAST_SGA = (uint32_t)&receive_ring[(i + 1u) % BUFFER_COUNT];
        tcd->CITER = tcd->BITER = EDMA_ITER_LINK(CHANNEL_COUNT, BUFFER_WORDS);
        tcd->CSR = EDMA_CSR_INTMAJOR | EDMA_CSR_ESG | EDMA_CSR_MAJORLINK(CHANNEL_COUNT);
    }
}

/* A transfer is needed to count, so one byte goes back and forth. */
static void build_count_ring(void)
{
    for (uint32_t i = 0; i < AFE_COUNT; i++) {
        struct edma_tcd *tcd = &count_ring[i];
        tcd->SADDR = (uint32_t)&counted[0];
        tcd->SOFF = 0;
        tcd->ATTR = EDMA_ATTR(EDMA_SIZE_8, EDMA_SIZE_8);
        tcd->NBYTES = 1;
        tcd->SLAST = 0;
        tcd->DADDR = (uint32_t)&counted[1];
        tcd->DOFF = 0;
        tcd->DLAST_SGA = (uint32_t)&count_ring[(i + 1u) % AFE_COUNT];
        tcd->CITER = tcd->BITER = ADE7913_BURST_WORDS;
        tcd->CSR = EDMA_CSR_ESG;
        if (i != AFE_COUNT - 1u)
            tcd->CSR |= (uint16_t)EDMA_CSR_MAJORLINK(CHANNEL_READY);
    }
}

static struct edma_tcd ready_descriptor(void)
{
    return (struct edma_tcd){
        .SADDR = (uint32_t)commands,
        .SOFF = sizeof(uint32_t),
        .ATTR = EDMA_ATTR(EDMA_SIZE_32, EDMA_SIZE_32),
        .NBYTES = sizeof(uint32_t),
        .SLAST = 0u - (uint32_t)sizeof commands,
        .DADDR = (uint32_t)&AFE_SPI->TCR,
        .CITER = EDMA_ITER_LINK(CHANNEL_TRANSMIT, AFE_COUNT),
        .BITER = EDMA_ITER_LINK(CHANNEL_TRANSMIT, AFE_COUNT),
        .CSR = (uint16_t)EDMA_CSR_MAJORLINK(CHANNEL_TRANSMIT),
    };
}

static struct edma_tcd transmit_descriptor(void)
{
    return (struct edma_tcd){
        .SADDR = (uint32_t)burst_read,
        .SOFF = sizeof(uint32_t),
        .ATTR = EDMA_ATTR(EDMA_SIZE_32, EDMA_SIZE_32),
        .NBYTES = sizeof burst_read,
        .SLAST = 0u - (uint32_t)sizeof burst_read,
        .DADDR = (uint32_t)&AFE_SPI->TDR,
        .CITER = 1,
        .BITER = 1,
    };
}

void edma_start(void)
{
    for (uint32_t i = 0; i < AFE_COUNT; i++)
        commands[i] = lpspi_command(i, 32u * ADE7913_BURST_WORDS);
    for (uint32_t i = 0; i < ADE7913_BURST_WORDS; i++)
        burst_read[i] = 0xFFFFFFFFu;
    burst_read[0] = 0xFFFFFF00u | ADE7913_READ_BURST;
    build_receive_ring();
    build_count_ring();
    memory_barrier();

    struct edma_tcd ready = ready_descriptor(), transmit = transmit_descriptor();
    install(CHANNEL_READY, &ready);
    install(CHANNEL_TRANSMIT, &transmit);
    install(CHANNEL_RECEIVE, &receive_ring[0]);
    install(CHANNEL_COUNT, &count_ring[0]);
    DMAMUX_CHCFG[CHANNEL_RECEIVE] = DMAMUX_ENABLE | DMA_REQUEST_LPSPI1_RX;
    DMAMUX_CHCFG[CHANNEL_READY] = DMAMUX_ENABLE | DMA_REQUEST_AFE_READY;
    lpspi_receive_by_dma(true);
    system_enable_irq(IRQ_DMA_SAMPLES, PRIORITY_DMA);
    EDMA->SERQ = CHANNEL_RECEIVE;
    EDMA->SERQ = CHANNEL_READY;

    /* Each falling edge of data-ready is captured, and the capture asks for channel 5. */
    struct flexpwm_submodule *capture = &FLEXPWM4->SM[AFE_READY_SUBMODULE];
    FLEXPWM4->OUTEN &= (uint16_t)~FLEXPWM_OUTEN_PWMX(AFE_READY_SUBMODULE);
    capture->DMAEN = FLEXPWM_DMAEN_CAPTDE_WATERMARK | FLEXPWM_DMAEN_CX0DE;
    capture->CAPTCTRLX = FLEXPWM_CAPTCTRLX_EDGX0_FALLING | FLEXPWM_CAPTCTRLX_ARM;
}

/* The buffers lie one behind the other, so the end of one is the start of the next whether or not the next
 * descriptor is loaded yet. */
uint32_t edma_buffer_in_use(void)
{
    uint32_t offset = EDMA->TCD[CHANNEL_RECEIVE].DADDR - (uint32_t)edma_buffers;
    return offset / sizeof edma_buffers[0] % BUFFER_COUNT;
}

void edma_acknowledge(void)
{
    EDMA->CINT = CHANNEL_RECEIVE;
}
