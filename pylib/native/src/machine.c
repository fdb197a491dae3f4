/* The machine: events, lines, and the loop that lets cores and events take turns. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core.h"

wb_machine *wb_machine_new(const wb_host *host)
{
    wb_machine *machine = calloc(1, sizeof *machine);
    if (!machine) return NULL;
    bool complete = true;
    for (unsigned view = 0; view < WB_VIEWS; view++) {
        machine->pages[view] = calloc(1u << 20, sizeof *machine->pages[view]);
        complete &= machine->pages[view] != NULL;
    }
    machine->executed = calloc(1u << (32 - WB_CODE_SHIFT - 3), 1);
    machine->translators = calloc(1u << 22, 1);
    machine->master = WB_SYSTEM_VIEW;
    machine->host = *host;
    machine->host_deadline_ns = machine->next_ns = WB_NEVER;
    for (unsigned i = 0; i < WB_MAX_EVENTS; i++) machine->event_at_ns[i] = WB_NEVER;
    wb_find_groups(machine);
    if (!complete || !machine->executed || !machine->translators) {
        wb_machine_free(machine);
        return NULL;
    }
    return machine;
}

void wb_machine_free(wb_machine *machine)
{
    wb_trace_stop(machine);
    for (unsigned i = 0; i < machine->core_count; i++) wb_core_free(machine->cores[i]);
    for (unsigned view = 0; view < WB_VIEWS; view++) free(machine->pages[view]);
    wb_free_shared_pages(machine);
    for (unsigned i = 0; i < machine->region_count; i++) free(machine->regions[i].timeless);
    free(machine->executed);
    free(machine->translators);
    free(machine);
}

/* The tables are of fixed size; a platform that needs more has to be told at once, not by broken memory. */
void wb_check_limit(unsigned used, unsigned limit, const char *what)
{
    if (used < limit) return;
    fprintf(stderr, "wattbench: the platform has more than %u %s; raise the limit in native/src/machine.h\n", limit, what);
    abort();
}

/* ---- events: few of them, so a scan by groups is faster than a heap, and it keeps the order of their creation ---- */

static void find_group(wb_machine *machine, unsigned group)
{
    const int64_t *at_ns = machine->event_at_ns + WB_EVENT_GROUP * group;
    int64_t first = WB_NEVER;
    for (unsigned i = 0; i < WB_EVENT_GROUP; i++) first = at_ns[i] < first ? at_ns[i] : first;
    machine->group_at_ns[group] = first;
}

/* After `event_at_ns` was replaced. */
void wb_find_groups(wb_machine *machine)
{
    for (unsigned group = 0; group < WB_EVENT_GROUPS; group++) find_group(machine, group);
}

static void find_next(wb_machine *machine)
{
    int64_t next = machine->host_deadline_ns;
    for (unsigned group = 0; group < WB_EVENT_GROUPS; group++)
        next = machine->group_at_ns[group] < next ? machine->group_at_ns[group] : next;
    machine->next_ns = next;
}

/* A core in the middle of a slice must not run past an event that was only just set. */
static void shorten_slice(wb_machine *machine)
{
    for (unsigned i = 0; i < machine->live_count; i++) {
        wb_core *core = machine->cores[i];
        if (!core->running || machine->next_ns == WB_NEVER) continue;
        uint64_t limit = wb_core_instructions_at(core, machine->next_ns);
        if (limit < core->deadline) core->deadline = limit;
        if (limit < core->pause_at) core->pause_at = limit;
    }
}

unsigned wb_event_new(wb_machine *machine, void (*fire)(void *), void *owner)
{
    wb_check_limit(machine->event_count, WB_MAX_EVENTS, "native alarms");
    machine->events[machine->event_count] = (wb_event){ fire, owner };
    machine->event_at_ns[machine->event_count] = WB_NEVER;
    return machine->event_count++;
}

