/* The LPSPI that is the converters' bus: mode 3, most significant bit first. */
#ifndef LPSPI_H
#define LPSPI_H

#include <stdbool.h>
#include <stdint.h>

void lpspi_init(void);
/* Send two bytes to chip select `select` and return the second answer; false in `ok` if nothing came back. */
uint8_t lpspi_transfer2(uint32_t select, uint8_t first, uint8_t second, bool *ok);
/* Command word for a frame of `bits` to chip select `select`, bytes in the order they lie in memory. */
uint32_t lpspi_command(uint32_t select, uint32_t bits);
/* Give or take the DMA requests of the receiver. */
void lpspi_receive_by_dma(bool enabled);

#endif
