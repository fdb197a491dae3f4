/* What the meter keeps an eye on and notes as events: its supply, its cover, the phases' voltages. */
#ifndef SUPERVISION_H
#define SUPERVISION_H

#include <stdbool.h>
#include <stdint.h>

#include "metrology.h"

/* 1 while the supply says that it is failing; and how often it did. */
extern volatile uint32_t meter_supply_failing;
extern volatile uint32_t meter_supply_failures;
extern volatile uint32_t meter_cover_open;
extern volatile uint32_t meter_phase_lost[PHASES];

/* Everything that keeps time and records, in its order; before the metering starts. */
void supervision_start(void);
/* For `acquisition_on_work`. */
void supervision_work(void);

#endif
