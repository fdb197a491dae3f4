#include "demand.h"

#include "event_log.h"
#include "steering.h"
#include "storage.h"
#include "timekeeping.h"

#define SECONDS_PER_HOUR 3600.0

volatile uint32_t meter_demand_sequence;
volatile double meter_demand_last[DEMANDS];
volatile double meter_demand_max[DEMANDS];
volatile int64_t meter_demand_max_utc_s[DEMANDS];
volatile int64_t meter_demand_last_utc_s;
volatile uint32_t meter_demand_last_flags;
volatile uint32_t meter_demand_periods;
volatile uint32_t meter_demand_resets;
volatile int64_t meter_demand_reset_utc_s;
volatile uint32_t meter_demand_period_s;
volatile uint32_t meter_demand_parts;

/* All that is kept. */
static struct {
    int64_t parts[DEMAND_PARTS][DEMANDS]; /* energies of the last sub-intervals in nano units, the newest last */
    double last[DEMANDS], max[DEMANDS];
    int64_t max_utc_s[DEMANDS], last_utc_s, reset_utc_s;
    uint32_t filled, part_count, period_s, periods, resets, last_flags;
} state;
_Static_assert(sizeof state <= STORAGE_RECORD_BYTES, "demand");

static void publish(void)
{
    meter_demand_sequence++;
    for (uint32_t i = 0; i < DEMANDS; i++) {
        meter_demand_last[i] = state.last[i];
        meter_demand_max[i] = state.max[i];
        meter_demand_max_utc_s[i] = state.max_utc_s[i];
    }
    meter_demand_last_utc_s = state.last_utc_s;
    meter_demand_last_flags = state.last_flags;
    meter_demand_periods = state.periods;
    meter_demand_resets = state.resets;
    meter_demand_reset_utc_s = state.reset_utc_s;
    meter_demand_period_s = state.period_s;
    meter_demand_parts = state.part_count;
    meter_demand_sequence++;
}

static void save(void)
{
    publish();
    storage_save(RECORD_DEMAND, &state, sizeof state);
}

void demand_start(void)
{
    if (!storage_load(RECORD_DEMAND, &state, sizeof state)) {
        state.part_count = 1u;
        state.period_s = 900u;
    }
    publish();
}

static void differences(const struct energies *from, const struct energies *to, int64_t difference[DEMANDS])
{
    int64_t each[ENERGIES];
    for (uint32_t i = 0; i < ENERGIES; i++)
        each[i] = to->value[i] - from->value[i];
    difference[0] = each[0];
    difference[1] = each[1];
    difference[2] = each[2] + each[3];
    difference[3] = each[4] + each[5];
}

static double mean_power(int64_t nano_units)
{
    return (double)nano_units * 1e-9 * SECONDS_PER_HOUR / (double)state.period_s;
}

static void push(const int64_t part[DEMANDS])
{
    for (uint32_t n = 1; n < DEMAND_PARTS; n++)
        for (uint32_t i = 0; i < DEMANDS; i++)
            state.parts[n - 1u][i] = state.parts[n][i];
    for (uint32_t i = 0; i < DEMANDS; i++)
        state.parts[DEMAND_PARTS - 1u][i] = part[i];
    if (state.filled < state.part_count)
        state.filled++;
}

void demand_ended(const struct ended *ended)
{
    int64_t part[DEMANDS], seconds = (ended->at_ns + NS_PER_S / 2) / NS_PER_S;
    differences(&ended->interval->at_start, &ended->at, part);
    push(part);
    for (uint32_t i = 0; i < DEMANDS; i++) {
        int64_t sum = 0;
        for (uint32_t n = DEMAND_PARTS - state.filled; n < DEMAND_PARTS; n++)
            sum += state.parts[n][i];
        state.last[i] = mean_power(sum);
        if (state.last[i] > state.max[i]) {
            state.max[i] = state.last[i];
            state.max_utc_s[i] = seconds;
        }
    }
    state.last_utc_s = seconds;
    state.last_flags = ended->interval->flags;
    state.periods++;
    /* What lies before a setting of the clock does not slide on behind it. */
    if (ended->interval->flags & (INTERVAL_CLOCK_SET | INTERVAL_CHANGED))
        state.filled = 0;
    save();
}

void demand_running(double power[DEMANDS])
{
    struct energies now = intervals_energies();
    int64_t part[DEMANDS];
    differences(&intervals_running(INTERVAL_DEMAND)->at_start, &now, part);
    for (uint32_t i = 0; i < DEMANDS; i++) {
        int64_t sum = part[i];
        uint32_t older = state.filled < state.part_count ? state.filled : state.part_count - 1u;
        for (uint32_t n = DEMAND_PARTS - older; n < DEMAND_PARTS; n++)
            sum += state.parts[n][i];
        power[i] = mean_power(sum);
    }
}

void demand_reset(void)
{
    for (uint32_t i = 0; i < DEMANDS; i++) {
        state.max[i] = 0.0;
        state.max_utc_s[i] = 0;
    }
    state.resets++;
    state.reset_utc_s = timekeeping_now_ns() / NS_PER_S;
    save();
    event_log_add(EVENT_DEMAND_RESET, (int32_t)state.resets);
}

bool demand_configure(uint32_t period_s, uint32_t parts)
{
    if (parts == 0 || parts > DEMAND_PARTS || period_s % parts)
        return false;
    uint32_t part_s = period_s / parts;
    if (part_s == 0 || part_s % 60u || 86400u % part_s || 86400u % period_s)
        return false;
    /* The running period ends by the old length. */
    if (!intervals_set_period(INTERVAL_DEMAND, part_s))
        return false;
    state.period_s = period_s;
    state.part_count = parts;
    state.filled = 0;
    save();
    return true;
}
