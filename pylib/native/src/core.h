/* One Cortex-M core on Unicorn: its registers of the system control space, and what happens outside translated code. */
#ifndef WATTBENCH_CORE_H
#define WATTBENCH_CORE_H

#include "machine.h"
#include "trace.h"

#define REG(name) UC_ARM_REG_##name

enum wb_exception {
    WB_RESET = 1, WB_NMI = 2, WB_HARD_FAULT = 3, WB_MEM_MANAGE = 4, WB_BUS_FAULT = 5, WB_USAGE_FAULT = 6,
    WB_SVC = 11, WB_DEBUG_MONITOR = 12, WB_PENDSV = 14, WB_SYSTICK = 15, WB_IRQ0 = 16,
};

/* CFSR bits, ARMv7-M B3.2.15. */
enum {
    WB_IACCVIOL = 1u << 0, WB_DACCVIOL = 1u << 1, WB_MUNSTKERR = 1u << 3, WB_MSTKERR = 1u << 4, WB_MMARVALID = 1u << 7,
    WB_IBUSERR = 1u << 8, WB_PRECISERR = 1u << 9, WB_UNSTKERR = 1u << 11, WB_STKERR = 1u << 12, WB_BFARVALID = 1u << 15,
    WB_UNDEFINSTR = 1u << 16, WB_INVSTATE = 1u << 17, WB_INVPC = 1u << 18, WB_NOCP = 1u << 19,
    WB_UNALIGNED = 1u << 24,
    WB_HFSR_VECTTBL = 1u << 1, WB_HFSR_FORCED = 1u << 30, WB_HFSR_DEBUGEVT = 1u << 31,
};

/* Everything of a core that firmware can see beside Unicorn's own registers; plain data. */
typedef struct {
    uint8_t priority[WB_EXCEPTIONS];
    uint32_t enabled[8], pending[8], level[8];      /* interrupts */
    uint32_t system_pending;                        /* bit per exception number below 16 */
    uint16_t active[32];                            /* active exceptions, innermost last */
    uint32_t active_count;
    uint32_t vtor, aircr_prigroup, scr, ccr, shcsr_enables, cfsr, hfsr, dfsr, mmfar, bfar, afsr, cpacr, csselr;
    uint32_t fpccr, fpcar, fpdscr, demcr, actlr;
    uint32_t mpu_ctrl, mpu_rnr, mpu_rbar[WB_MPU_REGIONS], mpu_rasr[WB_MPU_REGIONS];
    uint32_t systick_csr, systick_rvr;
    int64_t systick_anchor_ns;                      /* time at which the counter was last loaded */
    uint32_t systick_start;                         /* value it was loaded with */
    uint32_t dwt_ctrl, dwt_offset;
    int64_t dwt_anchor_ns;
    uint8_t asleep, waiting_for_event, event_register, held, locked_up, fp_disabled;
    uint32_t mips;
    uint64_t icount, base_icount;                   /* instructions done; their number at base_ns */
    int64_t base_ns, awake_since_ns;
    uint32_t pc;
    int64_t slept_ns, looped_ns;                    /* asleep until it last woke; in loops that changed nothing */
    int64_t looped_until_ns;
    uint64_t passing;                               /* bit per wait point that will be passed the next time */
} wb_core_data;

/* How the processors differ. */
typedef struct {
    int model;                                      /* Unicorn's */
    bool caches;
    uint32_t cpuid, actlr_bits, ccr, ccr_bits;      /* `_bits` can be written */
    uint32_t isar[5], mvfr[3];
} wb_core_kind;

typedef struct {
    uint32_t key;                                   /* address + 1, 0 empty */
    uint16_t count, size;
    uint8_t flags;
    bool loop_known, loop_stores;                   /* head of a loop that changed nothing once; its turn has stores */
    bool loop_polls;                                /* its turn reads a device */
    uint8_t backoff;                                /* turns in a row that did change something, */
    uint16_t passes;                                /* and how often it may still come without being looked at */
} wb_block;

