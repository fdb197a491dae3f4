/* Twin of wattbench.hw.imxrt.edma, where the behaviour is explained. */
#include <stdlib.h>
#include <string.h>

#include "edma.h"
#include "edma_registers.h"

enum { CHANNELS = 32, ERROR_LINE = 16, SERVICES_PER_INSTANT = 64, STORM_PAUSE_NS = 1000 };

typedef struct {
    uint32_t values[EDMA_COUNT];
    uint32_t requests, starts, shown;   /* shown: INT as the lines have it */
    int32_t forced;
    uint8_t last_channel[2], last_group;
    uint8_t unique;                     /* bit per group: its priorities all differ */
    int64_t instant_ns;
    uint32_t in_instant;
    uint64_t services;
} edma_state;

struct wb_edma {
    wb_block block;
    edma_state s;
    bool running;
    unsigned resume, lines[ERROR_LINE + 1];
    unsigned priority[CHANNELS];        /* index of DCHPRIn */
    void (*served)(void *owner, unsigned channel);
    void *owner;
};

static uint32_t *tcd(wb_edma *dma, unsigned first, unsigned channel) { return &dma->s.values[first + channel]; }

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

static void start(wb_edma *dma, unsigned channel)
{
    *tcd(dma, EDMA_TCD_CSR, channel) |= EDMA_TCD_CSR_START;
    dma->s.starts |= 1u << channel;
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

static void serve(wb_edma *dma, unsigned channel);

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

/* ---- one minor loop; each part returns bits of ES, 0 for success ---- */

static unsigned size_of(uint32_t code)
{
    static const uint8_t SIZES[8] = { 1, 2, 4, 8, 0, 32, 0, 0 };
    return SIZES[code & 7];
}

static uint64_t minor_bytes(const wb_edma *dma, unsigned channel, int32_t *offset)
{
    uint32_t raw = dma->s.values[EDMA_TCD_NBYTES_MLNO + channel];
    *offset = 0;
    if (!(dma->s.values[EDMA_CR] & EDMA_CR_EMLM)) return raw ? raw : 1ull << 32;
    if (!(raw >> 30)) return raw ? raw : 1u << 30;
    *offset = (int32_t)(raw << 2) >> 12;
    return raw & 0x3FF ? raw & 0x3FF : 1u << 10;
}

static uint32_t check(const wb_edma *dma, unsigned channel)
{
    const uint32_t *v = dma->s.values;
    uint32_t control = v[EDMA_CR], errors = 0, attr = v[EDMA_TCD_ATTR + channel];
    int32_t offset;
    unsigned source = size_of(attr >> 8), destination = size_of(attr);
    if (!source || !destination) return (source ? 0 : EDMA_ES_SAE) | (destination ? 0 : EDMA_ES_DAE);
    if (!(control & EDMA_CR_ERGA) && !(control & EDMA_CR_GRP0PRI) == !(control & EDMA_CR_GRP1PRI)) errors |= EDMA_ES_GPE;
    if (!(control & EDMA_CR_ERCA) && !(dma->s.unique >> (channel >> 4) & 1)) errors |= EDMA_ES_CPE;
    if (v[EDMA_TCD_SADDR + channel] & (source - 1)) errors |= EDMA_ES_SAE;
    if (v[EDMA_TCD_SOFF + channel] & (source - 1)) errors |= EDMA_ES_SOE;
    if (v[EDMA_TCD_DADDR + channel] & (destination - 1)) errors |= EDMA_ES_DAE;
    if (v[EDMA_TCD_DOFF + channel] & (destination - 1)) errors |= EDMA_ES_DOE;
    uint32_t citer = v[EDMA_TCD_CITER_ELINKNO + channel], biter = v[EDMA_TCD_BITER_ELINKNO + channel];
    uint32_t linked = citer & EDMA_TCD_CITER_ELINKNO_ELINK;
    if (minor_bytes(dma, channel, &offset) & ((source > destination ? source : destination) - 1) ||
        !(citer & (linked ? 0x1FFu : 0x7FFFu)) || linked != (biter & EDMA_TCD_CITER_ELINKNO_ELINK))
        errors |= EDMA_ES_NCE;
    return errors;
}

static uint32_t step(uint32_t address, uint32_t offset, unsigned ring)
{
    uint32_t mask = ring ? (1u << ring) - 1 : UINT32_MAX;
    return (address & ~mask) | ((address + offset) & mask);
}

static uint32_t minor_loop(wb_edma *dma, unsigned channel)
{
    wb_machine *machine = dma->block.device.machine;
    uint32_t attr = *tcd(dma, EDMA_TCD_ATTR, channel);
    unsigned source_size = size_of(attr >> 8), destination_size = size_of(attr);
    unsigned chunk = source_size > destination_size ? source_size : destination_size;
    unsigned read_unit = source_size < 4 ? source_size : 4, write_unit = destination_size < 4 ? destination_size : 4;
    uint32_t soff = (uint32_t)(int16_t)*tcd(dma, EDMA_TCD_SOFF, channel);
    uint32_t doff = (uint32_t)(int16_t)*tcd(dma, EDMA_TCD_DOFF, channel);
    uint32_t saddr = *tcd(dma, EDMA_TCD_SADDR, channel), daddr = *tcd(dma, EDMA_TCD_DADDR, channel);
    int32_t offset;
    uint8_t data[32];
    for (uint64_t left = minor_bytes(dma, channel, &offset); left; left -= chunk) {
        for (unsigned at = 0; at < chunk; saddr = step(saddr, soff, attr >> 11))
            for (unsigned part = 0; part < source_size; part += read_unit, at += read_unit)
                if (!wb_bus_read(machine, saddr + part, data + at, read_unit)) return EDMA_ES_SBE;
        for (unsigned at = 0; at < chunk; daddr = step(daddr, doff, attr >> 3 & 31))
            for (unsigned part = 0; part < destination_size; part += write_unit, at += write_unit)
                if (!wb_bus_write(machine, daddr + part, data + at, write_unit)) return EDMA_ES_DBE;
    }
    *tcd(dma, EDMA_TCD_SADDR, channel) = saddr;
    *tcd(dma, EDMA_TCD_DADDR, channel) = daddr;
    return 0;
}

static uint32_t scatter_gather(wb_edma *dma, unsigned channel)
{
    static const struct { unsigned first; uint8_t offset, size; } PARTS[] = {
        { EDMA_TCD_SADDR, 0, 4 }, { EDMA_TCD_SOFF, 4, 2 }, { EDMA_TCD_ATTR, 6, 2 }, { EDMA_TCD_NBYTES_MLNO, 8, 4 },
        { EDMA_TCD_SLAST, 12, 4 }, { EDMA_TCD_DADDR, 16, 4 }, { EDMA_TCD_DOFF, 20, 2 },
        { EDMA_TCD_CITER_ELINKNO, 22, 2 }, { EDMA_TCD_DLASTSGA, 24, 4 }, { EDMA_TCD_CSR, 28, 2 },
        { EDMA_TCD_BITER_ELINKNO, 30, 2 },
    };
    uint32_t address = *tcd(dma, EDMA_TCD_DLASTSGA, channel);
    uint8_t image[32];
    if (address & 31) return EDMA_ES_SGE;
    for (unsigned part = 0; part < 32; part += 4)
        if (!wb_bus_read(dma->block.device.machine, address + part, image + part, 4)) return EDMA_ES_SBE;
    for (unsigned i = 0; i < sizeof PARTS / sizeof *PARTS; i++) {
        uint32_t value = 0;
        memcpy(&value, image + PARTS[i].offset, PARTS[i].size);
        *tcd(dma, PARTS[i].first, channel) = value;
    }
    *tcd(dma, EDMA_TCD_CSR, channel) &= ~EDMA_TCD_CSR_ACTIVE;
    if (*tcd(dma, EDMA_TCD_CSR, channel) & EDMA_TCD_CSR_START) dma->s.starts |= 1u << channel;
    return 0;
}

/* The end of a minor loop: counts, links, and the end of the major loop. */
static uint32_t count(wb_edma *dma, unsigned channel)
{
    uint32_t citer = *tcd(dma, EDMA_TCD_CITER_ELINKNO, channel), biter = *tcd(dma, EDMA_TCD_BITER_ELINKNO, channel);
    uint32_t csr = *tcd(dma, EDMA_TCD_CSR, channel), bit = 1u << channel, error = 0;
    bool linked = citer & EDMA_TCD_CITER_ELINKNO_ELINK;
    uint32_t mask = linked ? 0x1FF : 0x7FFF, left = (citer & mask) - 1;
    *tcd(dma, EDMA_TCD_CITER_ELINKNO, channel) = (citer & ~mask) | left;
    if (csr & EDMA_TCD_CSR_INTHALF && left == (biter & mask) >> 1) dma->s.values[EDMA_INT] |= bit;
    if (left) {
        uint32_t raw = *tcd(dma, EDMA_TCD_NBYTES_MLNO, channel);
        int32_t offset;
        minor_bytes(dma, channel, &offset);
        if (raw >> 31) *tcd(dma, EDMA_TCD_SADDR, channel) += (uint32_t)offset;
        if (raw >> 30 & 1) *tcd(dma, EDMA_TCD_DADDR, channel) += (uint32_t)offset;
        if (linked) {
            unsigned target = citer >> 9 & 31;
            start(dma, target);
            if (target == channel && dma->s.values[EDMA_CR] & EDMA_CR_CLM) dma->s.forced = (int32_t)channel;
        }
        return 0;
    }
    *tcd(dma, EDMA_TCD_CITER_ELINKNO, channel) = biter;
    *tcd(dma, EDMA_TCD_SADDR, channel) += *tcd(dma, EDMA_TCD_SLAST, channel);
    if (!(csr & EDMA_TCD_CSR_ESG)) *tcd(dma, EDMA_TCD_DADDR, channel) += *tcd(dma, EDMA_TCD_DLASTSGA, channel);
    *tcd(dma, EDMA_TCD_CSR, channel) = csr | EDMA_TCD_CSR_DONE;
    if (csr & EDMA_TCD_CSR_INTMAJOR) dma->s.values[EDMA_INT] |= bit;
    if (csr & EDMA_TCD_CSR_DREQ) dma->s.values[EDMA_ERQ] &= ~bit;
    if (csr & EDMA_TCD_CSR_ESG) error = scatter_gather(dma, channel);
    if (!error && csr & EDMA_TCD_CSR_MAJORELINK) start(dma, csr >> 8 & 31);
    return error;
}

static void serve(wb_edma *dma, unsigned channel)
{
    dma->s.services++;
    dma->s.starts &= ~(1u << channel);
    *tcd(dma, EDMA_TCD_CSR, channel) &= ~(EDMA_TCD_CSR_START | EDMA_TCD_CSR_DONE);
    uint32_t error = check(dma, channel);
    if (!error) error = minor_loop(dma, channel);
    if (!error) error = count(dma, channel);
    if (error) {
        dma->s.values[EDMA_ES] = error | channel << EDMA_ES_ERRCHN_LOW;
        dma->s.values[EDMA_ERR] |= 1u << channel;
        if (dma->s.values[EDMA_CR] & EDMA_CR_HOE) dma->s.values[EDMA_CR] |= EDMA_CR_HALT;
    }
    if (dma->served) dma->served(dma->owner, channel);
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

uint64_t wb_edma_services(const wb_edma *dma) { return dma->s.services; }
