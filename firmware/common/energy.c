#include "energy.h"

#include "pulse.h"
#include "window.h"

#define NANO_HOURS_PER_SAMPLE (1e9 / 3600.0 / SAMPLES_PER_SECOND)

volatile uint32_t meter_energy_sequence;
volatile int64_t meter_energy_active_import_nwh[1 + PHASES];
volatile int64_t meter_energy_active_export_nwh[1 + PHASES];
volatile int64_t meter_energy_reactive_q1_nvarh[1 + PHASES];
volatile int64_t meter_energy_reactive_q2_nvarh[1 + PHASES];
volatile int64_t meter_energy_reactive_q3_nvarh[1 + PHASES];
volatile int64_t meter_energy_reactive_q4_nvarh[1 + PHASES];
volatile double meter_energy_samples;

volatile int64_t *const energy_quadrants[QUADRANTS] = {meter_energy_reactive_q1_nvarh, meter_energy_reactive_q2_nvarh,
                                                        meter_energy_reactive_q3_nvarh, meter_energy_reactive_q4_nvarh};

static double no_load_w, no_load_var;
/* Parts of a nano unit that the registers cannot hold, by kind and slot. */
static double active_rest[2][1 + PHASES], reactive_rest[QUADRANTS][1 + PHASES];
static struct phase {
    bool loaded;
    double active, reactive; /* of the present window while it is not known whether there is a load */
} phases[PHASES];

void energy_init(const struct calibration *calibration)
{
    no_load_w = calibration->no_load_w;
    no_load_var = calibration->no_load_var;
    for (uint32_t p = 0; p < PHASES; p++)
        phases[p] = (struct phase){0};
}

static int64_t add(volatile int64_t *value, double *rest, double amount)
{
    double sum = *rest + amount;
    int64_t whole = (int64_t)sum;
    *rest = sum - (double)whole;
    *value += whole;
    return whole;
}

static double magnitude(double x)
{
    return x < 0.0 ? -x : x;
}

/* Add watt-samples and var-samples of `samples` to slot `slot`; gives back the whole nano units, without sign, in
 * `added`. At a power factor of 0 the sign of the active power is that of noise, so a quadrant of export needs as much
 * active power as a load does. */
static void post(uint32_t slot, double active, double reactive, double samples, int64_t added[2])
{
    bool export = active < 0.0, capacitive = reactive < 0.0;
    uint32_t quadrant = active <= -no_load_w * samples ? (capacitive ? 2u : 1u) : (capacitive ? 3u : 0u);
    volatile int64_t *energy = export ? meter_energy_active_export_nwh : meter_energy_active_import_nwh;
    added[0] = add(&energy[slot], &active_rest[export][slot], magnitude(active) * NANO_HOURS_PER_SAMPLE);
    added[1] = add(&energy_quadrants[quadrant][slot], &reactive_rest[quadrant][slot],
                   magnitude(reactive) * NANO_HOURS_PER_SAMPLE);
}

static bool has_load(uint32_t phase)
{
    return magnitude(meter_active_power_w[1u + phase]) >= no_load_w ||
           magnitude(meter_reactive_power_var[1u + phase]) >= no_load_var;
}

/* While a phase has no load its cycles are kept back; the window that shows a load releases them, so the first
 * window of a load is counted, and that of none is dropped. */
void energy_add(const struct cycle *cycle, bool window_complete)
{
    double active = 0.0, reactive = 0.0;
    int64_t added[2];
    meter_energy_sequence++;
    for (uint32_t p = 0; p < PHASES; p++) {
        phases[p].active += cycle->active[p];
        phases[p].reactive += cycle->reactive[p];
        bool count = phases[p].loaded;
        if (window_complete) {
            phases[p].loaded = has_load(p);
            count |= phases[p].loaded;
        }
        if (count) {
            post(1u + p, phases[p].active, phases[p].reactive, cycle->samples, added);
            active += phases[p].active;
            reactive += phases[p].reactive;
        }
        if (count || window_complete)
            phases[p].active = phases[p].reactive = 0.0;
    }
    post(0, active, reactive, cycle->samples, added);
    meter_energy_samples += cycle->samples;
    meter_energy_sequence++;
    pulse_add(PULSE_ACTIVE, added[0], cycle->start_tick, cycle->end_tick);
    pulse_add(PULSE_REACTIVE, added[1], cycle->start_tick, cycle->end_tick);
}

void energy_skip(const struct cycle *cycle)
{
    meter_energy_sequence++;
    meter_energy_samples += cycle->samples;
    meter_energy_sequence++;
}
