#include "power_quality.h"

#include "angles.h"
#include "half_cycles.h"
#include "harmonics.h"
#include "timebase.h"
#include "voltage_events.h"
#include "window.h"

#define SAMPLES_10_S (10.0 * SAMPLES_PER_SECOND)
#define SAMPLES_10_MIN (600.0 * SAMPLES_PER_SECOND)
#define WINDOWS_PER_INTERVAL 15u
/* Mean squares of a cycle and the one before, added over the phases, that differ by less are the same. */
#define STEADY_PART 0.02
/* A step of a voltage moves the crossings that the metrology finds in its cycle and in the next two. */
#define SETTLED_CYCLES 3u
/* A phase is lost below the threshold of an interruption while another one has at least this. */
#define PRESENT_V (0.5f * DECLARED_V)
/* With a positive sequence below this there is no unbalance to speak of: without voltage, or with it reversed. */
#define LEAST_POSITIVE_V (0.01f * DECLARED_V)

volatile uint32_t meter_quality_sequence;
volatile float meter_unbalance_percent[2];
volatile uint32_t meter_phase_sequence;
volatile uint32_t meter_phases_lost;
volatile double meter_frequency_10s_hz;
volatile uint32_t meter_frequency_10s_count;
volatile float meter_voltage_15_windows_v[PHASES], meter_voltage_10_min_v[PHASES];
volatile uint32_t meter_voltage_15_windows_count, meter_voltage_10_min_count;
volatile uint32_t meter_voltage_15_windows_flagged, meter_voltage_10_min_flagged;

/* The samples' time, and the present interval of the frequency: whole cycles in it. */
static double now_samples, frequency_end, cycles_samples;
static uint32_t cycles;
static double window_samples, last_square;
static uint32_t steady_cycles;

static struct interval {
    double squares[PHASES];
    uint32_t windows;
    bool flagged;
} short_interval, long_interval;
static double long_end;
static uint32_t events_seen;

void power_quality_init(void)
{
    now_samples = cycles_samples = window_samples = 0.0;
    frequency_end = SAMPLES_10_S;
    long_end = SAMPLES_10_MIN;
    cycles = events_seen = steady_cycles = 0;
    last_square = 0.0;
    short_interval = long_interval = (struct interval){0};
    half_cycles_init();
    voltage_events_init();
    harmonics_init();
}

void power_quality_samples(const uint32_t *samples, uint32_t count, uint32_t end_tick)
{
    half_cycles_process(samples, count, end_tick);
    harmonics_take(samples, count);
}

void power_quality_gap(void)
{
    window_samples = 0.0;
    half_cycles_gap();
    harmonics_gap();
}

static void note_steadiness(const struct cycle *cycle)
{
    double square = 0.0;
    for (uint32_t p = 0; p < PHASES; p++)
        square += cycle->voltage_squared[p];
    square /= cycle->samples;
    double difference = square - last_square;
    last_square = square;
    if (difference > STEADY_PART * square || difference < -STEADY_PART * square)
        steady_cycles = 0;
    else
        steady_cycles++;
}

uint32_t power_quality_steady_cycles(void)
{
    return steady_cycles;
}

void power_quality_cycle(const struct cycle *cycle)
{
    double start = now_samples;
    now_samples += cycle->samples;
    window_samples += cycle->samples;
    note_steadiness(cycle);
    if (cycle->synchronous) {
        if (steady_cycles >= SETTLED_CYCLES)
            half_cycles_period(cycle->samples);
        if (start >= frequency_end - SAMPLES_10_S && now_samples <= frequency_end) {
            cycles++;
            cycles_samples += cycle->samples;
        }
    }
    if (now_samples < frequency_end)
        return;
    meter_quality_sequence++;
    meter_frequency_10s_hz = cycles ? cycles * SAMPLES_PER_SECOND / cycles_samples : 0.0;
    meter_frequency_10s_count++;
    meter_quality_sequence++;
    frequency_end += SAMPLES_10_S;
    cycles = 0;
    cycles_samples = 0.0;
}

