/* LPUART: low-power asynchronous serial port (chapter LPUART of the i.MX RT manuals). */
#ifndef REGISTERS_LPUART_H
#define REGISTERS_LPUART_H

#include "registers/chip.h"
#include "registers/register.h"

struct lpuart_registers {
    reg32 VERID, PARAM, GLOBAL, PINCFG, BAUD, STAT, CTRL, DATA, MATCH, MODIR, FIFO, WATER;
};
CHECK_OFFSET(struct lpuart_registers, WATER, 0x2C);

#define LPUART1 ((struct lpuart_registers *)LPUART1_BASE)

#define LPUART_GLOBAL_RST (1u << 1)
#define LPUART_BAUD(oversampling, divisor) (((oversampling)-1u) << 24 | (divisor))
#define LPUART_STAT_OR (1u << 19)
#define LPUART_STAT_TC (1u << 22)
#define LPUART_STAT_TDRE (1u << 23)
#define LPUART_STAT_W1C 0xC01FC000u
#define LPUART_CTRL_RE (1u << 18)
#define LPUART_CTRL_TE (1u << 19)
#define LPUART_CTRL_RIE (1u << 21)
#define LPUART_CTRL_TCIE (1u << 22)
#define LPUART_CTRL_TIE (1u << 23)
#define LPUART_FIFO_RXFE (1u << 3)
#define LPUART_FIFO_TXFE (1u << 7)
#define LPUART_FIFO_FLUSH (3u << 14)
#define LPUART_WATER_TXCOUNT(water) ((water) >> 8 & 7u)
#define LPUART_WATER_RXCOUNT(water) ((water) >> 24 & 7u)

#endif
