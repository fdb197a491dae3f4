/* Twin of wattbench.hw.parts.ade7913, where the behaviour is explained. */
#include <stdlib.h>
#include <string.h>

#include "ade7913.h"
#include "ade7913_registers.h"

enum {
    CRYSTAL_HZ = 4096000, BASE_PERIOD = 512, DREADY_CYCLES = 8, BLOCK_SAMPLES = 512, NS_PER_S = 1000000000,
    READ = 0x04, LOCK_KEY = 0xCA, UNLOCK_KEY = 0x9C, RESET_BYTES = 8, BURST_BYTES = 14, NEVER_READ = -1,
};

typedef struct {
    uint32_t values[ADE7913_COUNT];
    int64_t ready_ns, anchor_ns, hz_num, hz_den;
    int64_t before, before_ns, last_read, na_until, overruns;
    int64_t block_first, valid_until;
    int32_t held[3], block[BLOCK_SAMPLES][3];
    uint32_t preset;
    uint8_t locked, running, na, levels[2], pcs, listening;
    uint8_t command, out[BURST_BYTES], out_length, bit, shift_in, shift_out, zeros;
    uint32_t position;
} ade_state;

struct wb_ade7913 {
    wb_block block;
    ade_state s;
    unsigned edge, refill, dready;
    bool dready_used;
    int64_t reset_duration_ns;
    wb_spi_part part;
    wb_ade7913_host host;
};

static uint16_t crc16(const uint8_t *data, unsigned length)
{
    static uint16_t table[256];
    if (!table[1])
        for (unsigned byte = 0; byte < 256; byte++) {
            uint32_t value = byte << 8;
            for (int i = 0; i < 8; i++) value = value << 1 ^ (value & 0x8000 ? 0x1021 : 0);
            table[byte] = (uint16_t)value;
        }
    uint16_t crc = 0xFFFF;
    while (length--) crc = (uint16_t)(crc << 8 ^ table[(crc >> 8 ^ *data++) & 0xFF]);
    return crc;
}

/* ---- conversions ---- */

static int64_t now_ns(const wb_ade7913 *ade) { return wb_now(ade->block.device.machine); }

static wb_clock clock_of(const wb_ade7913 *ade)
{
    return (wb_clock){ ade->s.hz_num, ade->s.hz_den * NS_PER_S, ade->s.anchor_ns };
}

static uint32_t period_of(const wb_ade7913 *ade)
{
    return BASE_PERIOD << (ade->s.values[ADE7913_CONFIG] >> ADE7913_CONFIG_ADC_FREQ_LOW & 3);
}

static int64_t ticks_now(const wb_ade7913 *ade)
{
    wb_clock clock = clock_of(ade);
    int64_t ticks = wb_clock_ticks(&clock, now_ns(ade));
    return ticks > 0 ? ticks : 0;
}

/* Time of `extra` ticks after sample `index`. */
static int64_t time_of(const wb_ade7913 *ade, int64_t index, int64_t extra)
{
    wb_clock clock = clock_of(ade);
    return wb_clock_time(&clock, index * period_of(ade) - ade->s.preset + extra);
}

/* Number of the newest sample since the last start, 0 if there is none yet. */
static int64_t index_now(const wb_ade7913 *ade)
{
    return ade->s.running ? (ade->s.preset + ticks_now(ade)) / period_of(ade) : 0;
}

static uint32_t counter_now(const wb_ade7913 *ade)
{
    return ade->s.running ? (uint32_t)((ade->s.preset + ticks_now(ade)) % period_of(ade)) : 0;
}

static void plan_refill(wb_ade7913 *ade)
{
    wb_event_at(ade->block.device.machine, ade->refill, time_of(ade, ade->s.valid_until, 0));
}

static void fill(void *owner)
{
    wb_ade7913 *ade = owner;
    ade_state *s = &ade->s;
    if (index_now(ade) < s->valid_until) return;
    ade->host.refill(s->valid_until, BLOCK_SAMPLES, s->anchor_ns, period_of(ade), s->preset, s->values[ADE7913_CONFIG],
                     s->block[0]);
    s->block_first = s->valid_until;
    s->valid_until += BLOCK_SAMPLES;
    plan_refill(ade);
}

/* The newest sample. */
static const int32_t *codes(wb_ade7913 *ade)
{
    int64_t index = index_now(ade);
    if (!index) return ade->s.held;
    if (index >= ade->s.valid_until) fill(ade);
    return ade->s.block[index - ade->s.block_first];
}

