/* System control space of the Cortex-M7 (ARMv7-M Architecture Reference Manual, B3). */
#ifndef REGISTERS_SCS_H
#define REGISTERS_SCS_H

#include "registers/register.h"

#define NVIC_ISER ((reg32 *)0xE000E100u)
#define NVIC_IPR ((reg8 *)0xE000E400u)
#define SCB_ICSR (*(reg32 *)0xE000ED04u)
#define SCB_VTOR (*(reg32 *)0xE000ED08u)
#define SCB_AIRCR (*(reg32 *)0xE000ED0Cu)
#define SCB_CCR (*(reg32 *)0xE000ED14u)
#define SCB_SHPR ((reg8 *)0xE000ED18u)
#define SCB_SHCSR (*(reg32 *)0xE000ED24u)
#define SCB_CFSR (*(reg32 *)0xE000ED28u)
#define SCB_HFSR (*(reg32 *)0xE000ED2Cu)
#define SCB_MMFAR (*(reg32 *)0xE000ED34u)
#define SCB_BFAR (*(reg32 *)0xE000ED38u)
#define SCB_CCSIDR (*(reg32 *)0xE000ED80u)
#define SCB_CSSELR (*(reg32 *)0xE000ED84u)
#define SCB_CPACR (*(reg32 *)0xE000ED88u)
#define MPU_CTRL (*(reg32 *)0xE000ED94u)
#define MPU_RBAR (*(reg32 *)0xE000ED9Cu)
#define MPU_RASR (*(reg32 *)0xE000EDA0u)
#define SCB_ICIALLU (*(reg32 *)0xE000EF50u)
#define SCB_DCISW (*(reg32 *)0xE000EF60u)

#define ICSR_PENDSVSET (1u << 28)
#define AIRCR_SYSRESETREQ 0x05FA0004u
#define CCR_DIV_0_TRP (1u << 4)
#define CCR_DC (1u << 16)
#define CCR_IC (1u << 17)
#define SHCSR_FAULTS_ENABLED (7u << 16)
#define CPACR_FPU_FULL (0xFu << 20)
#define MPU_ENABLE_WITH_BACKGROUND 5u
/* Place of PendSV's priority in SHPR. */
#define SHPR_PENDSV 10
/* The core has 4 priority bits, the upper ones. */
#define PRIORITY(level) ((uint8_t)((level) << 4))

#endif
