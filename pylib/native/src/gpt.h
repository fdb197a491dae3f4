/* The GPT block. */
#ifndef WATTBENCH_GPT_H
#define WATTBENCH_GPT_H

#include "block.h"

typedef struct wb_gpt wb_gpt;

WB_EXPORT wb_gpt *wb_gpt_new(wb_machine *machine);
/* Clock of CLKSRC 1 and 2, num / den Hz. */
WB_EXPORT void wb_gpt_clock(wb_gpt *gpt, int64_t num, int64_t den);
/* Capture pin 1 or 2. */
WB_EXPORT void wb_gpt_input(wb_gpt *gpt, uint32_t number, uint32_t level);
WB_EXPORT unsigned wb_gpt_line(const wb_gpt *gpt, unsigned output);             /* 0 IRQ, 1 to 3 compare pins */

#endif