static void stop(wb_ade7913 *ade)
{
    ade_state *s = &ade->s;
    wb_machine *machine = ade->block.device.machine;
    if (s->running) {
        int64_t index = index_now(ade);
        if (index) s->before_ns = time_of(ade, index, 0);
        memmove(s->held, codes(ade), sizeof s->held);
        s->before += index;
        s->running = 0;
    }
    ade->host.drop(now_ns(ade));
    s->block_first = s->valid_until = 1;
    wb_event_at(machine, ade->edge, WB_NEVER);
    wb_event_at(machine, ade->refill, WB_NEVER);
    wb_line_set(machine, ade->dready, 1);
}

static void start(wb_ade7913 *ade, uint32_t counter, int64_t at_ns)
{
    stop(ade);
    ade->s.anchor_ns = at_ns;
    ade->s.preset = counter % period_of(ade);
    ade->s.running = 1;
    if (ade->dready_used) wb_event_at(ade->block.device.machine, ade->edge, time_of(ade, 1, 0));
    plan_refill(ade);
}

static void on_edge(void *owner)
{
    wb_ade7913 *ade = owner;
    wb_machine *machine = ade->block.device.machine;
    int64_t index = index_now(ade);
    bool falls = machine->lines[ade->dready].level;
    wb_event_at(machine, ade->edge, falls ? time_of(ade, index, DREADY_CYCLES) : time_of(ade, index + 1, 0));
    wb_line_set(machine, ade->dready, !falls);
}

static void chip_reset(wb_ade7913 *ade)
{
    ade_state *s = &ade->s;
    stop(ade);
    wb_block_reset(&ade->block);
    s->locked = s->na = 0;
    s->na_until = s->before;
    s->position = s->command = s->out_length = s->zeros = s->bit = s->shift_in = s->shift_out = 0;
    s->ready_ns = now_ns(ade) + ade->reset_duration_ns;
    start(ade, 0, s->ready_ns);
}

/* ---- registers ---- */

static void note_lost(ade_state *s, int64_t taken)
{
    if (taken - 1 > (s->last_read > s->na_until ? s->last_read : s->na_until)) s->na = 1;
}

/* The newest sample was read: what came between it and the one read before is lost. */
static void note_read(wb_ade7913 *ade)
{
    ade_state *s = &ade->s;
    int64_t taken = s->before + index_now(ade);
    note_lost(s, taken);
    if (s->last_read > s->before && taken - s->last_read > 1) s->overruns += taken - s->last_read - 1;
    s->last_read = taken;
}

static uint32_t status0(const wb_ade7913 *ade)
{
    return (now_ns(ade) < ade->s.ready_ns ? ADE7913_STATUS0_RESET_ON : 0) | (ade->s.locked ? ADE7913_STATUS0_IC_PROT : 0);
}

static uint8_t *put_number(uint8_t *out, uint32_t value, unsigned bytes)
{
    while (bytes--) *out++ = (uint8_t)(value >> 8 * bytes);
    return out;
}

static uint32_t register_value(wb_ade7913 *ade, unsigned index)
{
    ade_state *s = &ade->s;
    uint8_t channels[9], *end = channels;
    switch (index) {
    case ADE7913_V1WV: case ADE7913_V2WV: {
        uint32_t code = (uint32_t)codes(ade)[index == ADE7913_V1WV ? 1 : 2];
        note_read(ade);
        return code;
    }
    case ADE7913_ADC_CRC:
        for (unsigned i = 0; i < 3; i++) end = put_number(end, (uint32_t)codes(ade)[i], 3);
        return crc16(channels, 9);
    case ADE7913_STATUS0: return status0(ade);
    case ADE7913_STATUS1: {
        int64_t taken = s->before + index_now(ade);
        note_lost(s, taken);
        uint32_t value = s->values[ADE7913_STATUS1] | (s->na ? ADE7913_STATUS1_ADC_NA : 0);
        s->na = 0;
        if (taken - 1 > s->na_until) s->na_until = taken - 1;
        return value;
    }
    case ADE7913_TEMPOS: return ade->host.tempos();
    case ADE7913_LOCK: case ADE7913_SYNC_SNAP: return 0;
    default: return s->values[index];
    }
}

static void read_burst(wb_ade7913 *ade)
{
    ade_state *s = &ade->s;
    const int32_t *sample = codes(ade);
    uint8_t *end = s->out;
    for (unsigned i = 0; i < 3; i++) end = put_number(end, (uint32_t)sample[i], 3);
    note_read(ade);
    end = put_number(end, crc16(s->out, 9), 2);
    end = put_number(end, status0(ade), 1);
    end = put_number(end, s->values[ADE7913_CNT_SNAPSHOT], 2);
    s->out_length = (uint8_t)(end - s->out);
}

