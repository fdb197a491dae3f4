/* The battery-backed counter of 32 768 Hz. */
#ifndef RTC_H
#define RTC_H

#include <stdbool.h>
#include <stdint.h>

/* Start the counter and its interrupt once a second; false if it stood still, as it does without its battery. */
bool rtc_start(void);
uint64_t rtc_count(void);
/* A number on the counter's battery, 0 after that was lost. */
uint32_t rtc_session(void);
void rtc_set_session(uint32_t session);

#endif