/* Accesses that Unicorn must not do itself go through this window of its physical space, at the same 32-bit address. */
#define WB_SLOW_WINDOW 0x100000000ull

/* A place that is never executable, whatever the MPU says. */
#define WB_NEVER_CODE 0xFFFFFFF0ull

/* Granule in which it is remembered that code was run from memory. */
enum { WB_CODE_SHIFT = 6 };

enum wb_lockup_reason { WB_LOCKUP_FAULT = 1, WB_LOCKUP_VECTORS, WB_LOCKUP_STACK };

enum { WB_BLOCK_SEV = 1, WB_BLOCK_FP = 2, WB_BLOCK_WFE = 4, WB_BLOCK_WFI = 8, WB_BLOCK_YIELD = 16, WB_BLOCK_CLOSED = 32,
       WB_BLOCK_STORES = 64, WB_BLOCK_TRACED = 128 };

/* A synchronous fault of the running slice, noted in a hook for the loop outside. */
typedef struct {
    bool raised, address_valid;
    uint32_t exception, cfsr_bits, address;
} wb_fault;

/* Addresses at which the core sleeps; idle.c. */
typedef struct {
    uint64_t used;                                  /* bit per slot */
    uint32_t address[WB_WAIT_POINTS];
    uc_hook hook[WB_WAIT_POINTS];
} wb_wait_points;

enum { WB_LOOP_WRITES = 64, WB_LOOP_QUICK = 15 };

/* The search for loops that change nothing; loop.c. It only speeds up what would happen anyway, so it is not saved. */
typedef struct {
    bool enabled;
    bool spoiled;                                   /* the turn did what no such loop may do */
    bool polls;                                     /* the turn reads a device */
    uint32_t poll_pc, poll_count;                   /* the last reads of a device: by the same instruction how often */
    bool goes_on;                                   /* the turn goes on from its head */
    bool guards_memory;                             /* stores go through the slow window */
    bool interruptible;                             /* somewhere in the turn */
    uint8_t state, flags;
    uint32_t head, blocks, attempts;
    wb_block *block;                                /* of the head */
    uint64_t interval, next_probe, not_before, started;     /* in instructions */
    uint32_t quick[WB_LOOP_QUICK];
    struct { uint32_t address, before; } written[WB_LOOP_WRITES];
    unsigned writes;
    uc_context *before, *after;
    size_t context_start, context_end;              /* the bytes of a context that are the CPU's state */
    wb_core_data data;
} wb_loop;

struct wb_core {
    wb_machine *machine;
    unsigned number;
    const wb_core_kind *kind;
    uc_engine *uc;
    wb_core_data d;
    uint64_t deadline, pause_at;                    /* in instructions; the second is the next of deadline and probe */
    uint32_t block_pc, block_count, block_size;     /* the block being executed; count 0 outside of one */
    uint8_t block_flags;
    bool running;
    bool look;                                      /* leave the slice at the next block: something changed */
    bool careful;                                   /* some of the conditions below needs a check at each block */
    bool tracing;                                   /* the search for idle loops looks at each block */
    bool masked_pending;                            /* something is pending that a mask holds back */
    bool tlb_stale, tlb_negative;                   /* flush before going on; filled while the MPU is bypassed */
    bool code_stale;                                /* drop translated code before going on */
    bool mixed_code;                                /* code runs from a page that the MPU splits */
    uint32_t exit_at;                               /* end the next slice before this address, 0 for none */
    bool waits;                                     /* the slice ended at a wait point */
    bool ahead;                                     /* it ended before an access for which others are not far enough */
    bool restarts;                                  /* it ended because the core is to be reset */
    uint32_t restart_vectors;
    wb_wait_points wait_points;
    wb_loop loop;
    int interrupt;                                  /* Unicorn's interrupt hook number, -1 none */
    wb_fault fault;
    uint32_t judged_first, judged_last;             /* bytes of the slow window that the access in hand may touch */
    uint32_t mpu_regions, irqs;
    uint8_t priority_mask;
    uint64_t hz, systick_reference_hz;
    wb_block blocks[WB_BLOCK_SLOTS];
    unsigned systick_event;
    int64_t awake_limit_ns;                         /* 0: none */
    uint32_t lockup_reason;
};

