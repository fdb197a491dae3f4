/* Twin of wattbench.hw.imxrt.lpspi, where the behaviour is explained. */
#include <stdlib.h>
#include <string.h>

#include "lpspi.h"
#include "lpspi_registers.h"

enum { FIFO_WORDS = 16, CHIP_SELECTS = 4, NOTHING = 0xFF };
enum phase { IDLE, WORD, WAIT, TRAIL, GAP };
enum missing { SLAVE_MODE };

typedef struct { uint32_t word, mark; } entry;              /* mark: a command, or the first word of a frame */
typedef struct { entry entries[FIFO_WORDS]; uint32_t first, count; } fifo;

typedef struct {
    uint32_t values[LPSPI_COUNT];
    uint32_t command, phase, left, word, bits;
    uint8_t first_word, selected, rx_level, tx_level;
    fifo tx, rx;
    int64_t hz_num, hz_den;
    int64_t anchor_ns, cycles, step_cycles, due_ns;
} spi_state;

struct wb_lpspi {
    wb_block block;
    spi_state s;
    unsigned step, irq;
    wb_request rx_request, tx_request;
    wb_spi_part parts[CHIP_SELECTS];
    uint16_t traced[CHIP_SELECTS];      /* what a trace calls the selects, 0: not */
};

static bool fifo_put(fifo *queue, uint32_t word, uint32_t mark)
{
    if (queue->count == FIFO_WORDS) return false;
    queue->entries[(queue->first + queue->count++) % FIFO_WORDS] = (entry){ word, mark };
    return true;
}

static const entry *fifo_head(const fifo *queue) { return &queue->entries[queue->first]; }

static uint32_t fifo_take(fifo *queue)
{
    uint32_t word = fifo_head(queue)->word;
    queue->first = (queue->first + 1) % FIFO_WORDS;
    queue->count--;
    return word;
}

static uint32_t field(uint32_t value, uint32_t mask, unsigned low) { return (value & mask) >> low; }
#define FIELD(spi, reg, name) field((spi)->s.values[LPSPI_##reg], LPSPI_##reg##_##name, LPSPI_##reg##_##name##_LOW)

/* ---- time ---- */

static void arm(wb_lpspi *spi)
{
    spi_state *s = &spi->s;
    int64_t now = wb_now(spi->block.device.machine);
    if (now != s->due_ns) s->anchor_ns = now, s->cycles = 0;
    s->cycles += s->step_cycles;
    s->due_ns = s->anchor_ns - wb_floor_div((__int128)-s->cycles * 1000000000 * s->hz_den, s->hz_num);
    wb_event_at(spi->block.device.machine, spi->step, s->due_ns);
}

static void later(wb_lpspi *spi, uint32_t cycles)
{
    spi->s.step_cycles = (int64_t)cycles << field(spi->s.command, LPSPI_TCR_PRESCALE, LPSPI_TCR_PRESCALE_LOW);
    if (spi->s.hz_num) arm(spi);
}

/* ---- frames ---- */

static bool enabled(const wb_lpspi *spi)
{
    return (spi->s.values[LPSPI_CR] & (LPSPI_CR_MEN | LPSPI_CR_RST)) == LPSPI_CR_MEN &&
           spi->s.values[LPSPI_CFGR1] & LPSPI_CFGR1_MASTER;
}

static void select_part(wb_lpspi *spi, unsigned pcs, uint32_t asserted)
{
    const wb_spi_part *part = &spi->parts[pcs];
    if (spi->traced[pcs]) wb_trace_tell(spi->block.device.machine, WB_TRACE_EDGE, spi->traced[pcs], asserted);
    if (part->select) part->select(part->owner, asserted);
}

static void deselect(wb_lpspi *spi)
{
    unsigned pcs = spi->s.selected;
    if (pcs == NOTHING) return;
    spi->s.selected = NOTHING;
    select_part(spi, pcs, 0);
}

static uint32_t exchange(wb_lpspi *spi, uint32_t word, uint32_t bits)
{
    uint32_t answer = bits < 32 ? (1u << bits) - 1 : UINT32_MAX;
    for (unsigned pcs = 0; pcs < CHIP_SELECTS; pcs++) {
        const wb_spi_part *part = &spi->parts[pcs];
        if (part->exchange && part->selected(part->owner)) answer &= part->exchange(part->owner, word, bits);
    }
    return answer;
}

static void trail(wb_lpspi *spi)
{
    spi->s.command &= ~LPSPI_TCR_TXMSK;
    spi->s.left = 0;
    spi->s.phase = TRAIL;
    later(spi, FIELD(spi, CCR, SCKPCS) + 1);
}

