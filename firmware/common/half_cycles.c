#include "half_cycles.h"

#include "angles.h"
#include "power_quality.h"
#include "samples.h"
#include "tables.h"
#include "timebase.h"
#include "voltage_events.h"

#define TURN 4294967296.0
#define HALF_TURN 0x80000000u
#define NOMINAL_STEP ((uint32_t)(TURN * NOMINAL_HZ / SAMPLES_PER_SECOND))
/* The angle is pulled by half of what it is wrong, by all of it beyond this part of a turn. */
#define JUMP_TURNS 0.02f
/* A cycle tells the angle if its RMS and that of the cycle before differ by less, and it is above this. */
#define STEADY_PART 0.03f
#define STEADY_V (0.05f * DECLARED_V)
/* So much longer or shorter a correction may make a half cycle, in turns. */
#define FURTHEST_TURNS 0.2f
/* Two cycles tell the frequency if their lengths agree to this part; then the angles' follows by this part. */
#define STEADY_LENGTH 0.01
#define FREQUENCY_PART 0.25

volatile float meter_half_cycle_v[PHASES];
volatile uint64_t meter_half_cycle_tick;
volatile uint32_t meter_half_cycle_count[PHASES];

struct half {
    double squares, sine, cosine, samples;
};

static struct phase {
    uint32_t angle; /* at the end of the interval around the last sample */
    uint32_t left; /* to the next crossing */
    int64_t sine, cosine; /* correlation of the present half cycle with its angle */
    double samples; /* of the present half cycle, with parts of a sample at its ends */
    uint64_t squares; /* sum of all squares up to its begin */
    struct half before;
    uint32_t halves; /* since the start or a gap: a cycle needs two */
    float cycle_v; /* of the last whole cycle from a rising crossing */
    uint64_t previous_tick; /* of the crossing before the last one */
    uint64_t crossing_tick;
    struct crossing crossing;
    double taken_sine, taken_cosine, taken_samples;
} phases[PHASES];
static uint32_t step; /* of all angles, by which they advance with each sample */
static double last_period;

void half_cycles_init(void)
{
    step = NOMINAL_STEP;
    last_period = 0.0;
    meter_half_cycle_tick = 0;
    half_cycles_gap();
}

void half_cycles_gap(void)
{
    for (uint32_t p = 0; p < PHASES; p++) {
        uint32_t angle = 0u - p * (uint32_t)(TURN / 3.0);
        phases[p] = (struct phase){.angle = angle, .left = HALF_TURN - angle % HALF_TURN};
    }
}

void half_cycles_period(double samples)
{
    double difference = samples - last_period;
    bool steady = difference < STEADY_LENGTH * samples && difference > -STEADY_LENGTH * samples;
    last_period = samples;
    if (!steady)
        return;
    double wanted = TURN / samples, off = wanted - step;
    bool far = off > STEADY_LENGTH * wanted || off < -STEADY_LENGTH * wanted;
    step = (uint32_t)(far ? wanted : step + FREQUENCY_PART * off);
}

/* The correlation takes each sample of an even number in its buffer, from `from` up to `to`: what that adds from 4 kHz on
 * no converter lets through. An offset correlates with nothing. */
static void correlate(struct phase *phase, uint32_t p, const uint32_t *samples, uint32_t from, uint32_t to)
{
    from += from % 2u;
    int64_t sine = phase->sine, cosine = phase->cosine;
    uint32_t advance = 2u * step, angle = phase->angle + from * step + step / 2u;
    const uint32_t *end = samples + to * SAMPLE_WORDS;
    for (const uint32_t *sample = samples + from * SAMPLE_WORDS; sample < end; sample += 2u * SAMPLE_WORDS) {
        int32_t u = sample_voltage(sample, p);
        const int16_t *table = &correlation_sine[angle / (uint32_t)(TURN / CORRELATION_STEPS)];
        sine += (int64_t)u * table[0];
        cosine += (int64_t)u * table[CORRELATION_STEPS / 4];
        angle += advance;
    }
    phase->sine = sine;
    phase->cosine = cosine;
}

/* Sum of all squares up to a crossing `rest` of a sample before the end of the sample at `place`. The metrology has
 * summed up all of the buffer; what lies behind the crossing is taken off again. */
static uint64_t squares_until(uint32_t p, const uint32_t *samples, uint32_t place, uint32_t count, double rest)
{
    int32_t offset = metrology_voltage_offset(p), at = sample_voltage(samples + place * SAMPLE_WORDS, p) - offset;
    uint64_t behind = (uint64_t)((double)((int64_t)at * at) * rest);
    for (uint32_t k = place + 1u; k < count; k++) {
        int32_t u = sample_voltage(samples + k * SAMPLE_WORDS, p) - offset;
        behind += (uint64_t)((int64_t)u * u);
    }
    return metrology_voltage_squares(p) - behind;
}

static float volts_of(double squares, double samples, uint32_t p)
{
    return (float)__builtin_sqrt(squares / samples) * (float)metrology_volts_per_code(p);
}

