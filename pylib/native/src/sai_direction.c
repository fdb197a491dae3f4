/* Twin of wattbench.hw.imxrt.sai_direction, where the behaviour is explained. */
#include <string.h>

#include "sai_private.h"

enum { NO_ERROR = -1, POINTERS = 2 * WB_SAI_WORDS, NS_PER_S = 1000000000 };

void wb_sai_half_clear(sai_half *half)
{
    sai_half_state *h = state_of(half);
    memset(h, 0, sizeof *h);
    h->hz_num = h->hz_den = 1;
    h->error_word = NO_ERROR;
    h->msb_first = 1;
}

static bool enabled(const sai_half *half)
{
    return (value_of(half, half->csr) & (SAI_RCSR_RE | SAI_RCSR_SR)) == SAI_RCSR_RE;
}

bool wb_sai_follows(const sai_half *half) { return value_of(half, half->cr2) & SAI_RCR2_SYNC; }

static bool makes_frames(const sai_half *half)
{
    return value_of(half, half->cr4) & SAI_RCR4_FSD && !wb_sai_follows(half);
}

static uint32_t used(const sai_half *half) { return value_of(half, half->cr3) >> SAI_RCR3_RCE_LOW & 15; }

/* ---- FIFOs ---- */

unsigned wb_sai_fill(const sai_half *half, unsigned line)
{
    const sai_half_state *h = state_of(half);
    return (unsigned)(h->written[line] - h->taken[line]) % POINTERS;
}

bool wb_sai_push(sai_half *half, unsigned line, uint32_t word)
{
    sai_half_state *h = state_of(half);
    if (wb_sai_fill(half, line) == WB_SAI_WORDS) return false;
    h->words[line][h->written[line] % WB_SAI_WORDS] = word;
    h->written[line] = (uint8_t)((h->written[line] + 1) % POINTERS);
    return true;
}

bool wb_sai_pull(sai_half *half, unsigned line, uint32_t *word)
{
    sai_half_state *h = state_of(half);
    if (!wb_sai_fill(half, line)) return false;
    *word = h->words[line][h->taken[line] % WB_SAI_WORDS];
    h->taken[line] = (uint8_t)((h->taken[line] + 1) % POINTERS);
    return true;
}

void wb_sai_empty(sai_half *half, uint32_t lines)
{
    sai_half_state *h = state_of(half);
    for (unsigned line = 0; line < WB_SAI_LINES; line++)
        if (lines >> line & 1) h->written[line] = h->taken[line] = 0;
}

/* Words in the FIFO that decides the flags, -1 without a line in use. */
static int level(const sai_half *half)
{
    int result = -1;
    for (unsigned line = 0; line < WB_SAI_LINES; line++) {
        if (!(used(half) >> line & 1)) continue;
        int fill = (int)wb_sai_fill(half, line);
        if (result < 0 || (half->receiver ? fill > result : fill < result)) result = fill;
    }
    return result;
}

uint32_t wb_sai_status(sai_half *half)
{
    wb_sai_settle(half);
    int now = level(half), watermark = (int)(value_of(half, half->cr1) & 0x1F);
    uint32_t value = state_of(half)->flags;
    if (now < 0) return value;
    if (half->receiver ? now > watermark : now <= watermark) value |= FRF;
    if (now == (half->receiver ? WB_SAI_WORDS : 0)) value |= FWF;
    return value;
}

/* ---- frames ---- */

/* When word `word` of the frame begins, or `bits` later. */
static int64_t time_of(const sai_half_state *h, uint32_t word, uint32_t bits)
{
    if (word) bits += h->widths[0] + (word - 1) * (h->count > 1 ? h->widths[h->count - 1] : 0);
    return h->start_ns - wb_floor_div(-(__int128)bits * NS_PER_S * h->hz_den, h->hz_num);
}

static int64_t due(const sai_half *half, uint32_t word)
{
    const sai_half_state *h = state_of(half);
    return time_of(h, word, half->receiver ? h->widths[word] : 0);
}

bool wb_sai_busy(const sai_half *half)
{
    const sai_half_state *h = state_of(half);
    return h->running && sai_now(half) < time_of(h, h->count, 0);
}

static uint32_t mask_of(uint32_t bits) { return bits < 32 ? (1u << bits) - 1 : UINT32_MAX; }

