/* Stands for system.h in the native build of acquisition.c: no processor to mask, put to sleep or interrupt. */
#include <stdint.h>

static inline void memory_barrier(void)
{
}

static inline void system_pend_work(void)
{
}
