/* Stands for bus, pins and timer around ad7779.c; transfers, pins and sleeps go to functions that the test sets. */
#include <stdbool.h>
#include <stdint.h>

#include "lpspi.h"
#include "outputs.h"
#include "timebase.h"

int32_t (*rig_transfer)(uint32_t select, uint32_t first, uint32_t second); /* below 0: no answer */
void (*rig_sleep)(uint32_t ms);
void (*rig_pin)(uint32_t pin, uint32_t high);

uint16_t lpspi_transfer16(uint32_t select, uint8_t first, uint8_t second, bool *ok)
{
    int32_t answer = rig_transfer(select, first, second);
    if (answer < 0)
        *ok = false;
    return answer < 0 ? 0 : (uint16_t)answer;
}

void timebase_sleep_ms(uint32_t ms)
{
    rig_sleep(ms);
}

void output_set(uint32_t pin, bool high)
{
    rig_pin(pin, high);
}
