/* Harmonic subgroups of one channel after the other (IEC 61000-4-7): a window of ten cycles (twelve at 60 Hz) of one
 * channel is kept every two seconds, or at once when somebody asks, and worked off while nothing else is to be done. */
#ifndef HARMONICS_H
#define HARMONICS_H

#include <stdbool.h>
#include <stdint.h>

#include "metrology.h"

#define HARMONIC_ORDERS 51 /* 0, the mean, to 50 */
#define HARMONIC_CHANNELS (PHASES + CHANNELS) /* voltages, then currents with the neutral */

/* Odd while the quantities below are being written. */
extern volatile uint32_t meter_harmonics_sequence;
/* RMS in V or A of each order, and its angle in degrees where the channel's own fundamental rises through zero. */
extern volatile float meter_harmonics_u1_v[HARMONIC_ORDERS], meter_harmonics_u1_deg[HARMONIC_ORDERS];
extern volatile float meter_harmonics_u2_v[HARMONIC_ORDERS], meter_harmonics_u2_deg[HARMONIC_ORDERS];
extern volatile float meter_harmonics_u3_v[HARMONIC_ORDERS], meter_harmonics_u3_deg[HARMONIC_ORDERS];
extern volatile float meter_harmonics_i1_a[HARMONIC_ORDERS], meter_harmonics_i1_deg[HARMONIC_ORDERS];
extern volatile float meter_harmonics_i2_a[HARMONIC_ORDERS], meter_harmonics_i2_deg[HARMONIC_ORDERS];
extern volatile float meter_harmonics_i3_a[HARMONIC_ORDERS], meter_harmonics_i3_deg[HARMONIC_ORDERS];
extern volatile float meter_harmonics_n_a[HARMONIC_ORDERS], meter_harmonics_n_deg[HARMONIC_ORDERS];
/* Orders 2 to 50 in percent of the fundamental, and how often each channel was worked out. */
extern volatile float meter_thd_percent[HARMONIC_CHANNELS];
extern volatile uint32_t meter_harmonics_count[HARMONIC_CHANNELS];

void harmonics_init(void);
void harmonics_gap(void);
/* Take the samples in that `half_cycles_process` has seen just now. */
void harmonics_take(const uint32_t *samples, uint32_t count);
/* Have `channel` worked out next. */
void harmonics_request(uint32_t channel);
/* Work out a window that is complete; called while nothing else is to be done. */
void harmonics_poll(void);
/* RMS values and angles of a channel. */
const volatile float *harmonics_rms(uint32_t channel);
const volatile float *harmonics_degrees(uint32_t channel);

#endif
