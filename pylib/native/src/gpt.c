/* Twin of wattbench.hw.imxrt.gpt, where the behaviour is explained. */
#include <stdlib.h>

#include "gpt.h"
#include "gpt_registers.h"

enum { CHANNELS = 3, CAPTURES = 2, NS_PER_S = 1000000000, CRYSTAL_HZ = 24000000, CRYSTAL_32K_HZ = 32768 };
enum missing { CLOCK_FROM_PIN };
static const int64_t ROLL = 1ll << 32, NEVER = -1;
static const uint32_t FORCES = GPT_CR_FO1 | GPT_CR_FO2 | GPT_CR_FO3;
static const uint32_t KEPT_BY_SOFTWARE_RESET = GPT_CR_EN | GPT_CR_ENMOD | GPT_CR_DBGEN | GPT_CR_WAITEN | GPT_CR_DOZEEN |
                                               GPT_CR_STOPEN | GPT_CR_CLKSRC;

typedef struct { int64_t num, den; } rate;          /* Hz; num 0 for a clock that stands */

typedef struct {
    uint32_t values[GPT_COUNT];
    uint8_t pins[CAPTURES];
    rate root, running;                             /* `running` is the counter's */
    int64_t anchor_ns, base, pulse_end_ns[CHANNELS];
} gpt_state;

struct wb_gpt {
    wb_block block;
    gpt_state s;
    unsigned event, pulse_event, lines[1 + CHANNELS];
};

static wb_machine *machine_of(const wb_gpt *gpt) { return gpt->block.device.machine; }
static int64_t now(const wb_gpt *gpt) { return wb_now(machine_of(gpt)); }
static uint32_t flag_of(unsigned channel) { return GPT_SR_OF1 << channel; }
static uint32_t output_mode(uint32_t control, unsigned channel) { return control >> (GPT_CR_OM1_LOW + 3 * channel) & 7; }

static int64_t floor_div(__int128 a, __int128 b)
{
    __int128 quotient = a / b;
    return (int64_t)(a % b < 0 ? quotient - 1 : quotient);
}

/* Whole ticks of a clock in a time, and the first ns at which so many have passed. */
static int64_t ticks_in(rate hz, int64_t ns) { return floor_div((__int128)ns * hz.num, (__int128)hz.den * NS_PER_S); }
static int64_t time_of(rate hz, int64_t ticks) { return -floor_div((__int128)-ticks * hz.den * NS_PER_S, hz.num); }

static bool same_rate(rate a, rate b) { return (__int128)a.num * b.den == (__int128)b.num * a.den; }

static rate divided(rate hz, uint32_t divider) { return (rate){ hz.num, hz.den * divider }; }

/* In front of PRESCALER. */
static rate input_rate(const wb_gpt *gpt)
{
    uint32_t control = gpt->s.values[GPT_CR];
    uint32_t crystal_divider = ((gpt->s.values[GPT_PR] & GPT_PR_PRESCALER24M) >> GPT_PR_PRESCALER24M_LOW) + 1;
    switch ((control & GPT_CR_CLKSRC) >> GPT_CR_CLKSRC_LOW) {
    case 1: case 2: return gpt->s.root;
    case 4: return (rate){ CRYSTAL_32K_HZ, 1 };
    case 5: return (rate){ control & GPT_CR_EN_24M ? CRYSTAL_HZ : 0, crystal_divider };
    default: return (rate){ 0, 1 };
    }
}

/* ---- the count: `total` is in ticks since count 0 of the lap that was in progress at the anchor ---- */

typedef struct { int64_t first, period; } laps;

static laps laps_of(const wb_gpt *gpt)
{
    if (gpt->s.values[GPT_CR] & GPT_CR_FRR) return (laps){ ROLL, ROLL };
    int64_t period = (int64_t)gpt->s.values[GPT_OCR] + 1;
    return (laps){ gpt->s.base < period ? period : ROLL, period };
}

static int64_t total_at(const wb_gpt *gpt, int64_t time_ns)
{
    return gpt->s.base + (gpt->s.running.num ? ticks_in(gpt->s.running, time_ns - gpt->s.anchor_ns) : 0);
}

static int64_t count_at(const wb_gpt *gpt, int64_t total)
{
    laps lap = laps_of(gpt);
    return total < lap.first ? total : (total - lap.first) % lap.period;
}

static int64_t count_now(const wb_gpt *gpt) { return count_at(gpt, total_at(gpt, now(gpt))); }

static int64_t next_total(const wb_gpt *gpt, int64_t count, int64_t total)
{
    laps lap = laps_of(gpt);
    if (total < count && count < lap.first) return count;
    if (count >= lap.period) return NEVER;
    int64_t whole = -floor_div(-(total + 1 - lap.first - count), lap.period);
    return lap.first + count + (whole > 0 ? whole : 0) * lap.period;
}

