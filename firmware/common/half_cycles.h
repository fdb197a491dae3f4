/* Urms(1/2) of each phase voltage: RMS over a cycle from a zero crossing of its fundamental, each half cycle anew.
 *
 * Each phase has an angle that runs with the measured frequency and is pulled to the angle of its fundamental while its
 * voltage is steady. Through a dip, an interruption or a jump it runs on, so half cycles stay where they were. */
#ifndef HALF_CYCLES_H
#define HALF_CYCLES_H

#include <stdbool.h>
#include <stdint.h>

#include "metrology.h"

/* Urms(1/2), and the time of the samples that it was last refreshed with (24 MHz, since start). */
extern volatile float meter_half_cycle_v[PHASES];
extern volatile uint64_t meter_half_cycle_tick;
extern volatile uint32_t meter_half_cycle_count[PHASES];

/* Fundamental of a phase over the half cycles since it was taken last: amplitude in V RMS, angle in turns. */
struct fundamental {
    float volts, turns;
};

/* A zero crossing within the last samples, in samples after the first of them, and whether it is a rising one. */
struct crossing {
    bool any, rising;
    float place;
};

void half_cycles_init(void);
/* Work off the samples that the metrology has been given just now. */
void half_cycles_process(const uint32_t *samples, uint32_t count, uint32_t end_tick);
/* Samples are missing before the next ones. */
void half_cycles_gap(void);
/* A cycle from crossing to crossing of the reference voltage, while that was steady, lasted so many samples. */
void half_cycles_period(double samples);
/* The fundamentals of all phases at one moment; false if a phase had no half cycle since. */
bool half_cycles_take(struct fundamental fundamentals[PHASES]);
/* Where phase `phase` crossed zero in the samples worked off last. */
struct crossing half_cycles_crossing(uint32_t phase);

#endif
