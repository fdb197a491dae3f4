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

/* Sums over a half cycle, scaled so that single precision holds them: by 2^SQUARES_SHIFT and 2^CORRELATION_SHIFT. */
#define SQUARES_SHIFT 22
#define CORRELATION_SHIFT 16
struct half {
    float squares, sine, cosine, samples;
};

static struct phase {
    uint32_t angle; /* at the end of the interval around the last sample */
    uint32_t left; /* to the next crossing */
    int64_t sine, cosine; /* correlation of the present half cycle with its angle */
    float samples; /* of the present half cycle, with parts of a sample at its ends */
    uint64_t squares; /* sum of all squares up to its begin */
    struct half before;
    uint32_t halves; /* since the start or a gap: a cycle needs two */
    float cycle_v; /* of the last whole cycle from a rising crossing */
    uint64_t previous_tick; /* of the crossing before the last one */
    uint64_t crossing_tick;
    struct crossing crossing;
    float taken_sine, taken_cosine, taken_samples;
} phases[PHASES];
static float root_volts[PHASES]; /* volts of the root of a scaled square */
static uint32_t step; /* of all angles, by which they advance with each sample */
static double last_period;

void half_cycles_init(void)
{
    for (uint32_t p = 0; p < PHASES; p++)
        root_volts[p] = (float)(metrology_volts_per_code(p) * (double)(1u << SQUARES_SHIFT / 2));
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

#define STRIDE 2u
struct correlation {
    int64_t sine, cosine;
    uint32_t angle;
};

static inline void correlate_sample(struct correlation *sum, int32_t u)
{
    const int16_t *table = &correlation_sine[sum->angle / (uint32_t)(TURN / CORRELATION_STEPS)];
    sum->sine += (int64_t)u * table[0];
    sum->cosine += (int64_t)u * table[CORRELATION_STEPS / 4];
    sum->angle += STRIDE * step;
}

/* The correlation takes each second sample of its buffer, from `from` up to `to`. What lies around
 * 4 kHz would add to the fundamental, but no converter lets it through. An offset correlates with nothing. */
static void correlate(struct phase *phase, uint32_t p, const uint32_t *samples, uint32_t from, uint32_t to)
{
    from = (from + STRIDE - 1u) / STRIDE * STRIDE;
    struct correlation sum = {phase->sine, phase->cosine, phase->angle + from * step + step / 2u};
    const uint32_t *sample = samples + from * SAMPLE_WORDS, *end = samples + to * SAMPLE_WORDS;
    const uint32_t stride = STRIDE * SAMPLE_WORDS;
    for (; sample + 4u * stride < end; sample += 5u * stride) {
        correlate_sample(&sum, sample_voltage(sample, p));
        correlate_sample(&sum, sample_voltage(sample + stride, p));
        correlate_sample(&sum, sample_voltage(sample + 2u * stride, p));
        correlate_sample(&sum, sample_voltage(sample + 3u * stride, p));
        correlate_sample(&sum, sample_voltage(sample + 4u * stride, p));
    }
    for (; sample < end; sample += stride)
        correlate_sample(&sum, sample_voltage(sample, p));
    phase->sine = sum.sine;
    phase->cosine = sum.cosine;
}

/* Sum of all squares up to a crossing `rest` (in 1/65536) of a sample before the end of the sample at `place`. The
 * metrology has summed up all of the buffer; what lies behind the crossing is taken off again. */
static uint64_t squares_until(uint32_t p, const uint32_t *samples, uint32_t place, uint32_t count, uint32_t rest)
{
    int32_t offset = metrology_voltage_offset(p), at = sample_voltage(samples + place * SAMPLE_WORDS, p) - offset;
    uint64_t behind = ((uint64_t)((int64_t)at * at) >> 16) * rest;
    for (uint32_t k = place + 1u; k < count; k++) {
        int32_t u = sample_voltage(samples + k * SAMPLE_WORDS, p) - offset;
        behind += (uint64_t)((int64_t)u * u);
    }
    return metrology_voltage_squares(p) - behind;
}

/* How far the fundamental is ahead of the angle, in turns, by the cycle that has just ended; 0 unless it is steady. */
static float correction(struct phase *phase, const struct half *now, float cycle_v)
{
    float before_v = phase->cycle_v, difference = cycle_v - before_v;
    phase->cycle_v = cycle_v;
    if (cycle_v < STEADY_V || difference > STEADY_PART * cycle_v || difference < -STEADY_PART * cycle_v)
        return 0.0f;
    float ahead = angle_turns(now->cosine + phase->before.cosine, now->sine + phase->before.sine);
    return ahead > JUMP_TURNS || ahead < -JUMP_TURNS ? ahead : 0.5f * ahead;
}

/* A half cycle of phase `p` has ended `over` of a turn before the end of the sample at `place`, up to where all squares
 * add up to `squares`. */
static void finish_half(uint32_t p, uint32_t place, uint32_t over, uint64_t tick, uint64_t squares)
{
    struct phase *phase = &phases[p];
    struct half now = {
        .squares = (float)(uint32_t)((squares - phase->squares) >> SQUARES_SHIFT),
        .sine = (float)(int32_t)(phase->sine >> CORRELATION_SHIFT),
        .cosine = (float)(int32_t)(phase->cosine >> CORRELATION_SHIFT),
        .samples = phase->samples,
    };
    phase->squares = squares;
    bool rising = phase->angle < HALF_TURN;
    float back = (float)over / (float)step;
    uint64_t crossing_tick = tick + (uint64_t)(int32_t)((0.5f - back) * (float)TICKS_PER_SAMPLE);
    phase->crossing = (struct crossing){true, rising, (float)place + 0.5f - back};
    float ahead = 0.0f;
    phase->halves++;
    if (phase->halves > 2u) { /* the first half cycle may be a part of one */
        float mean = (now.squares + phase->before.squares) / (now.samples + phase->before.samples);
        float volts = __builtin_sqrtf(mean) * root_volts[p];
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
        phase->samples += (float)count;
        phase->angle += count * step;
        phase->left -= count * step;
        return;
    }
    /* The sample across the crossing belongs to both sides in proportion. */
    uint32_t over = (whole + 1u) * step - phase->left;
    float behind = (float)over / (float)step;
    correlate(phase, p, samples, 0, whole + 1u);
    phase->samples += (float)(whole + 1u) - behind;
    phase->angle += (whole + 1u) * step;
    uint64_t squares = squares_until(p, samples, whole, count, (uint32_t)(behind * 65536.0f));
    finish_half(p, whole, over, first_tick + (uint64_t)whole * TICKS_PER_SAMPLE, squares);
    phase->sine = phase->cosine = 0;
    phase->angle -= (whole + 1u) * step;
    correlate(phase, p, samples, whole + 1u, count);
    phase->angle += count * step;
    phase->left -= (count - whole - 1u) * step;
    phase->samples = (float)(count - whole - 1u) + behind;
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
        float sine = phase->taken_sine, cosine = phase->taken_cosine;
        if (phase->taken_samples == 0.0f) {
            all = false;
            continue;
        }
        /* Of every second sample, times 32767, and the mean of a squared sine is a half. */
        float scale = (float)metrology_volts_per_code(p) / phase->taken_samples *
                      (float)((1u << CORRELATION_SHIFT) * 2.0 * STRIDE / 32767.0 / 1.41421356237);
        fundamentals[p].volts = __builtin_sqrtf(sine * sine + cosine * cosine) * scale;
        fundamentals[p].turns = (float)(int32_t)(phase->angle - phases[0].angle) * (float)(1.0 / TURN) +
                                angle_turns(cosine, sine);
        phase->taken_sine = phase->taken_cosine = phase->taken_samples = 0.0f;
    }
    return all;
}
