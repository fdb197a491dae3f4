/* Twin of wattbench.hw.imxrt.flexspi, where the behaviour is explained. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "flexspi.h"
#include "flexspi_lut.h"
#include "flexspi_registers.h"

enum { PORTS = 4, FIFO_BYTES = 256, WINDOW_BYTES = 128, ENTRY_BYTES = 8, WATERMARK_LOW = 2, WATERMARK_BITS = 0x1F };
enum { IDLE = 3, BUSY_WITH_IP_COMMAND = 8, BEYOND_FLASH = 6 };
static const uint32_t KEY = 0x5AF05AF0, NOT_TOLD = UINT32_MAX;
static const uint32_t FOLLOWS_FIFO = FLEXSPI_INTR_IPRXWA | FLEXSPI_INTR_IPTXWE;

_Static_assert(FLEXSPI_FLSHBCR0 == FLEXSPI_FLSHACR0 + 2 && FLEXSPI_FLSHCR2B == FLEXSPI_FLSHCR2A + 2, "ports in a row");

typedef struct {
    uint32_t values[FLEXSPI_COUNT];
    uint32_t told[PORTS];                           /* of each part, how the core would read it */
    uint8_t waiting, key_given, touched;
} flexspi_state;

/* Bytes that are put in at the end and taken from the front. */
typedef struct { uint8_t *bytes; size_t first, end, room; } queue;

struct wb_flexspi {
    wb_block block;
    flexspi_state s;
    queue received, to_send;
    uint32_t parts;                                 /* a bit each */
    unsigned irq;
    wb_flexspi_host host;
};

/* ---- queues ---- */

static uint32_t held(const queue *q) { return (uint32_t)(q->end - q->first); }

static void clear(queue *q) { q->first = q->end = 0; }

static void drop(queue *q, uint32_t size)
{
    if (size >= held(q)) clear(q);
    else q->first += size;
}

/* `size` bytes more at the end, for the caller to fill in. */
static uint8_t *extend(queue *q, uint32_t size)
{
    if (q->end + size > q->room && q->first) {
        memmove(q->bytes, q->bytes + q->first, held(q));
        q->end -= q->first;
        q->first = 0;
    }
    if (q->end + size > q->room) {
        size_t room = 2 * (q->end + size);
        uint8_t *bytes = realloc(q->bytes, room);
        if (!bytes) {
            fprintf(stderr, "wattbench: no memory for %zu bytes of a serial flash\n", room);
            abort();
        }
        q->bytes = bytes;
        q->room = room;
    }
    q->end += size;
    return q->bytes + q->end - size;
}

/* ---- state ---- */

static uint32_t entries(uint32_t bytes) { return (bytes + ENTRY_BYTES - 1) / ENTRY_BYTES; }

static uint32_t watermark(const wb_flexspi *flexspi, unsigned index)
{
    return flexspi->s.values[index] >> WATERMARK_LOW & WATERMARK_BITS;
}

static uint32_t receive_fill(const wb_flexspi *flexspi)
{
    uint32_t size = held(&flexspi->received);
    return entries(size < FIFO_BYTES ? size : FIFO_BYTES);
}

static uint32_t send_fill(const wb_flexspi *flexspi)
{
    return flexspi->s.waiting ? 0 : held(&flexspi->to_send) / ENTRY_BYTES;
}

static uint32_t flags(const wb_flexspi *flexspi)
{
    uint32_t result = flexspi->s.values[FLEXSPI_INTR] & ~FOLLOWS_FIFO, received = held(&flexspi->received);
    uint32_t sent = send_fill(flexspi), room = FIFO_BYTES / ENTRY_BYTES;
    if (received && entries(received) > watermark(flexspi, FLEXSPI_IPRXFCR)) result |= FLEXSPI_INTR_IPRXWA;
    if (sent < room && room - sent > watermark(flexspi, FLEXSPI_IPTXFCR)) result |= FLEXSPI_INTR_IPTXWE;
    return received > FIFO_BYTES ? result & ~FLEXSPI_INTR_IPCMDDONE : result;
}

static void drive(wb_flexspi *flexspi)
{
    bool level = flags(flexspi) & flexspi->s.values[FLEXSPI_INTEN];
    wb_line_set(flexspi->block.device.machine, flexspi->irq, level);
}

static void clear_fifos(wb_flexspi *flexspi)
{
    clear(&flexspi->received);
    clear(&flexspi->to_send);
    flexspi->s.waiting = 0;
}

static uint32_t decode(const wb_flexspi *flexspi, uint32_t number, wb_sequence *sequence)
{
    return wb_sequence_decode(flexspi->s.values + FLEXSPI_LUT + WB_SEQUENCE_WORDS * (number % WB_SEQUENCES), sequence);
}

