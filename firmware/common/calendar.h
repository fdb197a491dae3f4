/* Calendar arithmetic: seconds since 1970-01-01 UTC, dates of the Gregorian calendar, and rules for summer time. */
#ifndef CALENDAR_H
#define CALENDAR_H

#include <stdbool.h>
#include <stdint.h>

struct calendar {
    int32_t year;
    uint8_t month, day, hour, minute, second; /* month and day from 1 */
    uint8_t weekday;                          /* 0 is Sunday; only given, never asked for */
};

/* When a change happens in each year: the `week`th `weekday` of `month` (5: the last one), `second_of_day` after
 * midnight. */
struct dst_change {
    uint8_t month, week, weekday;
    int32_t second_of_day;
};

struct dst_rule {
    struct dst_change begin, end;
    bool in_utc;      /* times of the changes are in UTC, else in standard time */
    int32_t saving_s; /* by which summer time is ahead; 0 for none */
};

/* European Union: last Sunday of March to last Sunday of October, 01:00 UTC (directive 2000/84/EC). */
extern const struct dst_rule dst_european_union;

/* Seconds since 1970 of a date and time, and back; years 1970 to 9999. */
int64_t calendar_to_seconds(const struct calendar *calendar);
void calendar_from_seconds(int64_t seconds, struct calendar *calendar);
/* Whether date and time exist. */
bool calendar_valid(const struct calendar *calendar);
/* Seconds since 1970, in the time base of the rule, of a change in `year`. */
int64_t calendar_change(int32_t year, const struct dst_change *change);
bool calendar_is_summer(int64_t utc, int32_t standard_offset_s, const struct dst_rule *rule);

#endif