static void fix_lap(wb_gpt *gpt)
{
    if (!gpt->s.running.num) return;
    int64_t count = count_now(gpt), ticks = ticks_in(gpt->s.running, now(gpt) - gpt->s.anchor_ns);
    gpt->s.anchor_ns += time_of(gpt->s.running, ticks);
    gpt->s.base = count;
}

/* ---- flags, pins and the alarm ---- */

static void update_irq(wb_gpt *gpt)
{
    wb_line_set(machine_of(gpt), gpt->lines[0], (gpt->s.values[GPT_SR] & gpt->s.values[GPT_IR]) != 0);
}

static void sooner(int64_t *due, int64_t total)
{
    if (total != NEVER && (*due == NEVER || total < *due)) *due = total;
}

static void plan(wb_gpt *gpt)
{
    uint32_t *values = gpt->s.values;
    int64_t due = NEVER;
    if (gpt->s.running.num) {
        int64_t total = total_at(gpt, now(gpt)), count = count_at(gpt, total);
        laps lap = laps_of(gpt);
        for (unsigned channel = 0; channel < CHANNELS; channel++) {
            uint32_t compare = values[GPT_OCR + channel];
            if (compare == count) values[GPT_SR] |= flag_of(channel);
            if (!(values[GPT_SR] & flag_of(channel)) || output_mode(values[GPT_CR], channel))
                sooner(&due, next_total(gpt, compare, total));
        }
        if (!(values[GPT_SR] & GPT_SR_ROV)) {
            if (total < lap.first && lap.first == ROLL) sooner(&due, ROLL);
            else if (lap.period == ROLL) sooner(&due, next_total(gpt, 0, total));
        }
    }
    int64_t at = due == NEVER ? WB_NEVER : gpt->s.anchor_ns + time_of(gpt->s.running, due - gpt->s.base);
    wb_event_at(machine_of(gpt), gpt->event, at);
    update_irq(gpt);
}

static void plan_pulses(wb_gpt *gpt)
{
    int64_t next = WB_NEVER;
    for (unsigned channel = 0; channel < CHANNELS; channel++)
        if (gpt->s.pulse_end_ns[channel] < next) next = gpt->s.pulse_end_ns[channel];
    wb_event_at(machine_of(gpt), gpt->pulse_event, next);
}

static void on_pulse_end(void *owner)
{
    wb_gpt *gpt = owner;
    for (unsigned channel = 0; channel < CHANNELS; channel++) {
        if (gpt->s.pulse_end_ns[channel] > now(gpt)) continue;
        gpt->s.pulse_end_ns[channel] = WB_NEVER;
        wb_line_set(machine_of(gpt), gpt->lines[1 + channel], 1);
    }
    plan_pulses(gpt);
}

/* What a match does to a compare pin. */
static void act(wb_gpt *gpt, unsigned channel)
{
    uint32_t mode = output_mode(gpt->s.values[GPT_CR], channel);
    unsigned line = gpt->lines[1 + channel];
    rate hz = input_rate(gpt);
    if (mode == 1) {
        wb_line_set(machine_of(gpt), line, !machine_of(gpt)->lines[line].level);
    } else if (mode == 2 || mode == 3) {
        wb_line_set(machine_of(gpt), line, mode == 3);
    } else if (mode >= 4 && hz.num) {
        wb_line_set(machine_of(gpt), line, 0);
        gpt->s.pulse_end_ns[channel] = now(gpt) + time_of(hz, 1);
        plan_pulses(gpt);
    }
}

static void on_event(void *owner)
{
    wb_gpt *gpt = owner;
    int64_t total = total_at(gpt, now(gpt)), count = count_at(gpt, total);
    laps lap = laps_of(gpt);
    bool rolled = total == lap.first ? lap.first == ROLL : total > lap.first && lap.period == ROLL;
    if (count == 0 && rolled) gpt->s.values[GPT_SR] |= GPT_SR_ROV;
    for (unsigned channel = 0; channel < CHANNELS; channel++) {
        if (gpt->s.values[GPT_OCR + channel] != count) continue;
        gpt->s.values[GPT_SR] |= flag_of(channel);
        act(gpt, channel);
    }
    plan(gpt);
}

static void reclock(wb_gpt *gpt)
{
    bool enabled = gpt->s.values[GPT_CR] & GPT_CR_EN;
    uint32_t divider = (gpt->s.values[GPT_PR] & GPT_PR_PRESCALER) + 1;
    rate hz = enabled ? divided(input_rate(gpt), divider) : (rate){ 0, 1 };
    if (!same_rate(hz, gpt->s.running)) {
        gpt->s.base = count_now(gpt);
        gpt->s.anchor_ns = now(gpt);
        gpt->s.running = hz;
    }
    plan(gpt);
}

/* ---- registers ---- */