/* ---- what the core finds ---- */

static enum wb_flexspi_reads read_setup(const wb_flexspi *flexspi, uint32_t point, uint32_t number, uint32_t *opcode)
{
    wb_sequence sequence;
    if (!flexspi->s.touched) return WB_READS_UNTOUCHED;
    if (flexspi->s.values[FLEXSPI_MCR0] & FLEXSPI_MCR0_MDIS) return WB_READS_OFF;
    if (!(flexspi->s.values[FLEXSPI_FLSHACR0 + point] & FLEXSPI_FLSHACR0_FLSHSZ)) return WB_READS_NO_SIZE;
    if (decode(flexspi, number, &sequence)) return WB_READS_INVALID;
    *opcode = sequence.opcode;
    return sequence.reads ? WB_READS_ARRAY : WB_READS_NOTHING;
}

/* Tells each part whose answer has changed. */
static void show(wb_flexspi *flexspi)
{
    for (uint32_t point = 0; point < PORTS; point++) {
        if (!(flexspi->parts >> point & 1)) continue;
        uint32_t opcode = 0, number = flexspi->s.values[FLEXSPI_FLSHCR2A + point] & FLEXSPI_FLSHCR2A_ARDSEQID;
        uint32_t setup = read_setup(flexspi, point, number, &opcode), news = setup << 16 | number << 8 | opcode;
        if (flexspi->s.told[point] == news) continue;
        flexspi->s.told[point] = news;
        flexspi->host.reads(point, setup, number, opcode);
    }
}

void wb_flexspi_tell(wb_flexspi *flexspi)
{
    for (unsigned point = 0; point < PORTS; point++) flexspi->s.told[point] = NOT_TOLD;
    show(flexspi);
}

/* ---- IP commands ---- */

/* The port that IPCR0 addresses, and the address inside its part; false beyond all. */
static bool find_port(const wb_flexspi *flexspi, uint32_t *port, uint32_t *offset)
{
    uint64_t address = flexspi->s.values[FLEXSPI_IPCR0];
    for (*port = 0; *port < PORTS; ++*port) {
        uint64_t size = (uint64_t)(flexspi->s.values[FLEXSPI_FLSHACR0 + *port] & FLEXSPI_FLSHACR0_FLSHSZ) << 10;
        *offset = (uint32_t)address;
        if (address < size) return true;
        address -= size;
    }
    return false;
}

static uint32_t data_size(const wb_flexspi *flexspi) { return flexspi->s.values[FLEXSPI_IPCR1] & FLEXSPI_IPCR1_IDATSZ; }

static void execute(wb_flexspi *flexspi, const wb_sequence *sequence, uint32_t port, uint32_t offset)
{
    uint32_t size = data_size(flexspi), sent = held(&flexspi->to_send), answer_size = sequence->reads ? size : 0;
    uint32_t bits = sequence->address_bits, address = bits < 32 ? offset & ((1u << bits) - 1) : offset;
    uint8_t *answer = extend(&flexspi->received, answer_size);
    if (size < sent) sent = size;
    if (answer_size) memset(answer, 0xFF, answer_size);
    if (flexspi->parts >> port & 1)
        flexspi->host.execute(port, sequence->opcode, bits != 0, address, flexspi->to_send.bytes + flexspi->to_send.first,
                              sequence->writes ? sent : 0, answer, answer_size);
    if (sequence->writes) drop(&flexspi->to_send, ENTRY_BYTES * entries(size));
}

static void refuse(wb_flexspi *flexspi, uint32_t code)
{
    uint32_t first = (flexspi->s.values[FLEXSPI_IPCR1] & FLEXSPI_IPCR1_ISEQID) >> FLEXSPI_IPCR1_ISEQID_LOW;
    uint32_t *status = &flexspi->s.values[FLEXSPI_STS1];
    *status &= ~(FLEXSPI_STS1_IPCMDERRID | FLEXSPI_STS1_IPCMDERRCODE);
    *status |= first << FLEXSPI_STS1_IPCMDERRID_LOW | code << FLEXSPI_STS1_IPCMDERRCODE_LOW;
    flexspi->s.values[FLEXSPI_INTR] |= FLEXSPI_INTR_IPCMDERR | FLEXSPI_INTR_IPCMDDONE;
}

