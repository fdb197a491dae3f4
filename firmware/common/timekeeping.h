/* The meter's clock: UTC from the battery-backed counter, local time by a rule, setting, shifting and trimming it.
 *
 * Once a second the counter's interrupt says at which tick of the time base a count came; time in between is that of the
 * time base. So a tick of the past second has a time, which is what cycles and records are cut by. */
#ifndef TIMEKEEPING_H
#define TIMEKEEPING_H

#include <stdbool.h>
#include <stdint.h>

#include "calendar.h"
#include "steering.h"

/* Corrections up to this are slewed in and disturb no period; more is a setting. */
#define SHIFT_LIMIT_NS (3 * NS_PER_S)
/* What the clock shows until it is set for the first time: 2026-01-01. */
#define FIRST_TIME_S 1767225600LL

struct time_zone {
    int32_t standard_offset_s;
    struct dst_rule dst;
};

/* Of the last second: UTC in ns, the tick of the time base it belongs to, and local time before UTC in seconds. The
 * sequence is odd while they are being written. */
extern volatile uint32_t meter_clock_sequence;
extern volatile int64_t meter_clock_utc_ns;
extern volatile uint32_t meter_clock_tick;
extern volatile int32_t meter_clock_local_offset_s;
/* 1 if the clock was set and has had its battery since. */
extern volatile uint32_t meter_clock_valid;
extern volatile int32_t meter_clock_trim_ppb;

/* Takes the counter up where the battery kept it. Without it the clock begins at `last_ns`, a time at which the meter had
 * power, and is not valid. */
void timekeeping_start(int64_t last_ns);
/* For the counter's interrupt: `count` came at `tick`. */
void timekeeping_latch(uint64_t count, uint32_t tick);
/* In PendSV; true once after each latch, that is once a second. */
bool timekeeping_work(void);

int64_t timekeeping_now_ns(void);
/* UTC of a tick that is at most a minute away. */
int64_t timekeeping_of_tick(uint32_t tick);
/* Ticks until it is `utc_ns`, at most a minute ahead. */
int32_t timekeeping_ticks_until(int64_t utc_ns);
int32_t timekeeping_local_offset_s(int64_t utc_s);
bool timekeeping_is_summer(int64_t utc_s);
const struct time_zone *timekeeping_zone(void);
/* What is still to be slewed in. */
int64_t timekeeping_shift_left_ns(void);

/* From the shell, with work held. */
void timekeeping_set(int64_t utc_ns);
/* False for more than SHIFT_LIMIT_NS or while the clock is not valid. */
bool timekeeping_shift(int64_t ns);
bool timekeeping_trim(int32_t ppb);
void timekeeping_set_zone(const struct time_zone *zone);

#endif
