#include "pulse.h"

#include "pulse_output.h"
#include "timebase.h"

/* Longest cycle (25 ms), a buffer (3.75 ms) and its processing, rounded up. */
#define DELAY_TICKS (30u * TICKS_PER_MS)
/* Optical and S0 outputs: 30 ms, and not more than half of the distance to the next pulse; pauses of 0.2 ms. */
#define LONGEST_TICKS (30u * TICKS_PER_MS)
#define PAUSE_TICKS (TICKS_PER_MS / 5u)
#define QUEUE_LENGTH 16u

volatile uint32_t meter_pulses_dropped;

static struct channel {
    int64_t nano_units_per_pulse, counted; /* since the last pulse */
    uint32_t last_off_tick;
    bool any;
    volatile uint32_t head, tail;
    struct pulse queue[QUEUE_LENGTH];
} channels[PULSE_CHANNELS];

void pulse_init(const struct calibration *calibration)
{
    for (uint32_t i = 0; i < PULSE_CHANNELS; i++)
        channels[i] = (struct channel){0};
    channels[PULSE_ACTIVE].nano_units_per_pulse = (int64_t)(1e12 / calibration->active_imp_per_kwh + 0.5);
    channels[PULSE_REACTIVE].nano_units_per_pulse = (int64_t)(1e12 / calibration->reactive_imp_per_kvarh + 0.5);
}

static void enqueue(uint32_t channel, uint32_t on_tick, uint32_t ticks)
{
    uint32_t earliest = channels[channel].last_off_tick + PAUSE_TICKS;
    if (channels[channel].any && (int32_t)(on_tick - earliest) < 0 && earliest - on_tick < LONGEST_TICKS)
        on_tick = earliest;
    if (channels[channel].head - channels[channel].tail == QUEUE_LENGTH) {
        meter_pulses_dropped++;
        return;
    }
    channels[channel].any = true;
    channels[channel].last_off_tick = on_tick + ticks;
    channels[channel].queue[channels[channel].head % QUEUE_LENGTH] = (struct pulse){on_tick, on_tick + ticks};
    channels[channel].head++;
}

void pulse_add(uint32_t channel, int64_t nano_units, uint32_t start_tick, uint32_t end_tick)
{
    int64_t per_pulse = channels[channel].nano_units_per_pulse, before = channels[channel].counted;
    int64_t after = before + nano_units, span = end_tick - start_tick;
    if (after < per_pulse) {
        channels[channel].counted = after;
        return;
    }
    int64_t ticks = per_pulse * span / nano_units / 2;
    if (ticks > LONGEST_TICKS)
        ticks = LONGEST_TICKS;
    int64_t next = per_pulse;
    for (; next <= after; next += per_pulse)
        enqueue(channel, start_tick + DELAY_TICKS + (uint32_t)((next - before) * span / nano_units), (uint32_t)ticks);
    channels[channel].counted = after - (next - per_pulse);
    pulse_output_kick(channel);
}

const struct pulse *pulse_peek(uint32_t channel)
{
    if (channels[channel].head == channels[channel].tail)
        return 0;
    return &channels[channel].queue[channels[channel].tail % QUEUE_LENGTH];
}

void pulse_drop(uint32_t channel)
{
    channels[channel].tail++;
}
