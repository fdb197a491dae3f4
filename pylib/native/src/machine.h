/*
 * The native core's insides: one machine, its cores, memory map, events and devices.
 *
 * Time is virtual nanoseconds since power-on (int64_t). Everything here is single-threaded and has no idea of the
 * host's clock. Devices written in C ("twins" of Python models) use the part from `struct wb_device` on.
 */
#ifndef WATTBENCH_MACHINE_H
#define WATTBENCH_MACHINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <unicorn/unicorn.h>

#define WB_EXPORT __attribute__((visibility("default")))
#define WB_NEVER INT64_MAX

enum {
    WB_MAX_CORES = 4,
    WB_SYSTEM_VIEW = WB_MAX_CORES,      /* the memory map of bus masters that are no core */
    WB_VIEWS,
    WB_EVERYONE = 0xFF,                 /* as `views` of a region: all cores and other masters */
    WB_MAX_REGIONS = 512,
    WB_MAX_EVENTS = 128,
    WB_EVENT_GROUP = 16,
    WB_EVENT_GROUPS = WB_MAX_EVENTS / WB_EVENT_GROUP,
    WB_MAX_LINES = 512,
    WB_IRQS = 240,
    WB_EXCEPTIONS = 16 + WB_IRQS,
    WB_MPU_REGIONS = 16,
    WB_BLOCK_SLOTS = 1 << 16,
    WB_WAIT_POINTS = 64,                /* a core; one bit each in a word */
    WB_QUANTUM_NS = 5000,               /* several awake cores run in turns of this length */
};

/* Why wb_run came back. */
enum wb_stop {
    WB_STOP_TIME = 0,     /* reached the time asked for */
    WB_STOP_REQUEST,      /* wb_request_stop */
    WB_STOP_LOCKUP,       /* a core locked up */
    WB_STOP_RESET,        /* AIRCR.SYSRESETREQ or a device asked for a reset */
    WB_STOP_UNMAPPED,     /* access to nothing, and the policy says stop */
    WB_STOP_AWAKE,        /* a core did not sleep within its limit */
    WB_STOP_INTERNAL,     /* Unicorn reported something that must not happen */
};

enum wb_core_type { WB_CORTEX_M7 = 0, WB_CORTEX_M4 };

/* What an access to an address with nothing behind it does. */
enum wb_unmapped { WB_UNMAPPED_FAULT = 0, WB_UNMAPPED_REPORT, WB_UNMAPPED_STOP };

typedef struct wb_machine wb_machine;
typedef struct wb_core wb_core;
typedef struct wb_device wb_device;
typedef struct wb_trace wb_trace;

/* Calls into the host language. */
typedef struct {
    uint32_t (*read)(uint32_t region, uint32_t offset, uint32_t size);
    void (*write)(uint32_t region, uint32_t offset, uint32_t size, uint32_t value);
    void (*due)(void);                                    /* the host's own timers are due at *wb_now */
    void (*line)(uint32_t line, uint32_t level);          /* a watched line changed */
    void (*unmapped)(uint32_t core, uint32_t address, uint32_t size, uint32_t access, uint32_t pc);
} wb_host;

/* Kinds of access in wb_host.unmapped. */
enum wb_access { WB_ACCESS_READ = 0, WB_ACCESS_WRITE, WB_ACCESS_FETCH, WB_ACCESS_CLOSED_READ };

/* A device in C. `state` is plain data without pointers: save and restore copy it. */
struct wb_device {
    wb_machine *machine;
    uint32_t (*read)(wb_device *, uint32_t offset, unsigned size);
    void (*write)(wb_device *, uint32_t offset, unsigned size, uint32_t value);
    void (*reset)(wb_device *);
    void (*restored)(wb_device *);      /* after `state` was replaced; may be NULL */
    /* Whether reading there has no effect and depends on nothing but writes and events; NULL: no. See loop.c. */
    bool (*timeless)(const wb_device *, uint32_t offset, unsigned size);
    void *state;
    size_t state_size;
};

/* An alarm of a device. Alarms due at the same ns fire in the order of their creation. */
typedef struct {
    void (*fire)(void *owner);
    void *owner;
} wb_event;

enum wb_region_kind {
    WB_REGION_RAM, WB_REGION_ROM, WB_REGION_DEVICE, WB_REGION_HOST, WB_REGION_NOTHING,
    WB_REGION_SHARED,                   /* no region: stands for a page that several share, see memory.c */
};

/* Something at an address. What is there for some only hides what is there for everyone. */
typedef struct wb_region {
    uint32_t base, size;
    uint32_t limit;                     /* bytes of it that are there, `size` unless told otherwise */
    enum wb_region_kind kind;
    uint8_t *memory;
    wb_device *device;
    uint32_t views;                     /* bit per core, and for the system view, that sees it */
    uint32_t code_base;                 /* base, or where the memory was mapped first: one name for each byte */
    bool alias, aliased;                /* mapped somewhere else before; mapped at two places */
    uint8_t *timeless;                  /* of a host region: a bit for each word, see wb_device; NULL: none */
    uint32_t timeless_size;             /* in bytes */
    bool closed;                        /* memory that cannot be read at present */
} wb_region;

