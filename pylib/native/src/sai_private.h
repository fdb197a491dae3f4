/* What the two halves of the SAI's twin share: sai.c (registers) and sai_direction.c (FIFOs and frames). */
#ifndef WATTBENCH_SAI_PRIVATE_H
#define WATTBENCH_SAI_PRIVATE_H

#include "sai.h"
#include "sai_registers.h"

enum {
    FRDE = SAI_RCSR_FRDE, FWDE = SAI_RCSR_FWDE, FRF = SAI_RCSR_FRF, FWF = SAI_RCSR_FWF, FEF = SAI_RCSR_FEF,
    SEF = SAI_RCSR_SEF, WSF = SAI_RCSR_WSF, LATCHED = FEF | SEF | WSF,
};

typedef struct {
    int64_t start_ns, hz_num, hz_den;
    uint32_t words[WB_SAI_LINES][WB_SAI_WORDS], frame[WB_SAI_LINES][WB_SAI_WORDS];
    uint32_t widths[WB_SAI_WORDS];
    uint8_t written[WB_SAI_LINES], taken[WB_SAI_LINES];
    uint32_t count, next, mask, lines_used, first_bit, flags;
    int32_t error_word;
    uint8_t running, word_begun, msb_first;
} sai_half_state;

typedef struct {
    uint32_t values[SAI_COUNT];
    sai_half_state half[2];             /* transmitter, receiver */
    int64_t clock_num[2], clock_den[2]; /* bus, root */
    uint8_t levels[2];
} sai_state;

typedef struct sai_half {
    wb_sai *sai;
    unsigned receiver;
    unsigned csr, cr1, cr2, cr3, cr4, cr5, mr;  /* indices of its registers */
    unsigned event;
    wb_request request;
} sai_half;

struct wb_sai {
    wb_block block;
    sai_state s;
    sai_half half[2];
    unsigned irq[3];
    uint32_t version, lines;
    wb_sai_host host;
};

static inline sai_half_state *state_of(const sai_half *half) { return &half->sai->s.half[half->receiver]; }
static inline uint32_t value_of(const sai_half *half, unsigned index) { return half->sai->s.values[index]; }
static inline int64_t sai_now(const sai_half *half) { return wb_now(half->sai->block.device.machine); }

void wb_sai_half_clear(sai_half *half);
void wb_sai_settle(sai_half *half);
uint32_t wb_sai_status(sai_half *half);
bool wb_sai_busy(const sai_half *half);
bool wb_sai_follows(const sai_half *half);
unsigned wb_sai_fill(const sai_half *half, unsigned line);
bool wb_sai_push(sai_half *half, unsigned line, uint32_t word);
bool wb_sai_pull(sai_half *half, unsigned line, uint32_t *word);
void wb_sai_empty(sai_half *half, uint32_t lines);
void wb_sai_half_begin(sai_half *half, const wb_audio_frame *frame);
void wb_sai_begin_own(sai_half *half);
void wb_sai_finish(void *owner);
/* When an output may move next or the frame's end has to be seen to, WB_NEVER if never. */
int64_t wb_sai_next_alarm(const sai_half *half);
/* Bit clock that a direction makes: num / den Hz, num 0 for none. */
void wb_sai_bit_clock(const sai_half *half, int64_t *num, int64_t *den);
void wb_sai_show(wb_sai *sai);

#endif
