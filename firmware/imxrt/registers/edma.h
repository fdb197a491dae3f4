/* eDMA and its request multiplexer (chapters eDMA and DMAMUX of the i.MX RT manuals). */
#ifndef REGISTERS_EDMA_H
#define REGISTERS_EDMA_H

#include "registers/chip.h"
#include "registers/register.h"

/* Transfer control descriptor, in the controller and, 32-byte aligned, in memory for scatter-gather. */
struct edma_tcd {
    reg32 SADDR;
    reg16 SOFF, ATTR;
    reg32 NBYTES, SLAST, DADDR;
    reg16 DOFF, CITER;
    reg32 DLAST_SGA;
    reg16 CSR, BITER;
};
_Static_assert(sizeof(struct edma_tcd) == 32, "edma_tcd");

struct edma_registers {
    reg32 CR, ES;
    RESERVED(4);
    reg32 ERQ;
    RESERVED(4);
    reg32 EEI;
    reg8 CEEI, SEEI, CERQ, SERQ, CDNE, SSRT, CERR, CINT;
    RESERVED(4);
    reg32 INT;
    RESERVED(4);
    reg32 ERR;
    RESERVED(4);
    reg32 HRS;
    RESERVED(0x1000 - 0x38);
    struct edma_tcd TCD[32];
};
CHECK_OFFSET(struct edma_registers, CINT, 0x1F);
CHECK_OFFSET(struct edma_registers, ERR, 0x2C);
CHECK_OFFSET(struct edma_registers, TCD, 0x1000);

#define EDMA ((struct edma_registers *)EDMA_BASE)
#define DMAMUX_CHCFG ((reg32 *)DMAMUX_BASE)
#define DMAMUX_ENABLE (1u << 31)

#define EDMA_SIZE_8 0u
#define EDMA_SIZE_32 2u
#define EDMA_ATTR(source_size, destination_size) ((uint16_t)((source_size) << 8 | (destination_size)))
#define EDMA_ITER_LINK(channel, count) ((uint16_t)(1u << 15 | (channel) << 9 | (count)))
#define EDMA_CSR_INTMAJOR (1u << 1)
#define EDMA_CSR_DREQ (1u << 3)
#define EDMA_CSR_ESG (1u << 4)
#define EDMA_CSR_MAJORLINK(channel) (1u << 5 | (uint32_t)(channel) << 8)

#endif
