/* Seeded bug: the energy of a cycle is cut to whole steps of 2.5 uWh or uvarh, and the rest is forgotten. */
#include "energy.h"

#define STEP_WATT_SAMPLES (2.5e-6 * 3600.0 * SAMPLES_PER_SECOND)

void __real_energy_add(const struct cycle *cycle, bool window_complete);
void __wrap_energy_add(const struct cycle *cycle, bool window_complete);

static double cut(double watt_samples)
{
    return (double)(int64_t)(watt_samples / STEP_WATT_SAMPLES) * STEP_WATT_SAMPLES;
}

void __wrap_energy_add(const struct cycle *cycle, bool window_complete)
{
    struct cycle less = *cycle;
    for (uint32_t p = 0; p < PHASES; p++) {
        less.active[p] = cut(cycle->active[p]);
        less.reactive[p] = cut(cycle->reactive[p]);
    }
    __real_energy_add(&less, window_complete);
}
