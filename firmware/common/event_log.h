/* What happened and when, in a ring that is kept without power. */
#ifndef EVENT_LOG_H
#define EVENT_LOG_H

#include <stdbool.h>
#include <stdint.h>

/* Codes, with the meaning of an event's value. */
enum event_code {
    EVENT_POWER_UP = 1,         /* seconds without power, -1 unknown */
    EVENT_POWER_DOWN = 2,       /* 0 */
    EVENT_CLOCK_OLD = 3,        /* the clock is set: at the old time; seconds by which it goes forward */
    EVENT_CLOCK_NEW = 4,        /* at the new time; the same */
    EVENT_CLOCK_SHIFT = 5,      /* milliseconds */
    EVENT_CLOCK_LOST = 6,       /* the clock was without its battery; 0 */
    EVENT_CLOCK_CALIBRATED = 7, /* trim in ppb */
    EVENT_DST = 8,              /* seconds of local time before UTC from here on */
    EVENT_DEMAND_RESET = 9,     /* number of the reset */
    EVENT_PERIOD_CHANGED = 10,  /* new period of demand or profile in seconds */
    EVENT_PHASE_LOST = 11,      /* phase, 1 to 3 */
    EVENT_PHASE_BACK = 12,      /* phase */
    EVENT_COVER_OPENED = 13,    /* 0 */
    EVENT_COVER_CLOSED = 14,    /* 0 */
    EVENT_STORAGE_FAULT = 15,   /* records that could not be read */
    EVENT_POWER_QUALITY = 0x100 /* and a kind of voltage event on top; milliseconds */
};

struct event {
    uint32_t utc_s; /* since 1970 */
    uint16_t code, number;
    int32_t value;
    uint32_t crc;
};

/* Events since the meter was made; the newest one's code and value. */
extern volatile uint32_t meter_event_count;
extern volatile uint32_t meter_event_last_code;
extern volatile int32_t meter_event_last_value;

void event_log_start(void);
/* Note an event now; from PendSV or the shell, not from an interrupt. */
void event_log_add(uint16_t code, int32_t value);
void event_log_add_at(uint16_t code, int32_t value, int64_t utc_ns);
/* Events that can be read. */
uint32_t event_log_kept(void);
/* Event number `index` from the meter's first one on; false if it is gone or damaged. With work held. */
bool event_log_read(uint32_t index, struct event *event);

#endif