/* Index of the register at an SPI address, -1 for none. */
static int find(uint32_t address)
{
    for (int i = 0; i < ADE7913_COUNT; i++)
        if (ADE7913_REGISTERS[i].offset == address) return i;
    return -1;
}

static void read_register(wb_ade7913 *ade, uint32_t address)
{
    int index = find(address);
    ade->s.out_length = 0;
    if (index < 0 || index == ADE7913_CTRL_CRC) {
        wb_block_missing(&ade->block, WB_MISSING_READ, address, 0);
        return;
    }
    if (now_ns(ade) < ade->s.ready_ns && index != ADE7913_STATUS0) return;
    if (index == ADE7913_IWV) {
        read_burst(ade);
        return;
    }
    ade->s.out_length = ADE7913_REGISTERS[index].bytes;
    put_number(ade->s.out, register_value(ade, (unsigned)index), ade->s.out_length);
}

static void write_config(wb_ade7913 *ade, uint32_t value)
{
    uint32_t *config = &ade->s.values[ADE7913_CONFIG];
    if (value & ADE7913_CONFIG_SWRST) {
        chip_reset(ade);
        return;
    }
    value &= ADE7913_REGISTERS[ADE7913_CONFIG].stored;
    uint32_t changed = value ^ *config;
    if (changed & ADE7913_REGISTERS[ADE7913_CONFIG].unmodelled)
        wb_block_missing(&ade->block, WB_MISSING_BITS, ADE7913_REGISTERS[ADE7913_CONFIG].offset, value);
    if (!(changed & (ADE7913_CONFIG_PWRDWN | ADE7913_CONFIG_ADC_FREQ))) {
        *config = value;
        wb_ade7913_changed(ade, now_ns(ade));
        return;
    }
    stop(ade);
    *config = value;
    if (!(value & ADE7913_CONFIG_PWRDWN)) start(ade, 0, now_ns(ade));
}

static void write_register(wb_ade7913 *ade, uint32_t address, uint32_t value)
{
    ade_state *s = &ade->s;
    int index = find(address);
    if (index < 0) {
        wb_block_missing(&ade->block, WB_MISSING_WRITE, address, 0);
    } else if (now_ns(ade) < s->ready_ns) {
        return;
    } else if (index == ADE7913_LOCK) {
        s->locked = value == LOCK_KEY || (s->locked && value != UNLOCK_KEY);
    } else if (index == ADE7913_SYNC_SNAP) {
        if (value & ADE7913_SYNC_SNAP_SNAP) s->values[ADE7913_CNT_SNAPSHOT] = counter_now(ade);
        if (value & ADE7913_SYNC_SNAP_SYNC && s->running)
            start(ade, s->values[ADE7913_COUNTER0] | s->values[ADE7913_COUNTER1] << 8, now_ns(ade));
    } else if (s->locked) {
        return;
    } else if (index == ADE7913_CONFIG) {
        write_config(ade, value);
    } else {
        s->values[index] = (s->values[index] & ~ADE7913_REGISTERS[index].stored) | (value & ADE7913_REGISTERS[index].stored);
    }
}

/* ---- SPI ---- */

static uint32_t selected(void *owner)
{
    const ade_state *s = &((wb_ade7913 *)owner)->s;
    return s->levels[1] ? !s->levels[0] : s->pcs;
}

static void update_select(wb_ade7913 *ade)
{
    ade_state *s = &ade->s;
    uint8_t now = (uint8_t)selected(ade);
    if (now && !s->listening) s->position = s->bit = s->zeros = s->command = s->out_length = 0;
    s->listening = now;
}

static void chip_select(void *owner, uint32_t asserted)
{
    wb_ade7913 *ade = owner;
    ade->s.pcs = asserted != 0;
    update_select(ade);
}

static void take_byte(wb_ade7913 *ade, uint8_t value)
{
    ade_state *s = &ade->s;
    s->zeros = (uint8_t)(value ? 0 : s->zeros + 1);
    if (s->zeros == RESET_BYTES) {
        chip_reset(ade);
        return;
    }
    if (s->position == 0) {
        s->command = value;
        if (value & READ) read_register(ade, value >> 3);
    } else if (s->position == 1 && !(s->command & READ)) {
        write_register(ade, s->command >> 3, value);
    }
    s->position++;
}