static void start(wb_flexspi *flexspi)
{
    uint32_t control = flexspi->s.values[FLEXSPI_IPCR1], port, offset;
    uint32_t first = (control & FLEXSPI_IPCR1_ISEQID) >> FLEXSPI_IPCR1_ISEQID_LOW;
    uint32_t count = ((control & FLEXSPI_IPCR1_ISEQNUM) >> FLEXSPI_IPCR1_ISEQNUM_LOW) + 1;
    wb_sequence sequences[(FLEXSPI_IPCR1_ISEQNUM >> FLEXSPI_IPCR1_ISEQNUM_LOW) + 1];
    bool writes = false;
    flexspi->s.waiting = 0;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t error = decode(flexspi, first + i, &sequences[i]);
        if (error) {
            refuse(flexspi, error);
            return;
        }
        writes |= sequences[i].writes;
    }
    if (!find_port(flexspi, &port, &offset)) {
        refuse(flexspi, BEYOND_FLASH);
    } else if (writes && held(&flexspi->to_send) < data_size(flexspi)) {
        flexspi->s.waiting = 1;
    } else {
        for (uint32_t i = 0; i < count; i++) execute(flexspi, &sequences[i], port, offset);
        flexspi->s.values[FLEXSPI_INTR] |= FLEXSPI_INTR_IPCMDDONE;
    }
}

/* Takes a watermark of the window into the FIFO. */
static void send_window(wb_flexspi *flexspi)
{
    uint32_t size = ENTRY_BYTES * (watermark(flexspi, FLEXSPI_IPTXFCR) + 1);
    if (size > WINDOW_BYTES) size = WINDOW_BYTES;
    memcpy(extend(&flexspi->to_send, size), flexspi->s.values + FLEXSPI_TFDR, size);
    if (flexspi->s.waiting && held(&flexspi->to_send) >= data_size(flexspi)) start(flexspi);
}

/* ---- registers ---- */

static void reset(wb_device *device)
{
    wb_flexspi *flexspi = (wb_flexspi *)device;
    wb_block_reset(&flexspi->block);
    flexspi->s.key_given = flexspi->s.touched = 0;
    clear_fifos(flexspi);
    drive(flexspi);
    wb_flexspi_tell(flexspi);
}

static void put_control(wb_flexspi *flexspi, uint32_t raw, uint32_t old)
{
    uint32_t *values = flexspi->s.values;
    if ((raw ^ old) & FLEXSPI_MCR0_MDIS) show(flexspi);
    if (!(values[FLEXSPI_MCR0] & FLEXSPI_MCR0_SWRESET)) return;
    values[FLEXSPI_MCR0] &= ~FLEXSPI_MCR0_SWRESET;
    clear_fifos(flexspi);
    values[FLEXSPI_INTR] = values[FLEXSPI_STS1] = 0;
    drive(flexspi);
}

static void put_flags(wb_flexspi *flexspi, uint32_t raw)
{
    if (raw & FLEXSPI_INTR_IPCMDERR)
        flexspi->s.values[FLEXSPI_STS1] &= ~(FLEXSPI_STS1_IPCMDERRID | FLEXSPI_STS1_IPCMDERRCODE);
    if (raw & FLEXSPI_INTR_IPRXWA) drop(&flexspi->received, ENTRY_BYTES * (watermark(flexspi, FLEXSPI_IPRXFCR) + 1));
    if (raw & flags(flexspi) & FLEXSPI_INTR_IPTXWE) send_window(flexspi);
    drive(flexspi);
}

static void put_table_word(wb_flexspi *flexspi, unsigned index, uint32_t old)
{
    if (flexspi->s.values[FLEXSPI_LUTCR] & FLEXSPI_LUTCR_LOCK) flexspi->s.values[index] = old;
    else if (flexspi->s.values[index] != old) show(flexspi);
}

static uint32_t get(wb_block *block, unsigned index)
{
    wb_flexspi *flexspi = (wb_flexspi *)block;
    switch (index) {
    case FLEXSPI_STS0: return flexspi->s.waiting ? BUSY_WITH_IP_COMMAND : IDLE;
    case FLEXSPI_INTR: return flags(flexspi);
    case FLEXSPI_IPRXFSTS: return receive_fill(flexspi);
    case FLEXSPI_IPTXFSTS: return send_fill(flexspi);
    default: break;
    }
    if (index < FLEXSPI_RFDR || index >= FLEXSPI_RFDR + WINDOW_BYTES / 4) return wb_block_stored(block, index);
    uint32_t word = 0, at = 4 * (index - FLEXSPI_RFDR), left = held(&flexspi->received);
    if (at < left) memcpy(&word, flexspi->received.bytes + flexspi->received.first + at, left - at < 4 ? left - at : 4);
    return word;
}