static uint32_t mirrored(uint32_t word, uint32_t bits)
{
    uint32_t result = 0;
    for (uint32_t bit = 0; bit < bits; bit++) result |= (word >> bit & 1) << (bits - 1 - bit);
    return result;
}

static uint32_t shifted(uint32_t word, int right) { return right >= 0 ? word >> right : word << -right; }

static uint32_t stored(const sai_half_state *h, uint32_t word, uint32_t bits)
{
    if (!h->msb_first) return mirrored(word, bits) << h->first_bit;
    return shifted(word, (int)bits - 1 - (int)h->first_bit);
}

static uint32_t sent(const sai_half_state *h, uint32_t word, uint32_t bits)
{
    if (!h->msb_first) return mirrored(word >> h->first_bit, bits);
    return shifted(word, (int)h->first_bit + 1 - (int)bits) & mask_of(bits);
}

static void fail(sai_half_state *h, uint32_t word)
{
    h->flags |= FEF;
    h->error_word = (int32_t)word;
}

static void exchange(sai_half *half, uint32_t word)
{
    sai_half_state *h = state_of(half);
    if (h->error_word != NO_ERROR && !(h->flags & FEF)) {
        int32_t first = value_of(half, half->cr4) & SAI_RCR4_FCONT ? h->error_word : 0;
        if ((int32_t)word == first) h->error_word = NO_ERROR;
    }
    bool stopped = h->error_word != NO_ERROR;
    uint32_t bits = h->widths[word];
    for (unsigned line = 0; line < WB_SAI_LINES; line++) {
        bool takes_part = h->lines_used >> line & 1 && !stopped;
        if (half->receiver) {
            if (takes_part && !wb_sai_push(half, line, stored(h, h->frame[line][word], bits))) fail(h, word);
        } else {
            uint32_t taken = 0;
            if (takes_part && !wb_sai_pull(half, line, &taken)) fail(h, word);
            h->frame[line][word] = sent(h, taken, bits);
        }
    }
}

static uint32_t word_flag(const sai_half *half) { return value_of(half, half->cr3) & SAI_RCR3_WDFL; }

void wb_sai_settle(sai_half *half)
{
    sai_half_state *h = state_of(half);
    if (!h->running) return;
    int64_t now = sai_now(half);
    for (; h->next < h->count && due(half, h->next) <= now; h->next++) {
        if (!(h->mask >> h->next & 1)) exchange(half, h->next);
        else if (!half->receiver)
            for (unsigned line = 0; line < WB_SAI_LINES; line++) h->frame[line][h->next] = 0;
    }
    uint32_t flagged = word_flag(half);
    if (!h->word_begun && flagged < h->count && time_of(h, flagged, 0) <= now) {
        h->word_begun = 1;
        h->flags |= WSF;
    }
}

static uint32_t frame_words(const sai_half *half, uint32_t *widths)
{
    uint32_t count = (value_of(half, half->cr4) >> SAI_RCR4_FRSZ_LOW & 31) + 1;
    for (uint32_t word = 0; word < count; word++)
        widths[word] = (value_of(half, half->cr5) >> (word ? SAI_RCR5_WNW_LOW : SAI_RCR5_W0W_LOW) & 31) + 1;
    return count;
}

static void take_settings(sai_half *half)
{
    sai_half_state *h = state_of(half);
    memset(h->widths, 0, sizeof h->widths);
    h->count = frame_words(half, h->widths);
    h->mask = value_of(half, half->mr);
    h->lines_used = used(half);
    h->msb_first = (value_of(half, half->cr4) & SAI_RCR4_MF) != 0;
    h->first_bit = value_of(half, half->cr5) >> SAI_RCR5_FBT_LOW & 31;
    h->next = h->word_begun = 0;
}

/* The words of the frame with the receiver's own widths; zeros after those that are there. */
static void cut(sai_half_state *h, const wb_audio_frame *frame)
{
    memset(h->frame, 0, sizeof h->frame);
    bool same = frame->count == h->count && !memcmp(frame->widths, h->widths, sizeof *h->widths * h->count);
    for (unsigned line = 0; line < frame->lines; line++) {
        if (same) {
            for (uint32_t k = 0; k < h->count; k++)
                h->frame[line][k] = frame->words[line][k] & mask_of(h->widths[k]);
            continue;
        }
        uint32_t word = 0, left = frame->count ? frame->widths[0] : 0;
        for (uint32_t k = 0; k < h->count; k++)
            for (uint32_t bit = 0; bit < h->widths[k]; bit++) {
                while (word < frame->count && !left)
                    if (++word < frame->count) left = frame->widths[word];
                uint32_t value = word < frame->count ? frame->words[line][word] >> --left & 1 : 0;
                h->frame[line][k] = h->frame[line][k] << 1 | value;
            }
    }
}

