/* Twin of wattbench.hw.imxrt.edma, where the behaviour is explained. */
#include <stdlib.h>
#include <string.h>

#include "edma_private.h"

enum { SERVICES_PER_INSTANT = 64, STORM_PAUSE_NS = 1000 };

/* ---- requests and arbitration ---- */

/* Each level is taken afresh: whoever sees a line may clear the next one's flag. */
static void show(wb_edma *dma)
{
    wb_machine *machine = dma->block.device.machine;
    const uint32_t *flags = &dma->s.values[EDMA_INT];
    if (*flags != dma->s.shown) {
        dma->s.shown = *flags;
        for (unsigned n = 0; n < ERROR_LINE; n++) wb_line_set(machine, dma->lines[n], (*flags | *flags >> 16) >> n & 1);
    }
    wb_line_set(machine, dma->lines[ERROR_LINE], (dma->s.values[EDMA_ERR] & dma->s.values[EDMA_EEI]) != 0);
}

static int highest(uint32_t mask) { return 31 - __builtin_clz(mask); }

static int pick(wb_edma *dma)
{
    uint32_t control = dma->s.values[EDMA_CR];
    if (control & EDMA_CR_HALT) return -1;
    uint32_t pending = dma->s.starts | (dma->s.requests & dma->s.values[EDMA_ERQ]);
    if (!pending) return -1;
    int32_t forced = dma->s.forced;
    dma->s.forced = -1;
    if (forced >= 0 && pending >> forced & 1) return forced;
    if (!(pending & (pending - 1))) return highest(pending);
    uint32_t low = pending & 0xFFFF, high = pending >> 16;
    unsigned group = high != 0;
    if (low && high) {
        if (control & EDMA_CR_ERGA) group = 1u - dma->s.last_group;
        else group = (control >> EDMA_CR_GRP1PRI_LOW & 1) > (control >> EDMA_CR_GRP0PRI_LOW & 1);
    }
    uint32_t members = group ? high : low;
    if (control & EDMA_CR_ERCA) {
        uint32_t below = members & ((1u << dma->s.last_channel[group]) - 1);
        return (int)(16 * group) + highest(below ? below : members);
    }
    int best = -1, rank = -1;
    for (; members; members &= members - 1) {
        int channel = (int)(16 * group) + __builtin_ctz(members);
        int priority = (int)(dma->s.values[dma->priority[channel]] & 15);
        if (priority > rank) best = channel, rank = priority;
    }
    return best;
}

static void serve(wb_edma *dma, unsigned channel)
{
    dma->s.services++;
    dma->s.starts &= ~(1u << channel);
    *tcd(dma, EDMA_TCD_CSR, channel) &= ~(EDMA_TCD_CSR_START | EDMA_TCD_CSR_DONE);
    if (dma->traced_service[channel])
        wb_trace_tell(dma->block.device.machine, WB_TRACE_SERVICE, dma->traced_service[channel], channel);
    uint32_t error = wb_edma_transfer(dma, channel);
    if (error) {
        dma->s.values[EDMA_ES] = error | channel << EDMA_ES_ERRCHN_LOW;
        dma->s.values[EDMA_ERR] |= 1u << channel;
        if (dma->s.values[EDMA_CR] & EDMA_CR_HOE) dma->s.values[EDMA_CR] |= EDMA_CR_HALT;
    }
    if (dma->served) dma->served(dma->owner, channel);
}

static void run(void *owner)
{
    wb_edma *dma = owner;
    if (dma->running) return;
    dma->running = true;
    for (int channel; (channel = pick(dma)) >= 0;) {
        int64_t now = wb_now(dma->block.device.machine);
        if (now != dma->s.instant_ns) dma->s.instant_ns = now, dma->s.in_instant = 0;
        if (dma->s.in_instant == SERVICES_PER_INSTANT) {
            wb_event_at(dma->block.device.machine, dma->resume, now + STORM_PAUSE_NS);
            break;
        }
        dma->s.in_instant++;
        dma->s.last_channel[channel >> 4] = channel & 15;
        dma->s.last_group = (uint8_t)(channel >> 4);
        serve(dma, (unsigned)channel);
    }
    dma->running = false;
    show(dma);
}

void wb_edma_request(wb_edma *dma, unsigned channel, bool level)
{
    if (level) {
        dma->s.requests |= 1u << channel;
        if (!dma->running) run(dma);
    } else {
        dma->s.requests &= ~(1u << channel);
    }
}

/* ---- registers ---- */

static int priority_channel(const wb_edma *dma, unsigned index)
{
    for (int channel = 0; channel < CHANNELS; channel++)
        if (dma->priority[channel] == index) return channel;
    return -1;
}

static void look_at_priorities(wb_edma *dma)
{
    dma->s.unique = 0;
    for (unsigned group = 0; group < 2; group++) {
        uint32_t seen = 0;
        for (unsigned n = 0; n < 16; n++) seen |= 1u << (dma->s.values[dma->priority[16 * group + n]] & 15);
        if (seen == 0xFFFF) dma->s.unique |= (uint8_t)(1u << group);
    }
}

