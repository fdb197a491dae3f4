/* The processors that a core can be. */
#include "core.h"

/* Identification registers: Arm's technical reference manuals of the two, "System Control"; MVFR: ARMv7-M B4.7. */
static const wb_core_kind KINDS[] = {
    [WB_CORTEX_M7] = {
        .model = UC_CPU_ARM_CORTEX_M7, .caches = true, .cpuid = 0x411FC272,                     /* r1p2 */
        .actlr_bits = 0x1FFFFFFF,
        .ccr = 0x00040200, .ccr_bits = 0x0007011B,      /* STKALIGN and branch prediction read as one */
        .isar = { 0x01101110, 0x02112000, 0x20232231, 0x01111131, 0x01310132 },
        .mvfr = { 0x10110221, 0x12000011, 0x00000040 },                                         /* FPv5, double */
    },
    [WB_CORTEX_M4] = {
        .model = UC_CPU_ARM_CORTEX_M4, .cpuid = 0x410FC241,                                     /* r0p1 */
        .actlr_bits = 0x00000307,
        .ccr = 0x00000200, .ccr_bits = 0x0000031B,      /* STKALIGN can be cleared */
        .isar = { 0x01141110, 0x02112000, 0x21232231, 0x01111131, 0x01310132 },
        .mvfr = { 0x10110021, 0x11000011, 0 },                                                  /* FPv4, single */
    },
};

const wb_core_kind *wb_core_kind_of(uint32_t type)
{
    return type < sizeof KINDS / sizeof *KINDS ? &KINDS[type] : NULL;
}
