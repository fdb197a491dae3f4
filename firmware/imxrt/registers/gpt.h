/* GPT: general-purpose timer (chapter GPT of the i.MX RT manuals). */
#ifndef REGISTERS_GPT_H
#define REGISTERS_GPT_H

#include "registers/chip.h"
#include "registers/register.h"

struct gpt_registers {
    reg32 CR, PR, SR, IR, OCR[3], ICR[2], CNT;
};
CHECK_OFFSET(struct gpt_registers, CNT, 0x24);

#define GPT1 ((struct gpt_registers *)GPT1_BASE)

#define GPT_CR_EN (1u << 0)
#define GPT_CR_ENMOD (1u << 1)
#define GPT_CR_WAITEN (1u << 3)
#define GPT_CR_CLKSRC_PERIPHERAL (1u << 6)
#define GPT_CR_FRR (1u << 9)
#define GPT_CR_SWR (1u << 15)
/* Status and interrupt-enable bits share their places. */
#define GPT_COMPARE(number) (1u << (number))
#define GPT_ROLLOVER (1u << 5)

#endif
