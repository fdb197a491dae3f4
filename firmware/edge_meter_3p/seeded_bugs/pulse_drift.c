/* Seeded bug: the pulse outputs lose more and more energy, 20 ppm a second up to 1 %; the registers stay right. */
#include "pulse.h"
#include "timebase.h"

#define MS_PER_UNIT 50000000 /* after so long all of it would be lost */
#define MOST_MS 500000u

void __real_pulse_add(uint32_t channel, int64_t nano_units, uint32_t start_tick, uint32_t end_tick);
void __wrap_pulse_add(uint32_t channel, int64_t nano_units, uint32_t start_tick, uint32_t end_tick);

void __wrap_pulse_add(uint32_t channel, int64_t nano_units, uint32_t start_tick, uint32_t end_tick)
{
    uint64_t ms = timebase_now64() / TICKS_PER_MS;
    int64_t running_ms = ms < MOST_MS ? (int64_t)ms : (int64_t)MOST_MS;
    __real_pulse_add(channel, nano_units - nano_units * running_ms / MS_PER_UNIT, start_tick, end_tick);
}
