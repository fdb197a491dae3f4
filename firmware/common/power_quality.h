/* Power quality by the methods of IEC 61000-4-30: limits, and what is derived from cycles and windows. Urms(1/2) and
 * the events are in half_cycles.h and voltage_events.h, harmonics in harmonics.h. */
#ifndef POWER_QUALITY_H
#define POWER_QUALITY_H

#include <stdbool.h>
#include <stdint.h>

#include "metrology.h"

/* Declared voltage Udin, and the thresholds of events in percent of it. */
#define DECLARED_V 230.0f
#define DIP_PERCENT 90.0f
#define SWELL_PERCENT 110.0f
#define INTERRUPTION_PERCENT 10.0f
#define HYSTERESIS_PERCENT 2.0f

enum phase_sequence { SEQUENCE_UNKNOWN, SEQUENCE_FORWARD, SEQUENCE_REVERSED };

/* Odd while the quantities below are being written. */
extern volatile uint32_t meter_quality_sequence;
/* Of the last window of ten or twelve cycles: negative and zero over positive sequence of the voltages, 0
 * where there is hardly a positive one. */
extern volatile float meter_unbalance_percent[2];
extern volatile uint32_t meter_phase_sequence;
/* A bit for each phase without voltage while another one has it. */
extern volatile uint32_t meter_phases_lost;
/* Whole cycles of the last 10 s of the samples' time over their duration, and how many such times there were. */
extern volatile double meter_frequency_10s_hz;
extern volatile uint32_t meter_frequency_10s_count;
/* Voltages over 15 windows and over 10 minutes since start: values, how many there were, and whether the last one is
 * flagged because a dip, swell or interruption falls into it. */
extern volatile float meter_voltage_15_windows_v[PHASES], meter_voltage_10_min_v[PHASES];
extern volatile uint32_t meter_voltage_15_windows_count, meter_voltage_10_min_count;
extern volatile uint32_t meter_voltage_15_windows_flagged, meter_voltage_10_min_flagged;

void power_quality_init(void);
/* Samples that the metrology has worked off just now. */
void power_quality_samples(const uint32_t *samples, uint32_t count, uint32_t end_tick);
/* So many cycles were alike in their voltages. */
uint32_t power_quality_steady_cycles(void);
/* A cycle has ended. */
void power_quality_cycle(const struct cycle *cycle);
/* The window that the last cycle completed is published. */
void power_quality_window(void);
/* Samples are missing: nothing goes on over the gap. */
void power_quality_gap(void);

#endif
