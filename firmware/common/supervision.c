#include "supervision.h"

#include "demand.h"
#include "event_log.h"
#include "intervals.h"
#include "nonvolatile.h"
#include "profile.h"
#include "registers_kept.h"
#include "second_output.h"
#include "steering.h"
#include "storage.h"
#include "timebase.h"
#include "timekeeping.h"
#include "voltage_events.h"
#include "watched_inputs.h"
#include "window.h"

/* A phase is lost below half of the highest voltage, while that one is a mains voltage at all. */
#define LOST_PART 0.5
#define LEAST_MAINS_V 40.0

volatile uint32_t meter_supply_failing;
volatile uint32_t meter_supply_failures;
volatile uint32_t meter_cover_open;
volatile uint32_t meter_phase_lost[PHASES];

static uint32_t known_windows, kept_sequence;

void supervision_start(void)
{
    bool sound = nonvolatile_start();
    event_log_start();
    int64_t last_ns = registers_restore();
    timekeeping_start(last_ns);
    demand_start();
    profile_start();
    intervals_start(last_ns);
    int64_t off_ns = timekeeping_now_ns() - last_ns;
    bool known = last_ns && meter_clock_valid && off_ns >= 0;
    event_log_add(EVENT_POWER_UP, known ? (int32_t)((off_ns + NS_PER_S / 2) / NS_PER_S) : -1);
    if (!sound || meter_storage_faults)
        event_log_add(EVENT_STORAGE_FAULT, (int32_t)meter_storage_faults);
    meter_cover_open = cover_is_open();
    second_output_start();
    watched_inputs_start();
}

static void watch_supply(void)
{
    bool failing = !supply_is_good();
    if (failing == (meter_supply_failing != 0))
        return;
    meter_supply_failing = failing;
    if (failing) {
        meter_supply_failures++;
        registers_keep();
        event_log_add(EVENT_POWER_DOWN, 0);
    } else {
        event_log_add(EVENT_POWER_UP, 0);
    }
}

/* While the supply fails each cycle may be the last. */
static void keep_each_cycle(void)
{
    if (!meter_supply_failing || meter_energy_sequence == kept_sequence)
        return;
    kept_sequence = meter_energy_sequence;
    registers_keep();
}

static void watch_cover(void)
{
    bool open = cover_is_open();
    if (open == (meter_cover_open != 0))
        return;
    meter_cover_open = open;
    event_log_add(open ? EVENT_COVER_OPENED : EVENT_COVER_CLOSED, 0);
}

static void watch_phases(void)
{
    double highest = 0.0;
    if (meter_window_count == known_windows)
        return;
    known_windows = meter_window_count;
    for (uint32_t p = 0; p < PHASES; p++)
        if (meter_voltage_v[p] > highest)
            highest = meter_voltage_v[p];
    for (uint32_t p = 0; p < PHASES; p++) {
        bool lost = highest >= LEAST_MAINS_V && meter_voltage_v[p] < LOST_PART * highest;
        if (lost)
            intervals_flag(INTERVAL_PHASE_LOST);
        if (lost == (meter_phase_lost[p] != 0))
            continue;
        meter_phase_lost[p] = lost;
        event_log_add(lost ? EVENT_PHASE_LOST : EVENT_PHASE_BACK, (int32_t)p + 1);
    }
}

/* Dips, swells and interruptions are events of the meter, with their duration in ms; lost phases are noted above. */
void voltage_event_over(uint32_t number)
{
    uint32_t at = number % EVENT_RING;
    if (meter_event_kind[at] != EVENT_PHASE_LOSS)
        event_log_add((uint16_t)(EVENT_POWER_QUALITY + meter_event_kind[at]),
                      (int32_t)(meter_event_duration_ticks[at] / TICKS_PER_MS));
}

void supervision_work(void)
{
    if (watched_inputs_changed()) {
        watch_supply();
        watch_cover();
    }
    keep_each_cycle();
    if (!timekeeping_work())
        return;
    intervals_work();
    watch_phases();
    registers_keep();
}
