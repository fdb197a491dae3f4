#include "calendar.h"

#define DAY_S 86400
#define LAST_WEEK 5u

const struct dst_rule dst_european_union = {
    .begin = {.month = 3, .week = LAST_WEEK, .weekday = 0, .second_of_day = 3600},
    .end = {.month = 10, .week = LAST_WEEK, .weekday = 0, .second_of_day = 3600},
    .in_utc = true,
    .saving_s = 3600,
};

static bool is_leap(int32_t year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static uint32_t days_in(int32_t year, uint32_t month)
{
    static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return days[month - 1u] + (month == 2u && is_leap(year));
}

/* Days from 1970-01-01 to the first of January. */
static int64_t days_to_year(int32_t year)
{
    int32_t past = year - 1;
    return 365LL * (year - 1970) + (past / 4 - 1969 / 4) - (past / 100 - 1969 / 100) + (past / 400 - 1969 / 400);
}

static int64_t days_to(int32_t year, uint32_t month, uint32_t day)
{
    int64_t days = days_to_year(year) + day - 1;
    for (uint32_t before = 1; before < month; before++)
        days += days_in(year, before);
    return days;
}

/* 1970-01-01 was a Thursday. */
static uint32_t weekday_of(int64_t days)
{
    return (uint32_t)((days + 4) % 7);
}

int64_t calendar_to_seconds(const struct calendar *calendar)
{
    return days_to(calendar->year, calendar->month, calendar->day) * DAY_S + calendar->hour * 3600 +
           calendar->minute * 60 + calendar->second;
}

void calendar_from_seconds(int64_t seconds, struct calendar *calendar)
{
    int64_t days = seconds / DAY_S;
    int32_t rest = (int32_t)(seconds % DAY_S);
    int32_t year = 1970 + (int32_t)(days / 365);
    while (days_to_year(year) > days)
        year--;
    uint32_t day = (uint32_t)(days - days_to_year(year)), month = 1;
    for (; day >= days_in(year, month); month++)
        day -= days_in(year, month);
    *calendar = (struct calendar){
        .year = year,
        .month = (uint8_t)month,
        .day = (uint8_t)(day + 1u),
        .hour = (uint8_t)(rest / 3600),
        .minute = (uint8_t)(rest / 60 % 60),
        .second = (uint8_t)(rest % 60),
        .weekday = (uint8_t)weekday_of(days),
    };
}

bool calendar_valid(const struct calendar *calendar)
{
    return calendar->year >= 1970 && calendar->year <= 9999 && calendar->month >= 1 && calendar->month <= 12 &&
           calendar->day >= 1 && calendar->day <= days_in(calendar->year, calendar->month) && calendar->hour < 24 &&
           calendar->minute < 60 && calendar->second < 60;
}

int64_t calendar_change(int32_t year, const struct dst_change *change)
{
    uint32_t length = days_in(year, change->month);
    int64_t first = days_to(year, change->month, 1);
    uint32_t day = (change->weekday + 7u - weekday_of(first)) % 7u + 7u * (change->week - 1u);
    while (day >= length)
        day -= 7u;
    return (first + day) * DAY_S + change->second_of_day;
}

bool calendar_is_summer(int64_t utc, int32_t standard_offset_s, const struct dst_rule *rule)
{
    if (!rule->saving_s)
        return false;
    int64_t seconds = rule->in_utc ? utc : utc + standard_offset_s;
    struct calendar now;
    calendar_from_seconds(seconds, &now);
    int64_t begin = calendar_change(now.year, &rule->begin), end = calendar_change(now.year, &rule->end);
    if (begin < end)
        return begin <= seconds && seconds < end;
    return begin <= seconds || seconds < end;
}