enum { WB_WATCHED_BY_HOST = 1, WB_WATCHED_BY_TRACE = 2 };

/* A digital signal inside the native core: fans out to interrupt inputs, devices and, if watched, to the host. */
typedef struct {
    uint8_t level, watched;             /* watched: WB_WATCHED_BY_... */
    uint8_t irq_cores;                  /* bit per core that it interrupts */
    int16_t irq[WB_MAX_CORES];
    void (*receiver)(void *owner, uint32_t input, int level);
    void *owner;
    uint32_t input;
    uint16_t traced;                    /* what a trace calls it */
} wb_line;

struct wb_machine {
    int64_t now_ns;                     /* the first three members: hosts read them in place */
    int64_t next_ns;                    /* earliest event */
    int64_t host_deadline_ns;           /* earliest timer of the host */
    uint32_t stop;                      /* a reason to come back from wb_run, WB_STOP_TIME if none */
    uint32_t stop_core;
    bool reset_requested;               /* kept over a stop for another reason */
    uint32_t unmapped_policy;
    uint32_t current_core;              /* core that executes or executed last */
    uint32_t master;                    /* the view of whoever accesses something now */
    bool together;                      /* several cores are awake */
    bool woken;                         /* a sleeping core may have to go on: end the slice of the other */
    wb_trace *trace;                    /* NULL: none, see trace.h */
    wb_host host;
    wb_core *cores[WB_MAX_CORES];
    unsigned core_count, live_count;    /* those from `live_count` on are all in reset */
    wb_region regions[WB_MAX_REGIONS];
    unsigned region_count;
    struct wb_shared_page *shared_pages;
    wb_region **pages[WB_VIEWS];        /* the region of each 4 KiB page */
    uint8_t *executed;                  /* bit per 64 bytes: code was run from it */
    uint8_t *translators;               /* of each 1 KiB: who runs code from it, two bits a core: in place, by an alias */
    int64_t event_at_ns[WB_MAX_EVENTS]; /* apart, as they are looked through at each event; WB_NEVER of those unused */
    int64_t group_at_ns[WB_EVENT_GROUPS]; /* the earliest of each group of events, for looking through few */
    wb_event events[WB_MAX_EVENTS];
    unsigned event_count;
    wb_line lines[WB_MAX_LINES];
    unsigned line_count;
    wb_device *devices[WB_MAX_REGIONS];
    unsigned device_count;
};

/* ---- what a device may use ---------------------------------------------------------------------------------- */

/* Virtual time; inside an event exactly the time it was due, inside a register access that of the instruction. */
static inline int64_t wb_now(const wb_machine *machine) { return machine->now_ns; }

/* Declares an alarm that is off; returns its number. */
unsigned wb_event_new(wb_machine *machine, void (*fire)(void *), void *owner);
/* Sets or, with WB_NEVER, cancels it. A time in the past fires as soon as possible. */
void wb_event_at(wb_machine *machine, unsigned event, int64_t at_ns);
int64_t wb_event_time(const wb_machine *machine, unsigned event);

/* Access of a bus master that is no core, by the system view; false on a bus error. Register blocks are accessed with `size` 1, 2 or 4. */
bool wb_bus_read(wb_machine *machine, uint32_t address, void *data, uint32_t size);
bool wb_bus_write(wb_machine *machine, uint32_t address, const void *data, uint32_t size);

/* Drives a line made with wb_line_new. */
void wb_line_set(wb_machine *machine, unsigned line, int level);

/* Maps a device and takes it into save, restore and reset. */
void wb_device_add(wb_machine *machine, wb_device *device, uint32_t base, uint32_t size, uint32_t views);

/* ---- called by the host -------------------------------------------------------------------------------------- */
WB_EXPORT wb_machine *wb_machine_new(const wb_host *host);
WB_EXPORT void wb_machine_free(wb_machine *machine);
/* Each byte of memory may be at two places, of one view or of several. -1: no whole pages, or no room; -2: a third place. */
WB_EXPORT int wb_map_memory(wb_machine *machine, uint32_t base, uint32_t size, uint8_t *memory, uint32_t read_only,
                            uint32_t views);
/*
 * While memory is closed, as a flash is that erases, bus masters get an error. A core has caches, which are not modelled:
 * they are taken to hold all code that ran before and what a prefetch reaches behind it, so that only other code is
 * refused; data reads are answered and reported.
 */
