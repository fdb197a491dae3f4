#include "harmonics.h"

#include "angles.h"
#include "fft.h"
#include "half_cycles.h"
#include "samples.h"
#include "window.h"

#define WINDOW_CYCLES CYCLES_PER_WINDOW
/* Ten cycles of 40 Hz, the cycle before them, and buffers that they begin and end in. */
#define KEPT 2300u
#define AROUND (RESAMPLING_TAPS / 2)
/* From one window to the next one: more would cost the other work a share that is felt. */
#define WAIT_SAMPLES 16000u
/* In V or A: below it there is no distortion, only noise. */
#define LEAST_FUNDAMENTAL 1e-3f
#define NOBODY HARMONIC_CHANNELS

volatile uint32_t meter_harmonics_sequence;
volatile float meter_harmonics_u1_v[HARMONIC_ORDERS], meter_harmonics_u1_deg[HARMONIC_ORDERS];
volatile float meter_harmonics_u2_v[HARMONIC_ORDERS], meter_harmonics_u2_deg[HARMONIC_ORDERS];
volatile float meter_harmonics_u3_v[HARMONIC_ORDERS], meter_harmonics_u3_deg[HARMONIC_ORDERS];
volatile float meter_harmonics_i1_a[HARMONIC_ORDERS], meter_harmonics_i1_deg[HARMONIC_ORDERS];
volatile float meter_harmonics_i2_a[HARMONIC_ORDERS], meter_harmonics_i2_deg[HARMONIC_ORDERS];
volatile float meter_harmonics_i3_a[HARMONIC_ORDERS], meter_harmonics_i3_deg[HARMONIC_ORDERS];
volatile float meter_harmonics_n_a[HARMONIC_ORDERS], meter_harmonics_n_deg[HARMONIC_ORDERS];
volatile float meter_thd_percent[HARMONIC_CHANNELS];
volatile uint32_t meter_harmonics_count[HARMONIC_CHANNELS];

static volatile float *const rms_of[HARMONIC_CHANNELS] = {
    meter_harmonics_u1_v, meter_harmonics_u2_v, meter_harmonics_u3_v, meter_harmonics_i1_a,
    meter_harmonics_i2_a, meter_harmonics_i3_a, meter_harmonics_n_a};
static volatile float *const degrees_of[HARMONIC_CHANNELS] = {
    meter_harmonics_u1_deg, meter_harmonics_u2_deg, meter_harmonics_u3_deg, meter_harmonics_i1_deg,
    meter_harmonics_i2_deg, meter_harmonics_i3_deg, meter_harmonics_n_deg};

/* A window on its way: filled by the samples' handler, then left alone until it is worked out. */
static enum { WAITING, BEGINNING, FILLING, COMPLETE } state;
static uint32_t channel, waited, kept, cycles;
static volatile uint32_t requested;
static float begin, end; /* places of the window's ends among the kept samples */
static float samples_kept[KEPT];
static struct complex spectrum[SPECTRUM_STEPS / 2];
static float scale_of[HARMONIC_CHANNELS];

void harmonics_init(void)
{
    for (uint32_t c = 0; c < HARMONIC_CHANNELS; c++)
        scale_of[c] = c < PHASES ? (float)metrology_volts_per_code(c) : (float)metrology_amperes_per_code(c - PHASES);
    channel = HARMONIC_CHANNELS - 1u;
    requested = NOBODY;
    waited = 0;
    state = WAITING;
}

void harmonics_gap(void)
{
    if (state == BEGINNING || state == FILLING)
        state = WAITING;
}

void harmonics_request(uint32_t wanted)
{
    requested = wanted;
}

static void choose_channel(uint32_t count)
{
    waited += count;
    if (requested != NOBODY) {
        channel = requested;
        requested = NOBODY;
    } else if (waited >= WAIT_SAMPLES) {
        channel = (channel + 1u) % HARMONIC_CHANNELS;
    } else {
        return;
    }
    waited = kept = cycles = 0;
    state = BEGINNING;
}

