/* Time since start from GPT1 at 24 MHz, its compare channels, and sleeping. */
#ifndef TIMEBASE_H
#define TIMEBASE_H

#include <stdbool.h>
#include <stdint.h>

#define TICKS_PER_MS 24000u
#define TICKS_PER_SAMPLE 3000u

enum { COMPARE_ACTIVE_PULSE, COMPARE_REACTIVE_PULSE, COMPARE_ALARM };

void timebase_init(void);
/* Low 32 bits of the time in ticks; rolls over after 178.9 s. */
uint32_t timebase_now(void);
/* Time in ticks. */
uint64_t timebase_now64(void);
/* Interrupt at `tick` on compare channel `channel`; false if `tick` has passed (then nothing is armed). */
bool timebase_arm(uint32_t channel, uint32_t tick);
void timebase_disarm(uint32_t channel);
/* Call `expired` once, `ticks` from now, in the timer's interrupt. One at a time. */
void timebase_alarm(uint32_t ticks, void (*expired)(void));
/* Sleep `ms`; only for start-up, it uses the alarm. */
void timebase_sleep_ms(uint32_t ms);

#endif
