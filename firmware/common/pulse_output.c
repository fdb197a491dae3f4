#include "pulse_output.h"

#include "board.h"
#include "outputs.h"
#include "system.h"
#include "timebase.h"

volatile uint32_t meter_pulse_count[PULSE_CHANNELS];
volatile uint32_t meter_pulse_edges_late;

static const uint8_t led_pins[PULSE_CHANNELS] = {PIN_LED_ACTIVE_PULSE, PIN_LED_REACTIVE_PULSE};
static struct {
    bool lit, waiting;
} outputs[PULSE_CHANNELS];

static void switch_led(uint32_t channel)
{
    outputs[channel].lit = !outputs[channel].lit;
    output_set(led_pins[channel], outputs[channel].lit);
    if (outputs[channel].lit)
        meter_pulse_count[channel]++;
    else
        pulse_drop(channel);
}

/* Set the timer to the next edge; edges that are due already are made at once. */
static void wait_for_edge(uint32_t channel)
{
    const struct pulse *pulse;
    while ((pulse = pulse_peek(channel))) {
        outputs[channel].waiting = timebase_arm(channel, outputs[channel].lit ? pulse->off_tick : pulse->on_tick);
        if (outputs[channel].waiting)
            return;
        meter_pulse_edges_late++;
        switch_led(channel);
    }
    outputs[channel].waiting = false;
    timebase_disarm(channel);
}

void pulse_output_service(uint32_t channel)
{
    if (!outputs[channel].waiting)
        return;
    switch_led(channel);
    wait_for_edge(channel);
}

void pulse_output_kick(uint32_t channel)
{
    uint32_t masked = interrupts_mask();
    if (!outputs[channel].waiting)
        wait_for_edge(channel);
    interrupts_restore(masked);
}
