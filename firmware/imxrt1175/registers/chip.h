/* Memories, places of the blocks, pads, pins and clock roots of the i.MX RT1170 (reference manual, chapters Memory Map,
 * IOMUXC, GPIO and CCM). */
#ifndef REGISTERS_CHIP_H
#define REGISTERS_CHIP_H

#include "registers/register.h"

#define FLASH_BASE 0x30000000u
#define DTCM_BASE 0x20000000u
#define DTCM_SIZE 0x40000u
/* OCRAM2, or the part of it that DMA and processor share. */
#define DMA_MEMORY_BASE 0x202C0000u
#define DMA_MEMORY_SIZE_LOG2 18u

#define EDMA_BASE 0x40070000u
#define DMAMUX_BASE 0x40074000u
#define LPUART1_BASE 0x4007C000u
#define GPT1_BASE 0x400EC000u
#define LPSPI_BASE(number) (0x40114000u + 0x4000u * ((number)-1u))

struct gpio_registers {
    reg32 DR, GDIR, PSR, ICR1, ICR2, IMR, ISR, EDGE_SEL;
    RESERVED(0x64);
    reg32 DR_SET, DR_CLEAR, DR_TOGGLE;
};
CHECK_OFFSET(struct gpio_registers, DR_SET, 0x84);

#define GPIO3 ((struct gpio_registers *)0x40134000u)

/* Pad GPIO_AD_<n>, n = 1..32: pin n - 1 of GPIO3 in mode ALT5. */
#define IOMUXC_MUX_AD(n) (*(reg32 *)(0x400E810Cu + 4u * (n)))
#define IOMUXC_PAD_AD(n) (*(reg32 *)(0x400E8350u + 4u * (n)))
#define IOMUXC_LPSPI1_SCK_SELECT (*(reg32 *)0x400E85D0u)
#define IOMUXC_LPSPI1_SDI_SELECT (*(reg32 *)0x400E85D4u)
#define IOMUXC_LPSPI1_SDO_SELECT (*(reg32 *)0x400E85D8u)
#define IOMUXC_LPUART1_RXD_SELECT (*(reg32 *)0x400E861Cu)
#define PAD_HIGH_DRIVE 0x02u
#define PAD_PULL_UP 0x0Cu

#define CCM_ROOT_CONTROL(root) (*(reg32 *)(0x40CC0000u + 0x80u * (root)))
#define CCM_ROOT(mux, divisor) ((mux) << 8 | ((divisor)-1u))
#define CCM_MUX_OSC_24M 1u
#define CCM_MUX_BUS_SYS_PLL3 4u
enum { CCM_BUS = 2, CCM_GPT1 = 14, CCM_LPUART1 = 25, CCM_LPSPI1 = 43 };

#endif
