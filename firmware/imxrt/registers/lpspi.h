/* LPSPI: low-power serial peripheral interface (chapter LPSPI of the i.MX RT manuals). */
#ifndef REGISTERS_LPSPI_H
#define REGISTERS_LPSPI_H

#include "registers/chip.h"
#include "registers/register.h"

struct lpspi_registers {
    reg32 VERID, PARAM;
    RESERVED(8);
    reg32 CR, SR, IER, DER, CFGR0, CFGR1;
    RESERVED(24);
    reg32 CCR;
    RESERVED(20);
    reg32 FCR, FSR, TCR, TDR;
    RESERVED(8);
    reg32 RSR, RDR;
};
CHECK_OFFSET(struct lpspi_registers, CCR, 0x40);
CHECK_OFFSET(struct lpspi_registers, FCR, 0x58);
CHECK_OFFSET(struct lpspi_registers, RDR, 0x74);

#define LPSPI(number) ((struct lpspi_registers *)LPSPI_BASE(number))

#define LPSPI_CR_MEN (1u << 0)
#define LPSPI_CR_RST (1u << 1)
#define LPSPI_CR_RTF (1u << 8)
#define LPSPI_CR_RRF (1u << 9)
#define LPSPI_SR_FCF (1u << 9)
#define LPSPI_SR_TEF (1u << 11)
#define LPSPI_SR_REF (1u << 12)
#define LPSPI_SR_W1C 0x3F00u
#define LPSPI_DER_RDDE (1u << 1)
#define LPSPI_CFGR1_MASTER (1u << 0)
#define LPSPI_CCR_SCKDIV(cycles) ((cycles) << 0)
#define LPSPI_CCR_DBT(cycles) ((cycles) << 8)
#define LPSPI_CCR_PCSSCK(cycles) ((cycles) << 16)
#define LPSPI_CCR_SCKPCS(cycles) ((cycles) << 24)
#define LPSPI_FSR_RXCOUNT(fsr) ((fsr) >> 16 & 0x1Fu)
#define LPSPI_TCR_FRAMESZ(bits) ((bits)-1u)
#define LPSPI_TCR_BYSW (1u << 22)
#define LPSPI_TCR_PCS(number) ((uint32_t)(number) << 24)
#define LPSPI_TCR_MODE3 (3u << 30)

#endif