static inline uint32_t wb_get(const wb_core *core, int reg)
{
    uint32_t value = 0;
    uc_reg_read(core->uc, reg, &value);
    return value;
}
static inline void wb_set(wb_core *core, int reg, uint32_t value) { uc_reg_write(core->uc, reg, &value); }

/* cpu.c */
bool wb_core_handles(const wb_core *core);          /* handler mode */
bool wb_core_privileged(const wb_core *core);
uint32_t wb_get_special(const wb_core *core, int reg);

/* PRIMASK, BASEPRI, FAULTMASK. */
typedef struct { uint32_t primask, basepri, faultmask; } wb_masks;
wb_masks wb_get_masks(const wb_core *core);
void wb_repair_it(wb_core *core);
void wb_set_control(wb_core *core, uint32_t control, uint32_t ipsr);

/* core.c */
int64_t wb_core_time(const wb_core *core);
int64_t wb_core_time_at(const wb_core *core, uint32_t pc);     /* inside the current block */
uint64_t wb_core_icount_at(const wb_core *core, uint32_t pc);
uint64_t wb_core_instructions_at(const wb_core *core, int64_t time_ns);
uint32_t wb_core_pc(const wb_core *core);
void wb_core_run(wb_core *core, int64_t until_ns);
void wb_core_wake(wb_core *core);
void wb_on_block(uc_engine *uc, uint64_t address, uint32_t size, void *core);
void wb_on_translation(uc_engine *uc, uc_tb *block, uc_tb *previous, void *core);
void wb_on_interrupt(uc_engine *uc, uint32_t number, void *core);

/* kind.c */
const wb_core_kind *wb_core_kind_of(uint32_t type);

/* lifecycle.c */
void wb_core_restart(wb_core *core, uint32_t vector_table);
void wb_core_free(wb_core *core);

/* code.c */
bool wb_in_it_block(const wb_core *core, uint32_t start, uint32_t pc);
void wb_send_event(wb_machine *machine);
bool wb_may_execute(wb_core *core, uint32_t address, uint32_t size);
bool wb_may_use_fp(wb_core *core, uint32_t address, uint32_t size);
void wb_block_learn(wb_core *core, uint32_t address, uint32_t size);
static inline wb_block *wb_block_at(wb_core *core, uint32_t address, uint32_t size)
{
    wb_block *block = &core->blocks[address >> 1 & (WB_BLOCK_SLOTS - 1)];
    if (block->key != address + 1 || block->size != size) wb_block_learn(core, address, size);
    return block;
}
bool wb_may_fetch_closed(wb_core *core, uint32_t address);
uint32_t wb_instructions_before(const wb_core *core, uint32_t start, uint32_t pc);
void wb_code_changed(wb_machine *machine, const wb_region *region, uint32_t offset, uint32_t size);
bool wb_holds_code(const wb_core *core, const wb_region *region, uint32_t page);
bool wb_others_translate(const wb_core *core, const wb_region *region, uint32_t page);

/* loop.c */
void wb_loop_init(wb_core *core);
void wb_loop_free(wb_core *core);
void wb_loop_begin_run(wb_core *core);
void wb_loop_end_run(wb_core *core);
void wb_loop_step(wb_core *core);
bool wb_loop_pause(wb_core *core, uint32_t address);
bool wb_loop_arrive(wb_core *core, wb_block *block, uint32_t address);
void wb_loop_note_write(wb_core *core, uint32_t address, uint32_t size);
void wb_loop_spoil(wb_core *core);
void wb_loop_polled(wb_core *core);
int64_t wb_core_awake_since(const wb_core *core);