WB_EXPORT void wb_memory_close(wb_machine *machine, uint32_t base, uint32_t closed);
/* Of the memory mapped at `base` only the first `limit` bytes are there, for everyone. */
WB_EXPORT void wb_memory_limit(wb_machine *machine, uint32_t base, uint32_t limit);
/* Which words of a host region are timeless, see wb_device; a bit for each, lowest first. */
WB_EXPORT void wb_host_timeless(wb_machine *machine, uint32_t region, const uint8_t *words, uint32_t size);
WB_EXPORT int wb_map_host(wb_machine *machine, uint32_t base, uint32_t size, uint32_t views);
/* For these views nothing is there, whatever everyone sees. */
WB_EXPORT int wb_map_nothing(wb_machine *machine, uint32_t base, uint32_t size, uint32_t views);
WB_EXPORT int wb_core_new(wb_machine *machine, uint32_t type, uint32_t mips, uint64_t hz,
                          uint64_t systick_reference_hz, uint32_t mpu_regions, uint32_t priority_mask, uint32_t irqs);
WB_EXPORT void wb_core_reset(wb_machine *machine, uint32_t core, uint32_t vector_table);
WB_EXPORT void wb_core_speed(wb_machine *machine, uint32_t core, uint32_t mips);
WB_EXPORT void wb_core_hold(wb_machine *machine, uint32_t core, uint32_t held);
/* Longest virtual time the core may run without sleeping, 0 for no limit. */
WB_EXPORT void wb_core_awake_limit(wb_machine *machine, uint32_t core, int64_t limit_ns);
/*
 * Where the firmware only waits for an interrupt: arriving there is like WFI, and afterwards the place is passed once.
 * Adds or removes it; -1 when there is no room.
 */
WB_EXPORT int wb_core_wait_point(wb_machine *machine, uint32_t core, uint32_t address, uint32_t add);
/* Whether loops that change nothing are passed over (they are unless told otherwise); only speed depends on it. */
WB_EXPORT void wb_core_recognise_loops(wb_machine *machine, uint32_t core, uint32_t on);
WB_EXPORT uint32_t wb_run(wb_machine *machine, int64_t until_ns);
WB_EXPORT void wb_request_stop(wb_machine *machine, uint32_t reason);
WB_EXPORT void wb_host_deadline(wb_machine *machine, int64_t at_ns);
WB_EXPORT void wb_unmapped_policy(wb_machine *machine, uint32_t policy);
WB_EXPORT unsigned wb_line_new(wb_machine *machine);
WB_EXPORT void wb_line_to_irq(wb_machine *machine, unsigned line, uint32_t core, uint32_t irq);
WB_EXPORT void wb_line_watch(wb_machine *machine, unsigned line);
WB_EXPORT void wb_line_drive(wb_machine *machine, unsigned line, uint32_t level);
WB_EXPORT void wb_irq(wb_machine *machine, uint32_t core, uint32_t irq, uint32_t level);
WB_EXPORT void wb_nmi(wb_machine *machine, uint32_t core);
WB_EXPORT int wb_memory_read(wb_machine *machine, uint32_t address, uint8_t *data, uint32_t size);
WB_EXPORT int wb_memory_write(wb_machine *machine, uint32_t address, const uint8_t *data, uint32_t size);
/* The whole machine but its memories, as plain bytes that any machine built the same way takes back. */
WB_EXPORT size_t wb_state_size(const wb_machine *machine);
WB_EXPORT void wb_state_save(const wb_machine *machine, uint8_t *bytes);
WB_EXPORT void wb_state_restore(wb_machine *machine, const uint8_t *bytes);
/* Put the contents of a mapped memory back, by wb_map_memory's number; only pages that differ are written. */
WB_EXPORT void wb_memory_restore(wb_machine *machine, uint32_t region, const uint8_t *saved);
/* One CPU register by Unicorn's number. */
WB_EXPORT uint32_t wb_register_read(wb_machine *machine, uint32_t core, int reg);
WB_EXPORT void wb_register_write(wb_machine *machine, uint32_t core, int reg, uint32_t value);
/* What Python shows of a core: pc, icount and the fault registers. */
typedef struct {
    uint64_t icount;
    int64_t time_ns, slept_ns;          /* asleep or in loops that changed nothing, together */
    uint32_t pc, cfsr, hfsr, mmfar, bfar, asleep, locked_up, lockup_reason, held, active;
} wb_core_view;
WB_EXPORT void wb_core_look(const wb_machine *machine, uint32_t core, wb_core_view *view);
/* PC of the core that executes or executed last, 0 where there is none. */
WB_EXPORT uint32_t wb_current_pc(const wb_machine *machine);
WB_EXPORT uint32_t wb_current_core(const wb_machine *machine);
/* The core whose access is being answered, WB_SYSTEM_VIEW for another bus master or the host. */
WB_EXPORT uint32_t wb_accessing_core(const wb_machine *machine);
/* The core that the last stop is about. */
WB_EXPORT uint32_t wb_stop_core(const wb_machine *machine);
WB_EXPORT void wb_core_jump(wb_machine *machine, uint32_t core, uint32_t pc);
WB_EXPORT int wb_device_access(wb_machine *machine, uint32_t address, uint32_t size, uint32_t is_write,
                               uint32_t *value);

#endif
