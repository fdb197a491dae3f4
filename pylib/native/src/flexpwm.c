/* Twin of wattbench.hw.imxrt.flexpwm, where the behaviour is explained. */
#include <stdlib.h>
#include <string.h>

#include "flexpwm_private.h"

enum missing { CAPTDE_ABOVE_1 };
enum { FALLING = 1, RISING = 2 };

static const uint8_t FIRST_FLAG[PINS] = { 10, 8, 6 };       /* of pins A, B, X; see the Python model */
static const uint8_t FIRST_VALUE[PINS] = { 2, 4, 0 };
static const uint16_t CONTROL[PINS] = { FLEXPWM_SMCAPTCTRLA, FLEXPWM_SMCAPTCTRLB, FLEXPWM_SMCAPTCTRLX };
static const uint16_t COMPARE[PINS] = { FLEXPWM_SMCAPTCOMPA, FLEXPWM_SMCAPTCOMPB, FLEXPWM_SMCAPTCOMPX };
static const uint16_t CAPTURED[VALUES] = {
    FLEXPWM_SMCVAL0, FLEXPWM_SMCVAL1, FLEXPWM_SMCVAL2, FLEXPWM_SMCVAL3, FLEXPWM_SMCVAL4, FLEXPWM_SMCVAL5,
};
static const uint16_t CAPTURED_CYCLE[VALUES] = {
    FLEXPWM_SMCVAL0CYC, FLEXPWM_SMCVAL1CYC, FLEXPWM_SMCVAL2CYC, FLEXPWM_SMCVAL3CYC, FLEXPWM_SMCVAL4CYC,
    FLEXPWM_SMCVAL5CYC,
};
enum { FLAGS = FLEXPWM_SMSTS_CMPF | 0xFC0 | FLEXPWM_SMSTS_RF | FLEXPWM_SMSTS_REF };

/* ---- outputs ---- */

static uint32_t capture_flags(wb_flexpwm *pwm, unsigned n)
{
    uint32_t enables = *reg(pwm, FLEXPWM_SMDMAEN, n);
    return (enables & FLEXPWM_SMDMAEN_CAPTDE) >> FLEXPWM_SMDMAEN_CAPTDE_LOW == 1 ? (enables & 0x3F) << 6 : 0;
}

static void show(wb_flexpwm *pwm, unsigned n)
{
    uint32_t wanted = capture_flags(pwm, n), found = *reg(pwm, FLEXPWM_SMSTS, n) & wanted;
    bool all = *reg(pwm, FLEXPWM_SMDMAEN, n) & FLEXPWM_SMDMAEN_FAND;
    wb_request_set(&pwm->requests[n], all ? wanted && found == wanted : found != 0);
    bool value = *reg(pwm, FLEXPWM_SMDMAEN, n) & FLEXPWM_SMDMAEN_VALDE && *reg(pwm, FLEXPWM_SMSTS, n) & FLEXPWM_SMSTS_RF;
    wb_request_set(&pwm->requests[SUBMODULES + n], value);
    uint32_t interrupts = *reg(pwm, FLEXPWM_SMSTS, n) & *reg(pwm, FLEXPWM_SMINTEN, n) & FLAGS;
    wb_line_set(pwm->block.device.machine, pwm->lines[n], interrupts != 0);
}

static void plan_and_show(wb_flexpwm *pwm, unsigned n)
{
    wb_flexpwm_plan(pwm, n);
    show(pwm, n);
}

static void update(wb_flexpwm *pwm, unsigned n)
{
    wb_flexpwm_settle(pwm, n);
    plan_and_show(pwm, n);
}

static void on_alarm(void *owner) { update(((alarm_owner *)owner)->pwm, ((alarm_owner *)owner)->n); }

