/* Measured quantities over windows of ten mains cycles at 50 Hz, twelve at 60 Hz (200 ms), published as global
 * variables. */
#ifndef WINDOW_H
#define WINDOW_H

#include <stdbool.h>
#include <stdint.h>

#include "metrology.h"

#define CYCLES_PER_WINDOW (NOMINAL_HZ < 55.0 ? 10u : 12u)

/* Odd while the quantities below are being written; a reader takes them again if it changed. */
extern volatile uint32_t meter_measurement_sequence;
extern volatile uint32_t meter_window_count;
extern volatile double meter_voltage_v[PHASES];
extern volatile double meter_current_a[CHANNELS]; /* L1, L2, L3, neutral */
extern volatile double meter_active_power_w[1 + PHASES]; /* total, L1, L2, L3 */
extern volatile double meter_reactive_power_var[1 + PHASES];
extern volatile double meter_apparent_power_va[1 + PHASES];
extern volatile double meter_power_factor[1 + PHASES];
extern volatile double meter_frequency_hz; /* 0 without a voltage to take it from */

void window_init(void);
/* Take a cycle in; true if it completed a window, whose quantities are then published. */
bool window_add(const struct cycle *cycle);
/* Drop the cycles of the present window. */
void window_restart(void);

#endif
