/* The memory that keeps its contents without power: each product says which part it is. Bytes are written at once. */
#ifndef NONVOLATILE_H
#define NONVOLATILE_H

#include <stdbool.h>
#include <stdint.h>

#define NONVOLATILE_SIZE 0x40000u

/* False if the part does not answer as it should. */
bool nonvolatile_start(void);
/* Addresses and lengths are multiples of 4. */
void nonvolatile_read(uint32_t address, void *data, uint32_t length);
void nonvolatile_write(uint32_t address, const void *data, uint32_t length);

#endif
