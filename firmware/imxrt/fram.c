/* The product's non-volatile memory: an FM25V20A on the LPSPI that board.h names. */
#include "board.h"
#include "nonvolatile.h"
#include "registers/lpspi.h"
#include "system.h"
#include "timebase.h"

#define POLLS_LIMIT 200000u
#define FIFO_WORDS 16u
/* Longest frame of the LPSPI is 4096 bits: command and address, and 127 words. */
#define FRAME_WORDS 127u
/* Words left in the FIFO when more are asked for. */
#define TX_WATER 3u
/* A frame of 4096 bits takes 0.35 ms. */
#define LONGEST_SEND_MS 2u
enum { WRITE_ENABLE = 0x06, WRITE = 0x02, READ = 0x03, READ_ID = 0x9F };

static struct {
    const uint32_t *volatile next, *volatile end;
    volatile bool busy;
} sending;

void fram_handler(void);

static bool idle(void)
{
    for (uint32_t polls = 0; polls < POLLS_LIMIT; polls++)
        if (!LPSPI_FSR_TXCOUNT(FRAM_SPI->FSR) && !(FRAM_SPI->SR & LPSPI_SR_MBF))
            return true;
    FRAM_SPI->CR |= LPSPI_CR_RTF | LPSPI_CR_RRF;
    return false;
}

static void begin(uint32_t words, uint32_t options)
{
    FRAM_SPI->TCR = LPSPI_TCR_MODE3 | LPSPI_TCR_PCS(0) | options | LPSPI_TCR_FRAMESZ(words * 32u);
}

/* Command and address as the bytes of a word, the first one lowest. */
static uint32_t lead(uint32_t command, uint32_t address)
{
    return command | (address >> 16 & 0xFFu) << 8 | (address >> 8 & 0xFFu) << 16 | (address & 0xFFu) << 24;
}

static void receive(uint32_t first, uint32_t *words, uint32_t count)
{
    uint32_t sent = 0, received = 0;
    begin(count + 1u, LPSPI_TCR_BYSW);
    for (uint32_t polls = 0; received <= count && polls < POLLS_LIMIT; polls++) {
        uint32_t fill = FRAM_SPI->FSR;
        if (sent <= count && LPSPI_FSR_TXCOUNT(fill) < FIFO_WORDS)
            FRAM_SPI->TDR = sent++ ? 0u : first;
        if (LPSPI_FSR_RXCOUNT(fill)) {
            uint32_t word = FRAM_SPI->RDR;
            if (received)
                words[received - 1u] = word;
            received++;
        }
    }
    idle();
}

static void fill_fifo(void)
{
    while (sending.next != sending.end && LPSPI_FSR_TXCOUNT(FRAM_SPI->FSR) < FIFO_WORDS)
        FRAM_SPI->TDR = *sending.next++;
    FRAM_SPI->IER = sending.next != sending.end ? LPSPI_SR_TDF : LPSPI_SR_TCF;
}

void fram_handler(void)
{
    if (sending.next == sending.end && FRAM_SPI->SR & LPSPI_SR_TCF) {
        FRAM_SPI->IER = 0;
        sending.busy = false;
    } else {
        fill_fifo();
    }
    memory_barrier();
}

/* Send a write with its enable before it, and sleep meanwhile. */
static void send(uint32_t first, const uint32_t *words, uint32_t count)
{
    uint32_t start = timebase_now();
    sending.next = words;
    sending.end = words + count;
    sending.busy = true;
    FRAM_SPI->TCR = LPSPI_TCR_MODE3 | LPSPI_TCR_PCS(0) | LPSPI_TCR_RXMSK | LPSPI_TCR_FRAMESZ(8u);
    FRAM_SPI->TDR = WRITE_ENABLE;
    begin(count + 1u, LPSPI_TCR_BYSW | LPSPI_TCR_RXMSK);
    FRAM_SPI->TDR = first;
    FRAM_SPI->SR = LPSPI_SR_TCF;
    uint32_t masked = interrupts_mask();
    fill_fifo();
    while (sending.busy && timebase_now() - start < LONGEST_SEND_MS * TICKS_PER_MS) {
        system_sleep();
        interrupts_restore(masked);
        masked = interrupts_mask();
    }
    FRAM_SPI->IER = 0;
    interrupts_restore(masked);
    if (sending.busy)
        FRAM_SPI->CR |= LPSPI_CR_RTF;
}

bool nonvolatile_start(void)
{
    uint32_t identity[2];
    FRAM_SPI->CR = LPSPI_CR_RST;
    FRAM_SPI->CR = 0;
    FRAM_SPI->CFGR1 = LPSPI_CFGR1_MASTER;
    FRAM_SPI->CCR = LPSPI_CCR_SCKDIV(OSCILLATOR_HZ / FRAM_SPI_HZ - 2u) | LPSPI_CCR_DBT(1u) | LPSPI_CCR_PCSSCK(1u) |
                    LPSPI_CCR_SCKPCS(1u);
    FRAM_SPI->FCR = LPSPI_FCR_TXWATER(TX_WATER);
    FRAM_SPI->CR = LPSPI_CR_MEN;
    system_enable_irq(IRQ_FRAM, PRIORITY_FRAM);
    /* Six bytes 7F, then maker, family and density; with the command it is in the place of an address. */
    receive(READ_ID, identity, 2u);
    return (identity[0] & 0xFFFFFFu) == 0x7F7F7Fu && (identity[0] >> 24) == 0xC2u;
}

void nonvolatile_read(uint32_t address, void *data, uint32_t length)
{
    uint32_t *words = data, left = length / 4u;
    while (left) {
        uint32_t count = left < FRAME_WORDS ? left : FRAME_WORDS;
        receive(lead(READ, address), words, count);
        words += count;
        address += 4u * count;
        left -= count;
    }
}

void nonvolatile_write(uint32_t address, const void *data, uint32_t length)
{
    const uint32_t *words = data;
    uint32_t left = length / 4u;
    while (left) {
        uint32_t count = left < FRAME_WORDS ? left : FRAME_WORDS;
        send(lead(WRITE, address), words, count);
        words += count;
        address += 4u * count;
        left -= count;
    }
}
