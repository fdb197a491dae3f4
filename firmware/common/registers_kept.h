/* The energy registers over a power failure: written once a second, at each end of a period, and when power fails. */
#ifndef REGISTERS_KEPT_H
#define REGISTERS_KEPT_H

#include <stdint.h>

/* Into the energy registers; gives back the time of the last write, 0 if there was none. */
int64_t registers_restore(void);
void registers_keep(void);

#endif
