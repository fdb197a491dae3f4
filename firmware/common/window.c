#include "window.h"

#include "power_quality.h"

volatile uint32_t meter_measurement_sequence;
volatile uint32_t meter_window_count;
volatile double meter_voltage_v[PHASES];
volatile double meter_current_a[CHANNELS];
volatile double meter_active_power_w[1 + PHASES];
volatile double meter_reactive_power_var[1 + PHASES];
volatile double meter_apparent_power_va[1 + PHASES];
volatile double meter_power_factor[1 + PHASES];
volatile double meter_frequency_hz;

static struct cycle window;
static uint32_t cycles, synchronous_cycles;
static double synchronous_samples;
/* The window before was synchronous from end to end, so this one started in the steady state. */
static bool steady;
static bool offset_known[PHASES];

void window_init(void)
{
    for (uint32_t p = 0; p < PHASES; p++)
        offset_known[p] = false;
    steady = false;
    window_restart();
}

void window_restart(void)
{
    window = (struct cycle){0};
    cycles = synchronous_cycles = 0;
    synchronous_samples = 0.0;
}

static double root(double square)
{
    return __builtin_sqrt(square);
}

static void publish_power(uint32_t slot, double active, double reactive, double apparent)
{
    meter_active_power_w[slot] = active;
    meter_reactive_power_var[slot] = reactive;
    meter_apparent_power_va[slot] = apparent;
    meter_power_factor[slot] = apparent > 0.0 ? active / apparent : 0.0;
}

static void publish(void)
{
    double active = 0.0, reactive = 0.0, apparent = 0.0;
    meter_measurement_sequence++;
    for (uint32_t i = 0; i < CHANNELS; i++)
        meter_current_a[i] = root(window.current_squared[i] / window.samples);
    for (uint32_t p = 0; p < PHASES; p++) {
        meter_voltage_v[p] = root(window.voltage_squared[p] / window.samples);
        double phase_active = window.active[p] / window.samples, phase_reactive = window.reactive[p] / window.samples;
        double phase_apparent = meter_voltage_v[p] * meter_current_a[p];
        publish_power(1u + p, phase_active, phase_reactive, phase_apparent);
        active += phase_active;
        reactive += phase_reactive;
        apparent += phase_apparent;
    }
    publish_power(0, active, reactive, apparent);
    meter_frequency_hz = synchronous_cycles ? synchronous_cycles * SAMPLES_PER_SECOND / synchronous_samples : 0.0;
    meter_window_count++;
    meter_measurement_sequence++;
}

/* A direct component in the voltage is the converter's offset, never the mains'. Without it a direct component in the
 * current makes no power. The first steady window gives the offset, later ones an eighth of what is left, and all of
 * it stays constant within a window, so voltage and current keep their phase. */
static void track_voltage_offsets(void)
{
    for (uint32_t p = 0; p < PHASES; p++) {
        double left = window.voltage_sum[p] / window.samples;
        if (offset_known[p])
            left /= 8.0;
        metrology_adjust_offset(p, (int32_t)(left + (left < 0.0 ? -0.5 : 0.5)));
        offset_known[p] = true;
    }
}

bool window_add(const struct cycle *cycle)
{
    for (uint32_t p = 0; p < PHASES; p++) {
        window.active[p] += cycle->active[p];
        window.reactive[p] += cycle->reactive[p];
        window.voltage_squared[p] += cycle->voltage_squared[p];
        window.voltage_sum[p] += cycle->voltage_sum[p];
    }
    for (uint32_t i = 0; i < CHANNELS; i++)
        window.current_squared[i] += cycle->current_squared[i];
    window.samples += cycle->samples;
    if (cycle->synchronous) {
        synchronous_cycles++;
        synchronous_samples += cycle->samples;
    }
    if (++cycles < CYCLES_PER_WINDOW)
        return false;
    publish();
    bool synchronous = synchronous_cycles == CYCLES_PER_WINDOW;
    /* A dip that begins or ends within a cycle leaves a mean that is no offset. */
    if (synchronous && steady && power_quality_steady_cycles() >= CYCLES_PER_WINDOW)
        track_voltage_offsets();
    steady = synchronous;
    window_restart();
    return true;
}
