/* Saving and restoring everything of a machine but its memories. */
#include <string.h>

#include "core.h"

static const int PLAIN[] = {
    REG(R0), REG(R1), REG(R2), REG(R3), REG(R4), REG(R5), REG(R6), REG(R7), REG(R8), REG(R9), REG(R10), REG(R11),
    REG(R12), REG(LR), REG(FPSCR), REG(S0), REG(S1), REG(S2), REG(S3), REG(S4), REG(S5), REG(S6), REG(S7), REG(S8),
    REG(S9), REG(S10), REG(S11), REG(S12), REG(S13), REG(S14), REG(S15), REG(S16), REG(S17), REG(S18), REG(S19),
    REG(S20), REG(S21), REG(S22), REG(S23), REG(S24), REG(S25), REG(S26), REG(S27), REG(S28), REG(S29), REG(S30),
    REG(S31),
};
enum { PLAIN_COUNT = sizeof PLAIN / sizeof *PLAIN };

typedef struct {
    wb_core_data data;
    uint32_t plain[PLAIN_COUNT], msp, psp, control, ipsr, xpsr, primask, basepri, faultmask;
} core_image;

static void save_core(const wb_core *core, core_image *image)
{
    image->data = core->d;
    for (int i = 0; i < PLAIN_COUNT; i++) image->plain[i] = wb_get(core, PLAIN[i]);
    image->msp = wb_get_special(core, REG(MSP));
    image->psp = wb_get_special(core, REG(PSP));
    image->control = wb_get(core, REG(CONTROL));
    image->ipsr = wb_get(core, REG(IPSR));
    image->xpsr = wb_get(core, REG(XPSR));
    image->primask = wb_get_special(core, REG(PRIMASK));
    image->basepri = wb_get_special(core, REG(BASEPRI));
    image->faultmask = wb_get_special(core, REG(FAULTMASK));
}

static void restore_core(wb_core *core, const core_image *image)
{
    wb_set_control(core, 0, 0);
    wb_set(core, REG(MSP), image->msp);
    wb_set(core, REG(PSP), image->psp);
    wb_set(core, REG(PRIMASK), image->primask);
    wb_set(core, REG(BASEPRI), image->basepri);
    wb_set(core, REG(FAULTMASK), image->faultmask);
    wb_set_control(core, image->control, image->ipsr);
    for (int i = 0; i < PLAIN_COUNT; i++) wb_set(core, PLAIN[i], image->plain[i]);
    wb_set(core, REG(XPSR_NZCVQG), image->xpsr);
    core->d = image->data;
    core->tlb_stale = core->look = true;
    core->restarts = false;
    core->exit_at = 0;
}

size_t wb_state_size(const wb_machine *machine)
{
    size_t size = sizeof machine->now_ns + machine->event_count * sizeof(int64_t) + machine->line_count +
                  machine->core_count * sizeof(core_image);
    for (unsigned i = 0; i < machine->device_count; i++) size += machine->devices[i]->state_size;
    return size;
}

static uint8_t *put(uint8_t *bytes, const void *data, size_t size) { return (uint8_t *)memcpy(bytes, data, size) + size; }

static const uint8_t *take(const uint8_t *bytes, void *data, size_t size)
{
    memcpy(data, bytes, size);
    return bytes + size;
}

void wb_state_save(const wb_machine *machine, uint8_t *bytes)
{
    bytes = put(bytes, &machine->now_ns, sizeof machine->now_ns);
    for (unsigned i = 0; i < machine->event_count; i++) bytes = put(bytes, &machine->event_at_ns[i], sizeof(int64_t));
    for (unsigned i = 0; i < machine->line_count; i++) bytes = put(bytes, &machine->lines[i].level, 1);
    for (unsigned i = 0; i < machine->core_count; i++) {
        core_image image;
        memset(&image, 0, sizeof image);
        save_core(machine->cores[i], &image);
        bytes = put(bytes, &image, sizeof image);
    }
    for (unsigned i = 0; i < machine->device_count; i++)
        bytes = put(bytes, machine->devices[i]->state, machine->devices[i]->state_size);
}

void wb_state_restore(wb_machine *machine, const uint8_t *bytes)
{
    bytes = take(bytes, &machine->now_ns, sizeof machine->now_ns);
    for (unsigned i = 0; i < machine->event_count; i++) bytes = take(bytes, &machine->event_at_ns[i], sizeof(int64_t));
    for (unsigned i = 0; i < machine->line_count; i++) bytes = take(bytes, &machine->lines[i].level, 1);
    for (unsigned i = 0; i < machine->core_count; i++) {
        core_image image;
        bytes = take(bytes, &image, sizeof image);
        restore_core(machine->cores[i], &image);
    }
    for (unsigned i = 0; i < machine->device_count; i++) {
        wb_device *device = machine->devices[i];
        bytes = take(bytes, device->state, device->state_size);
        if (device->restored) device->restored(device);
    }
    wb_find_groups(machine);
    wb_count_live(machine);
    wb_host_deadline(machine, machine->host_deadline_ns);
    if (machine->trace) wb_trace_restored(machine);
}

void wb_memory_restore(wb_machine *machine, uint32_t number, const uint8_t *saved)
{
    const wb_region *region = &machine->regions[number];
    for (uint32_t at = 0; at < region->size; at += 4096) {
        if (!memcmp(region->memory + at, saved + at, 4096)) continue;
        memcpy(region->memory + at, saved + at, 4096);
        wb_code_changed(machine, region, at, 4096);
    }
}

uint32_t wb_register_read(wb_machine *machine, uint32_t number, int reg)
{
    const wb_core *core = machine->cores[number];
    switch (reg) {
    case REG(PC): return wb_core_pc(core);
    case REG(MSP): case REG(PSP): case REG(PRIMASK): case REG(BASEPRI): case REG(FAULTMASK):
        return wb_get_special(core, reg);
    default: return wb_get(core, reg);
    }
}

void wb_register_write(wb_machine *machine, uint32_t core, int reg, uint32_t value)
{
    if (reg == REG(PC)) wb_core_jump(machine, core, value);
    else wb_set(machine->cores[core], reg, value);
}

uint32_t wb_current_core(const wb_machine *machine) { return machine->current_core; }

uint32_t wb_accessing_core(const wb_machine *machine) { return machine->master; }

uint32_t wb_stop_core(const wb_machine *machine) { return machine->stop_core; }

uint32_t wb_current_pc(const wb_machine *machine)
{
    return machine->core_count ? wb_core_pc(machine->cores[machine->current_core]) : 0;
}

void wb_core_look(const wb_machine *machine, uint32_t number, wb_core_view *view)
{
    const wb_core *core = machine->cores[number];
    uint32_t pc = wb_core_pc(core);
    *view = (wb_core_view){
        .icount = wb_core_icount_at(core, pc),
        .time_ns = core->d.asleep ? machine->now_ns : wb_core_time_at(core, pc),
        .slept_ns = core->d.slept_ns + core->d.looped_ns + (core->d.asleep ? machine->now_ns - wb_core_time(core) : 0),
        .pc = pc,
        .cfsr = core->d.cfsr, .hfsr = core->d.hfsr, .mmfar = core->d.mmfar, .bfar = core->d.bfar,
        .asleep = core->d.asleep, .locked_up = core->d.locked_up, .lockup_reason = core->lockup_reason,
        .held = core->d.held,
        .active = core->d.active_count ? core->d.active[core->d.active_count - 1] : 0,
    };
}