static void reset(wb_device *device)
{
    wb_gpt *gpt = (wb_gpt *)device;
    wb_block_reset(&gpt->block);
    gpt->s.running = (rate){ 0, 1 };
    gpt->s.anchor_ns = gpt->s.base = 0;
    wb_event_at(device->machine, gpt->event, WB_NEVER);
    wb_event_at(device->machine, gpt->pulse_event, WB_NEVER);
    for (unsigned channel = 0; channel < CHANNELS; channel++) {
        gpt->s.pulse_end_ns[channel] = WB_NEVER;
        wb_line_set(device->machine, gpt->lines[1 + channel], 0);
    }
    update_irq(gpt);
}

static void put_control(wb_gpt *gpt, uint32_t raw, uint32_t old)
{
    uint32_t control = gpt->s.values[GPT_CR] & ~FORCES;
    if (control & GPT_CR_SWR) {
        reset(&gpt->block.device);
        gpt->s.values[GPT_CR] = control & KEPT_BY_SOFTWARE_RESET;
        reclock(gpt);
        return;
    }
    gpt->s.values[GPT_CR] = old;
    if ((control ^ old) & GPT_CR_FRR) fix_lap(gpt);
    gpt->s.values[GPT_CR] = control;
    if (control & ~old & GPT_CR_EN && control & GPT_CR_ENMOD) gpt->s.base = 0;
    if ((control & GPT_CR_CLKSRC) >> GPT_CR_CLKSRC_LOW == 3 && control & GPT_CR_EN)
        wb_block_missing(&gpt->block, WB_MISSING_FEATURE, 0, CLOCK_FROM_PIN);
    for (unsigned channel = 0; channel < CHANNELS; channel++) {
        if (output_mode(control, channel) >= 4 && output_mode(old, channel) < 4)
            wb_line_set(machine_of(gpt), gpt->lines[1 + channel], 1);
        if (raw & GPT_CR_FO1 << channel) act(gpt, channel);
    }
    reclock(gpt);
}

static uint32_t get(wb_block *block, unsigned index)
{
    return index == GPT_CNT ? (uint32_t)count_now((wb_gpt *)block) : wb_block_stored(block, index);
}

static void put(wb_block *block, unsigned index, uint32_t raw, uint32_t old)
{
    wb_gpt *gpt = (wb_gpt *)block;
    if (index == GPT_CR) {
        put_control(gpt, raw, old);
    } else if (index == GPT_PR) {
        reclock(gpt);
    } else if (index == GPT_SR) {
        plan(gpt);
    } else if (index == GPT_IR) {
        update_irq(gpt);
    } else if (index >= GPT_OCR && index < GPT_OCR + CHANNELS) {
        if (index == GPT_OCR && !(gpt->s.values[GPT_CR] & GPT_CR_FRR)) {
            gpt->s.base = 0;
            gpt->s.anchor_ns = now(gpt);
        }
        plan(gpt);
    }
}

/* All but the counter change with events only. */
static bool timeless(const wb_device *device, uint32_t offset, unsigned size)
{
    const wb_block *block = (const wb_block *)device;
    uint32_t counter = block->table->registers[GPT_CNT].offset;
    return offset + size <= counter;
}

/* ---- called by the host ---- */

wb_gpt *wb_gpt_new(wb_machine *machine)
{
    wb_gpt *gpt = calloc(1, sizeof *gpt);
    if (!gpt) return NULL;
    wb_block_init(&gpt->block, machine, &GPT_TABLE, &gpt->s, sizeof gpt->s);
    gpt->block.get = get;
    gpt->block.put = put;
    gpt->block.device.reset = reset;
    gpt->block.device.timeless = timeless;
    gpt->s.root = (rate){ 0, 1 };
    gpt->event = wb_event_new(machine, on_event, gpt);
    gpt->pulse_event = wb_event_new(machine, on_pulse_end, gpt);
    for (unsigned i = 0; i <= CHANNELS; i++) gpt->lines[i] = wb_line_new(machine);
    reset(&gpt->block.device);
    return gpt;
}

void wb_gpt_clock(wb_gpt *gpt, int64_t num, int64_t den)
{
    gpt->s.root = (rate){ num, den };
    reclock(gpt);
}

void wb_gpt_input(wb_gpt *gpt, uint32_t number, uint32_t level)
{
    unsigned pin = number - 1;
    bool edge = gpt->s.pins[pin] != !!level;
    gpt->s.pins[pin] = !!level;
    if (!edge || !(gpt->s.values[GPT_CR] >> (GPT_CR_IM1_LOW + 2 * pin) & (level ? 1 : 2))) return;
    gpt->s.values[GPT_ICR + pin] = (uint32_t)count_now(gpt);
    gpt->s.values[GPT_SR] |= GPT_SR_IF1 << pin;
    update_irq(gpt);
}

unsigned wb_gpt_line(const wb_gpt *gpt, unsigned output) { return gpt->lines[output]; }
