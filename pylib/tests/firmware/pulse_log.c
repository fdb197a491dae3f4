/* Stands for pulse_output.c in the native build: takes each pulse out of its queue at once and notes it. */
#include "pulse_output.h"

#define LIMIT 4096

struct pulse pulse_log[PULSE_CHANNELS][LIMIT];
uint32_t pulse_log_count[PULSE_CHANNELS];

void pulse_output_kick(uint32_t channel)
{
    for (const struct pulse *pulse; (pulse = pulse_peek(channel)); pulse_drop(channel))
        if (pulse_log_count[channel] < LIMIT)
            pulse_log[channel][pulse_log_count[channel]++] = *pulse;
}
