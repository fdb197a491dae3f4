/* Clock, records and supervision of the firmware on this computer: what is hardware there are variables here. */
#include <string.h>

#include "acquisition.h"
#include "nonvolatile.h"
#include "pulse.h"
#include "rtc.h"
#include "second_output.h"
#include "system.h"
#include "timebase.h"
#include "watched_inputs.h"
#include "window.h"

uint32_t rig_tick, rig_session;
uint64_t rig_count;
bool rig_rtc_ran;
uint8_t rig_memory[NONVOLATILE_SIZE];
/* Bytes that the memory still takes before its supply breaks down; negative: all. */
int64_t rig_bytes_left = -1;
bool rig_supply_good = true, rig_cover_open, rig_inputs_changed;

volatile uint32_t meter_buffers_lost, meter_window_count;
volatile double meter_voltage_v[PHASES], meter_active_power_w[1 + PHASES], meter_reactive_power_var[1 + PHASES];

uint32_t timebase_now(void)
{
    return rig_tick;
}

bool rtc_start(void)
{
    return rig_rtc_ran;
}

uint64_t rtc_count(void)
{
    return rig_count;
}

uint32_t rtc_session(void)
{
    return rig_session;
}

void rtc_set_session(uint32_t session)
{
    rig_session = session;
}

void second_output_start(void)
{
}

void second_output_restart(void)
{
}

uint32_t system_hold_work(void)
{
    return 0;
}

void system_release_work(uint32_t held)
{
    (void)held;
}

bool nonvolatile_start(void)
{
    return true;
}

void nonvolatile_read(uint32_t address, void *data, uint32_t length)
{
    memcpy(data, rig_memory + address, length);
}

void nonvolatile_write(uint32_t address, const void *data, uint32_t length)
{
    if (rig_bytes_left >= 0 && length > rig_bytes_left)
        length = (uint32_t)rig_bytes_left;
    memcpy(rig_memory + address, data, length);
    if (rig_bytes_left >= 0)
        rig_bytes_left -= length;
}

void watched_inputs_start(void)
{
}

bool watched_inputs_changed(void)
{
    bool was = rig_inputs_changed;
    rig_inputs_changed = false;
    return was;
}

bool supply_is_good(void)
{
    return rig_supply_good;
}

bool cover_is_open(void)
{
    return rig_cover_open;
}

void pulse_add(uint32_t channel, int64_t nano_units, uint32_t start_tick, uint32_t end_tick)
{
    (void)channel, (void)nano_units, (void)start_tick, (void)end_tick;
}