/* How far the fundamental is ahead of the angle, in turns, by the cycle that has just ended; 0 unless it is steady. */
static float correction(struct phase *phase, const struct half *now, float cycle_v)
{
    float before_v = phase->cycle_v, difference = cycle_v - before_v;
    phase->cycle_v = cycle_v;
    if (cycle_v < STEADY_V || difference > STEADY_PART * cycle_v || difference < -STEADY_PART * cycle_v)
        return 0.0f;
    float ahead = angle_turns((float)(now->cosine + phase->before.cosine), (float)(now->sine + phase->before.sine));
    return ahead > JUMP_TURNS || ahead < -JUMP_TURNS ? ahead : 0.5f * ahead;
}

/* A half cycle of phase `p` has ended `over` of a turn before the end of the sample at `place`, up to where all squares
 * add up to `squares`. */
static void finish_half(uint32_t p, uint32_t place, uint32_t over, uint64_t tick, uint64_t squares)
{
    struct phase *phase = &phases[p];
    struct half now = {(double)(squares - phase->squares), (double)phase->sine, (double)phase->cosine, phase->samples};
    phase->squares = squares;
    bool rising = phase->angle < HALF_TURN;
    float back = (float)over / (float)step;
    uint64_t crossing_tick = tick + (uint64_t)(int64_t)((0.5f - back) * (float)TICKS_PER_SAMPLE);
    phase->crossing = (struct crossing){true, rising, (float)place + 0.5f - back};
    float ahead = 0.0f;
    phase->halves++;
    if (phase->halves > 2u) { /* the first half cycle may be a part of one */
        float volts = volts_of(now.squares + phase->before.squares, now.samples + phase->before.samples, p);
        meter_half_cycle_v[p] = volts;
        meter_half_cycle_count[p]++;
        voltage_events_note(p, volts, phase->previous_tick, crossing_tick);
        if (rising)
            ahead = correction(phase, &now, volts);
    }
    phase->taken_sine += now.sine;
    phase->taken_cosine += now.cosine;
    phase->taken_samples += now.samples;
    phase->before = now;
    phase->previous_tick = phase->crossing_tick;
    phase->crossing_tick = crossing_tick;
    /* A correction makes the half cycle that begins now shorter or longer; it never takes a crossing twice. */
    ahead = ahead > FURTHEST_TURNS ? FURTHEST_TURNS : ahead < -FURTHEST_TURNS ? -FURTHEST_TURNS : ahead;
    uint32_t further = (uint32_t)(int32_t)(ahead * (float)TURN);
    phase->angle += further;
    phase->left = HALF_TURN - over - further;
}

/* A half cycle is longer than a buffer, so at most one ends in it. */
static void process_phase(uint32_t p, const uint32_t *samples, uint32_t count, uint64_t first_tick)
{
    struct phase *phase = &phases[p];
    uint32_t whole = (phase->left - 1u) / step;
    phase->crossing.any = false;
    if (whole >= count) {
        correlate(phase, p, samples, 0, count);
        phase->samples += count;
        phase->angle += count * step;
        phase->left -= count * step;
        return;
    }
    /* The sample across the crossing belongs to both sides in proportion. */
    uint32_t over = (whole + 1u) * step - phase->left;
    double rest = (double)over / step;
    correlate(phase, p, samples, 0, whole + 1u);
    phase->samples += whole + 1.0 - rest;
    phase->angle += (whole + 1u) * step;
    uint64_t squares = squares_until(p, samples, whole, count, rest);
    finish_half(p, whole, over, first_tick + (uint64_t)whole * TICKS_PER_SAMPLE, squares);
    phase->sine = phase->cosine = 0;
    phase->angle -= (whole + 1u) * step;
    correlate(phase, p, samples, whole + 1u, count);
    phase->angle += count * step;
    phase->left -= (count - whole - 1u) * step;
    phase->samples = rest + (count - whole - 1u);
}

void half_cycles_process(const uint32_t *samples, uint32_t count, uint32_t end_tick)
{
    /* Buffers come far more often than the low half of the time rolls over. */
    uint64_t end = meter_half_cycle_tick + (uint32_t)(end_tick - (uint32_t)meter_half_cycle_tick);
    uint64_t first = end - (uint64_t)(count - 1u) * TICKS_PER_SAMPLE;
    for (uint32_t p = 0; p < PHASES; p++)
        process_phase(p, samples, count, first);
    voltage_events_judge();
    meter_half_cycle_tick = end;
}

struct crossing half_cycles_crossing(uint32_t phase)
{
    return phases[phase].crossing;
}

bool half_cycles_take(struct fundamental fundamentals[PHASES])
{
    bool all = true;
    for (uint32_t p = 0; p < PHASES; p++) {
        struct phase *phase = &phases[p];
        double sine = phase->taken_sine, cosine = phase->taken_cosine;
        if (phase->taken_samples == 0.0) {
            all = false;
            continue;
        }
        /* Of every second sample, times 32767, and the mean of a squared sine is a half. */
        float scale = (float)(metrology_volts_per_code(p) / phase->taken_samples * (4.0 / 32767.0 / 1.41421356237));
        fundamentals[p].volts = (float)__builtin_sqrt(sine * sine + cosine * cosine) * scale;
        fundamentals[p].turns = (float)(int32_t)(phase->angle - phases[0].angle) * (float)(1.0 / TURN) +
                                angle_turns((float)cosine, (float)sine);
        phase->taken_sine = phase->taken_cosine = phase->taken_samples = 0.0;
    }
    return all;
}