static uint32_t exchange(void *owner, uint32_t word, uint32_t bits)
{
    wb_ade7913 *ade = owner;
    ade_state *s = &ade->s;
    uint32_t answer = 0;
    while (bits) {
        if (!s->bit) s->shift_out = s->position && s->position <= s->out_length ? s->out[s->position - 1] : 0;
        uint32_t take = bits < 8u - s->bit ? bits : 8u - s->bit, mask = (1u << take) - 1;
        bits -= take;
        s->shift_in = (uint8_t)(s->shift_in << take | (word >> bits & mask));
        s->bit = (uint8_t)(s->bit + take);
        answer = answer << take | (s->shift_out >> (8 - s->bit) & mask);
        if (s->bit == 8) {
            s->bit = 0;
            take_byte(ade, s->shift_in);
        }
    }
    return answer;
}

/* ---- the machine's and the host's side ---- */

static void reset(wb_device *device)
{
    wb_ade7913 *ade = (wb_ade7913 *)device;
    ade_state kept = ade->s;
    memset(&ade->s, 0, sizeof ade->s);
    ade->s.levels[0] = kept.levels[0], ade->s.levels[1] = kept.levels[1];
    ade->s.hz_num = kept.hz_num, ade->s.hz_den = kept.hz_den;
    ade->s.before_ns = ade->s.last_read = NEVER_READ;
    chip_reset(ade);
    update_select(ade);
}

wb_ade7913 *wb_ade7913_new(wb_machine *machine, const wb_ade7913_host *host)
{
    wb_ade7913 *ade = calloc(1, sizeof *ade);
    if (!ade) return NULL;
    wb_block_init(&ade->block, machine, &ADE7913_TABLE, &ade->s, sizeof ade->s);
    ade->block.device.reset = reset;
    ade->host = *host;
    ade->part = (wb_spi_part){ chip_select, selected, exchange, ade };
    ade->edge = wb_event_new(machine, on_edge, ade);
    ade->refill = wb_event_new(machine, fill, ade);
    ade->dready = wb_line_new(machine);
    machine->lines[ade->dready].level = 1;
    ade->s.hz_num = CRYSTAL_HZ;
    ade->s.hz_den = 1;
    reset(&ade->block.device);
    return ade;
}

void wb_ade7913_crystal(wb_ade7913 *ade, int64_t num, int64_t den)
{
    uint32_t counter = counter_now(ade);
    bool running = ade->s.running;
    if (running) stop(ade);
    ade->s.hz_num = num;
    ade->s.hz_den = den;
    if (running) start(ade, counter, now_ns(ade));
}

void wb_ade7913_reset_duration(wb_ade7913 *ade, int64_t ns) { ade->reset_duration_ns = ns; }

void wb_ade7913_changed(wb_ade7913 *ade, int64_t from_ns)
{
    ade_state *s = &ade->s;
    if (!s->running) return;
    wb_clock clock = clock_of(ade);
    int64_t period = period_of(ade), index = index_now(ade);
    int64_t tick = wb_clock_ticks(&clock, (from_ns > s->anchor_ns ? from_ns : s->anchor_ns) - 1) + 1;
    int64_t first = (tick + s->preset + period - 1) / period;
    if (first <= index) first = index + 1;
    if (first >= s->valid_until) return;
    s->valid_until = first;
    ade->host.drop(time_of(ade, first, 0) - 1);
    plan_refill(ade);
}

void wb_ade7913_input(wb_ade7913 *ade, uint32_t number, uint32_t level)
{
    ade->s.levels[number & 1] = level != 0;
    update_select(ade);
}

const wb_spi_part *wb_ade7913_part(const wb_ade7913 *ade) { return &ade->part; }

unsigned wb_ade7913_dready(wb_ade7913 *ade)
{
    int64_t index = index_now(ade);
    if (ade->dready_used) return ade->dready;
    ade->dready_used = true;
    if (!ade->s.running) return ade->dready;
    int64_t rise = index ? time_of(ade, index, DREADY_CYCLES) : 0;
    bool low = index && now_ns(ade) < rise;
    ade->block.device.machine->lines[ade->dready].level = !low;
    wb_event_at(ade->block.device.machine, ade->edge, low ? rise : time_of(ade, index + 1, 0));
    return ade->dready;
}

int64_t wb_ade7913_samples(const wb_ade7913 *ade) { return ade->s.before + index_now(ade); }

int64_t wb_ade7913_last_sample_ns(const wb_ade7913 *ade)
{
    int64_t index = index_now(ade);
    return index ? time_of(ade, index, 0) : ade->s.before_ns;
}

int64_t wb_ade7913_overruns(const wb_ade7913 *ade) { return ade->s.overruns; }