void wb_event_at(wb_machine *machine, unsigned event, int64_t at_ns)
{
    int64_t old = machine->event_at_ns[event];
    if (at_ns < machine->now_ns) at_ns = machine->now_ns;
    machine->event_at_ns[event] = at_ns;
    if (at_ns < machine->group_at_ns[event / WB_EVENT_GROUP]) machine->group_at_ns[event / WB_EVENT_GROUP] = at_ns;
    else if (old == machine->group_at_ns[event / WB_EVENT_GROUP]) find_group(machine, event / WB_EVENT_GROUP);
    if (at_ns < machine->next_ns) {
        machine->next_ns = at_ns;
        shorten_slice(machine);
    } else if (old == machine->next_ns) {
        find_next(machine);
    }
}

int64_t wb_event_time(const wb_machine *machine, unsigned event) { return machine->event_at_ns[event]; }

void wb_host_deadline(wb_machine *machine, int64_t at_ns)
{
    machine->host_deadline_ns = at_ns;
    find_next(machine);
    shorten_slice(machine);
}

static void fire_group(wb_machine *machine, unsigned group, int64_t at_ns)
{
    for (unsigned i = WB_EVENT_GROUP * group; i < WB_EVENT_GROUP * (group + 1); i++) {
        if (machine->event_at_ns[i] > at_ns) continue;
        machine->event_at_ns[i] = WB_NEVER;
        machine->events[i].fire(machine->events[i].owner);
    }
    find_group(machine, group);
}

/* Fires everything due at or before now, each at its own time; devices before the host's timers at the same ns. */
void wb_fire_due(wb_machine *machine)
{
    int64_t now = machine->now_ns;
    while (machine->next_ns <= now) {
        int64_t at = machine->next_ns;
        machine->now_ns = at;
        for (unsigned group = 0; group < WB_EVENT_GROUPS; group++)
            if (machine->group_at_ns[group] <= at) fire_group(machine, group, at);
        if (machine->host_deadline_ns <= at) {
            machine->host_deadline_ns = WB_NEVER;
            machine->host.due();
        }
        find_next(machine);
        if (machine->next_ns < at) machine->next_ns = at;
    }
    machine->now_ns = now;
}

/* ---- lines ---- */

unsigned wb_line_new(wb_machine *machine)
{
    wb_check_limit(machine->line_count, WB_MAX_LINES, "native lines");
    machine->lines[machine->line_count] = (wb_line){ 0 };
    return machine->line_count++;
}

void wb_line_to_irq(wb_machine *machine, unsigned line, uint32_t core, uint32_t irq)
{
    machine->lines[line].irq_cores |= (uint8_t)(1u << core);
    machine->lines[line].irq[core] = (int16_t)irq;
}

void wb_line_watch(wb_machine *machine, unsigned line) { machine->lines[line].watched |= WB_WATCHED_BY_HOST; }

void wb_line_set(wb_machine *machine, unsigned number, int level)
{
    wb_line *line = &machine->lines[number];
    if (line->level == !!level) return;
    line->level = !!level;
    for (unsigned left = line->irq_cores; left; left &= left - 1) {
        unsigned core = (unsigned)__builtin_ctz(left);
        wb_irq(machine, core, (uint32_t)line->irq[core], line->level);
    }
    if (line->receiver) line->receiver(line->owner, line->input, line->level);
    if (!line->watched) return;
    if (line->watched & WB_WATCHED_BY_TRACE) wb_trace_tell(machine, WB_TRACE_EDGE, line->traced, line->level);
    if (line->watched & WB_WATCHED_BY_HOST) machine->host.line(number, line->level);
}

void wb_line_drive(wb_machine *machine, unsigned line, uint32_t level) { wb_line_set(machine, line, (int)level); }

/* ---- the loop ---- */

void wb_request_stop(wb_machine *machine, uint32_t reason)
{
    if (reason == WB_STOP_RESET) machine->reset_requested = true;
    if (!machine->stop) machine->stop = reason;
    for (unsigned i = 0; i < machine->core_count; i++) machine->cores[i]->look = true;
}

