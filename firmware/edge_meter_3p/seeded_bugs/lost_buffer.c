/* Seeded bug: once a minute a buffer of 3.75 ms is dropped, and nobody notices the gap. */
#include "metrology.h"

#define BUFFERS_PER_MINUTE 16000u

void __real_metrology_process(const uint32_t *bursts, uint32_t count, uint32_t end_tick);
void __wrap_metrology_process(const uint32_t *bursts, uint32_t count, uint32_t end_tick);

void __wrap_metrology_process(const uint32_t *bursts, uint32_t count, uint32_t end_tick)
{
    static uint32_t buffers;
    if (++buffers % BUFFERS_PER_MINUTE != 0)
        __real_metrology_process(bursts, count, end_tick);
}
