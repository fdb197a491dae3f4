/* The FlexPWM block. */
#ifndef WATTBENCH_FLEXPWM_H
#define WATTBENCH_FLEXPWM_H

#include "block.h"

typedef struct wb_flexpwm wb_flexpwm;

WB_EXPORT wb_flexpwm *wb_flexpwm_new(wb_machine *machine);
WB_EXPORT void wb_flexpwm_clock(wb_flexpwm *pwm, int64_t num, int64_t den);
/* Input submodule * 3 + { 0: A, 1: B, 2: X }. */
WB_EXPORT void wb_flexpwm_input(wb_flexpwm *pwm, uint32_t number, uint32_t level);
/* Lets a line of the machine drive an input; false if the line has another receiver. */
WB_EXPORT uint32_t wb_flexpwm_connect(wb_flexpwm *pwm, uint32_t number, unsigned line);
WB_EXPORT unsigned wb_flexpwm_line(const wb_flexpwm *pwm, unsigned output);     /* 0 to 3 IRQs, 4 FAULT, then triggers 0, 1 and both of each submodule */
WB_EXPORT wb_request *wb_flexpwm_request(wb_flexpwm *pwm, unsigned number);     /* 0 to 3 captures, 4 to 7 values */

#endif
