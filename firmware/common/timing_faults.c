/* Seeded bugs of timing, for the image that timing suites must convict; see CMakeLists.txt.
 *
 * The linker puts this in the way of metrology_process: the sound image has the same sources and nothing of it. */
#include "metrology.h"
#include "system.h"
#include "timebase.h"

/* Buffers of 3.75 ms. */
#define MASKED_EACH 267u  /* about a second */
#define STALLED_EACH 1333u /* about five seconds */
#define STALLED_AT 700u
/* From so long after a buffer on, so that the next one is full meanwhile. */
#define MASKED_AFTER_TICKS (3u * TICKS_PER_MS)
#define MASKED_TICKS TICKS_PER_MS
#define STALLED_TICKS (12u * TICKS_PER_MS)

void __real_metrology_process(const uint32_t *samples, uint32_t count, uint32_t end_tick);
void __wrap_metrology_process(const uint32_t *samples, uint32_t count, uint32_t end_tick);

static void spin(uint32_t ticks)
{
    uint32_t begin = timebase_now();
    while (timebase_now() - begin < ticks)
        continue;
}

/* A careless driver that masks all interrupts for a millisecond, and work that now and then comes before a buffer's. */
void __wrap_metrology_process(const uint32_t *samples, uint32_t count, uint32_t end_tick)
{
    static uint32_t buffer;
    buffer++;
    if (buffer % MASKED_EACH == 0u) {
        spin(MASKED_AFTER_TICKS);
        uint32_t masked = interrupts_mask();
        spin(MASKED_TICKS);
        interrupts_restore(masked);
    }
    if (buffer % STALLED_EACH == STALLED_AT)
        spin(STALLED_TICKS);
    __real_metrology_process(samples, count, end_tick);
}