static void acknowledged(void *owner, unsigned number)
{
    wb_flexpwm *pwm = owner;
    unsigned n = number % SUBMODULES;
    uint32_t flags = number < SUBMODULES ? capture_flags(pwm, n) : FLEXPWM_SMSTS_RF;
    wb_flexpwm_settle(pwm, n);
    *reg(pwm, FLEXPWM_SMSTS, n) &= ~flags;
    plan_and_show(pwm, n);
}

/* ---- capture ---- */

static void capture(wb_flexpwm *pwm, unsigned number, unsigned circuit, bool both)
{
    unsigned n = number / PINS, pin = number % PINS, value = FIRST_VALUE[pin] + circuit;
    wb_flexpwm_settle(pwm, n);
    *reg(pwm, CAPTURED[value], n) = wb_flexpwm_count(pwm, n);
    *reg(pwm, CAPTURED_CYCLE[value], n) = wb_flexpwm_cycle(pwm, n) & 15;
    uint32_t control = (*reg(pwm, CONTROL[pin], n) & ~(7u << (10 + 3 * circuit))) | 1u << (10 + 3 * circuit);
    if (control & FLEXPWM_SMCAPTCTRLX_ONESHOTX && (circuit || !both)) control &= ~FLEXPWM_SMCAPTCTRLX_ARMX;
    *reg(pwm, CONTROL[pin], n) = control;
    pwm->s.circuit[number] = (uint8_t)(both ? 1 - circuit : circuit);
    if (!(control & FLEXPWM_SMCAPTCTRLX_CFXWM)) *reg(pwm, FLEXPWM_SMSTS, n) |= 1u << (FIRST_FLAG[pin] + circuit);
    plan_and_show(pwm, n);
}

/* Counts an edge; true when the counter meets EDGCMP and starts again. */
static bool count_edge(uint32_t *compare)
{
    uint32_t edges = ((*compare >> 8) + 1) & 0xFF;
    bool matched = edges == (*compare & 0xFF);
    *compare = (*compare & 0xFF) | (matched ? 0 : edges) << 8;
    return matched;
}

static void input(void *owner, uint32_t number, int level)
{
    wb_flexpwm *pwm = owner;
    if (number >= PINS * SUBMODULES || pwm->s.levels[number] == !!level) return;
    pwm->s.levels[number] = !!level;
    unsigned n = number / PINS, pin = number % PINS;
    uint32_t control = *reg(pwm, CONTROL[pin], n);
    bool matched = control & FLEXPWM_SMCAPTCTRLX_EDGCNTX_EN && count_edge(reg(pwm, COMPARE[pin], n));
    uint32_t edges[2] = { control >> 2 & 3, control >> 4 & 3 };
    if (!(control & FLEXPWM_SMCAPTCTRLX_ARMX) || !(edges[0] | edges[1])) return;
    unsigned circuit = pwm->s.circuit[number];
    if (!edges[circuit]) circuit = 1 - circuit;
    bool wanted = edges[circuit] & (level ? RISING : FALLING);
    if (control & FLEXPWM_SMCAPTCTRLX_INP_SELX ? matched : wanted) capture(pwm, number, circuit, edges[0] && edges[1]);
}

/* ---- registers ---- */

static void load_now(wb_flexpwm *pwm, unsigned n)
{
    wb_flexpwm_load_now(pwm, n);
    plan_and_show(pwm, n);
}

static void put_main(wb_flexpwm *pwm, uint32_t old)
{
    uint32_t value = pwm->s.values[FLEXPWM_MCTRL];
    pwm->s.values[FLEXPWM_MCTRL] = old;
    for (unsigned n = 0; n < SUBMODULES; n++) wb_flexpwm_settle(pwm, n);
    uint32_t loads = ((value | pwm->s.values[FLEXPWM_MCTRL]) & 15) & ~(value >> FLEXPWM_MCTRL_CLDOK_LOW & 15);
    pwm->s.values[FLEXPWM_MCTRL] = (value & ~(FLEXPWM_MCTRL_CLDOK | FLEXPWM_MCTRL_LDOK)) | loads;
    for (unsigned n = 0; n < SUBMODULES; n++) {
        pwm->s.sub[n].load_ok = loads >> n & 1;
        load_now(pwm, n);
        wb_flexpwm_run(pwm, n, value >> (FLEXPWM_MCTRL_RUN_LOW + n) & 1);
    }
}