void wb_sai_half_begin(sai_half *half, const wb_audio_frame *frame)
{
    sai_half_state *h = state_of(half);
    sai_half *follower = &half->sai->half[!half->receiver];
    wb_sai_settle(half);
    if (wb_sai_busy(half)) h->flags |= SEF;
    h->running = 0;
    if (enabled(half)) {
        take_settings(half);
        h->running = 1;
        h->start_ns = frame->start_ns;
        h->hz_num = frame->hz_num;
        h->hz_den = frame->hz_den;
        if (half->receiver) cut(h, frame);
        else memset(h->frame, 0, sizeof h->frame);
    }
    if (wb_sai_follows(follower) && !wb_sai_follows(half)) {
        wb_audio_frame other = *frame;
        other.lines = 0;
        half->sai->host.supply(follower->receiver, &other);
        wb_sai_half_begin(follower, &other);
    }
    wb_sai_settle(half);
    wb_sai_show(half->sai);
}

void wb_sai_begin_own(sai_half *half)
{
    wb_audio_frame frame = { .start_ns = sai_now(half) };
    wb_sai_bit_clock(half, &frame.hz_num, &frame.hz_den);
    if (!enabled(half) || !makes_frames(half) || !frame.hz_num) return;
    frame.count = frame_words(half, frame.widths);
    if (half->receiver) half->sai->host.supply(1, &frame);
    wb_sai_half_begin(half, &frame);
}

void wb_sai_finish(void *owner)
{
    sai_half *half = owner;
    sai_half_state *h = state_of(half);
    wb_sai_settle(half);
    if (h->running && !wb_sai_busy(half)) {
        h->running = 0;
        if (!half->receiver) {
            wb_audio_frame frame = { h->start_ns, h->hz_num, h->hz_den, h->count, WB_SAI_LINES, { 0 }, { { 0 } } };
            memcpy(frame.widths, h->widths, sizeof frame.widths);
            memcpy(frame.words, h->frame, sizeof frame.words);
            half->sai->host.sent(&frame);
        }
        wb_sai_begin_own(half);
    }
    wb_sai_show(half->sai);
}

/* Words until a flag rises that somebody waits for, 0 if nobody does. */
static int words_to_wait(const sai_half *half, uint32_t enables)
{
    int now = level(half), watermark = (int)(value_of(half, half->cr1) & 0x1F), result = 0;
    if (now < 0) return 0;
    int to_warning = half->receiver ? WB_SAI_WORDS - now : now;
    int waits[] = {
        enables & (FRDE | SAI_RCSR_FRIE) ? (half->receiver ? watermark + 1 - now : now - watermark) : 0,
        enables & (FWDE | SAI_RCSR_FWIE) ? to_warning : 0,
        enables & SAI_RCSR_FEIE && !(state_of(half)->flags & FEF) ? to_warning + 1 : 0,
    };
    for (unsigned i = 0; i < 3; i++)
        if (waits[i] > 0 && (!result || waits[i] < result)) result = waits[i];
    return result;
}

int64_t wb_sai_next_alarm(const sai_half *half)
{
    const sai_half_state *h = state_of(half);
    int64_t result = WB_NEVER;
    if (!h->running) return result;
    if (!half->receiver || makes_frames(half)) result = time_of(h, h->count, 0);
    uint32_t enables = value_of(half, half->csr);
    int wait = h->error_word == NO_ERROR ? words_to_wait(half, enables) : 0;
    for (uint32_t word = h->next; wait && word < h->count; word++) {
        if (h->mask >> word & 1 || --wait) continue;
        if (due(half, word) < result) result = due(half, word);
    }
    uint32_t flagged = word_flag(half);
    if (enables & SAI_RCSR_WSIE && !h->word_begun && flagged < h->count && time_of(h, flagged, 0) < result)
        result = time_of(h, flagged, 0);
    return result;
}
