/* The LPSPI, and what a part on its bus looks like to it. */
#ifndef WATTBENCH_LPSPI_H
#define WATTBENCH_LPSPI_H

#include "block.h"

typedef struct wb_lpspi wb_lpspi;

/* A part on an SPI bus: wattbench.core.wires.SpiDevice. `owner` is the first argument of each call. */
typedef struct {
    void (*select)(void *owner, uint32_t asserted);
    uint32_t (*selected)(void *owner);
    uint32_t (*exchange)(void *owner, uint32_t word, uint32_t bits);
    void *owner;
} wb_spi_part;

WB_EXPORT wb_lpspi *wb_lpspi_new(wb_machine *machine);
/* The functional clock, num / den Hz; 0 / 1 while it is off. */
WB_EXPORT void wb_lpspi_clock(wb_lpspi *spi, int64_t num, int64_t den);
WB_EXPORT void wb_lpspi_attach(wb_lpspi *spi, unsigned pcs, const wb_spi_part *part);
/* Let a trace have the edges of a chip select (1: asserted) under a name of its own; 0: no more. */
WB_EXPORT void wb_lpspi_trace(wb_lpspi *spi, unsigned pcs, uint32_t source);
WB_EXPORT unsigned wb_lpspi_line(const wb_lpspi *spi);
WB_EXPORT wb_request *wb_lpspi_request(wb_lpspi *spi, unsigned transmit);

#endif
