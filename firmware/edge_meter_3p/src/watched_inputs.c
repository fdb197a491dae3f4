#include "watched_inputs.h"

#include "board.h"
#include "registers/chip.h"
#include "system.h"

#define PINS (1u << PIN_SUPPLY_GOOD | 1u << PIN_COVER_OPEN)

static volatile bool changed;

void inputs_handler(void);

void watched_inputs_start(void)
{
    GPIO3->EDGE_SEL |= PINS; /* both edges */
    GPIO3->ISR = PINS;
    GPIO3->IMR |= PINS;
    changed = true;
    system_enable_irq(IRQ_INPUTS, PRIORITY_INPUTS);
}

bool watched_inputs_changed(void)
{
    bool was = changed;
    changed = false;
    return was;
}

bool supply_is_good(void)
{
    return GPIO3->PSR >> PIN_SUPPLY_GOOD & 1u;
}

bool cover_is_open(void)
{
    return GPIO3->PSR >> PIN_COVER_OPEN & 1u;
}

void inputs_handler(void)
{
    GPIO3->ISR = PINS;
    changed = true;
    system_pend_work();
    memory_barrier();
}
