/* Twin of wattbench.hw.imxrt.flexpwm_counters, where the behaviour is explained. */
#include "flexpwm_private.h"

enum { NS_PER_S = 1000000000 };

static bool runs(const wb_flexpwm *pwm, unsigned n) { return pwm->s.sub[n].on && pwm->s.hz_num; }

static wb_clock clock_of(const wb_flexpwm *pwm, unsigned n)
{
    const submodule *sub = &pwm->s.sub[n];
    return (wb_clock){ pwm->s.hz_num, (pwm->s.hz_den * NS_PER_S) << sub->prescale, sub->base_ns };
}

static int64_t ticks_now(const wb_flexpwm *pwm, unsigned n)
{
    if (!runs(pwm, n)) return 0;
    wb_clock clock = clock_of(pwm, n);
    return wb_clock_ticks(&clock, wb_now(pwm->block.device.machine));
}

static int64_t time_of(const wb_flexpwm *pwm, unsigned n, int64_t tick)
{
    wb_clock clock = clock_of(pwm, n);
    return wb_clock_time(&clock, tick);
}

/* Ticks from the base to the first meeting with VAL1, and the length of the cycles after it. */
static int64_t first_end(const submodule *sub) { return (uint16_t)(sub->value[1] - sub->count); }
static int64_t period_of(const submodule *sub) { return (uint16_t)(sub->value[1] - sub->init) + 1; }

static uint16_t count_at(const submodule *sub, int64_t ticks)
{
    int64_t first = first_end(sub);
    if (ticks <= first) return (uint16_t)(sub->count + ticks);
    return (uint16_t)(sub->init + (ticks - first - 1) % period_of(sub));
}

static int64_t cycle_at(const submodule *sub, int64_t ticks)
{
    int64_t first = first_end(sub);
    return sub->cycles + (ticks > first ? (ticks - first - 1) / period_of(sub) + 1 : 0);
}

/* The first tick after the settled one at which the counter meets VALk, or at which it reloads; WB_NEVER for none. */
static int64_t next_match(const submodule *sub, unsigned k)
{
    int64_t first = first_end(sub), period = period_of(sub);
    int64_t direct = (uint16_t)(sub->value[k] - sub->count), offset = (uint16_t)(sub->value[k] - sub->init);
    if (sub->settled < direct && direct <= first) return direct;
    if (offset >= period) return WB_NEVER;
    int64_t start = first + 1 + offset;
    return sub->settled < start ? start : start + ((sub->settled - start) / period + 1) * period;
}

static int64_t next_reload(const submodule *sub)
{
    if (!(sub->control & FLEXPWM_SMCTRL_FULL)) return WB_NEVER;
    int64_t every = (sub->control >> FLEXPWM_SMCTRL_LDFQ_LOW) + 1, cycle = cycle_at(sub, sub->settled) + 1;
    cycle += (every - cycle % every) % every;
    return first_end(sub) + 1 + (cycle - sub->cycles - 1) * period_of(sub);
}

/* The first tick after the settled one at which VALk gives a pulse. */
static int64_t next_trigger(const submodule *sub, unsigned k)
{
    int64_t match = next_match(sub, k), period = period_of(sub), first = first_end(sub);
    if (match == WB_NEVER || !(sub->triggers & FLEXPWM_SMTCTRL_TRGFRQ)) return match;
    int64_t every = (sub->control >> FLEXPWM_SMCTRL_LDFQ_LOW) + 1;
    int64_t skipped = (every - (cycle_at(sub, match) + 1) % every) % every;
    if (!skipped || match > first) return match + skipped * period;
    int64_t offset = (uint16_t)(sub->value[k] - sub->init);
    return offset < period ? first + 1 + offset + (skipped - 1) * period : WB_NEVER;
}

/* Triggers that fall due after the settled tick, up to `until`. */
static unsigned triggered(const submodule *sub, int64_t until)
{
    unsigned result = 0;
    for (unsigned k = 0; k < VALUES; k++)
        if (sub->triggers >> k & 1 && next_trigger(sub, k) <= until) result |= 1u << k % 2;
    return result;
}

static void pulse(wb_flexpwm *pwm, unsigned n, unsigned triggers)
{
    for (unsigned number = 0; number < TRIGGER_LINES; number++) {
        if (number < 2 && !(triggers >> number & 1)) continue;
        unsigned line = pwm->lines[FIRST_TRIGGER_LINE + TRIGGER_LINES * n + number];
        wb_line_set(pwm->block.device.machine, line, 1);
        wb_line_set(pwm->block.device.machine, line, 0);
    }
}

static void rebase(submodule *sub, int64_t at_ns)
{
    uint16_t count = count_at(sub, sub->settled);
    int64_t cycle = cycle_at(sub, sub->settled);
    sub->base_ns = at_ns, sub->count = count, sub->cycles = cycle, sub->settled = 0;
}

