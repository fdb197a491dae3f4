#include "voltage_events.h"

#include "power_quality.h"

#ifdef SEEDED_WITHOUT_HYSTERESIS
/* A defect on purpose, for the suite that has to find it: an event ends at its own threshold. */
#define HYSTERESIS_V 0.0f
#else
#define HYSTERESIS_V (HYSTERESIS_PERCENT / 100.0f * DECLARED_V)
#endif
#define DIP_V (DIP_PERCENT / 100.0f * DECLARED_V)
#define SWELL_V (SWELL_PERCENT / 100.0f * DECLARED_V)
#define INTERRUPTION_V (INTERRUPTION_PERCENT / 100.0f * DECLARED_V)

const float meter_event_thresholds_percent[4] = {DIP_PERCENT, SWELL_PERCENT, INTERRUPTION_PERCENT, HYSTERESIS_PERCENT};
volatile uint32_t meter_voltage_event_count;
volatile uint32_t meter_events_running;
volatile uint32_t meter_event_kind[EVENT_RING];
volatile uint32_t meter_event_phase[EVENT_RING];
volatile uint64_t meter_event_start_tick[EVENT_RING];
volatile uint64_t meter_event_duration_ticks[EVENT_RING];
volatile float meter_event_extreme_v[EVENT_RING];
volatile uint32_t meter_event_sequence;

static float last_v[PHASES];
static bool known[PHASES];
static struct note {
    bool any;
    float volts;
    uint64_t start_tick, end_tick;
} notes[PHASES];
/* Events that go on, by kind. */
static struct running {
    uint32_t phase;
    float extreme_v;
    uint64_t start_tick;
} running[EVENT_KINDS + 1];

void voltage_events_init(void)
{
    for (uint32_t p = 0; p < PHASES; p++) {
        known[p] = false;
        notes[p].any = false;
    }
    meter_events_running = meter_voltage_event_count = 0;
}

__attribute__((weak)) void voltage_event_over(uint32_t number)
{
    (void)number;
}

static bool runs(enum voltage_event kind)
{
    return meter_events_running & 1u << (kind - 1);
}

static void begin(enum voltage_event kind, uint32_t phase, float volts, uint64_t tick)
{
    running[kind] = (struct running){phase, volts, tick};
    meter_events_running |= 1u << (kind - 1);
}

static void end(enum voltage_event kind, uint64_t tick)
{
    uint32_t at = meter_voltage_event_count % EVENT_RING;
    meter_event_sequence++;
    meter_event_kind[at] = kind;
    meter_event_phase[at] = running[kind].phase + 1u;
    meter_event_start_tick[at] = running[kind].start_tick;
    meter_event_duration_ticks[at] = tick - running[kind].start_tick;
    meter_event_extreme_v[at] = running[kind].extreme_v;
    meter_voltage_event_count++;
    meter_events_running &= ~(1u << (kind - 1));
    meter_event_sequence++;
    voltage_event_over(meter_voltage_event_count - 1u);
}

static void follow(enum voltage_event kind, bool begins, bool ends, uint32_t phase, float volts, uint64_t tick)
{
    if (!runs(kind)) {
        if (!begins)
            return;
        begin(kind, phase, volts, tick);
    } else if (ends) {
        end(kind, tick);
        return;
    }
    float extreme_v = running[kind].extreme_v;
    if (kind == EVENT_SWELL ? volts > extreme_v : volts < extreme_v) {
        running[kind].extreme_v = volts;
        running[kind].phase = phase;
    }
}

static void judge(uint32_t phase, float volts, uint64_t tick)
{
    last_v[phase] = volts;
    known[phase] = true;
    uint32_t lowest = phase, highest = phase;
    for (uint32_t p = 0; p < PHASES; p++) {
        if (!known[p])
            return;
        lowest = last_v[p] < last_v[lowest] ? p : lowest;
        highest = last_v[p] > last_v[highest] ? p : highest;
    }
    float low = last_v[lowest], high = last_v[highest];
    follow(EVENT_DIP, low < DIP_V, low >= DIP_V + HYSTERESIS_V, lowest, low, tick);
    follow(EVENT_SWELL, high > SWELL_V, high <= SWELL_V - HYSTERESIS_V, highest, high, tick);
    follow(EVENT_INTERRUPTION, high < INTERRUPTION_V, high >= INTERRUPTION_V + HYSTERESIS_V, lowest, low, tick);
}

void voltage_events_note(uint32_t phase, float volts, uint64_t start_tick, uint64_t end_tick)
{
    notes[phase] = (struct note){true, volts, start_tick, end_tick};
}

void voltage_events_judge(void)
{
    for (;;) {
        uint32_t first = PHASES;
        for (uint32_t p = 0; p < PHASES; p++)
            if (notes[p].any && (first == PHASES || notes[p].end_tick < notes[first].end_tick))
                first = p;
        if (first == PHASES)
            return;
        notes[first].any = false;
        judge(first, notes[first].volts, notes[first].start_tick);
    }
}

void voltage_events_state(enum voltage_event kind, bool there, uint32_t phase, float extreme_v, uint64_t tick)
{
    follow(kind, there, !there, phase, extreme_v, tick);
}

const char *voltage_event_name(enum voltage_event kind)
{
    static const char *const names[] = {"none", "dip", "swell", "interruption", "phase_loss", "reversed_sequence"};
    return names[kind];
}
