#include "lpspi.h"

#include "board.h"
#include "registers/lpspi.h"

/* Two bytes take 4 us; the count is far beyond that at any core clock. */
#define POLLS_LIMIT 20000u

void lpspi_init(void)
{
    AFE_SPI->CR = LPSPI_CR_RST;
    AFE_SPI->CR = 0;
    AFE_SPI->CFGR1 = LPSPI_CFGR1_MASTER;
    /* The serial clock is the functional clock over SCKDIV + 2. Select to clock, clock to select and the pause
     * between frames take 6 cycles each: four frames of 128 bits fill 109.7 of the 125 us between samples. */
    AFE_SPI->CCR = LPSPI_CCR_SCKDIV(OSCILLATOR_HZ / SPI_HZ - 2u) | LPSPI_CCR_DBT(4u) | LPSPI_CCR_PCSSCK(5u) |
                  LPSPI_CCR_SCKPCS(5u);
    AFE_SPI->FCR = 0;
    AFE_SPI->CR = LPSPI_CR_MEN;
}

uint32_t lpspi_command(uint32_t select, uint32_t bits)
{
    return LPSPI_TCR_MODE3 | LPSPI_TCR_PCS(select) | LPSPI_TCR_BYSW | LPSPI_TCR_FRAMESZ(bits);
}

uint8_t lpspi_transfer2(uint32_t select, uint8_t first, uint8_t second, bool *ok)
{
    /* A frame of 16 bits lies right-aligned in its word, so no byte swap: the first byte is the upper one. */
    AFE_SPI->TCR = lpspi_command(select, 16u) & ~LPSPI_TCR_BYSW;
    AFE_SPI->TDR = (uint32_t)first << 8 | second;
    for (uint32_t polls = 0; polls < POLLS_LIMIT; polls++)
        if (LPSPI_FSR_RXCOUNT(AFE_SPI->FSR))
            return (uint8_t)AFE_SPI->RDR;
    *ok = false;
    AFE_SPI->CR |= LPSPI_CR_RTF | LPSPI_CR_RRF;
    return 0;
}

void lpspi_receive_by_dma(bool enabled)
{
    AFE_SPI->DER = enabled ? LPSPI_DER_RDDE : 0;
}