/* Begins the next word; false if it cannot begin now. */
static bool start_word(wb_lpspi *spi)
{
    spi_state *s = &spi->s;
    bool stall = !(s->values[LPSPI_CFGR1] & LPSPI_CFGR1_NOSTALL), idle = s->phase == IDLE;
    bool masked = s->command & LPSPI_TCR_TXMSK;
    if (idle && !enabled(spi)) return false;
    if (!s->tx.count && !masked && (stall || !s->left)) return false;
    if (stall && s->rx.count == FIFO_WORDS && !(s->command & LPSPI_TCR_RXMSK)) return false;
    s->word = UINT32_MAX;
    if (!masked && s->tx.count) s->word = fifo_take(&s->tx);
    else if (!masked) s->values[LPSPI_SR] |= LPSPI_SR_TEF;
    if (idle) {
        s->first_word = 1;
        s->selected = (uint8_t)field(s->command, LPSPI_TCR_PCS, LPSPI_TCR_PCS_LOW);
        select_part(spi, s->selected, 1);
    }
    if (!s->left) s->left = (s->command & LPSPI_TCR_FRAMESZ) + 1;
    s->bits = s->left < 32 ? s->left : 32;
    s->phase = WORD;
    later(spi, (idle ? FIELD(spi, CCR, PCSSCK) + 1 : 0) + s->bits * (FIELD(spi, CCR, SCKDIV) + 2));
    return true;
}

/* Goes on as far as FIFOs and enables allow, without passing time. */
static void advance(wb_lpspi *spi)
{
    spi_state *s = &spi->s;
    while (s->hz_num && (s->phase == IDLE || s->phase == WAIT)) {
        bool receiving = s->left && s->command & LPSPI_TCR_TXMSK;
        if (!s->tx.count || !fifo_head(&s->tx)->mark || receiving) {
            if (!start_word(spi)) return;
            continue;
        }
        uint32_t word = fifo_head(&s->tx)->word;
        if (s->phase == WAIT && !(word & LPSPI_TCR_CONTC)) trail(spi);
        else if (s->phase == IDLE && word & LPSPI_TCR_TXMSK && !enabled(spi)) return;
        else s->command = fifo_take(&s->tx);
    }
}

static uint32_t mirror(uint32_t word, uint32_t bits)
{
    uint32_t result = 0;
    for (uint32_t i = 0; i < bits; i++) result |= (word >> i & 1) << (bits - 1 - i);
    return result;
}

static void word_end(wb_lpspi *spi)
{
    spi_state *s = &spi->s;
    uint32_t command = s->command, bits = s->bits, word = command & LPSPI_TCR_BYSW ? __builtin_bswap32(s->word) : s->word;
    if (bits < 32) word &= (1u << bits) - 1;
    uint32_t answer = exchange(spi, command & LPSPI_TCR_LSBF ? mirror(word, bits) : word, bits);
    s->left -= bits;
    s->values[LPSPI_SR] |= LPSPI_SR_WCF;
    if (!(command & LPSPI_TCR_RXMSK)) {
        if (command & LPSPI_TCR_LSBF) answer = mirror(answer, bits);
        if (command & LPSPI_TCR_BYSW) answer = __builtin_bswap32(answer);
        if (fifo_put(&s->rx, answer, s->first_word)) s->first_word = 0;
        else s->values[LPSPI_SR] |= LPSPI_SR_REF;
    }
    if (!s->left && !(command & LPSPI_TCR_CONT)) {
        trail(spi);
        return;
    }
    if (!s->left) s->command &= ~LPSPI_TCR_TXMSK;
    s->phase = WAIT;
    advance(spi);
}

/* ---- registers ---- */

static uint32_t status(const wb_lpspi *spi)
{
    uint32_t value = spi->s.values[LPSPI_SR] & LPSPI_REGISTERS[LPSPI_SR].w1c;
    if (spi->s.tx.count <= FIELD(spi, FCR, TXWATER)) value |= LPSPI_SR_TDF;
    if (spi->s.rx.count > FIELD(spi, FCR, RXWATER)) value |= LPSPI_SR_RDF;
    return spi->s.phase != IDLE ? value | LPSPI_SR_MBF : value;
}

/* Each level is taken afresh: a DMA service may happen inside the one before. */
static void show(wb_lpspi *spi)
{
    const uint32_t *v = spi->s.values;
    wb_request_set(&spi->rx_request, v[LPSPI_DER] & LPSPI_DER_RDDE && status(spi) & LPSPI_SR_RDF);
    wb_request_set(&spi->tx_request, v[LPSPI_DER] & LPSPI_DER_TDDE && status(spi) & LPSPI_SR_TDF);
    wb_line_set(spi->block.device.machine, spi->irq, (status(spi) & v[LPSPI_IER]) != 0);
}

static void on_step(void *owner)
{
    wb_lpspi *spi = owner;
    if (spi->s.phase == WORD) {
        word_end(spi);
    } else if (spi->s.phase == TRAIL) {
        deselect(spi);
        spi->s.values[LPSPI_SR] |= LPSPI_SR_FCF;
        spi->s.phase = GAP;
        later(spi, FIELD(spi, CCR, DBT) + 2);
    } else {
        spi->s.phase = IDLE;
        advance(spi);
        if (spi->s.phase == IDLE) spi->s.values[LPSPI_SR] |= LPSPI_SR_TCF;
    }
    show(spi);
}

static void reclock(wb_lpspi *spi)
{
    bool stopped = wb_event_time(spi->block.device.machine, spi->step) == WB_NEVER;
    spi->s.due_ns = -1;
    if (spi->s.hz_num && spi->s.phase != IDLE && spi->s.phase != WAIT && stopped) arm(spi);
    advance(spi);
}

