/* From samples to mains cycles.
 *
 * All sums are exact 64-bit integers in codes. A cycle ends at the rising zero crossing of the reference voltage (of a
 * phase that has voltage), interpolated between samples; the products of the sample across the crossing are
 * split between both cycles in that proportion. So a cycle is a whole one at any frequency, no product is lost or
 * counted twice, and energy over many cycles is the plain sum of all products. */
#ifndef METROLOGY_H
#define METROLOGY_H

#include <stdbool.h>
#include <stdint.h>

#include "calibration.h"

#define PHASES CALIBRATION_PHASES
#define CHANNELS CALIBRATION_CHANNELS
#define SAMPLES_PER_SECOND 8000.0
#ifndef NOMINAL_HZ
#define NOMINAL_HZ 50.0
#endif

/* One mains cycle; power and squares are integrated over samples (watt-samples and so on). */
struct cycle {
    double active[PHASES], reactive[PHASES];
    double voltage_squared[PHASES], current_squared[CHANNELS];
    double voltage_sum[PHASES]; /* codes */
    double samples;
    bool synchronous; /* from one crossing to the next: its length is the period */
    uint32_t start_tick, end_tick;
};

void metrology_init(const struct calibration *calibration);
/* Work off `count` samples as samples.h lays them out; `end_tick` is the time of the last one. */
void metrology_process(const uint32_t *samples, uint32_t count, uint32_t end_tick);
/* Samples are missing before the next ones: start a new cycle and window there. */
void metrology_gap(void);
/* What the window found: residual mean of a phase voltage, in codes to take off. */
void metrology_adjust_offset(uint32_t phase, int32_t codes);
/* Code without voltage, and what a code is worth. */
int32_t metrology_voltage_offset(uint32_t phase);
/* Sum of the squares of all codes of a phase voltage since start, without its offset. */
uint64_t metrology_voltage_squares(uint32_t phase);
double metrology_volts_per_code(uint32_t phase);
double metrology_amperes_per_code(uint32_t channel);

#endif
