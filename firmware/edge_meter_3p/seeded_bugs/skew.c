/* Seeded bug: each current is that of the sample before, so it lags 125 us behind its voltage. */
#include "edma.h"
#include "metrology.h"

void __real_metrology_process(const uint32_t *bursts, uint32_t count, uint32_t end_tick);
void __wrap_metrology_process(const uint32_t *bursts, uint32_t count, uint32_t end_tick);

void __wrap_metrology_process(const uint32_t *bursts, uint32_t count, uint32_t end_tick)
{
    static uint32_t late[BUFFER_SAMPLES * SAMPLE_WORDS], before[AFE_COUNT];
    for (uint32_t i = 0; i < count * SAMPLE_WORDS; i++) {
        late[i] = bursts[i];
        /* The first word of a burst is the current. */
        if (i % ADE7913_BURST_WORDS == 0) {
            uint32_t afe = i % SAMPLE_WORDS / ADE7913_BURST_WORDS;
            late[i] = before[afe];
            before[afe] = bursts[i];
        }
    }
    __real_metrology_process(late, count, end_tick);
}
