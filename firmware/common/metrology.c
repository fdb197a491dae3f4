#include "metrology.h"

#include "energy.h"
#include "power_quality.h"
#include "samples.h"
#include "timebase.h"
#include "trigonometry.h"
#include "window.h"

/* A quarter of a 50 Hz period. */
#define QUARTER_SAMPLES 40u
/* Two one-pole low-pass filters at 8000 / (2 pi 32) = 40 Hz keep harmonics from making crossings of their own. */
#define FILTER_SHIFT 5
#define FILTER_SCALE 16
/* The filtered voltage must have been below this before a crossing counts: about 10 V on a 230 V meter. */
#define ARM_LEVEL (60000 * FILTER_SCALE)
/* A phase below this is no reference while another one is above. */
#define REFERENCE_V 40.0
/* Cycle lengths in samples: 65 Hz, 40 Hz, and the length that cycles are cut to while there is no crossing. */
#define SHORTEST 123u
#define LONGEST 200u
#define UNLOCKED 160u
#define ONE_SAMPLE 65536u /* lengths are in 1/65536 sample */

struct sums {
    int64_t active[PHASES], quarter[PHASES], voltage_squared[PHASES], voltage[PHASES], current_squared[CHANNELS];
};
#define SUMS_COUNT (sizeof(struct sums) / sizeof(int64_t))

static struct {
    double volts_per_code[PHASES], amperes_per_code[CHANNELS], delay_s[PHASES];
    int32_t voltage_offset[PHASES], current_offset[CHANNELS];
} scale;

static struct sums sums;
static uint64_t finished_squares[PHASES]; /* of the cycles before */
static int32_t history[QUARTER_SAMPLES][PHASES];
static uint32_t history_at;
static uint32_t reference;
static int32_t filter[2];
static bool armed, started_at_crossing;
/* A cycle that starts anywhere, at start or after a gap: its power has no meaning. */
static bool incomplete;
static uint32_t length, start_tick;

void metrology_init(const struct calibration *calibration)
{
    const double codes = 8388608.0;
    sums = (struct sums){0};
    for (uint32_t n = 0; n < QUARTER_SAMPLES; n++)
        for (uint32_t p = 0; p < PHASES; p++)
            history[n][p] = 0;
    history_at = reference = 0;
    filter[0] = filter[1] = 0;
    armed = started_at_crossing = false;
    incomplete = true;
    length = 0;
    for (uint32_t i = 0; i < CHANNELS; i++) {
        scale.amperes_per_code[i] =
            calibration->current_gain[i] * calibration->current_full_scale_v / codes / calibration->current_sensor_ohm;
        scale.current_offset[i] = calibration->current_offset[i];
    }
    for (uint32_t p = 0; p < PHASES; p++) {
        scale.volts_per_code[p] =
            calibration->voltage_gain[p] * calibration->voltage_full_scale_v / codes / calibration->divider_ratio;
        scale.delay_s[p] = calibration->current_delay_us[p] * 1e-6;
        scale.voltage_offset[p] = calibration->voltage_offset[p];
    }
}

void metrology_adjust_offset(uint32_t phase, int32_t codes)
{
    scale.voltage_offset[phase] += codes;
}

int32_t metrology_voltage_offset(uint32_t phase)
{
    return scale.voltage_offset[phase];
}

uint64_t metrology_voltage_squares(uint32_t phase)
{
    return finished_squares[phase] + (uint64_t)sums.voltage_squared[phase];
}

double metrology_volts_per_code(uint32_t phase)
{
    return scale.volts_per_code[phase];
}

double metrology_amperes_per_code(uint32_t channel)
{
    return scale.amperes_per_code[channel];
}

void metrology_gap(void)
{
    sums = (struct sums){0};
    length = 0;
    armed = started_at_crossing = false;
    incomplete = true;
    window_restart();
    power_quality_gap();
}

static inline void accumulate(struct sums *to, const uint32_t *sample)
{
    int32_t *quarter_ago = history[history_at];
    history_at = history_at + 1u == QUARTER_SAMPLES ? 0u : history_at + 1u;
    for (uint32_t p = 0; p < PHASES; p++) {
        int32_t u = sample_voltage(sample, p) - scale.voltage_offset[p];
        int32_t i = sample_current(sample, p) - scale.current_offset[p];
        to->active[p] += (int64_t)u * i;
        to->quarter[p] += (int64_t)quarter_ago[p] * i;
        to->voltage_squared[p] += (int64_t)u * u;
        to->current_squared[p] += (int64_t)i * i;
        to->voltage[p] += u;
        quarter_ago[p] = u;
    }
    int32_t neutral = sample_current(sample, PHASES) - scale.current_offset[PHASES];
    to->current_squared[PHASES] += (int64_t)neutral * neutral;
}

/* With u a quarter of 50 Hz late, mean(u(t - T) i(t)) = P cos(wT) + Q sin(wT); w is the measured one, so Q of the
 * fundamental is exact at every frequency. A late current path turns P and Q by its delay. */
