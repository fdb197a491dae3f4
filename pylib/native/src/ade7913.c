/* Twin of wattbench.hw.parts.ade7913, where the behaviour is explained. */
#include <stdlib.h>
#include <string.h>

#include "ade7913_private.h"

enum { READ = 0x04, LOCK_KEY = 0xCA, UNLOCK_KEY = 0x9C, RESET_BYTES = 8, NEVER_READ = -1 };

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

static void chip_reset(wb_ade7913 *ade)
{
    ade_state *s = &ade->s;
    wb_ade7913_stop(ade);
    wb_block_reset(&ade->block);
    s->locked = s->na = 0;
    s->na_until = s->before;
    s->position = s->command = s->out_length = s->zeros = s->bit = s->shift_in = s->shift_out = 0;
    s->ready_ns = now_ns(ade) + ade->reset_duration_ns;
    wb_ade7913_start(ade, 0, s->ready_ns);
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
    int64_t taken = s->before + wb_ade7913_index(ade);
    note_lost(s, taken);
    if (s->last_read > s->before && taken - s->last_read > 1) s->overruns += taken - s->last_read - 1;
    s->last_read = taken;
}

static uint32_t status0(const wb_ade7913 *ade)
{
    bool resetting = now_ns(ade) < ade->s.ready_ns;
    return (resetting ? ADE7913_STATUS0_RESET_ON : 0) | (ade->s.locked ? ADE7913_STATUS0_IC_PROT : 0);
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
        uint32_t code = (uint32_t)wb_ade7913_codes(ade)[index == ADE7913_V1WV ? 1 : 2];
        note_read(ade);
        return code;
    }
    case ADE7913_ADC_CRC:
        for (unsigned i = 0; i < 3; i++) end = put_number(end, (uint32_t)wb_ade7913_codes(ade)[i], 3);
        return crc16(channels, 9);
    case ADE7913_STATUS0: return status0(ade);
    case ADE7913_STATUS1: {
        int64_t taken = s->before + wb_ade7913_index(ade);
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
    const int32_t *sample = wb_ade7913_codes(ade);
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
        if (changed & ADE7913_CONFIG_CLKOUT_EN) wb_ade7913_plan_edge(ade);
        return;
    }
    wb_ade7913_stop(ade);
    *config = value;
    if (!(value & ADE7913_CONFIG_PWRDWN)) wb_ade7913_start(ade, 0, now_ns(ade));
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
        if (value & ADE7913_SYNC_SNAP_SNAP) s->values[ADE7913_CNT_SNAPSHOT] = wb_ade7913_counter(ade);
        if (value & ADE7913_SYNC_SNAP_SYNC && s->running)
            wb_ade7913_start(ade, s->values[ADE7913_COUNTER0] | s->values[ADE7913_COUNTER1] << 8, now_ns(ade));
    } else if (s->locked) {
        return;
    } else if (index == ADE7913_CONFIG) {
        write_config(ade, value);
    } else {
        uint32_t stored = ADE7913_REGISTERS[index].stored;
        s->values[index] = (s->values[index] & ~stored) | (value & stored);
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
    wb_ade7913_init_conversions(ade, machine);
    reset(&ade->block.device);
    return ade;
}

void wb_ade7913_reset_duration(wb_ade7913 *ade, int64_t ns) { ade->reset_duration_ns = ns; }

void wb_ade7913_input(wb_ade7913 *ade, uint32_t number, uint32_t level)
{
    ade->s.levels[number & 1] = level != 0;
    update_select(ade);
}

const wb_spi_part *wb_ade7913_part(const wb_ade7913 *ade) { return &ade->part; }

int64_t wb_ade7913_overruns(const wb_ade7913 *ade) { return ade->s.overruns; }
