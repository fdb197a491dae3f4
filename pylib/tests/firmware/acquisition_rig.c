/* Stands for DMA, timer and metrology around acquisition.c, and notes what the metrology is given. */
#include "edma.h"
#include "metrology.h"
#include "relay.h"
#include "timebase.h"

#define LIMIT 4096

uint32_t edma_buffers[BUFFER_COUNT][BUFFER_WORDS];
uint32_t rig_buffer_in_use, rig_now, rig_count, rig_gaps, rig_index[LIMIT], rig_tick[LIMIT];

void edma_start(void)
{
}

void edma_acknowledge(void)
{
}

uint32_t edma_buffer_in_use(void)
{
    return rig_buffer_in_use;
}

uint32_t timebase_now(void)
{
    return rig_now;
}

void relay_poll_button(void)
{
}

void metrology_gap(void)
{
    rig_gaps++;
}

void metrology_process(const uint32_t *samples, uint32_t count, uint32_t end_tick)
{
    rig_index[rig_count] = (uint32_t)((const uint32_t(*)[BUFFER_WORDS])samples - edma_buffers) + (count - BUFFER_SAMPLES);
    rig_tick[rig_count++] = end_tick;
}
