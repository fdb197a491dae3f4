/* Stands for bus, pins and timer around ade7913.c; transfers and sleeps go to functions that the test sets. */
#include <stdbool.h>
#include <stdint.h>

#include "lpspi.h"
#include "selects.h"
#include "timebase.h"

int32_t (*rig_transfer)(uint32_t select, uint32_t first, uint32_t second); /* below 0: no answer */
void (*rig_sleep)(uint32_t ms);
bool rig_together;

uint8_t lpspi_transfer2(uint32_t select, uint8_t first, uint8_t second, bool *ok)
{
    int32_t answer = rig_transfer(select, first, second);
    if (answer < 0)
        *ok = false;
    return answer < 0 ? 0 : (uint8_t)answer;
}

void timebase_sleep_ms(uint32_t ms)
{
    rig_sleep(ms);
}

void selects_together(bool together)
{
    rig_together = together;
}
