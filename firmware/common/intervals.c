#include "intervals.h"

#include "acquisition.h"
#include "demand.h"
#include "event_log.h"
#include "profile.h"
#include "registers_kept.h"
#include "seeded_bugs.h"
#include "storage.h"
#include "timebase.h"
#include "timekeeping.h"

#define DEFAULT_PERIOD_S 900u
/* Cycles come in later than this only while samples do not. */
#define SILENCE_NS (NS_PER_S / 2)
#define QUIET_MS 1500u
#define QUIET_NS (QUIET_MS * 1000000LL)
#define MARGIN_NS (NS_PER_S / 10)

static struct interval intervals[INTERVAL_USES];
static struct energies booked;  /* at the end of the last cycle */
static uint32_t booked_tick;
static bool started;
/* A setting of the clock that no cycle has reached yet. */
static struct {
    bool waits;
    uint32_t tick;
    int64_t old_ns, new_ns;
} setting;
static uint32_t known_lost;
/* Until this tick no boundary comes: most cycles need not ask what time it is. */
static bool quiet;
static uint32_t quiet_until;

struct energies intervals_energies(void)
{
    struct energies now = {{meter_energy_active_import_nwh[0], meter_energy_active_export_nwh[0]}};
    for (uint32_t q = 0; q < QUADRANTS; q++)
        now.value[2u + q] = energy_quadrants[q][0];
    return now;
}

static void save(void)
{
    storage_save(RECORD_INTERVALS, intervals, sizeof intervals);
}

static int64_t next_boundary(int64_t ns, uint32_t period_s)
{
    int64_t offset_s = timekeeping_zone()->standard_offset_s, local_s = ns / NS_PER_S + offset_s;
    return ((local_s / period_s + 1) * period_s - offset_s) * NS_PER_S;
}

static void begin(enum interval_use use, int64_t at_ns, struct energies at, uint32_t flags)
{
    struct interval *interval = &intervals[use];
    interval->start_ns = at_ns;
    interval->end_ns = next_boundary(at_ns, interval->period_s);
    interval->at_start = at;
    interval->flags = flags | (meter_clock_valid ? 0u : INTERVAL_CLOCK_INVALID);
    quiet = false;
}

static void end(enum interval_use use, int64_t at_ns, struct energies at, uint32_t flags)
{
    struct interval *interval = &intervals[use];
    interval->flags |= flags;
    if (timekeeping_is_summer(at_ns / NS_PER_S))
        interval->flags |= INTERVAL_SUMMER;
    struct ended ended = {at_ns, at, interval};
    if (use == INTERVAL_PROFILE)
        profile_ended(&ended);
    else
        demand_ended(&ended);
}

/* Registers where `past` of `span` ticks of the present cycle are over. */
static struct energies within(struct energies now, int64_t past, int64_t span)
{
    if (past >= span)
        return now;
    if (past < 0)
        past = 0;
    for (uint32_t i = 0; i < ENERGIES; i++)
        now.value[i] = booked.value[i] + (now.value[i] - booked.value[i]) * past / span;
    return now;
}

/* End every period whose boundary has come by `now_ns`, the time of the tick `span_ns` after the last cycle's end. */
static bool pass_boundaries(struct energies now, int64_t now_ns, int64_t span_ns)
{
    bool any = false;
    /* Before any record, whose registers must not be ahead of the kept ones if the power fails between the two. */
    if (intervals[0].end_ns <= now_ns || intervals[1].end_ns <= now_ns)
        registers_keep();
    for (uint32_t use = 0; use < INTERVAL_USES; use++) {
        struct interval *interval = &intervals[use];
        while (interval->end_ns <= now_ns) {
            int64_t boundary_ns = interval->end_ns;
            /* More than one boundary at a time: nothing was measured over a whole period. */
            bool leap = boundary_ns + (int64_t)interval->period_s * NS_PER_S <= now_ns;
            struct energies at = within(now, span_ns - (now_ns - boundary_ns), span_ns);
            end(use, boundary_ns, at, leap ? INTERVAL_INCOMPLETE : 0u);
            begin(use, leap ? now_ns : boundary_ns, at, leap ? INTERVAL_INCOMPLETE : 0u);
            any = true;
        }
    }
    return any;
}

static void cut(uint32_t use, int64_t old_ns, int64_t new_ns, struct energies at, uint32_t flags)
{
    end(use, old_ns, at, flags | INTERVAL_INCOMPLETE);
    begin(use, new_ns, at, flags | INTERVAL_INCOMPLETE);
}