static void load(wb_flexpwm *pwm, unsigned n, bool restart)
{
    submodule *sub = &pwm->s.sub[n];
    sub->init = (uint16_t)*reg(pwm, FLEXPWM_SMINIT, n);
    for (unsigned k = 0; k < VALUES; k++) sub->value[k] = (uint16_t)*reg(pwm, VALUE[k], n);
    sub->prescale = *reg(pwm, FLEXPWM_SMCTRL, n) >> FLEXPWM_SMCTRL_PRSC_LOW & 7;
    if (restart) sub->count = sub->init;
    sub->load_ok = 0;
    pwm->s.values[FLEXPWM_MCTRL] &= ~(1u << n);
    *reg(pwm, FLEXPWM_SMSTS, n) &= ~FLEXPWM_SMSTS_RUF;
}

void wb_flexpwm_settle(wb_flexpwm *pwm, unsigned n)
{
    submodule *sub = &pwm->s.sub[n];
    unsigned pulses[2] = { 0 }, rounds = 0;     /* after a load nothing is left to be loaded */
    while (runs(pwm, n)) {
        int64_t ticks = ticks_now(pwm, n), reload = next_reload(sub);
        bool loads = sub->load_ok && reload <= ticks;
        int64_t target = loads ? reload : ticks;
        uint32_t flags = *reg(pwm, FLEXPWM_SMSTS, n);
        for (unsigned k = 0; k < VALUES; k++)
            if (!(flags >> k & 1) && next_match(sub, k) <= target - loads) flags |= 1u << k;
        if (reload <= target) flags |= FLEXPWM_SMSTS_RF;
        *reg(pwm, FLEXPWM_SMSTS, n) = flags;
        pulses[rounds++] = triggered(sub, target - loads);
        sub->settled = target;
        if (!loads) break;
        rebase(sub, time_of(pwm, n, target));
        load(pwm, n, true);
        sub->settled = -1;
    }
    for (unsigned round = 0; round < rounds; round++)
        if (pulses[round]) pulse(pwm, n, pulses[round]);
}

void wb_flexpwm_plan(wb_flexpwm *pwm, unsigned n)
{
    const submodule *sub = &pwm->s.sub[n];
    int64_t due = WB_NEVER;
    if (runs(pwm, n)) {
        uint32_t wanted = *reg(pwm, FLEXPWM_SMINTEN, n);
        if (*reg(pwm, FLEXPWM_SMDMAEN, n) & FLEXPWM_SMDMAEN_VALDE) wanted |= FLEXPWM_SMSTS_RF;
        wanted &= ~*reg(pwm, FLEXPWM_SMSTS, n);
        for (unsigned k = 0; k < VALUES; k++) {
            int64_t tick = wanted >> k & 1 ? next_match(sub, k) : WB_NEVER;
            if (tick < due) due = tick;
            tick = sub->triggers >> k & 1 ? next_trigger(sub, k) : WB_NEVER;
            if (tick < due) due = tick;
        }
        int64_t reload = wanted & FLEXPWM_SMSTS_RF || sub->load_ok ? next_reload(sub) : WB_NEVER;
        if (reload < due) due = reload;
    }
    wb_event_at(pwm->block.device.machine, pwm->alarms[n], due == WB_NEVER ? WB_NEVER : time_of(pwm, n, due));
}

uint16_t wb_flexpwm_count(const wb_flexpwm *pwm, unsigned n) { return count_at(&pwm->s.sub[n], ticks_now(pwm, n)); }

int64_t wb_flexpwm_cycle(const wb_flexpwm *pwm, unsigned n) { return cycle_at(&pwm->s.sub[n], ticks_now(pwm, n)); }

void wb_flexpwm_load_now(wb_flexpwm *pwm, unsigned n)
{
    submodule *sub = &pwm->s.sub[n];
    if (!sub->load_ok || (sub->on && !(sub->control & FLEXPWM_SMCTRL_LDMOD))) return;
    if (runs(pwm, n)) rebase(sub, time_of(pwm, n, sub->settled));
    load(pwm, n, !sub->on);
}

void wb_flexpwm_run(wb_flexpwm *pwm, unsigned n, bool on)
{
    submodule *sub = &pwm->s.sub[n];
    if (on == sub->on) return;
    rebase(sub, wb_now(pwm->block.device.machine));
    sub->on = on;
    wb_flexpwm_plan(pwm, n);
}

void wb_flexpwm_clock(wb_flexpwm *pwm, int64_t num, int64_t den)
{
    for (unsigned n = 0; n < SUBMODULES; n++) {
        wb_flexpwm_settle(pwm, n);
        rebase(&pwm->s.sub[n], wb_now(pwm->block.device.machine));
    }
    pwm->s.hz_num = num;
    pwm->s.hz_den = den;
    for (unsigned n = 0; n < SUBMODULES; n++) wb_flexpwm_plan(pwm, n);
}
