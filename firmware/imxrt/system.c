#include "system.h"

#include "registers/chip.h"
#include "registers/scs.h"

extern uint32_t linker_stack_guard[];

#define MPU_VALID (1u << 4)
#define MPU_SIZE(log2) (((log2)-1u) << 1 | 1u)
#define MPU_NO_EXECUTE (1u << 28)
#define MPU_READ_WRITE (3u << 24)
#define MPU_READ_ONLY (6u << 24)
#define MPU_NORMAL_UNCACHED (1u << 19)
#define MPU_NORMAL_WRITE_BACK (1u << 19 | 3u << 16)

/* Set/way invalidation of the data cache: lines of 32 bytes, set number from bit 5, way number from bit 30. */
static void invalidate_data_cache(void)
{
    SCB_CSSELR = 0;
    memory_barrier();
    uint32_t size = SCB_CCSIDR, sets = (size >> 13 & 0x7FFFu) + 1u, ways = (size >> 3 & 0x3FFu) + 1u;
    for (uint32_t set = 0; set < sets; set++)
        for (uint32_t way = 0; way < ways; way++)
            SCB_DCISW = set << 5 | way << 30;
    memory_barrier();
}

static void protect_memory(void)
{
    /* A stack that grows past its end hits the guard and faults instead of overwriting data. */
    MPU_RBAR = (uint32_t)linker_stack_guard | MPU_VALID | 0u;
    MPU_RASR = MPU_SIZE(8) | MPU_NORMAL_UNCACHED | MPU_NO_EXECUTE;
    MPU_RBAR = FLASH_BASE | MPU_VALID | 1u;
    MPU_RASR = MPU_SIZE(22) | MPU_NORMAL_WRITE_BACK | MPU_READ_ONLY;
    /* DMA and processor share this memory, so it stays out of the data cache. */
    MPU_RBAR = DMA_MEMORY_BASE | MPU_VALID | 2u;
    MPU_RASR = MPU_SIZE(DMA_MEMORY_SIZE_LOG2) | MPU_NORMAL_UNCACHED | MPU_NO_EXECUTE | MPU_READ_WRITE;
    MPU_CTRL = MPU_ENABLE_WITH_BACKGROUND;
    memory_barrier();
}

void system_init(void)
{
    protect_memory();
    SCB_ICIALLU = 0;
    invalidate_data_cache();
    SCB_CCR |= CCR_IC | CCR_DC | CCR_DIV_0_TRP;
    memory_barrier();
    SCB_SHCSR |= SHCSR_FAULTS_ENABLED;
    SCB_SHPR[SHPR_PENDSV] = PRIORITY(15);
}

void system_enable_irq(uint32_t irq, uint32_t priority)
{
    NVIC_IPR[irq] = PRIORITY(priority);
    NVIC_ISER[irq / 32u] = 1u << irq % 32u;
}

void system_pend_work(void)
{
    SCB_ICSR = ICSR_PENDSVSET;
}

_Noreturn void system_reset(void)
{
    memory_barrier();
    SCB_AIRCR = AIRCR_SYSRESETREQ;
    memory_barrier();
    for (;;)
        system_sleep();
}
