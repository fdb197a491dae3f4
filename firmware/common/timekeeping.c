#include "timekeeping.h"

#include "event_log.h"
#include "intervals.h"
#include "rtc.h"
#include "second_output.h"
#include "seeded_bugs.h"
#include "storage.h"
#include "timebase.h"

/* 24 MHz: a tick is 125/3 ns. */
#define NS_OF_TICKS(ticks) ((int64_t)(ticks) * 125 / 3)
#define TICKS_OF_NS(ns) ((ns) * 3 / 125)
_Static_assert(TICKS_PER_MS == 24000u, "ticks");

volatile uint32_t meter_clock_sequence;
volatile int64_t meter_clock_utc_ns;
volatile uint32_t meter_clock_tick;
volatile int32_t meter_clock_local_offset_s;
volatile uint32_t meter_clock_valid;
volatile int32_t meter_clock_trim_ppb;

/* What is kept. */
struct clock_record {
    struct steering steering;
    struct time_zone zone;
    int32_t known_offset_s; /* local time before UTC, as the event log knows it */
    uint32_t valid;
};

/* Two of each: the one in use is never written, so that interrupts and PendSV see a whole one. */
static struct clock_record clocks[2];
static volatile uint32_t clock_in_use;
static struct latch {
    uint64_t count;
    uint32_t tick;
} latches[2];
static volatile uint32_t latch_in_use;
static volatile bool latched;

static const struct clock_record *clock(void)
{
    return &clocks[clock_in_use];
}

static const struct latch *latch(void)
{
    return &latches[latch_in_use];
}

static void use(struct clock_record changed)
{
    uint32_t other = 1u - clock_in_use;
    clocks[other] = changed;
    clock_in_use = other;
    meter_clock_valid = changed.valid;
    meter_clock_trim_ppb = changed.steering.trim_ppb;
    storage_save(RECORD_CLOCK, &changed, sizeof changed);
}

void timekeeping_latch(uint64_t count, uint32_t tick)
{
    uint32_t other = 1u - latch_in_use;
    latches[other] = (struct latch){count, tick};
    latch_in_use = other;
    latched = true;
}

int64_t timekeeping_of_tick(uint32_t tick)
{
    const struct latch *at = latch();
    return steering_ns(&clock()->steering, at->count, NS_OF_TICKS((int32_t)(tick - at->tick)));
}

int64_t timekeeping_now_ns(void)
{
    return timekeeping_of_tick(timebase_now());
}

int32_t timekeeping_ticks_until(int64_t utc_ns)
{
    int64_t ns = utc_ns - timekeeping_now_ns(), left = timekeeping_shift_left_ns();
    if (left > 0)
        ns = ns * SLEW_PARTS / (SLEW_PARTS + 1);
    else if (left < 0)
        ns = ns * SLEW_PARTS / (SLEW_PARTS - 1);
    return (int32_t)TICKS_OF_NS(ns);
}

bool timekeeping_is_summer(int64_t utc_s)
{
    return calendar_is_summer(utc_s, clock()->zone.standard_offset_s, &clock()->zone.dst);
}

int32_t timekeeping_local_offset_s(int64_t utc_s)
{
    return clock()->zone.standard_offset_s + (timekeeping_is_summer(utc_s) ? clock()->zone.dst.saving_s : 0);
}

const struct time_zone *timekeeping_zone(void)
{
    return &clock()->zone;
}

int64_t timekeeping_shift_left_ns(void)
{
    return steering_left_ns(&clock()->steering, latch()->count);
}

static void publish(void)
{
    uint32_t tick = timebase_now();
    meter_clock_sequence++;
    meter_clock_tick = tick;
    meter_clock_utc_ns = timekeeping_of_tick(tick);
    meter_clock_local_offset_s = timekeeping_local_offset_s(meter_clock_utc_ns / NS_PER_S);
    meter_clock_sequence++;
}

