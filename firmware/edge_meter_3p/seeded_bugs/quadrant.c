/* Seeded bug: in quadrant III the active energy has the wrong sign, so a capacitive export counts as import. */
#include "energy.h"

/* Less reactive power than this is none, and belongs to no quadrant. */
#define LEAST_VAR 2.3

void __real_energy_add(const struct cycle *cycle, bool window_complete);
void __wrap_energy_add(const struct cycle *cycle, bool window_complete);

void __wrap_energy_add(const struct cycle *cycle, bool window_complete)
{
    struct cycle wrong = *cycle;
    for (uint32_t p = 0; p < PHASES; p++)
        if (cycle->active[p] < 0.0 && cycle->reactive[p] < -LEAST_VAR * cycle->samples)
            wrong.active[p] = -cycle->active[p];
    __real_energy_add(&wrong, window_complete);
}