static void put(wb_block *block, unsigned index, uint32_t raw, uint32_t old)
{
    wb_flexspi *flexspi = (wb_flexspi *)block;
    uint32_t *values = flexspi->s.values;
    switch (index) {
    case FLEXSPI_MCR0: put_control(flexspi, raw, old); return;
    case FLEXSPI_AHBCR: values[index] &= ~FLEXSPI_AHBCR_CLRAHBRXBUF; return;
    case FLEXSPI_INTEN: drive(flexspi); return;
    case FLEXSPI_INTR: put_flags(flexspi, raw); return;
    case FLEXSPI_LUTKEY:
        flexspi->s.key_given = raw == KEY;
        values[index] = KEY;
        return;
    case FLEXSPI_LUTCR:
        raw &= FLEXSPI_LUTCR_LOCK | FLEXSPI_LUTCR_UNLOCK;
        if (!flexspi->s.key_given || (raw != FLEXSPI_LUTCR_LOCK && raw != FLEXSPI_LUTCR_UNLOCK)) values[index] = old;
        flexspi->s.key_given = 0;
        return;
    case FLEXSPI_IPCMD:
        if (!(values[index] & FLEXSPI_IPCMD_TRG)) return;
        values[index] = 0;
        start(flexspi);
        drive(flexspi);
        return;
    case FLEXSPI_IPRXFCR:
        if (values[index] & FLEXSPI_IPRXFCR_CLRIPRXF) clear(&flexspi->received);
        values[index] &= ~FLEXSPI_IPRXFCR_CLRIPRXF;
        drive(flexspi);
        return;
    case FLEXSPI_IPTXFCR:
        if (values[index] & FLEXSPI_IPTXFCR_CLRIPTXF) clear(&flexspi->to_send);
        values[index] &= ~FLEXSPI_IPTXFCR_CLRIPTXF;
        drive(flexspi);
        return;
    default: break;
    }
    if (index >= FLEXSPI_LUT && index < FLEXSPI_LUT + WB_SEQUENCE_WORDS * WB_SEQUENCES) {
        put_table_word(flexspi, index, old);
    } else if (index >= FLEXSPI_FLSHCR2A && index < FLEXSPI_FLSHCR2A + PORTS) {
        values[index] &= ~FLEXSPI_FLSHCR2A_CLRINSTRPTR;
        show(flexspi);
    } else if (index >= FLEXSPI_FLSHACR0 && index < FLEXSPI_FLSHACR0 + PORTS) {
        show(flexspi);
    }
}

static void write_bus(wb_device *device, uint32_t offset, unsigned size, uint32_t value)
{
    wb_flexspi *flexspi = (wb_flexspi *)device;
    if (!flexspi->s.touched) {
        flexspi->s.touched = 1;
        show(flexspi);
    }
    wb_block_write(device, offset, size, value);
}

/* Every register changes by writes, and by what parts do, which is an event. */
static bool timeless(const wb_device *device, uint32_t offset, unsigned size)
{
    const wb_table *table = ((const wb_block *)device)->table;
    return offset + size <= table->size && table->slots[offset] && table->slots[offset + size - 1];
}

/* ---- called by the host ---- */

static void release(wb_block *block)
{
    wb_flexspi *flexspi = (wb_flexspi *)block;
    free(flexspi->received.bytes);
    free(flexspi->to_send.bytes);
}

wb_flexspi *wb_flexspi_new(wb_machine *machine, const wb_flexspi_host *host, uint32_t chip)
{
    const wb_table *table = chip == WB_FLEXSPI_RT106X ? &FLEXSPI_106X_TABLE : &FLEXSPI_TABLE;
    wb_flexspi *flexspi = calloc(1, sizeof *flexspi);
    if (!flexspi) return NULL;
    wb_block_init(&flexspi->block, machine, table, &flexspi->s, sizeof flexspi->s);
    flexspi->block.get = get;
    flexspi->block.put = put;
    flexspi->block.release = release;
    flexspi->block.device.write = write_bus;
    flexspi->block.device.reset = reset;
    flexspi->block.device.timeless = timeless;
    flexspi->host = *host;
    flexspi->irq = wb_line_new(machine);
    reset(&flexspi->block.device);
    return flexspi;
}

void wb_flexspi_attach(wb_flexspi *flexspi, uint32_t point) { flexspi->parts |= 1u << point; }

unsigned wb_flexspi_line(const wb_flexspi *flexspi) { return flexspi->irq; }

uint32_t wb_flexspi_held(const wb_flexspi *flexspi, uint32_t sent, const uint8_t **data)
{
    const queue *q = sent ? &flexspi->to_send : &flexspi->received;
    *data = q->bytes + q->first;
    return held(q);
}

void wb_flexspi_hold(wb_flexspi *flexspi, uint32_t sent, const uint8_t *data, uint32_t size)
{
    queue *q = sent ? &flexspi->to_send : &flexspi->received;
    clear(q);
    if (size) memcpy(extend(q, size), data, size);
}