void timekeeping_start(int64_t last_ns)
{
    struct clock_record kept = {.zone = {.standard_offset_s = 3600, .dst = dst_european_union}, .known_offset_s = 3600};
    bool loaded = storage_load(RECORD_CLOCK, &kept, sizeof kept);
    uint32_t session = rtc_session();
    bool battery = rtc_start() && loaded && kept.steering.session == session;
    timekeeping_latch(rtc_count(), timebase_now());
    bool was_valid = kept.valid;
    if (!battery) {
        kept.steering.anchor_count = latch()->count;
        kept.steering.shift_ns = 0;
        kept.steering.session++;
        if (!loaded)
            kept.steering.anchor_ns = FIRST_TIME_S * NS_PER_S;
        if (kept.steering.anchor_ns < last_ns)
            kept.steering.anchor_ns = last_ns;
        kept.valid = false;
        rtc_set_session(kept.steering.session);
    }
    use(kept);
    if (was_valid && !battery)
        event_log_add(EVENT_CLOCK_LOST, 0);
    publish();
}

/* The event of a change belongs to its own second, also when it was missed without power. */
static void note_summer_time(void)
{
    int64_t now_s = meter_clock_utc_ns / NS_PER_S;
    int32_t offset_s = timekeeping_local_offset_s(now_s);
    if (offset_s == clock()->known_offset_s || !meter_clock_valid)
        return;
    struct clock_record changed = *clock();
    changed.known_offset_s = offset_s;
    use(changed);
    if (!SEEDED_TIME_BUGS)
        event_log_add_at(EVENT_DST, offset_s, now_s * NS_PER_S);
}

bool timekeeping_work(void)
{
    if (!latched)
        return false;
    latched = false;
    publish();
    if (timekeeping_shift_left_ns())
        intervals_flag(INTERVAL_SHIFTED);
    note_summer_time();
    return true;
}

static int32_t clamped(int64_t value)
{
    if (value > INT32_MAX)
        return INT32_MAX;
    return value < INT32_MIN ? INT32_MIN : (int32_t)value;
}

void timekeeping_set(int64_t utc_ns)
{
    uint32_t tick = timebase_now();
    int64_t old_ns = timekeeping_of_tick(tick);
    struct clock_record changed = *clock();
    int32_t seconds = clamped((utc_ns - old_ns) / NS_PER_S);
    changed.steering = steering_anchored(&changed.steering, latch()->count);
    changed.steering.anchor_ns += utc_ns - old_ns;
    changed.steering.shift_ns = 0;
    changed.valid = true;
    /* What summer time does at the new date is no event of its own. */
    changed.known_offset_s = timekeeping_local_offset_s(utc_ns / NS_PER_S);
    intervals_clock_set(tick, old_ns, utc_ns);
    event_log_add_at(EVENT_CLOCK_OLD, seconds, old_ns);
    use(changed);
    event_log_add_at(EVENT_CLOCK_NEW, seconds, utc_ns);
    publish();
    second_output_restart();
}

bool timekeeping_shift(int64_t ns)
{
    if (ns > SHIFT_LIMIT_NS || ns < -SHIFT_LIMIT_NS || !meter_clock_valid)
        return false;
    struct clock_record changed = *clock();
    changed.steering = steering_anchored(&changed.steering, latch()->count);
    changed.steering.shift_ns += ns;
    event_log_add(EVENT_CLOCK_SHIFT, clamped(ns / 1000000));
    use(changed);
    intervals_flag(INTERVAL_SHIFTED);
    second_output_restart();
    return true;
}

bool timekeeping_trim(int32_t ppb)
{
    if (ppb > TRIM_LIMIT_PPB || ppb < -TRIM_LIMIT_PPB)
        return false;
    struct clock_record changed = *clock();
    changed.steering = steering_anchored(&changed.steering, latch()->count);
    changed.steering.trim_ppb = ppb;
    use(changed);
    event_log_add(EVENT_CLOCK_CALIBRATED, ppb);
    return true;
}

void timekeeping_set_zone(const struct time_zone *zone)
{
    struct clock_record changed = *clock();
    changed.zone = *zone;
    use(changed);
    /* A new zone is no change of summer time. */
    changed.known_offset_s = timekeeping_local_offset_s(timekeeping_now_ns() / NS_PER_S);
    use(changed);
    publish();
}
