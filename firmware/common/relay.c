#include "relay.h"

#include "board.h"
#include "outputs.h"
#include "system.h"
#include "timebase.h"

#define COIL_MS 50u
#define BUTTON_POLLS 4u

volatile uint32_t meter_relay_state = RELAY_UNKNOWN;
volatile uint32_t meter_button_presses;

static volatile bool coil_driven;
static uint32_t polls_down;

static void coils_off(void)
{
    output_set(PIN_RELAY_CLOSE, false);
    output_set(PIN_RELAY_OPEN, false);
    coil_driven = false;
}

bool relay_move(enum relay_state state)
{
    uint32_t masked = interrupts_mask();
    bool busy = coil_driven;
    coil_driven = true;
    interrupts_restore(masked);
    if (busy)
        return false;
    output_set(state == RELAY_CLOSED ? PIN_RELAY_CLOSE : PIN_RELAY_OPEN, true);
    meter_relay_state = state;
    timebase_alarm(COIL_MS * TICKS_PER_MS, coils_off);
    return true;
}

void relay_poll_button(void)
{
    if (!button_down()) {
        polls_down = 0;
        return;
    }
    if (++polls_down != BUTTON_POLLS)
        return;
    meter_button_presses++;
    if (meter_relay_state == RELAY_OPEN)
        relay_move(RELAY_CLOSED);
}
