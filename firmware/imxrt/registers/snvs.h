/* SNVS: secure non-volatile storage, of which the meter uses the real-time counters (chapter SNVS of the manuals). */
#ifndef REGISTERS_SNVS_H
#define REGISTERS_SNVS_H

#include "registers/chip.h"
#include "registers/register.h"

struct snvs_registers {
    reg32 HPLR, HPCOMR, HPCR, HPSICR, HPSVCR, HPSR, HPSVSR, HPHACIVR, HPHACR, HPRTCMR, HPRTCLR, HPTAMR, HPTALR;
    reg32 LPLR, LPCR, LPMKCR, LPSVCR, LPTGFCR, LPTDCR, LPSR, LPSRTCMR, LPSRTCLR;
    RESERVED(0xA8);
    reg32 LPGPR[4];
};
CHECK_OFFSET(struct snvs_registers, HPRTCMR, 0x24);
CHECK_OFFSET(struct snvs_registers, LPSRTCLR, 0x54);
CHECK_OFFSET(struct snvs_registers, LPGPR, 0x100);

#define SNVS ((struct snvs_registers *)SNVS_BASE)

#define SNVS_HPCR_RTC_EN (1u << 0)
#define SNVS_HPCR_PI_EN (1u << 3)
/* Interrupt when this bit of the counter rises. */
#define SNVS_HPCR_PI_FREQ(bit) ((bit) << 4)
#define SNVS_HPCR_HP_TS (1u << 16)
#define SNVS_HPSR_PI (1u << 1)
#define SNVS_LPCR_SRTC_ENV (1u << 0)

#endif
