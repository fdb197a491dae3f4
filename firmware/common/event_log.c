#include "event_log.h"

#include "steering.h"
#include "storage.h"
#include "system.h"
#include "timekeeping.h"

_Static_assert(sizeof(struct event) == 16u, "event");

volatile uint32_t meter_event_count;
volatile uint32_t meter_event_last_code;
volatile int32_t meter_event_last_value;

void event_log_start(void)
{
    uint32_t count;
    if (storage_load(RECORD_EVENTS, &count, sizeof count))
        meter_event_count = count;
}

void event_log_add_at(uint16_t code, int32_t value, int64_t utc_ns)
{
    uint32_t held = system_hold_work();
    uint32_t count = meter_event_count;
    struct event event = {
        .utc_s = (uint32_t)(utc_ns / NS_PER_S),
        .code = code,
        .number = (uint16_t)count,
        .value = value,
    };
    storage_put(&storage_events, count, &event);
    count++;
    storage_save(RECORD_EVENTS, &count, sizeof count);
    meter_event_count = count;
    meter_event_last_code = code;
    meter_event_last_value = value;
    system_release_work(held);
}

void event_log_add(uint16_t code, int32_t value)
{
    event_log_add_at(code, value, timekeeping_now_ns());
}

uint32_t event_log_kept(void)
{
    uint32_t count = meter_event_count;
    return count < storage_events.entries ? count : storage_events.entries;
}

bool event_log_read(uint32_t index, struct event *event)
{
    uint32_t count = meter_event_count;
    return index < count && count - index <= storage_events.entries && storage_entry(&storage_events, index, event) &&
           event->number == (uint16_t)index;
}
