/* Twin of wattbench.hw.imxrt.sai, where the behaviour is explained. */
#include <stdlib.h>
#include <string.h>

#include "sai_private.h"

enum { TRANSMITTER, RECEIVER, ALL_LINES = (1 << WB_SAI_LINES) - 1, MSEL_FEATURE = 4 };

void wb_sai_bit_clock(const sai_half *half, int64_t *num, int64_t *den)
{
    const sai_state *s = &half->sai->s;
    uint32_t control = value_of(half, half->cr2), source = control >> SAI_RCR2_MSEL_LOW & 3;
    *num = 0;
    *den = 1;
    if (!(control & SAI_RCR2_BCD) || source > 1) return;
    *num = s->clock_num[source];
    *den = s->clock_den[source] * (control & SAI_RCR2_BYP ? 1 : 2 * ((int64_t)(control & SAI_RCR2_DIV) + 1));
}

void wb_sai_show(wb_sai *sai)
{
    wb_machine *machine = sai->block.device.machine;
    for (int n = RECEIVER; n >= TRANSMITTER; n--) {
        sai_half *half = &sai->half[n];
        uint32_t status = wb_sai_status(half), enables = value_of(half, half->csr);
        wb_request_set(&half->request, (status & FRF && enables & FRDE) || (status & FWF && enables & FWDE));
    }
    for (int n = RECEIVER; n >= TRANSMITTER; n--) {
        sai_half *half = &sai->half[n];
        wb_line_set(machine, sai->irq[n == RECEIVER ? 1 : 2],
                    (wb_sai_status(half) >> 16 & value_of(half, half->csr) >> 8 & 0x1F) != 0);
    }
    wb_line_set(machine, sai->irq[0], machine->lines[sai->irq[1]].level || machine->lines[sai->irq[2]].level);
    for (int n = TRANSMITTER; n <= RECEIVER; n++)
        wb_event_at(machine, sai->half[n].event, wb_sai_next_alarm(&sai->half[n]));
}

/* ---- registers ---- */

static uint32_t control(sai_half *half)
{
    uint32_t value = value_of(half, half->csr) | wb_sai_status(half);
    bool busy = wb_sai_busy(half);
    if (value & SAI_RCSR_RE || busy) value |= SAI_RCSR_BCE;
    return value | (busy ? SAI_RCSR_RE : 0);
}

static uint32_t pointers(sai_half *half, unsigned line)
{
    wb_sai_settle(half);
    return state_of(half)->taken[line] | (uint32_t)state_of(half)->written[line] << 16;
}

static uint32_t get(wb_block *block, unsigned index)
{
    wb_sai *sai = (wb_sai *)block;
    sai_half *tx = &sai->half[TRANSMITTER], *rx = &sai->half[RECEIVER];
    if (index == SAI_TCSR) return control(tx);
    if (index == SAI_RCSR) return control(rx);
    if (index - SAI_TFR < WB_SAI_LINES) return pointers(tx, index - SAI_TFR);
    if (index - SAI_RFR < WB_SAI_LINES) return pointers(rx, index - SAI_RFR);
    if (index - SAI_RDR < WB_SAI_LINES) {
        uint32_t word = 0;
        wb_sai_settle(rx);
        if (wb_sai_pull(rx, index - SAI_RDR, &word)) wb_sai_show(sai);
        return word;
    }
    return wb_block_stored(block, index);
}

/* Count settings that software relies on and that are not done here. */
static void judge(sai_half *half)
{
    bool clock = value_of(half, half->cr2) & SAI_RCR2_BCD, sync = value_of(half, half->cr4) & SAI_RCR4_FSD;
    uint32_t source = value_of(half, half->cr2) >> SAI_RCR2_MSEL_LOW & 3;
    if (wb_sai_follows(half)) return;
    if (clock != sync)
        wb_block_missing(&half->sai->block, WB_MISSING_FEATURE, half->receiver, (uint32_t)(sync << 1 | clock));
    else if (clock && source > 1)
        wb_block_missing(&half->sai->block, WB_MISSING_FEATURE, half->receiver, MSEL_FEATURE + source);
}

static void write_control(sai_half *half, uint32_t raw)
{
    uint32_t *csr = &half->sai->s.values[half->csr];
    wb_sai_settle(half);
    state_of(half)->flags &= ~(raw & LATCHED);
    *csr &= ~SAI_RCSR_FR;
    if (raw & SAI_RCSR_FR) wb_sai_empty(half, ALL_LINES);
    if (*csr & SAI_RCSR_SR) {
        wb_sai_half_clear(half);
    } else if (*csr & SAI_RCSR_RE && !state_of(half)->running) {
        judge(half);
        wb_sai_begin_own(half);
    }
    wb_sai_show(half->sai);
}