static void phase_powers(struct cycle *cycle, uint32_t p, const struct sums *from, double radians_per_sample)
{
    double watts = scale.volts_per_code[p] * scale.amperes_per_code[p];
    double late = radians_per_sample * QUARTER_SAMPLES - HALF_PI;
    double active = (double)from->active[p] * watts, quarter = (double)from->quarter[p] * watts;
    double reactive = (quarter + active * small_sin(late)) / small_cos(late);
    double turn = radians_per_sample * SAMPLES_PER_SECOND * scale.delay_s[p];
    cycle->active[p] = active * small_cos(turn) + reactive * small_sin(turn);
    cycle->reactive[p] = reactive * small_cos(turn) - active * small_sin(turn);
}

/* After a cycle without a crossing: the first phase that has voltage, if the present one has none. */
static void choose_reference(const struct cycle *cycle)
{
    const double least = REFERENCE_V * REFERENCE_V * cycle->samples;
    uint32_t p = reference;
    for (uint32_t other = 0; cycle->voltage_squared[p] < least && other < PHASES; other++)
        p = other;
    if (p == reference || cycle->voltage_squared[p] < least)
        return;
    reference = p;
    filter[0] = filter[1] = 0;
    armed = started_at_crossing = false;
}

static void finish_cycle(const struct sums *from, bool synchronous, uint32_t end_tick)
{
    struct cycle cycle = {
        .samples = (double)length / ONE_SAMPLE,
        .synchronous = synchronous,
        .start_tick = start_tick,
        .end_tick = end_tick,
    };
    double radians_per_sample = TWO_PI * NOMINAL_HZ / SAMPLES_PER_SECOND;
    if (synchronous)
        radians_per_sample = TWO_PI / cycle.samples;
    for (uint32_t p = 0; p < PHASES; p++) {
        double volts = scale.volts_per_code[p];
        finished_squares[p] += (uint64_t)from->voltage_squared[p];
        phase_powers(&cycle, p, from, radians_per_sample);
        cycle.voltage_squared[p] = (double)from->voltage_squared[p] * volts * volts;
        cycle.voltage_sum[p] = (double)from->voltage[p];
    }
    for (uint32_t i = 0; i < CHANNELS; i++) {
        double amperes = scale.amperes_per_code[i];
        cycle.current_squared[i] = (double)from->current_squared[i] * amperes * amperes;
    }
    if (!synchronous)
        choose_reference(&cycle);
    if (incomplete) {
        incomplete = false;
        energy_skip(&cycle);
        return;
    }
    power_quality_cycle(&cycle);
    bool window_complete = window_add(&cycle);
    if (window_complete)
        power_quality_window();
    energy_add(&cycle, window_complete);
}

/* Whether the reference voltage crossed zero upwards on the way to this sample, and in `*part` after which part of the
 * sample's interval. */
static bool crossed(const uint32_t *sample, uint32_t *part)
{
    int32_t u = sample_voltage(sample, reference) - scale.voltage_offset[reference];
    int32_t before = filter[1];
    filter[0] += (u * FILTER_SCALE - filter[0]) >> FILTER_SHIFT;
    filter[1] += (filter[0] - filter[1]) >> FILTER_SHIFT;
    if (filter[1] < -ARM_LEVEL)
        armed = true;
    if (!armed || before >= 0 || filter[1] < 0)
        return false;
    if (started_at_crossing && length < SHORTEST * ONE_SAMPLE)
        return false;
    armed = false;
    *part = (uint32_t)((float)before / (float)(before - filter[1]) * (float)ONE_SAMPLE);
    return true;
}

static void split_at_crossing(const uint32_t *sample, uint32_t part, uint32_t tick)
{
    struct sums whole = {0}, rest;
    accumulate(&whole, sample);
    int64_t *total = (int64_t *)&sums, *across = (int64_t *)&whole, *after = (int64_t *)&rest;
    for (uint32_t i = 0; i < SUMS_COUNT; i++) {
        int64_t first = across[i] * part / (int64_t)ONE_SAMPLE;
        total[i] += first;
        after[i] = across[i] - first;
    }
    length += part;
    bool synchronous = started_at_crossing;
    started_at_crossing = true; /* before another reference may be chosen, whose crossings are elsewhere */
    finish_cycle(&sums, synchronous, tick);
    sums = rest;
    length = ONE_SAMPLE - part;
    start_tick = tick;
}

void metrology_process(const uint32_t *samples, uint32_t count, uint32_t end_tick)
{
    uint32_t tick = end_tick - (count - 1u) * TICKS_PER_SAMPLE;
    for (const uint32_t *sample = samples; sample < samples + count * SAMPLE_WORDS; sample += SAMPLE_WORDS) {
        uint32_t part;
        if (length == 0)
            start_tick = tick - TICKS_PER_SAMPLE;
        if (crossed(sample, &part)) {
            split_at_crossing(sample, part, tick - TICKS_PER_SAMPLE + (TICKS_PER_SAMPLE * part >> 16));
        } else {
            accumulate(&sums, sample);
            length += ONE_SAMPLE;
            if (length >= (started_at_crossing ? LONGEST : UNLOCKED) * ONE_SAMPLE) {
                finish_cycle(&sums, false, tick);
                sums = (struct sums){0};
                length = 0;
                started_at_crossing = false;
            }
        }
        tick += TICKS_PER_SAMPLE;
    }
    power_quality_samples(samples, count, end_tick);
}
