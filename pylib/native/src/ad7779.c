/* The frames of an AD7779; everything else about it is wattbench.hw.parts.ad7779. */
#include <stdlib.h>
#include <string.h>

#include "ad7779.h"

enum { CHANNELS = 8, BLOCK = 512, WORD_BITS = 32, NS_PER_S = 1000000000 };

typedef struct {
    int64_t anchor_ns, num, den, dclk_num, dclk_den;
    int64_t index, block_first, valid_until;
    uint32_t lines;
    uint32_t words[BLOCK][CHANNELS];
} ad_state;

struct wb_ad7779 {
    wb_block block;                     /* without registers: it has state for the machine to save */
    ad_state s;
    unsigned event;
    wb_sai *sai;
    void (*refill)(void);
    uint16_t traced;                    /* what a trace calls data-ready, 0: not */
};

static void plan(wb_ad7779 *ad)
{
    wb_clock clock = { ad->s.num, ad->s.den * NS_PER_S, ad->s.anchor_ns };
    wb_event_at(ad->block.device.machine, ad->event, wb_clock_time(&clock, ad->s.index));
}

static void on_sample(void *owner)
{
    wb_ad7779 *ad = owner;
    ad_state *s = &ad->s;
    if (s->index >= s->valid_until) ad->refill();
    if (s->index < s->block_first || s->index >= s->valid_until) return;    /* the refill failed and stops the run */
    wb_audio_frame frame = {
        .start_ns = wb_now(ad->block.device.machine), .hz_num = s->dclk_num, .hz_den = s->dclk_den,
        .count = CHANNELS / s->lines, .lines = s->lines,
    };
    const uint32_t *words = s->words[s->index - s->block_first];
    for (uint32_t word = 0; word < frame.count; word++) frame.widths[word] = WORD_BITS;
    for (uint32_t line = 0; line < s->lines; line++)
        memcpy(frame.words[line], words + line * frame.count, frame.count * sizeof *words);
    s->index++;
    plan(ad);
    if (ad->traced) {
        wb_trace_tell(ad->block.device.machine, WB_TRACE_EDGE, ad->traced, 1);
        wb_trace_tell(ad->block.device.machine, WB_TRACE_EDGE, ad->traced, 0);
    }
    wb_sai_begin(ad->sai, 1, &frame);
}

static void reset(wb_device *device) { wb_ad7779_stop((wb_ad7779 *)device); }

wb_ad7779 *wb_ad7779_new(wb_machine *machine, void (*refill)(void))
{
    wb_ad7779 *ad = calloc(1, sizeof *ad);
    if (!ad) return NULL;
    ad->block.device = (wb_device){ .machine = machine, .reset = reset, .state = &ad->s, .state_size = sizeof ad->s };
    ad->s.lines = ad->s.dclk_num = ad->s.dclk_den = ad->s.num = ad->s.den = 1;
    ad->refill = refill;
    ad->event = wb_event_new(machine, on_sample, ad);
    wb_device_add(machine, &ad->block.device, 0, 0, 0);
    return ad;
}

void wb_ad7779_start(wb_ad7779 *ad, wb_sai *sai, int64_t anchor_ns, int64_t num, int64_t den)
{
    ad->sai = sai;
    ad->s.anchor_ns = anchor_ns;
    ad->s.num = num;
    ad->s.den = den;
    ad->s.index = 1;
    plan(ad);
}

void wb_ad7779_stop(wb_ad7779 *ad) { wb_event_at(ad->block.device.machine, ad->event, WB_NEVER); }

void wb_ad7779_trace(wb_ad7779 *ad, uint32_t source) { ad->traced = (uint16_t)source; }

void wb_ad7779_format(wb_ad7779 *ad, uint32_t lines, int64_t dclk_num, int64_t dclk_den)
{
    ad->s.lines = lines;
    ad->s.dclk_num = dclk_num;
    ad->s.dclk_den = dclk_den;
}

void wb_ad7779_block(wb_ad7779 *ad, int64_t first, int64_t valid_until, const uint32_t *words)
{
    ad->s.block_first = first;
    ad->s.valid_until = valid_until;
    if (words) memcpy(ad->s.words, words, sizeof ad->s.words);
}