static uint32_t get(wb_block *block, unsigned index)
{
    wb_edma *dma = (wb_edma *)block;
    uint32_t value = wb_block_stored(block, index);
    if (index == EDMA_ES) return value | (dma->s.values[EDMA_ERR] ? EDMA_ES_VLD : 0);
    if (index == EDMA_HRS) return dma->s.requests;
    int channel = index >= EDMA_TCD_SADDR ? -1 : priority_channel(dma, index);
    if (channel < 0) return value;
    unsigned low = channel > 15 ? EDMA_CR_GRP1PRI_LOW : EDMA_CR_GRP0PRI_LOW;
    return (value & ~EDMA_DCHPRI0_GRPPRI) | (dma->s.values[EDMA_CR] >> low & 1) << EDMA_DCHPRI0_GRPPRI_LOW;
}

static void put_csr(wb_edma *dma, unsigned channel, uint32_t old)
{
    uint32_t value = *tcd(dma, EDMA_TCD_CSR, channel);
    value &= ~EDMA_TCD_CSR_DONE | (old & EDMA_TCD_CSR_DONE);
    if (old & EDMA_TCD_CSR_DONE) value &= ~(EDMA_TCD_CSR_ESG | EDMA_TCD_CSR_MAJORELINK) | old;
    *tcd(dma, EDMA_TCD_CSR, channel) = value;
    if (value & EDMA_TCD_CSR_START) dma->s.starts |= 1u << channel;
    else dma->s.starts &= ~(1u << channel);
    run(dma);
}

static void put_byte(wb_edma *dma, unsigned index, uint32_t raw)
{
    uint32_t *v = dma->s.values, channels = raw & 0x80 ? 0 : raw & 0x40 ? UINT32_MAX : 1u << (raw & 31);
    v[index] = 0;
    switch (index) {
    case EDMA_CEEI: v[EDMA_EEI] &= ~channels; break;
    case EDMA_SEEI: v[EDMA_EEI] |= channels; break;
    case EDMA_CERQ: v[EDMA_ERQ] &= ~channels; return;
    case EDMA_SERQ: v[EDMA_ERQ] |= channels; run(dma); return;
    case EDMA_CERR: v[EDMA_ERR] &= ~channels; break;
    case EDMA_CINT: v[EDMA_INT] &= ~channels; break;
    case EDMA_CDNE:
        for (unsigned n = 0; n < CHANNELS; n++)
            if (channels >> n & 1) v[EDMA_TCD_CSR + n] &= ~EDMA_TCD_CSR_DONE;
        return;
    case EDMA_SSRT:
        for (unsigned n = 0; n < CHANNELS; n++)
            if (channels >> n & 1) start(dma, n);
        run(dma);
        return;
    }
    show(dma);
}

static void put(wb_block *block, unsigned index, uint32_t raw, uint32_t old)
{
    wb_edma *dma = (wb_edma *)block;
    if (index >= EDMA_TCD_CSR && index < EDMA_TCD_CSR + CHANNELS) put_csr(dma, index - EDMA_TCD_CSR, old);
    else if (index >= EDMA_CEEI && index <= EDMA_CINT) put_byte(dma, index, raw);
    else if (index == EDMA_INT || index == EDMA_ERR || index == EDMA_EEI) show(dma);
    else if (index == EDMA_ERQ) run(dma);
    else if (index == EDMA_CR) {
        dma->s.values[EDMA_CR] &= ~(EDMA_CR_CX | EDMA_CR_ECX);
        run(dma);
    } else if (index < EDMA_TCD_SADDR) look_at_priorities(dma);
}

static void reset(wb_device *device)
{
    wb_edma *dma = (wb_edma *)device;
    uint32_t requests = dma->s.requests, shown = dma->s.shown;
    wb_event_at(device->machine, dma->resume, WB_NEVER);
    memset(&dma->s, 0, sizeof dma->s);
    wb_block_reset(&dma->block);
    dma->s.requests = requests;
    dma->s.shown = shown;
    dma->s.forced = -1;
    dma->s.instant_ns = -1;
    look_at_priorities(dma);
    show(dma);
}

void wb_edma_on_service(wb_edma *dma, void (*served)(void *owner, unsigned channel), void *owner)
{
    dma->served = served;
    dma->owner = owner;
}

wb_edma *wb_edma_new(wb_machine *machine)
{
    wb_edma *dma = calloc(1, sizeof *dma);
    if (!dma) return NULL;
    for (unsigned quad = 0; quad < CHANNELS; quad += 4)         /* the table has them in the order of their offsets */
        for (unsigned n = 0; n < 4; n++) dma->priority[quad + 3 - n] = EDMA_DCHPRI3 + quad + n;
    wb_block_init(&dma->block, machine, &EDMA_TABLE, &dma->s, sizeof dma->s);
    dma->block.get = get;
    dma->block.put = put;
    dma->block.device.reset = reset;
    dma->resume = wb_event_new(machine, run, dma);
    for (unsigned n = 0; n <= ERROR_LINE; n++) dma->lines[n] = wb_line_new(machine);
    reset(&dma->block.device);
    return dma;
}

unsigned wb_edma_line(const wb_edma *dma, unsigned output) { return dma->lines[output]; }

void wb_edma_trace(wb_edma *dma, unsigned channel, uint32_t major, uint32_t service)
{
    dma->traced_major[channel] = (uint16_t)major;
    dma->traced_service[channel] = (uint16_t)service;
}

uint64_t wb_edma_services(const wb_edma *dma) { return dma->s.services; }
