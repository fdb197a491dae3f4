/* FlexPWM: the parts that an input capture on a PWM_X pin uses (i.MX RT1170 reference manual, chapter eFlexPWM). */
#ifndef REGISTERS_FLEXPWM_H
#define REGISTERS_FLEXPWM_H

#include "registers/register.h"

struct flexpwm_submodule {
    reg16 CNT, INIT, CTRL2, CTRL;
    RESERVED(28);
    reg16 STS, INTEN, DMAEN;
    RESERVED(18);
    reg16 CAPTCTRLX;
    RESERVED(34);
};
_Static_assert(sizeof(struct flexpwm_submodule) == 0x60, "flexpwm_submodule");
CHECK_OFFSET(struct flexpwm_submodule, DMAEN, 0x28);
CHECK_OFFSET(struct flexpwm_submodule, CAPTCTRLX, 0x3C);

struct flexpwm_registers {
    struct flexpwm_submodule SM[4];
    reg16 OUTEN;
};

#define FLEXPWM4 ((struct flexpwm_registers *)0x40198000u)

#define FLEXPWM_OUTEN_PWMX(submodule) (1u << (submodule))
#define FLEXPWM_DMAEN_CX0DE (1u << 0)
#define FLEXPWM_DMAEN_CAPTDE_WATERMARK (1u << 6)
#define FLEXPWM_CAPTCTRLX_ARM (1u << 0)
#define FLEXPWM_CAPTCTRLX_EDGX0_FALLING (1u << 2)

#endif
