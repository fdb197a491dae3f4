/* Pins: LEDs, relay coils, push button. Each product has its own outputs.c, and numbers the pins in its board.h. */
#ifndef OUTPUTS_H
#define OUTPUTS_H

#include <stdbool.h>
#include <stdint.h>

/* Give each pad to its block; outputs low. */
void outputs_init(void);
/* Drive output `pin`. */
void output_set(uint32_t pin, bool high);
/* LEDs and relay coils off, for a meter that stops. */
void outputs_safe(void);
bool button_down(void);

#endif
