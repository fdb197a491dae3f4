/* Pulse LEDs, switched in the interrupt of the timer's compare channel with the pulse channel's number. */
#ifndef PULSE_OUTPUT_H
#define PULSE_OUTPUT_H

#include <stdint.h>

#include "pulse.h"

extern volatile uint32_t meter_pulse_count[PULSE_CHANNELS];
/* Edges that were due before the timer could be set to them. */
extern volatile uint32_t meter_pulse_edges_late;

/* New pulses are in the queue. */
void pulse_output_kick(uint32_t channel);
/* The timer's compare of `channel` has come. */
void pulse_output_service(uint32_t channel);

#endif
