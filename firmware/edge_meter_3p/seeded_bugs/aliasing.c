/* Seeded bug: a free-running window of 80 ms, whose first cycle stands for all of it: loads that come and go with the
 * mains' cycles are seen always, never, or by chance. */
#include "energy.h"

#define WINDOW_SAMPLES 640.0

void __real_energy_add(const struct cycle *cycle, bool window_complete);
void __wrap_energy_add(const struct cycle *cycle, bool window_complete);

void __wrap_energy_add(const struct cycle *cycle, bool window_complete)
{
    static double left;
    static struct cycle first;
    struct cycle held = *cycle;
    if (left <= 0.0) {
        first = *cycle;
        left += WINDOW_SAMPLES;
    }
    left -= cycle->samples;
    for (uint32_t p = 0; p < PHASES; p++) {
        held.active[p] = first.active[p] / first.samples * cycle->samples;
        held.reactive[p] = first.reactive[p] / first.samples * cycle->samples;
    }
    __real_energy_add(&held, window_complete);
}
