/* Dips, swells, interruptions and the like: when they began, how long they lasted, how bad they were.
 *
 * A dip begins with the first phase below its threshold and ends when all are above it by the hysteresis; a swell
 * likewise; an interruption begins when all phases are below and ends with the first one above. Both stamps of an event
 * are where the cycle begins whose RMS began or ended it. */
#ifndef VOLTAGE_EVENTS_H
#define VOLTAGE_EVENTS_H

#include <stdbool.h>
#include <stdint.h>

#include "metrology.h"

enum voltage_event {
    EVENT_DIP = 1,
    EVENT_SWELL,
    EVENT_INTERRUPTION,
    EVENT_PHASE_LOSS,
    EVENT_REVERSED_SEQUENCE,
    EVENT_KINDS = EVENT_REVERSED_SEQUENCE
};
#define EVENT_RING 32u

/* Percent of the declared voltage: dip, swell, interruption, hysteresis. */
extern const float meter_event_thresholds_percent[4];
/* Events that are over, and those that go on (a bit each, bit 0 a dip). Event number n lies at n % EVENT_RING. */
extern volatile uint32_t meter_voltage_event_count;
extern volatile uint32_t meter_events_running;
extern volatile uint32_t meter_event_kind[EVENT_RING];
extern volatile uint32_t meter_event_phase[EVENT_RING]; /* the phase that `meter_event_extreme_v` is of, from 1 on */
extern volatile uint64_t meter_event_start_tick[EVENT_RING]; /* 24 MHz, since start */
extern volatile uint64_t meter_event_duration_ticks[EVENT_RING];
extern volatile float meter_event_extreme_v[EVENT_RING];
/* Odd while an event is being written. */
extern volatile uint32_t meter_event_sequence;

void voltage_events_init(void);
/* Urms(1/2) of a phase, over the cycle from `start_tick` to `end_tick`; kept until `voltage_events_judge`. */
void voltage_events_note(uint32_t phase, float volts, uint64_t start_tick, uint64_t end_tick);
/* Judge what was noted, in the order of time. */
void voltage_events_judge(void);
/* A state that the windows of ten cycles show (phase loss, reversed sequence) is there or not, from `tick` on. */
void voltage_events_state(enum voltage_event kind, bool there, uint32_t phase, float extreme_v, uint64_t tick);
const char *voltage_event_name(enum voltage_event kind);
/* Called whenever an event is over: for an event log. Does nothing unless the product has one. */
void voltage_event_over(uint32_t number);

#endif
