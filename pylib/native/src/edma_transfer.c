/* Twin of wattbench.hw.imxrt.edma_transfer, where the behaviour is explained. Each part returns bits of ES. */
#include <string.h>

#include "edma_private.h"

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
    if (dma->traced_major[channel])
        wb_trace_tell(dma->block.device.machine, WB_TRACE_MAJOR, dma->traced_major[channel],
                      *tcd(dma, EDMA_TCD_DADDR, channel));
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

uint32_t wb_edma_transfer(wb_edma *dma, unsigned channel)
{
    uint32_t error = check(dma, channel);
    if (!error) error = minor_loop(dma, channel);
    if (!error) error = count(dma, channel);
    return error;
}