/* Three times a symmetrical component: phase p turned by p times `turns`. */
static float component(const struct fundamental fundamentals[PHASES], float turns)
{
    float real = 0.0f, imaginary = 0.0f;
    for (uint32_t p = 0; p < PHASES; p++) {
        float angle = fundamentals[p].turns + (float)p * turns;
        real += fundamentals[p].volts * sine_of_turns(angle + 0.25f);
        imaginary += fundamentals[p].volts * sine_of_turns(angle);
    }
    return __builtin_sqrtf(real * real + imaginary * imaginary);
}

static void judge_symmetry(uint64_t start_tick)
{
    struct fundamental fundamentals[PHASES];
    if (!half_cycles_take(fundamentals))
        return;
    float positive = component(fundamentals, 1.0f / 3.0f), negative = component(fundamentals, -1.0f / 3.0f);
    float zero = component(fundamentals, 0.0f);
    bool any = positive >= LEAST_POSITIVE_V * (float)PHASES;
    meter_unbalance_percent[0] = any ? 100.0f * negative / positive : 0.0f;
    meter_unbalance_percent[1] = any ? 100.0f * zero / positive : 0.0f;
    bool present = positive + negative > PRESENT_V * (float)PHASES && !meter_phases_lost;
    meter_phase_sequence = !present ? SEQUENCE_UNKNOWN : negative > positive ? SEQUENCE_REVERSED : SEQUENCE_FORWARD;
    voltage_events_state(EVENT_REVERSED_SEQUENCE, meter_phase_sequence == SEQUENCE_REVERSED, 0,
                         fundamentals[0].volts, start_tick);
}

static void judge_phases(uint64_t start_tick)
{
    float lowest_v = (float)meter_voltage_v[0], highest_v = lowest_v;
    uint32_t lowest = 0, lost = 0;
    for (uint32_t p = 0; p < PHASES; p++) {
        float volts = (float)meter_voltage_v[p];
        float limit = INTERRUPTION_PERCENT + (meter_phases_lost & 1u << p ? HYSTERESIS_PERCENT : 0.0f);
        if (volts < limit / 100.0f * DECLARED_V)
            lost |= 1u << p;
        if (volts > highest_v)
            highest_v = volts;
        if (volts < lowest_v) {
            lowest_v = volts;
            lowest = p;
        }
    }
    meter_phases_lost = highest_v >= PRESENT_V ? lost : 0u;
    voltage_events_state(EVENT_PHASE_LOSS, meter_phases_lost != 0u, lowest, lowest_v, start_tick);
}

static void add(struct interval *interval, bool flagged)
{
    for (uint32_t p = 0; p < PHASES; p++)
        interval->squares[p] += meter_voltage_v[p] * meter_voltage_v[p];
    interval->windows++;
    interval->flagged |= flagged;
}

static void publish(struct interval *interval, volatile float volts[PHASES], volatile uint32_t *count,
                    volatile uint32_t *flagged)
{
    for (uint32_t p = 0; p < PHASES; p++)
        volts[p] = (float)__builtin_sqrt(interval->squares[p] / interval->windows);
    *flagged = interval->flagged;
    (*count)++;
    *interval = (struct interval){0};
}

void power_quality_window(void)
{
    const uint32_t flagging = 1u << (EVENT_DIP - 1) | 1u << (EVENT_SWELL - 1) | 1u << (EVENT_INTERRUPTION - 1);
    uint64_t start_tick = meter_half_cycle_tick - (uint64_t)(window_samples * TICKS_PER_SAMPLE);
    meter_quality_sequence++;
    judge_phases(start_tick);
    judge_symmetry(start_tick);
    bool flagged = (meter_events_running & flagging) != 0u || meter_voltage_event_count != events_seen;
    events_seen = meter_voltage_event_count;
    add(&short_interval, flagged);
    add(&long_interval, flagged);
    bool ten_minutes = now_samples >= long_end;
    if (short_interval.windows == WINDOWS_PER_INTERVAL)
        publish(&short_interval, meter_voltage_15_windows_v, &meter_voltage_15_windows_count,
                &meter_voltage_15_windows_flagged);
    if (ten_minutes) {
        publish(&long_interval, meter_voltage_10_min_v, &meter_voltage_10_min_count, &meter_voltage_10_min_flagged);
        long_end += SAMPLES_10_MIN;
    }
    window_samples = 0.0;
    meter_quality_sequence++;
}
