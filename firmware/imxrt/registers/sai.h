/* SAI: the receiver of the synchronous audio interface (chapter SAI of the i.MX RT manuals). */
#ifndef REGISTERS_SAI_H
#define REGISTERS_SAI_H

#include "registers/chip.h"
#include "registers/register.h"

struct sai_registers {
    reg32 VERID, PARAM;
    RESERVED(0x80);
    reg32 RCSR, RCR1, RCR2, RCR3, RCR4, RCR5, RDR[4];
    RESERVED(16);
    reg32 RFR[4];
    RESERVED(16);
    reg32 RMR;
};
CHECK_OFFSET(struct sai_registers, RCSR, 0x88);
CHECK_OFFSET(struct sai_registers, RDR, 0xA0);
CHECK_OFFSET(struct sai_registers, RMR, 0xE0);

#define SAI1 ((struct sai_registers *)SAI1_BASE)

#define SAI_RCSR_FRDE (1u << 0)
#define SAI_RCSR_SR (1u << 24)
#define SAI_RCSR_FR (1u << 25)
#define SAI_RCSR_RE (1u << 31)
/* A request while the FIFO has more words than this. */
#define SAI_RCR1_WATERMARK(words) (words)
#define SAI_RCR3_LINE(number) (1u << (16 + (number)))
#define SAI_RCR4_MSB_FIRST (1u << 4)
#define SAI_RCR4_SYNC_EARLY (1u << 3)
#define SAI_RCR4_WORDS(count) (((count)-1u) << 16)
#define SAI_RCR5_BITS(bits) (((bits)-1u) << 24 | ((bits)-1u) << 16 | ((bits)-1u) << 8)

#endif
