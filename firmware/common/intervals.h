/* Periods of the load profile and of the demand, cut at boundaries of the clock.
 *
 * A boundary lies inside a mains cycle, in which energy grows evenly: the registers at the boundary are those at the
 * cycle's begin and a share of what the cycle added. Boundaries are whole periods of local standard time after midnight.
 * A setting of the clock and a power failure end a period early, or leave a gap in it: its flags say so. */
#ifndef INTERVALS_H
#define INTERVALS_H

#include <stdbool.h>
#include <stdint.h>

#include "energy.h"

/* Totals of active import, active export, reactive Q1 to Q4, in nano units. */
#define ENERGIES 6u
struct energies {
    int64_t value[ENERGIES];
};

enum interval_flags {
    INTERVAL_INCOMPLETE = 1u << 0,    /* not measured from boundary to boundary */
    INTERVAL_CLOCK_SET = 1u << 1,     /* begun or ended by a setting of the clock */
    INTERVAL_POWER_FAIL = 1u << 2,    /* without power at some time */
    INTERVAL_SUMMER = 1u << 3,        /* summer time at its end */
    INTERVAL_CLOCK_INVALID = 1u << 4, /* the clock is not set, or was without its battery */
    INTERVAL_DATA_LOST = 1u << 5,     /* samples were lost */
    INTERVAL_SHIFTED = 1u << 6,       /* the clock was corrected by slewing */
    INTERVAL_PHASE_LOST = 1u << 7,    /* a phase was without voltage */
    INTERVAL_CHANGED = 1u << 8,       /* begun or ended by a new length of the period */
};

enum interval_use { INTERVAL_PROFILE, INTERVAL_DEMAND };
#define INTERVAL_USES 2u

struct interval {
    int64_t start_ns, end_ns; /* the end is the next boundary */
    struct energies at_start;
    uint32_t period_s, flags;
};

/* A period that has ended: at `at_ns`, with the registers `at`. */
struct ended {
    int64_t at_ns;
    struct energies at;
    const struct interval *interval;
};

/* After the registers were restored. `last_ns` is a time at which the meter had power, 0 if none is known. */
void intervals_start(int64_t last_ns);
/* For `energy_on_cycle`. */
void intervals_cycle(const struct cycle *cycle);
/* Each second in PendSV: boundaries pass also while no samples come. */
void intervals_work(void);
/* The clock is set at `tick`; takes effect when the cycle over that tick is booked. */
void intervals_clock_set(uint32_t tick, int64_t old_ns, int64_t new_ns);
void intervals_flag(uint32_t flags);
/* False for a length that is no whole number of minutes, or that does not fit into a day. With work held. */
bool intervals_set_period(enum interval_use use, uint32_t period_s);
const struct interval *intervals_running(enum interval_use use);
struct energies intervals_energies(void);

#endif
