/* Twin of wattbench.hw.parts.ade7913_conversions, where the behaviour is explained. */
#include <string.h>

#include "ade7913_private.h"

enum { CRYSTAL_HZ = 4096000, BASE_PERIOD = 512, DREADY_CYCLES = 8, NS_PER_S = 1000000000 };

static wb_clock clock_of(const wb_ade7913 *ade)
{
    return (wb_clock){ ade->s.hz_num, ade->s.hz_den * NS_PER_S, ade->s.anchor_ns };
}

static uint32_t period_of(const wb_ade7913 *ade)
{
    return BASE_PERIOD << (ade->s.values[ADE7913_CONFIG] >> ADE7913_CONFIG_ADC_FREQ_LOW & 3);
}

static int64_t ticks_now(const wb_ade7913 *ade)
{
    wb_clock clock = clock_of(ade);
    int64_t ticks = wb_clock_ticks(&clock, now_ns(ade));
    return ticks > 0 ? ticks : 0;
}

/* Time of `extra` ticks after sample `index`. */
static int64_t time_of(const wb_ade7913 *ade, int64_t index, int64_t extra)
{
    wb_clock clock = clock_of(ade);
    return wb_clock_time(&clock, index * period_of(ade) - ade->s.preset + extra);
}

int64_t wb_ade7913_index(const wb_ade7913 *ade)
{
    return ade->s.running ? (ade->s.preset + ticks_now(ade)) / period_of(ade) : 0;
}

uint32_t wb_ade7913_counter(const wb_ade7913 *ade)
{
    return ade->s.running ? (uint32_t)((ade->s.preset + ticks_now(ade)) % period_of(ade)) : 0;
}

static void plan_refill(wb_ade7913 *ade)
{
    wb_event_at(ade->block.device.machine, ade->refill, time_of(ade, ade->s.valid_until, 0));
}

static void fill(void *owner)
{
    wb_ade7913 *ade = owner;
    ade_state *s = &ade->s;
    if (wb_ade7913_index(ade) < s->valid_until) return;
    ade->host.refill(s->valid_until, BLOCK_SAMPLES, s->anchor_ns, period_of(ade), s->preset,
                     s->values[ADE7913_CONFIG], s->block[0]);
    s->block_first = s->valid_until;
    s->valid_until += BLOCK_SAMPLES;
    plan_refill(ade);
}

const int32_t *wb_ade7913_codes(wb_ade7913 *ade)
{
    int64_t index = wb_ade7913_index(ade);
    if (!index) return ade->s.held;
    if (index >= ade->s.valid_until) fill(ade);
    return ade->s.block[index - ade->s.block_first];
}

void wb_ade7913_stop(wb_ade7913 *ade)
{
    ade_state *s = &ade->s;
    wb_machine *machine = ade->block.device.machine;
    if (s->running) {
        int64_t index = wb_ade7913_index(ade);
        if (index) s->before_ns = time_of(ade, index, 0);
        memmove(s->held, wb_ade7913_codes(ade), sizeof s->held);
        s->before += index;
        s->running = 0;
    }
    ade->host.drop(now_ns(ade));
    s->block_first = s->valid_until = 1;
    wb_event_at(machine, ade->edge, WB_NEVER);
    wb_event_at(machine, ade->refill, WB_NEVER);
    wb_line_set(machine, ade->dready, 1);
}

void wb_ade7913_start(wb_ade7913 *ade, uint32_t counter, int64_t at_ns)
{
    wb_ade7913_stop(ade);
    ade->s.anchor_ns = at_ns;
    ade->s.preset = counter % period_of(ade);
    ade->s.running = 1;
    if (ade->dready_used) wb_event_at(ade->block.device.machine, ade->edge, time_of(ade, 1, 0));
    plan_refill(ade);
}

void wb_ade7913_plan_edge(wb_ade7913 *ade)
{
    wb_line_set(ade->block.device.machine, ade->dready, 1);
    if (ade->s.running && ade->dready_used)
        wb_event_at(ade->block.device.machine, ade->edge, time_of(ade, wb_ade7913_index(ade) + 1, 0));
}

static void on_edge(void *owner)
{
    wb_ade7913 *ade = owner;
    wb_machine *machine = ade->block.device.machine;
    if (ade->s.values[ADE7913_CONFIG] & ADE7913_CONFIG_CLKOUT_EN) {
        wb_ade7913_plan_edge(ade);
        return;
    }
    int64_t index = wb_ade7913_index(ade);
    bool falls = machine->lines[ade->dready].level;
    wb_event_at(machine, ade->edge, falls ? time_of(ade, index, DREADY_CYCLES) : time_of(ade, index + 1, 0));
    wb_line_set(machine, ade->dready, !falls);
}

void wb_ade7913_init_conversions(wb_ade7913 *ade, wb_machine *machine)
{
    ade->edge = wb_event_new(machine, on_edge, ade);
    ade->refill = wb_event_new(machine, fill, ade);
    ade->dready = wb_line_new(machine);
    machine->lines[ade->dready].level = 1;
    ade->s.hz_num = CRYSTAL_HZ;
    ade->s.hz_den = 1;
}

void wb_ade7913_crystal(wb_ade7913 *ade, int64_t num, int64_t den)
{
    uint32_t counter = wb_ade7913_counter(ade);
    bool running = ade->s.running;
    if (running) wb_ade7913_stop(ade);
    ade->s.hz_num = num;
    ade->s.hz_den = den;
    if (running) wb_ade7913_start(ade, counter, now_ns(ade));
}

void wb_ade7913_changed(wb_ade7913 *ade, int64_t from_ns)
{
    ade_state *s = &ade->s;
    if (!s->running) return;
    wb_clock clock = clock_of(ade);
    int64_t period = period_of(ade), index = wb_ade7913_index(ade);
    int64_t tick = wb_clock_ticks(&clock, (from_ns > s->anchor_ns ? from_ns : s->anchor_ns) - 1) + 1;
    int64_t first = (tick + s->preset + period - 1) / period;
    if (first <= index) first = index + 1;
    if (first >= s->valid_until) return;
    s->valid_until = first;
    ade->host.drop(time_of(ade, first, 0) - 1);
    plan_refill(ade);
}

unsigned wb_ade7913_dready(wb_ade7913 *ade)
{
    int64_t index = wb_ade7913_index(ade);
    if (ade->dready_used) return ade->dready;
    ade->dready_used = true;
    if (!ade->s.running) return ade->dready;
    int64_t rise = index ? time_of(ade, index, DREADY_CYCLES) : 0;
    bool clock = ade->s.values[ADE7913_CONFIG] & ADE7913_CONFIG_CLKOUT_EN;
    bool low = index && now_ns(ade) < rise && !clock;
    ade->block.device.machine->lines[ade->dready].level = !low;
    wb_event_at(ade->block.device.machine, ade->edge, low ? rise : time_of(ade, index + 1, 0));
    return ade->dready;
}

int64_t wb_ade7913_samples(const wb_ade7913 *ade) { return ade->s.before + wb_ade7913_index(ade); }

int64_t wb_ade7913_last_sample_ns(const wb_ade7913 *ade)
{
    int64_t index = wb_ade7913_index(ade);
    return index ? time_of(ade, index, 0) : ade->s.before_ns;
}
