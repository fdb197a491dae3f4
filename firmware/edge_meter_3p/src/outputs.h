/* Pins: LEDs, relay coils, push button, and the chip selects while software drives them. */
#ifndef OUTPUTS_H
#define OUTPUTS_H

#include <stdbool.h>
#include <stdint.h>

/* Give each pad to its block; outputs low. */
void outputs_init(void);
/* Drive pin `pin` of GPIO3. */
void output_set(uint32_t pin, bool high);
/* LEDs and relay coils off, for a meter that stops. */
void outputs_safe(void);
/* Drive all chip selects of the converters low at once (`together`), or give them back to LPSPI1. */
void outputs_select_together(bool together);
bool button_down(void);

#endif
