/* Energy registers, per phase and in total, in nano watt-hours (and var-hours), published as global variables.
 *
 * Each mains cycle is added as a whole: its sign, and so its register, is that of the power over the cycle. The total
 * is the sum of the phase powers with their signs (vectorial registration). */
#ifndef ENERGY_H
#define ENERGY_H

#include <stdbool.h>
#include <stdint.h>

#include "metrology.h"

#define QUADRANTS 4

/* Odd while the registers below are being written; a reader takes them again if it changed. */
extern volatile uint32_t meter_energy_sequence;
/* total, L1, L2, L3 */
extern volatile int64_t meter_energy_active_import_nwh[1 + PHASES];
extern volatile int64_t meter_energy_active_export_nwh[1 + PHASES];
extern volatile int64_t meter_energy_reactive_q1_nvarh[1 + PHASES]; /* import, inductive */
extern volatile int64_t meter_energy_reactive_q2_nvarh[1 + PHASES]; /* export, inductive */
extern volatile int64_t meter_energy_reactive_q3_nvarh[1 + PHASES]; /* export, capacitive */
extern volatile int64_t meter_energy_reactive_q4_nvarh[1 + PHASES]; /* import, capacitive */
/* The four by number. */
extern volatile int64_t *const energy_quadrants[QUADRANTS];
/* Where the registers stand: samples since start up to the end of the last cycle in them, with the fraction. */
extern volatile double meter_energy_samples;

void energy_init(const struct calibration *calibration);
/* Add a cycle. `window_complete` says that the published powers are new and decide anew about no load. */
void energy_add(const struct cycle *cycle, bool window_complete);
/* Leave a cycle out. */
void energy_skip(const struct cycle *cycle);

#endif