/* exceptions.c */
int wb_execution_priority(const wb_core *core);
int wb_exception_priority(const wb_core *core, uint32_t number);
int wb_group_priority(const wb_core *core, uint32_t number);
int wb_best_group_priority(const wb_core *core, uint32_t *number);
bool wb_take_pending(wb_core *core);
bool wb_can_take_pending(const wb_core *core);
bool wb_would_wake(const wb_core *core);
void wb_update_masked_pending(wb_core *core);
void wb_raise_svc(wb_core *core);
void wb_raise_debug_event(wb_core *core);
void wb_raise_fault(wb_core *core, uint32_t exception, uint32_t cfsr_bits, uint32_t address, bool address_valid);
uint32_t wb_derived_exception(wb_core *core, uint32_t exception, uint32_t cfsr_bits);
void wb_lockup(wb_core *core, uint32_t reason);

/* frames.c */
void wb_exception_enter(wb_core *core, uint32_t number);
void wb_exception_return(wb_core *core, uint32_t exc_return);

/* nvic.c */
bool wb_nvic_access(wb_core *core, uint32_t offset, unsigned size, bool write, uint32_t *value);
uint32_t wb_best_pending(const wb_core *core, int *priority);
void wb_clear_pending(wb_core *core, uint32_t number);
void wb_set_pending(wb_core *core, uint32_t number);
bool wb_is_active(const wb_core *core, uint32_t number);

/* scs.c */
void wb_scs_reset(wb_core *core);
uint32_t wb_ppb_read(wb_core *core, uint32_t address, unsigned size);
void wb_ppb_write(wb_core *core, uint32_t address, unsigned size, uint32_t value);

/* mpu.c */
enum { WB_READ = UC_PROT_READ, WB_WRITE = UC_PROT_WRITE, WB_EXEC = UC_PROT_EXEC };
int wb_mpu_permissions(const wb_core *core, uint32_t address, bool privileged);
bool wb_mpu_splits_page(const wb_core *core, uint32_t page);
bool wb_mpu_bypassed(const wb_core *core);
bool wb_mpu_access(wb_core *core, uint32_t offset, bool write, uint32_t *value);

/* systick.c */
void wb_systick_due(void *core);
bool wb_systick_interrupts(const wb_core *core);
bool wb_systick_access(wb_core *core, uint32_t offset, bool write, uint32_t *value);

/* dwt.c */
uint32_t wb_dwt_cycles(const wb_core *core);
bool wb_dwt_access(wb_core *core, uint32_t offset, bool write, uint32_t *value);

/* memory.c */
/* The lists of pages that several regions share, for the end of a machine. */
void wb_free_shared_pages(wb_machine *machine);
void wb_region_show(wb_core *core, const wb_region *region);
wb_region *wb_region_at(const wb_machine *machine, uint32_t address, unsigned view);
bool wb_core_peek(const wb_core *core, uint32_t address, void *data, uint32_t size);
uint32_t wb_region_read(wb_region *region, wb_machine *machine, uint32_t offset, unsigned size);
void wb_region_write(wb_region *region, wb_machine *machine, uint32_t offset, unsigned size, uint32_t value);

/* access.c */
bool wb_fetch_fault(wb_core *core, uint32_t pc);
bool wb_tlb_fill(uc_engine *uc, uint64_t address, uc_mem_type type, uc_tlb_entry *entry, void *core);
bool wb_judge(uc_engine *uc, uc_mem_type type, uint64_t address, int size, int64_t value, void *core);
uint64_t wb_slow_read(uc_engine *uc, uint64_t address, unsigned size, void *core);
void wb_slow_write(uc_engine *uc, uint64_t address, unsigned size, uint64_t value, void *core);

/* machine.c */
void wb_fire_due(wb_machine *machine);
void wb_find_groups(wb_machine *machine);
void wb_count_live(wb_machine *machine);
bool wb_is_ahead(const wb_core *core, int64_t time_ns);
void wb_note_wakeup(wb_machine *machine);
void wb_check_limit(unsigned used, unsigned limit, const char *what);

#endif