static bool is(unsigned index, unsigned first) { return index >= first && index < first + SUBMODULES; }

static bool is_value(unsigned index, const uint16_t *firsts, unsigned *k)
{
    for (*k = 0; *k < VALUES; ++*k)
        if (is(index, firsts[*k])) return true;
    return false;
}

static uint32_t get(wb_block *block, unsigned index)
{
    wb_flexpwm *pwm = (wb_flexpwm *)block;
    unsigned n, k;
    if (is(index, FLEXPWM_SMCNT)) {
        n = index - FLEXPWM_SMCNT;
        wb_flexpwm_settle(pwm, n);
        return wb_flexpwm_count(pwm, n);
    }
    if (is(index, FLEXPWM_SMSTS)) {
        wb_flexpwm_settle(pwm, index - FLEXPWM_SMSTS);
    } else if (is(index, FLEXPWM_SMOCTRL)) {
        const uint8_t *levels = &pwm->s.levels[PINS * (index - FLEXPWM_SMOCTRL)];
        return pwm->s.values[index] | (uint32_t)levels[0] << 15 | (uint32_t)levels[1] << 14 | (uint32_t)levels[2] << 13;
    } else if (index == FLEXPWM_MCTRL) {
        for (n = 0; n < SUBMODULES; n++) wb_flexpwm_settle(pwm, n);
    } else if (is_value(index, CAPTURED, &k)) {
        static const uint8_t PIN[3] = { 2, 0, 1 };
        *reg(pwm, CONTROL[PIN[k / 2]], index - CAPTURED[k]) &= ~(7u << (10 + 3 * (k % 2)));
    }
    return wb_block_stored(block, index);
}

static void put_capture(wb_flexpwm *pwm, unsigned n)
{
    for (unsigned pin = 0; pin < PINS; pin++) {
        uint32_t control = *reg(pwm, CONTROL[pin], n);
        if (!(control & FLEXPWM_SMCAPTCTRLX_ARMX)) pwm->s.circuit[PINS * n + pin] = 0;
        if (!(control & FLEXPWM_SMCAPTCTRLX_EDGCNTX_EN)) *reg(pwm, COMPARE[pin], n) &= 0xFF;
    }
}

static void put(wb_block *block, unsigned index, uint32_t raw, uint32_t old)
{
    wb_flexpwm *pwm = (wb_flexpwm *)block;
    unsigned k, n;
    if (is(index, FLEXPWM_SMSTS)) {
        n = index - FLEXPWM_SMSTS;
        wb_flexpwm_settle(pwm, n);
        *reg(pwm, FLEXPWM_SMSTS, n) &= ~(raw & FLAGS);
        plan_and_show(pwm, n);
    } else if (is(index, FLEXPWM_SMINTEN)) {
        update(pwm, index - FLEXPWM_SMINTEN);
    } else if (is(index, FLEXPWM_SMDMAEN)) {
        n = index - FLEXPWM_SMDMAEN;
        if ((*reg(pwm, FLEXPWM_SMDMAEN, n) & FLEXPWM_SMDMAEN_CAPTDE) >> FLEXPWM_SMDMAEN_CAPTDE_LOW > 1)
            wb_block_missing(block, WB_MISSING_FEATURE, n, CAPTDE_ABOVE_1);
        update(pwm, n);
    } else if (is(index, FLEXPWM_SMCTRL)) {
        n = index - FLEXPWM_SMCTRL;
        wb_flexpwm_settle(pwm, n);
        pwm->s.sub[n].control = (uint16_t)pwm->s.values[index];
        if ((old ^ pwm->s.values[index]) & FLEXPWM_SMCTRL_PRSC) *reg(pwm, FLEXPWM_SMSTS, n) |= FLEXPWM_SMSTS_RUF;
        load_now(pwm, n);
    } else if (is(index, FLEXPWM_SMTCTRL)) {
        n = index - FLEXPWM_SMTCTRL;
        wb_flexpwm_settle(pwm, n);
        pwm->s.sub[n].triggers = (uint16_t)pwm->s.values[index];
        wb_flexpwm_plan(pwm, n);
    } else if (is(index, FLEXPWM_SMINIT) || is_value(index, VALUE, &k)) {
        n = index - (is(index, FLEXPWM_SMINIT) ? FLEXPWM_SMINIT : VALUE[k]);
        wb_flexpwm_settle(pwm, n);
        *reg(pwm, FLEXPWM_SMSTS, n) |= FLEXPWM_SMSTS_RUF;
        load_now(pwm, n);
    } else if (index == FLEXPWM_MCTRL) {
        put_main(pwm, old);
    } else {
        for (unsigned pin = 0; pin < PINS; pin++)
            if (is(index, CONTROL[pin])) put_capture(pwm, index - CONTROL[pin]);
    }
}

