#include "clocks.h"

#include "board.h"
#include "registers/chip.h"

enum { GATE0_DMA = 3, GATE0_GPIO2 = 15, GATE1_LPSPI4 = 3, GATE1_GPT1_BUS = 10, GATE1_GPT1 = 11 };
enum { GATE4_IOMUXC = 1, GATE5_SAI1 = 9, GATE5_LPUART1 = 12 };
#define PLL2_HZ 528000000u

/* The boot ROM may have PLL2 running for the flash already; then nobody touches it. */
static void start_pll2(void)
{
    if (PLL_SYS & PLL_LOCK)
        return;
    PLL_SYS_CLEAR = PLL_POWERDOWN;
    while (!(PLL_SYS & PLL_LOCK))
        continue;
    PLL_SYS_CLEAR = PLL_BYPASS;
}

/* The core clock stays as the boot ROM set it: no time in the meter is taken from it. Console and time base hang
 * directly on the 24 MHz crystal, the converter's SPI on PLL2. Samples come with the converter's own clock. */
void clocks_init(void)
{
    start_pll2();
    /* The roots are changed while nothing runs from them. */
    CCM_CCGR(1) &= ~(CCGR_ON(GATE1_LPSPI4) | CCGR_ON(GATE1_GPT1_BUS) | CCGR_ON(GATE1_GPT1));
    CCM_CCGR(5) &= ~CCGR_ON(GATE5_LPUART1);
    CCM_CBCMR = (CCM_CBCMR & ~(CBCMR_LPSPI_SEL(3u) | CBCMR_LPSPI_PODF(8u))) | CBCMR_LPSPI_SEL(LPSPI_SEL_PLL2) |
                CBCMR_LPSPI_PODF(PLL2_HZ / AFE_SPI_CLOCK_HZ);
    CCM_CSCMR1 = (CCM_CSCMR1 & ~CSCMR1_PERCLK_PODF) | CSCMR1_PERCLK_SEL_OSC;
    CCM_CSCDR1 = (CCM_CSCDR1 & ~CSCDR1_UART_PODF) | CSCDR1_UART_SEL_OSC;
    CCM_CCGR(0) |= CCGR_ON(GATE0_DMA) | CCGR_ON(GATE0_GPIO2);
    CCM_CCGR(1) |= CCGR_ON(GATE1_LPSPI4) | CCGR_ON(GATE1_GPT1_BUS) | CCGR_ON(GATE1_GPT1);
    CCM_CCGR(4) |= CCGR_ON(GATE4_IOMUXC);
    CCM_CCGR(5) |= CCGR_ON(GATE5_SAI1) | CCGR_ON(GATE5_LPUART1);
}
