/* From reset to main: vectors, floating point, initialised data. */
#include <stdint.h>

#include "board.h"
#include "faults.h"
#include "registers/scs.h"
#include "system.h"

extern uint32_t linker_stack_top[], linker_data_start[], linker_data_end[], linker_bss_start[], linker_bss_end[];
extern const uint32_t linker_data_image[];

int main(void);
void Reset_Handler(void);
void PendSV_Handler(void);
void dma_samples_handler(void);
void lpuart1_handler(void);
void gpt1_handler(void);

typedef void (*vector)(void);

#define IRQ_LIMIT 218
/* Places of exceptions and interrupts behind the stack pointer. */
#define EXCEPTION(number) ((number)-1)
#define IRQ(number) EXCEPTION(16 + (number))

struct vector_table {
    uint32_t *stack_top;
    vector handlers[IRQ(IRQ_LIMIT)];
};

/* Each interrupt that the meter does not use stops it with a report. */
__attribute__((section(".vectors"), used)) const struct vector_table vector_table = {
    linker_stack_top,
    {
        [EXCEPTION(1)] = Reset_Handler,
        [EXCEPTION(2)... EXCEPTION(13)] = fault_entry,
        [EXCEPTION(14)] = PendSV_Handler,
        [EXCEPTION(15)... IRQ(IRQ_DMA_SAMPLES - 1)] = fault_entry,
        [IRQ(IRQ_DMA_SAMPLES)] = dma_samples_handler,
        [IRQ(IRQ_DMA_SAMPLES + 1)... IRQ(IRQ_LPUART1 - 1)] = fault_entry,
        [IRQ(IRQ_LPUART1)] = lpuart1_handler,
        [IRQ(IRQ_LPUART1 + 1)... IRQ(IRQ_GPT1 - 1)] = fault_entry,
        [IRQ(IRQ_GPT1)] = gpt1_handler,
        [IRQ(IRQ_GPT1 + 1)... IRQ(IRQ_LIMIT - 1)] = fault_entry,
    },
};

__attribute__((used, noreturn)) static void reset_continue(void)
{
    SCB_CPACR |= CPACR_FPU_FULL;
    memory_barrier();
    SCB_VTOR = (uint32_t)&vector_table;
    const uint32_t *image = linker_data_image;
    for (uint32_t *word = linker_data_start; word < linker_data_end; word++)
        *word = *image++;
    for (uint32_t *word = linker_bss_start; word < linker_bss_end; word++)
        *word = 0;
    system_init();
    __asm volatile("cpsie i" ::: "memory");
    main();
    system_reset();
}

/* The boot ROM may enter here with any stack pointer. */
__attribute__((naked, noreturn)) void Reset_Handler(void)
{
    __asm volatile("cpsid i\n\t"
                   "ldr r0, =linker_stack_top\n\t"
                   "mov sp, r0\n\t"
                   "b reset_continue\n\t"
                   ".ltorg");
}