/* Go on from the last cycle's end to `tick`; the registers are now what `now` says. */
static void advance(struct energies now, uint32_t tick)
{
    int64_t span_ticks = (int32_t)(tick - booked_tick);
    bool any = false;
    if (setting.waits && (int32_t)(tick - setting.tick) < 0) {
        /* Before the setting: by the old time. */
        int64_t now_ns = setting.old_ns + timekeeping_of_tick(tick) - setting.new_ns;
        any = pass_boundaries(now, now_ns, span_ticks * 125 / 3);
    } else {
        if (setting.waits) {
            int64_t past = (int32_t)(setting.tick - booked_tick);
            struct energies at = within(now, past, span_ticks);
            pass_boundaries(at, setting.old_ns, past * 125 / 3);
            setting.waits = false;
            registers_keep();
            for (uint32_t use = 0; use < INTERVAL_USES; use++)
                if (!SEEDED_TIME_BUGS || use == INTERVAL_PROFILE)
                    cut(use, setting.old_ns, setting.new_ns, at, INTERVAL_CLOCK_SET);
                else
                    intervals[use].end_ns = next_boundary(setting.new_ns, intervals[use].period_s);
            booked = at;
            span_ticks -= past > 0 ? past : 0;
            any = true;
        }
        any |= pass_boundaries(now, timekeeping_of_tick(tick), span_ticks * 125 / 3);
    }
    booked = now;
    booked_tick = tick;
    if (any)
        save();
}

/* Each second: how long it is quiet from `tick` on. A second is longer than the next one of these is away, and what
 * is slewed or trimmed in it is far less than the margin. */
static void look_ahead(uint32_t tick)
{
    int64_t left_ns = (intervals[0].end_ns < intervals[1].end_ns ? intervals[0].end_ns : intervals[1].end_ns) -
                      timekeeping_of_tick(tick);
    quiet = !setting.waits && left_ns > QUIET_NS + MARGIN_NS;
    quiet_until = tick + QUIET_MS * TICKS_PER_MS;
}

void intervals_cycle(const struct cycle *cycle)
{
    if (!started)
        return;
    if (meter_buffers_lost != known_lost) {
        known_lost = meter_buffers_lost;
        intervals_flag(INTERVAL_DATA_LOST);
    }
    if (quiet && !setting.waits && (int32_t)(cycle->end_tick - quiet_until) < 0) {
        booked = intervals_energies();
        booked_tick = cycle->end_tick;
        return;
    }
    advance(intervals_energies(), cycle->end_tick);
}

void intervals_work(void)
{
    uint32_t tick = timebase_now();
    if ((int64_t)(int32_t)(tick - booked_tick) * 125 / 3 > SILENCE_NS)
        advance(intervals_energies(), tick);
    look_ahead(tick);
}

void intervals_clock_set(uint32_t tick, int64_t old_ns, int64_t new_ns)
{
    if (setting.waits) {
        /* Two settings within a cycle count as one. */
        old_ns = setting.old_ns + (old_ns - setting.new_ns);
    }
    setting.waits = true;
    quiet = false;
    setting.tick = tick;
    setting.old_ns = old_ns;
    setting.new_ns = new_ns;
}

void intervals_flag(uint32_t flags)
{
    bool changed = false;
    for (uint32_t use = 0; use < INTERVAL_USES; use++) {
        changed |= (intervals[use].flags & flags) != flags;
        intervals[use].flags |= flags;
    }
    if (changed && started)
        save();
}

bool intervals_set_period(enum interval_use use, uint32_t period_s)
{
    if (period_s == 0 || period_s % 60u || 86400u % period_s)
        return false;
    int64_t now_ns = timekeeping_now_ns();
    struct energies now = intervals_energies();
    registers_keep();
    end(use, now_ns, now, INTERVAL_INCOMPLETE | INTERVAL_CHANGED);
    intervals[use].period_s = period_s;
    begin(use, now_ns, now, INTERVAL_INCOMPLETE | INTERVAL_CHANGED);
    save();
    event_log_add(EVENT_PERIOD_CHANGED, (int32_t)period_s);
    return true;
}

const struct interval *intervals_running(enum interval_use use)
{
    return &intervals[use];
}

void intervals_start(int64_t last_ns)
{
    int64_t now_ns = timekeeping_now_ns();
    booked = intervals_energies();
    booked_tick = timebase_now();
    known_lost = meter_buffers_lost;
    setting.waits = false;
    bool kept = storage_load(RECORD_INTERVALS, intervals, sizeof intervals);
    for (uint32_t use = 0; use < INTERVAL_USES; use++) {
        struct interval *interval = &intervals[use];
        if (!kept) {
            interval->period_s = DEFAULT_PERIOD_S;
            begin(use, now_ns, booked, INTERVAL_INCOMPLETE);
        } else if (interval->start_ns <= now_ns && now_ns < interval->end_ns) {
            interval->flags |= INTERVAL_POWER_FAIL | INTERVAL_INCOMPLETE;
            interval->flags |= meter_clock_valid ? 0u : INTERVAL_CLOCK_INVALID;
        } else if (use == INTERVAL_PROFILE ? meter_profile_last_utc_s * NS_PER_S == interval->end_ns
                                           : meter_demand_last_utc_s * NS_PER_S == interval->end_ns) {
            /* The power failed just after this period was recorded. */
            begin(use, now_ns, booked, INTERVAL_POWER_FAIL | INTERVAL_INCOMPLETE);
        } else {
            /* The registers stood still from the failure on, so they were at the boundary what they are now. */
            int64_t at_ns = interval->end_ns <= now_ns ? interval->end_ns : last_ns;
            end(use, at_ns, booked, INTERVAL_POWER_FAIL | INTERVAL_INCOMPLETE);
            begin(use, now_ns, booked, INTERVAL_POWER_FAIL | INTERVAL_INCOMPLETE);
        }
    }
    started = true;
    save();
}
