#include "clocks.h"

#include "registers/chip.h"

/* The core clock stays as the boot ROM set it: no time in the meter is taken from it. Console, converters' bus and
 * time base hang directly on the 24 MHz crystal. The DMA controller runs on the bus clock, 480 MHz / 2. */
void clocks_init(void)
{
    CCM_ROOT_CONTROL(CCM_BUS) = CCM_ROOT(CCM_MUX_BUS_SYS_PLL3, 2u);
    CCM_ROOT_CONTROL(CCM_GPT1) = CCM_ROOT(CCM_MUX_OSC_24M, 1u);
    CCM_ROOT_CONTROL(CCM_GPT2) = CCM_ROOT(CCM_MUX_OSC_24M, 1u);
    CCM_ROOT_CONTROL(CCM_LPUART1) = CCM_ROOT(CCM_MUX_OSC_24M, 1u);
    CCM_ROOT_CONTROL(CCM_LPSPI1) = CCM_ROOT(CCM_MUX_OSC_24M, 1u);
    CCM_ROOT_CONTROL(CCM_LPSPI4) = CCM_ROOT(CCM_MUX_OSC_24M, 1u);
}