static void keep(const uint32_t *samples, uint32_t count)
{
    for (const uint32_t *sample = samples; sample < samples + count * SAMPLE_WORDS; sample += SAMPLE_WORDS)
        samples_kept[kept++] =
            (float)(channel < PHASES ? sample_voltage(sample, channel) : sample_current(sample, channel - PHASES));
}

void harmonics_take(const uint32_t *samples, uint32_t count)
{
    if (state == COMPLETE)
        return;
    if (state == WAITING)
        choose_channel(count);
    if (state == WAITING)
        return;
    if (kept + count > KEPT) {
        state = WAITING;
        return;
    }
    uint32_t before = kept;
    keep(samples, count);
    struct crossing crossing = half_cycles_crossing(channel % PHASES);
    float place = (float)before + crossing.place;
    if (crossing.any && crossing.rising) {
        if (state == BEGINNING && place >= (float)AROUND) {
            begin = place;
            state = FILLING;
        } else if (state == FILLING && ++cycles == WINDOW_CYCLES) {
            end = place;
        }
    }
    if (state == FILLING && cycles == WINDOW_CYCLES && end + (float)AROUND < (float)kept)
        state = COMPLETE;
}

static float resampled(float place)
{
    uint32_t below = (uint32_t)place;
    uint32_t phase = (uint32_t)((place - (float)below) * (float)RESAMPLING_PHASES + 0.5f);
    below += phase / RESAMPLING_PHASES;
    const float *weights = resampling_filters[phase % RESAMPLING_PHASES];
    const float *around = &samples_kept[below - (AROUND - 1u)];
    float sum = 0.0f;
    for (uint32_t tap = 0; tap < RESAMPLING_TAPS; tap++)
        sum += around[tap] * weights[tap];
    return sum;
}

static float square(uint32_t line)
{
    struct complex value = fft_line(spectrum, line);
    return value.real * value.real + value.imaginary * value.imaginary;
}

/* Angle of a line as that of a sine, in turns. */
static float line_turns(uint32_t line)
{
    struct complex value = fft_line(spectrum, line);
    return angle_turns(value.real, -value.imaginary);
}

static float wrapped(float turns)
{
    turns -= (float)(int32_t)turns;
    return turns > 0.5f ? turns - 1.0f : turns <= -0.5f ? turns + 1.0f : turns;
}

static void publish(void)
{
    volatile float *rms = rms_of[channel], *degrees = degrees_of[channel];
    float scale = scale_of[channel] * (1.41421356f / (float)SPECTRUM_STEPS), distortion = 0.0f;
    float first_turns = line_turns(WINDOW_CYCLES);
    meter_harmonics_sequence++;
    struct complex mean = fft_line(spectrum, 0);
    rms[0] = mean.real * scale_of[channel] / (float)SPECTRUM_STEPS;
    degrees[0] = 0.0f;
    for (uint32_t order = 1; order < HARMONIC_ORDERS; order++) {
        uint32_t line = order * WINDOW_CYCLES;
        float squares = square(line - 1u) + square(line) + square(line + 1u);
        rms[order] = __builtin_sqrtf(squares) * scale;
        degrees[order] = 360.0f * wrapped(line_turns(line) - wrapped((float)order * first_turns));
        if (order > 1)
            distortion += squares * scale * scale;
    }
    meter_thd_percent[channel] = rms[1] > LEAST_FUNDAMENTAL ? 100.0f * __builtin_sqrtf(distortion) / rms[1] : 0.0f;
    meter_harmonics_count[channel]++;
    meter_harmonics_sequence++;
}

void harmonics_poll(void)
{
    if (state != COMPLETE)
        return;
    float spacing = (end - begin) / (float)SPECTRUM_STEPS;
    for (uint32_t k = 0; k < SPECTRUM_STEPS / 2u; k++) {
        spectrum[k].real = resampled(begin + (float)(2u * k) * spacing);
        spectrum[k].imaginary = resampled(begin + (float)(2u * k + 1u) * spacing);
    }
    fft_transform(spectrum);
    publish();
    state = WAITING;
}

const volatile float *harmonics_rms(uint32_t of)
{
    return rms_of[of];
}

const volatile float *harmonics_degrees(uint32_t of)
{
    return degrees_of[of];
}