static void reset(wb_device *device)
{
    wb_flexpwm *pwm = (wb_flexpwm *)device;
    wb_block_reset(&pwm->block);
    memset(pwm->s.sub, 0, sizeof pwm->s.sub);
    memset(pwm->s.circuit, 0, sizeof pwm->s.circuit);
    for (unsigned n = 0; n < SUBMODULES; n++) {
        pwm->s.sub[n].control = (uint16_t)*reg(pwm, FLEXPWM_SMCTRL, n);
        wb_event_at(device->machine, pwm->alarms[n], WB_NEVER);
        show(pwm, n);
    }
}

wb_flexpwm *wb_flexpwm_new(wb_machine *machine)
{
    wb_flexpwm *pwm = calloc(1, sizeof *pwm);
    if (!pwm) return NULL;
    wb_block_init(&pwm->block, machine, &FLEXPWM_TABLE, &pwm->s, sizeof pwm->s);
    pwm->block.get = get;
    pwm->block.put = put;
    pwm->block.device.reset = reset;
    pwm->s.hz_den = 1;
    for (unsigned n = 0; n < SUBMODULES; n++) {
        pwm->owners[n] = (alarm_owner){ pwm, n };
        pwm->alarms[n] = wb_event_new(machine, on_alarm, &pwm->owners[n]);
    }
    for (unsigned n = 0; n < FIRST_TRIGGER_LINE + TRIGGER_LINES * SUBMODULES; n++) pwm->lines[n] = wb_line_new(machine);
    for (unsigned n = 0; n < 2 * SUBMODULES; n++)
        pwm->requests[n] = (wb_request){
            .machine = machine, .level = &pwm->s.requests[n], .acknowledged = acknowledged, .owner = pwm, .number = n,
            .line = -1,
        };
    reset(&pwm->block.device);
    return pwm;
}

void wb_flexpwm_input(wb_flexpwm *pwm, uint32_t number, uint32_t level) { input(pwm, number, (int)level); }

uint32_t wb_flexpwm_connect(wb_flexpwm *pwm, uint32_t number, unsigned line)
{
    wb_line *wire = &pwm->block.device.machine->lines[line];
    if (wire->receiver) return 0;
    wire->receiver = input;
    wire->owner = pwm;
    wire->input = number;
    input(pwm, number, wire->level);
    return 1;
}

unsigned wb_flexpwm_line(const wb_flexpwm *pwm, unsigned output) { return pwm->lines[output]; }

wb_request *wb_flexpwm_request(wb_flexpwm *pwm, unsigned number) { return &pwm->requests[number]; }