/* The cores that nobody keeps in reset: mostly the first one alone, and it shall not pay for the others. */
void wb_count_live(wb_machine *machine)
{
    machine->live_count = 0;
    for (unsigned i = 0; i < machine->core_count; i++)
        if (!machine->cores[i]->d.held) machine->live_count = i + 1;
}

static bool is_awake(const wb_core *core) { return !core->d.asleep && !core->d.held && !core->d.locked_up; }

/* Devices must see the accesses of all cores in the order of time: whether another core has yet to come to `time_ns`. */
bool wb_is_ahead(const wb_core *core, int64_t time_ns)
{
    const wb_machine *machine = core->machine;
    for (unsigned i = 0; i < machine->live_count; i++) {
        const wb_core *other = machine->cores[i];
        if (other != core && is_awake(other) && wb_core_time(other) < time_ns) return true;
    }
    return false;
}

static void check_awake_limit(wb_core *core)
{
    if (!core->awake_limit_ns || !is_awake(core)) return;
    if (wb_core_time(core) - wb_core_awake_since(core) < core->awake_limit_ns) return;
    core->machine->stop_core = core->number;
    wb_request_stop(core->machine, WB_STOP_AWAKE);
}

/* A core that slept or was held may have to go on now: bring the others to the same time first. */
void wb_note_wakeup(wb_machine *machine)
{
    machine->woken = true;
    if (machine->core_count) machine->cores[machine->current_core]->look = true;
}

static unsigned wake_sleepers(wb_machine *machine)
{
    unsigned awake = 0;
    machine->woken = false;
    for (unsigned i = 0; i < machine->live_count; i++) {
        wb_core *core = machine->cores[i];
        if (core->d.asleep && !core->d.held && !core->d.locked_up && wb_would_wake(core)) wb_core_wake(core);
        awake += is_awake(core);
    }
    return awake;
}

/* Lets each core run to `target` or less; returns the time that all of them reached. */
static int64_t run_cores(wb_machine *machine, int64_t target)
{
    int64_t reached = WB_NEVER;
    for (unsigned i = 0; i < machine->live_count && !machine->stop; i++) {
        wb_core *core = machine->cores[i];
        if (!is_awake(core)) continue;
        machine->current_core = machine->master = i;
        int64_t limit = core->awake_limit_ns ? wb_core_awake_since(core) + core->awake_limit_ns : WB_NEVER;
        wb_core_run(core, limit < target ? limit : target);
        check_awake_limit(core);
        if (machine->next_ns < target) target = machine->next_ns;
        int64_t time = wb_core_time(core);
        if (machine->woken && time < target) target = time;
        if (is_awake(core) && time < reached) reached = time;
    }
    return reached == WB_NEVER && !machine->stop ? target : reached;
}

uint32_t wb_run(wb_machine *machine, int64_t until_ns)
{
    machine->stop = machine->reset_requested ? WB_STOP_RESET : WB_STOP_TIME;
    for (unsigned i = 0; i < machine->core_count; i++)
        if (machine->cores[i]->d.locked_up && !machine->cores[i]->d.held) wb_lockup(machine->cores[i], machine->cores[i]->lockup_reason);
    while (!machine->stop) {
        wb_fire_due(machine);
        if (machine->stop || machine->now_ns >= until_ns) break;
        int64_t target = machine->next_ns < until_ns ? machine->next_ns : until_ns;
        machine->together = wake_sleepers(machine) > 1;
        if (machine->together) {                        /* cores that share memory must not drift apart */
            int64_t together = (machine->now_ns / WB_QUANTUM_NS + 1) * WB_QUANTUM_NS;
            if (together < target) target = together;
        }
        int64_t reached = run_cores(machine, target);
        if (reached != WB_NEVER && (reached > machine->now_ns || machine->together)) machine->now_ns = reached;
    }
    machine->master = WB_SYSTEM_VIEW;
    if (machine->stop == WB_STOP_RESET) machine->reset_requested = false;
    return machine->stop;
}
