/* What the two halves of the FlexPWM's twin share: flexpwm.c (the block) and flexpwm_counters.c. */
#ifndef WATTBENCH_FLEXPWM_PRIVATE_H
#define WATTBENCH_FLEXPWM_PRIVATE_H

#include "flexpwm.h"
#include "flexpwm_registers.h"

enum { SUBMODULES = 4, PINS = 3, VALUES = 6, TRIGGER_LINES = 3, FIRST_TRIGGER_LINE = SUBMODULES + 1 };

static const uint16_t VALUE[VALUES] = {
    FLEXPWM_SMVAL0, FLEXPWM_SMVAL1, FLEXPWM_SMVAL2, FLEXPWM_SMVAL3, FLEXPWM_SMVAL4, FLEXPWM_SMVAL5,
};

typedef struct {
    uint16_t init, value[VALUES], count;        /* loaded registers; count at the base */
    uint8_t prescale, on, load_ok;
    uint16_t control, triggers;
    int64_t base_ns, settled, cycles;           /* settled in ticks from the base, cycles at the base */
} submodule;

typedef struct {
    uint32_t values[FLEXPWM_COUNT];
    submodule sub[SUBMODULES];
    uint8_t levels[PINS * SUBMODULES], circuit[PINS * SUBMODULES], requests[2 * SUBMODULES];
    int64_t hz_num, hz_den;
} pwm_state;

typedef struct { wb_flexpwm *pwm; unsigned n; } alarm_owner;

struct wb_flexpwm {
    wb_block block;
    pwm_state s;
    unsigned alarms[SUBMODULES], lines[FIRST_TRIGGER_LINE + TRIGGER_LINES * SUBMODULES];
    alarm_owner owners[SUBMODULES];
    wb_request requests[2 * SUBMODULES];
};

static inline uint32_t *reg(wb_flexpwm *pwm, unsigned first, unsigned n) { return &pwm->s.values[first + n]; }

/* Brings flags, and a load that fell due, up to the present; the tick of a reload counts with what it loads. */
void wb_flexpwm_settle(wb_flexpwm *pwm, unsigned n);
/* Sets the alarm to the next moment that somebody can see. */
void wb_flexpwm_plan(wb_flexpwm *pwm, unsigned n);
/* Of a settled submodule: its counter now, and how often it reached its end. */
uint16_t wb_flexpwm_count(const wb_flexpwm *pwm, unsigned n);
int64_t wb_flexpwm_cycle(const wb_flexpwm *pwm, unsigned n);
/* Loads if LDOK is set and no reload has to be waited for. */
void wb_flexpwm_load_now(wb_flexpwm *pwm, unsigned n);
/* Lets the counter run, or stand. */
void wb_flexpwm_run(wb_flexpwm *pwm, unsigned n, bool on);

#endif