static void clear(wb_lpspi *spi)
{
    int64_t num = spi->s.hz_num, den = spi->s.hz_den;
    uint8_t rx = spi->s.rx_level, tx = spi->s.tx_level;
    deselect(spi);
    wb_event_at(spi->block.device.machine, spi->step, WB_NEVER);
    memset(&spi->s, 0, sizeof spi->s);
    wb_block_reset(&spi->block);
    spi->s.command = LPSPI_REGISTERS[LPSPI_TCR].reset;
    spi->s.selected = NOTHING;
    spi->s.hz_num = num, spi->s.hz_den = den;
    spi->s.rx_level = rx, spi->s.tx_level = tx;
    reclock(spi);
    show(spi);
}

static uint32_t get(wb_block *block, unsigned index)
{
    wb_lpspi *spi = (wb_lpspi *)block;
    spi_state *s = &spi->s;
    switch (index) {
    case LPSPI_SR: return status(spi);
    case LPSPI_TCR: return s->command;
    case LPSPI_FSR: return s->tx.count | s->rx.count << LPSPI_FSR_RXCOUNT_LOW;
    case LPSPI_RSR: return s->rx.count ? fifo_head(&s->rx)->mark : LPSPI_RSR_RXEMPTY;
    case LPSPI_RDR: break;
    default: return wb_block_stored(block, index);
    }
    if (!s->rx.count) return 0;
    uint32_t word = fifo_take(&s->rx);
    advance(spi);
    show(spi);
    return word;
}

static void put_control(wb_lpspi *spi, uint32_t raw)
{
    uint32_t control = spi->s.values[LPSPI_CR] & ~(LPSPI_CR_RTF | LPSPI_CR_RRF);
    if (control & LPSPI_CR_RST) clear(spi);
    spi->s.values[LPSPI_CR] = control;
    if (raw & LPSPI_CR_RTF) spi->s.tx.count = 0;
    if (raw & LPSPI_CR_RRF) spi->s.rx.count = 0;
    if (control & LPSPI_CR_MEN && !(spi->s.values[LPSPI_CFGR1] & LPSPI_CFGR1_MASTER))
        wb_block_missing(&spi->block, WB_MISSING_FEATURE, 0, SLAVE_MODE);
    advance(spi);
    show(spi);
}

static void push(wb_lpspi *spi, uint32_t word, uint32_t is_command)
{
    if (spi->s.values[LPSPI_CR] & LPSPI_CR_RST || !fifo_put(&spi->s.tx, word, is_command)) return;
    advance(spi);
    show(spi);
}

static void put(wb_block *block, unsigned index, uint32_t raw, uint32_t old)
{
    wb_lpspi *spi = (wb_lpspi *)block;
    (void)old;
    switch (index) {
    case LPSPI_CR: put_control(spi, raw); break;
    case LPSPI_TCR: push(spi, spi->s.values[LPSPI_TCR], 1); break;
    case LPSPI_TDR: push(spi, raw, 0); break;
    case LPSPI_CFGR1: advance(spi); show(spi); break;
    case LPSPI_SR: case LPSPI_IER: case LPSPI_DER: case LPSPI_FCR: show(spi); break;
    default: break;
    }
}

static void reset(wb_device *device) { clear((wb_lpspi *)device); }

wb_lpspi *wb_lpspi_new(wb_machine *machine)
{
    wb_lpspi *spi = calloc(1, sizeof *spi);
    if (!spi) return NULL;
    spi->s.selected = NOTHING;
    spi->s.hz_den = 1;
    wb_block_init(&spi->block, machine, &LPSPI_TABLE, &spi->s, sizeof spi->s);
    spi->block.get = get;
    spi->block.put = put;
    spi->block.device.reset = reset;
    spi->step = wb_event_new(machine, on_step, spi);
    spi->irq = wb_line_new(machine);
    spi->rx_request = (wb_request){ .machine = machine, .level = &spi->s.rx_level, .line = -1 };
    spi->tx_request = (wb_request){ .machine = machine, .level = &spi->s.tx_level, .line = -1 };
    clear(spi);
    return spi;
}

void wb_lpspi_clock(wb_lpspi *spi, int64_t num, int64_t den)
{
    spi->s.hz_num = num;
    spi->s.hz_den = den;
    reclock(spi);
}

void wb_lpspi_attach(wb_lpspi *spi, unsigned pcs, const wb_spi_part *part)
{
    if (pcs < CHIP_SELECTS) spi->parts[pcs] = *part;
}

void wb_lpspi_trace(wb_lpspi *spi, unsigned pcs, uint32_t source)
{
    if (pcs < CHIP_SELECTS) spi->traced[pcs] = (uint16_t)source;
}

unsigned wb_lpspi_line(const wb_lpspi *spi) { return spi->irq; }

wb_request *wb_lpspi_request(wb_lpspi *spi, unsigned transmit)
{
    return transmit ? &spi->tx_request : &spi->rx_request;
}
