/* Metrology pulses: how many and when.
 *
 * Within a mains cycle energy grows evenly; a pulse belongs to the moment at which the counted energy (import and
 * export without sign) passes a multiple of the pulse's energy. That moment is known only when the cycle has been
 * worked off, so each pulse is given a fixed delay after it. The delay cancels in every period; what is left as jitter
 * is the timer's resolution and the interrupt latency. */
#ifndef PULSE_H
#define PULSE_H

#include <stdbool.h>
#include <stdint.h>

#include "calibration.h"

enum { PULSE_ACTIVE, PULSE_REACTIVE, PULSE_CHANNELS };

struct pulse {
    uint32_t on_tick, off_tick;
};

/* Pulses that did not fit the queue (never in a meter within its limits). */
extern volatile uint32_t meter_pulses_dropped;

void pulse_init(const struct calibration *calibration);
/* Energy of a cycle in nano units, counted evenly from `start_tick` to `end_tick`. */
void pulse_add(uint32_t channel, int64_t nano_units, uint32_t start_tick, uint32_t end_tick);
/* Oldest pulse in the queue, or null; and its removal. */
const struct pulse *pulse_peek(uint32_t channel);
void pulse_drop(uint32_t channel);

#endif
