#include "acquisition.h"

#include "board.h"
#include "edma.h"
#include "metrology.h"
#include "relay.h"
#include "system.h"
#include "timebase.h"

#define BUFFER_TICKS (BUFFER_SAMPLES * TICKS_PER_SAMPLE)

volatile uint32_t meter_buffers_completed;
volatile uint32_t meter_buffers_lost;
volatile uint32_t meter_afe_faults;

static uint32_t buffers_processed;
/* Time of the last sample of each buffer in the ring. */
static volatile uint32_t end_ticks[BUFFER_COUNT];
static uint32_t expected_tick, interrupt_tick;

void dma_samples_handler(void);
void PendSV_Handler(void);

void acquisition_start(void)
{
    edma_start();
}

/* The interrupt's own time carries the latency of other interrupts. The converters' clock is steady, so the
 * expectation from the buffer before is corrected by a sixteenth of the difference only. */
static uint32_t smooth_tick(uint32_t measured, uint32_t buffers)
{
    int32_t difference = (int32_t)(measured - (expected_tick + buffers * BUFFER_TICKS));
    if (difference > (int32_t)TICKS_PER_SAMPLE || difference < -(int32_t)TICKS_PER_SAMPLE)
        expected_tick = measured;
    else
        expected_tick += buffers * BUFFER_TICKS + (uint32_t)(difference / 16);
    return expected_tick;
}

void dma_samples_handler(void)
{
    uint32_t now = timebase_now();
    edma_acknowledge();
    uint32_t buffers = (edma_buffer_in_use() - meter_buffers_completed) % BUFFER_COUNT;
    /* The ring's position shows how many buffers are new only up to a whole turn; time shows the turns. */
    uint32_t elapsed = (now - interrupt_tick + BUFFER_TICKS / 2u) / BUFFER_TICKS;
    if (meter_buffers_completed)
        while (buffers + BUFFER_COUNT / 2u < elapsed)
            buffers += BUFFER_COUNT;
    interrupt_tick = now;
    if (buffers) {
        meter_buffers_completed += buffers;
        end_ticks[(meter_buffers_completed - 1u) % BUFFER_COUNT] = smooth_tick(now, buffers);
        for (uint32_t back = 1; back < buffers && back < BUFFER_COUNT; back++)
            end_ticks[(meter_buffers_completed - 1u - back) % BUFFER_COUNT] = expected_tick - back * BUFFER_TICKS;
        system_pend_work();
    }
    memory_barrier();
}

static void check_converters(const uint32_t *samples)
{
    meter_afe_faults += sample_faults(samples + BUFFER_WORDS - SAMPLE_WORDS);
}

/* Lowest exception priority: all interrupts go on while samples are worked off, only the shell waits. */
void PendSV_Handler(void)
{
    while (buffers_processed != meter_buffers_completed) {
        uint32_t waiting = meter_buffers_completed - buffers_processed;
        if (waiting >= BUFFER_COUNT) {
            uint32_t lost = waiting - (BUFFER_COUNT - 1u);
            meter_buffers_lost += lost;
            buffers_processed += lost;
            metrology_gap();
            continue;
        }
        uint32_t index = buffers_processed % BUFFER_COUNT;
        metrology_process(edma_buffers[index], BUFFER_SAMPLES, end_ticks[index]);
        check_converters(edma_buffers[index]);
        buffers_processed++;
        relay_poll_button();
    }
}
