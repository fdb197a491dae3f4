/* Disconnect relay: bistable, with a closing and an opening coil. */
#ifndef RELAY_H
#define RELAY_H

#include <stdbool.h>
#include <stdint.h>

enum relay_state { RELAY_UNKNOWN, RELAY_CLOSED, RELAY_OPEN };

/* Last commanded state; the relay keeps its contacts without power, so it is unknown after start. */
extern volatile uint32_t meter_relay_state;
extern volatile uint32_t meter_button_presses;

/* Drive the coil for 50 ms; false while a coil is driven. */
bool relay_move(enum relay_state state);
/* Once a buffer (3.75 ms): a press held for 15 ms closes an opened relay, as the consumer's consent to reconnect. */
void relay_poll_button(void);

#endif
