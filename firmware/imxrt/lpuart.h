/* Console on LPUART1: interrupt driven in both directions. */
#ifndef LPUART_H
#define LPUART_H

#include <stdbool.h>

void lpuart_init(void);
/* Queue a character; sleeps while the queue is full. Not for interrupts. */
void lpuart_put(char character);
/* Whether a received character waits. */
bool lpuart_received(void);
/* Next received character, or -1. */
int lpuart_get(void);
/* Sleep until all queued characters have left. Not for interrupts. */
void lpuart_flush(void);
/* Send without interrupts and wait, for a meter that stops. */
void lpuart_put_now(char character);

#endif