static void put(wb_block *block, unsigned index, uint32_t raw, uint32_t old)
{
    wb_sai *sai = (wb_sai *)block;
    sai_half *tx = &sai->half[TRANSMITTER];
    (void)old;
    if (index == SAI_TCSR || index == SAI_RCSR) {
        write_control(&sai->half[index == SAI_RCSR], raw);
    } else if (index - SAI_TDR < WB_SAI_LINES) {
        if (index - SAI_TDR >= sai->lines || sai->s.values[SAI_TCSR] & SAI_TCSR_SR) return;
        wb_sai_settle(tx);
        wb_sai_push(tx, index - SAI_TDR, raw);
        wb_sai_show(sai);
    } else if ((index >= SAI_TCR1 && index <= SAI_TCR5) || (index >= SAI_RCR1 && index <= SAI_RCR5) ||
               index == SAI_TMR || index == SAI_RMR) {
        for (int n = TRANSMITTER; n <= RECEIVER; n++) {
            sai_half *half = &sai->half[n];
            wb_sai_settle(half);
            uint32_t cleared = value_of(half, half->cr3) & SAI_RCR3_CFR;
            sai->s.values[half->cr3] &= ~SAI_RCR3_CFR;
            wb_sai_empty(half, cleared >> SAI_RCR3_CFR_LOW);
        }
        wb_sai_show(sai);
    }
}

/* ---- the machine's and the host's side ---- */

static void reset(wb_device *device)
{
    wb_sai *sai = (wb_sai *)device;
    wb_block_reset(&sai->block);
    sai->s.values[SAI_VERID] = sai->version;
    sai->s.values[SAI_PARAM] = (sai->s.values[SAI_PARAM] & ~SAI_PARAM_DATALINE) | sai->lines;
    for (int n = TRANSMITTER; n <= RECEIVER; n++) wb_sai_half_clear(&sai->half[n]);
    wb_sai_show(sai);
}

wb_sai *wb_sai_new(wb_machine *machine, const wb_sai_host *host, uint32_t version, uint32_t lines)
{
    wb_sai *sai = calloc(1, sizeof *sai);
    if (!sai) return NULL;
    sai->host = *host;
    sai->version = version;
    sai->lines = lines;
    sai->s.clock_den[0] = sai->s.clock_den[1] = 1;
    wb_block_init(&sai->block, machine, &SAI_TABLE, &sai->s, sizeof sai->s);
    sai->block.get = get;
    sai->block.put = put;
    sai->block.device.reset = reset;
    for (unsigned n = TRANSMITTER; n <= RECEIVER; n++) {
        sai_half *half = &sai->half[n];
        *half = n == RECEIVER
            ? (sai_half){ sai, n, SAI_RCSR, SAI_RCR1, SAI_RCR2, SAI_RCR3, SAI_RCR4, SAI_RCR5, SAI_RMR, 0, { 0 } }
            : (sai_half){ sai, n, SAI_TCSR, SAI_TCR1, SAI_TCR2, SAI_TCR3, SAI_TCR4, SAI_TCR5, SAI_TMR, 0, { 0 } };
        half->event = wb_event_new(machine, wb_sai_finish, half);
        half->request = (wb_request){ .machine = machine, .level = &sai->s.levels[n], .line = -1 };
    }
    for (unsigned n = 0; n < 3; n++) sai->irq[n] = wb_line_new(machine);
    reset(&sai->block.device);
    return sai;
}

void wb_sai_clock(wb_sai *sai, uint32_t source, int64_t num, int64_t den)
{
    sai->s.clock_num[source & 1] = num;
    sai->s.clock_den[source & 1] = den;
}

void wb_sai_clocked(wb_sai *sai)
{
    for (int n = TRANSMITTER; n <= RECEIVER; n++)
        if (!sai->s.half[n].running) wb_sai_begin_own(&sai->half[n]);
}

void wb_sai_begin(wb_sai *sai, uint32_t receiver, const wb_audio_frame *frame)
{
    wb_sai_half_begin(&sai->half[receiver & 1], frame);
}

unsigned wb_sai_line(wb_sai *sai, unsigned number) { return sai->irq[number % 3]; }

wb_request *wb_sai_request(wb_sai *sai, unsigned receiver) { return &sai->half[receiver & 1].request; }
