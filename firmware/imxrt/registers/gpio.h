/* GPIO: a port of 32 pins (chapter GPIO of the i.MX RT manuals). */
#ifndef REGISTERS_GPIO_H
#define REGISTERS_GPIO_H

#include "registers/register.h"

struct gpio_registers {
    reg32 DR, GDIR, PSR, ICR1, ICR2, IMR, ISR, EDGE_SEL;
    RESERVED(0x64);
    reg32 DR_SET, DR_CLEAR, DR_TOGGLE;
};
CHECK_OFFSET(struct gpio_registers, DR_SET, 0x84);

#endif
