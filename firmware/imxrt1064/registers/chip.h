/* Memories, places of the blocks, pads, pins and clocks of the i.MX RT1064 (reference manual, chapters Memory Maps,
 * IOMUXC, GPIO and CCM). */
#ifndef REGISTERS_CHIP_H
#define REGISTERS_CHIP_H

#include "registers/gpio.h"
#include "registers/register.h"

/* The flash inside the package, on FlexSPI2. */
#define FLASH_BASE 0x70000000u
/* The share of FlexRAM that the fuses give to DTCM. */
#define DTCM_BASE 0x20000000u
#define DTCM_SIZE 0x20000u
/* OCRAM2, or the part of it that DMA and processor share. */
#define DMA_MEMORY_BASE 0x20200000u
#define DMA_MEMORY_SIZE_LOG2 18u

#define EDMA_BASE 0x400E8000u
#define DMAMUX_BASE 0x400EC000u
#define LPUART1_BASE 0x40184000u
#define GPT1_BASE 0x401EC000u
#define SAI1_BASE 0x40384000u
#define LPSPI_BASE(number) (0x40394000u + 0x4000u * ((number)-1u))

#define GPIO2 ((struct gpio_registers *)0x401BC000u)

/* Pads of GPIO2: pin n up to 15 is GPIO_B0_<n>, pin 16 + n is GPIO_B1_<n>; mode ALT5. */
#define IOMUXC_MUX_B(pin) (*(reg32 *)(0x401F813Cu + 4u * (pin)))
#define IOMUXC_PAD_B(pin) (*(reg32 *)(0x401F832Cu + 4u * (pin)))
/* Pad GPIO_AD_B0_<n>. */
#define IOMUXC_MUX_AD_B0(n) (*(reg32 *)(0x401F80BCu + 4u * (n)))
#define IOMUXC_PAD_AD_B0(n) (*(reg32 *)(0x401F82ACu + 4u * (n)))
#define IOMUXC_LPSPI4_PCS0_SELECT (*(reg32 *)0x401F851Cu)
#define IOMUXC_LPSPI4_SCK_SELECT (*(reg32 *)0x401F8520u)
#define IOMUXC_LPSPI4_SDI_SELECT (*(reg32 *)0x401F8524u)
#define IOMUXC_LPSPI4_SDO_SELECT (*(reg32 *)0x401F8528u)
#define IOMUXC_SAI1_RX_BCLK_SELECT (*(reg32 *)0x401F8590u)
#define IOMUXC_SAI1_RX_DATA0_SELECT (*(reg32 *)0x401F8594u)
#define IOMUXC_SAI1_RX_SYNC_SELECT (*(reg32 *)0x401F85A4u)
#define PAD_HIGH_DRIVE 0x10B0u
#define PAD_PULL_UP 0x1B0B0u

#define CCM_CBCMR (*(reg32 *)0x400FC018u)
#define CCM_CSCMR1 (*(reg32 *)0x400FC01Cu)
#define CCM_CSCDR1 (*(reg32 *)0x400FC024u)
#define CCM_CCGR(number) (*(reg32 *)(0x400FC068u + 4u * (number)))
/* Clock gate `gate` of a CCGR: on in all modes. */
#define CCGR_ON(gate) (3u << 2u * (gate))
#define CBCMR_LPSPI_SEL(source) ((source) << 4)
#define CBCMR_LPSPI_PODF(divisor) (((divisor)-1u) << 26)
#define LPSPI_SEL_PLL2 2u
#define CSCMR1_PERCLK_SEL_OSC (1u << 6)
#define CSCMR1_PERCLK_PODF 0x3Fu
#define CSCDR1_UART_SEL_OSC (1u << 6)
#define CSCDR1_UART_PODF 0x3Fu

/* PLL2, which makes 528 MHz. */
#define PLL_SYS (*(reg32 *)0x400D8030u)
#define PLL_SYS_CLEAR (*(reg32 *)0x400D8038u)
#define PLL_POWERDOWN (1u << 12)
#define PLL_BYPASS (1u << 16)
#define PLL_LOCK (1u << 31)

#endif
