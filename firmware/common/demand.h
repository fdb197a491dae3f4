/* Demand: mean power over a period, in blocks or sliding by sub-intervals, and the maximum of it.
 *
 * The energy of the period is divided by its whole length, also where the period was cut short, so a demand is never
 * overstated. Sliding: the last `parts` sub-intervals count, as far as they are there. */
#ifndef DEMAND_H
#define DEMAND_H

#include <stdbool.h>
#include <stdint.h>

#include "intervals.h"

/* Active import and export, reactive import (Q1 + Q2) and export (Q3 + Q4). */
#define DEMANDS 4u
#define DEMAND_PARTS 15u

/* Odd while what follows is being written. */
extern volatile uint32_t meter_demand_sequence;
extern volatile double meter_demand_last[DEMANDS]; /* W, var: of the last period that has ended */
extern volatile double meter_demand_max[DEMANDS];
extern volatile int64_t meter_demand_max_utc_s[DEMANDS]; /* end of that period, 0 for none */
extern volatile int64_t meter_demand_last_utc_s;
extern volatile uint32_t meter_demand_last_flags; /* enum interval_flags */
extern volatile uint32_t meter_demand_periods;    /* ended since the meter was made */
extern volatile uint32_t meter_demand_resets;
extern volatile int64_t meter_demand_reset_utc_s;
extern volatile uint32_t meter_demand_period_s; /* whole period */
extern volatile uint32_t meter_demand_parts;    /* 1 for blocks */

void demand_start(void);
void demand_ended(const struct ended *ended);
/* Power so far of the running period (of a block over its whole length). */
void demand_running(double power[DEMANDS]);
/* From the shell, with work held. */
void demand_reset(void);
bool demand_configure(uint32_t period_s, uint32_t parts);

#endif
