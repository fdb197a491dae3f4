#include "storage.h"

#include "crc.h"
#include "nonvolatile.h"

#define COPY_BYTES 0x400u
#define MAGIC 0x5045454Bu /* "KEEP" in memory, with the number of the record added */

const struct storage_ring storage_events = {.address = 0x4000u, .entry_bytes = 16u, .entries = 1024u};
const struct storage_ring storage_profile = {.address = 0x8000u, .entry_bytes = 64u, .entries = 3584u};
_Static_assert(STORAGE_RECORDS * 2u * COPY_BYTES <= 0x4000u, "records");
_Static_assert(0x8000u + 64u * 3584u <= NONVOLATILE_SIZE, "profile");

volatile uint32_t meter_storage_faults;

struct header {
    uint32_t magic, length, sequence;
};

static struct {
    bool known;
    uint32_t copy, sequence; /* the newest */
} newest[STORAGE_RECORDS];
static uint8_t buffer[COPY_BYTES];

static uint32_t place(enum storage_record record, uint32_t copy)
{
    return ((uint32_t)record * 2u + copy) * COPY_BYTES;
}

static uint32_t whole(uint32_t length)
{
    return (length + 3u) & ~3u;
}

/* A whole, sound copy in `buffer`; its header is given back. */
static bool read_copy(enum storage_record record, uint32_t copy, struct header *header)
{
    nonvolatile_read(place(record, copy), buffer, sizeof *header);
    __builtin_memcpy(header, buffer, sizeof *header);
    if (header->magic != MAGIC + (uint32_t)record || header->length > STORAGE_RECORD_BYTES) {
        if (header->magic != 0u && header->magic != 0xFFFFFFFFu) /* a new part */
            meter_storage_faults++;
        return false;
    }
    uint32_t body = whole(header->length), crc;
    nonvolatile_read(place(record, copy) + sizeof *header, buffer + sizeof *header, body + sizeof crc);
    __builtin_memcpy(&crc, buffer + sizeof *header + body, sizeof crc);
    if (crc == crc32(buffer, sizeof *header + body))
        return true;
    meter_storage_faults++;
    return false;
}

static void find_newest(enum storage_record record)
{
    struct header headers[2];
    bool sound[2];
    for (uint32_t copy = 0; copy < 2u; copy++)
        sound[copy] = read_copy(record, copy, &headers[copy]);
    newest[record].known = true;
    newest[record].copy = sound[1] && (!sound[0] || (int32_t)(headers[1].sequence - headers[0].sequence) > 0);
    newest[record].sequence = sound[newest[record].copy] ? headers[newest[record].copy].sequence : 0u;
}

bool storage_load(enum storage_record record, void *data, uint32_t length)
{
    struct header header;
    find_newest(record);
    if (!newest[record].sequence || !read_copy(record, newest[record].copy, &header) || header.length != length)
        return false;
    __builtin_memcpy(data, buffer + sizeof header, length);
    return true;
}

void storage_save(enum storage_record record, const void *data, uint32_t length)
{
    if (!newest[record].known)
        find_newest(record);
    struct header header = {MAGIC + (uint32_t)record, length, newest[record].sequence + 1u};
    if (!header.sequence)
        header.sequence = 1u;
    uint32_t body = whole(length), copy = newest[record].sequence ? 1u - newest[record].copy : 0u;
    __builtin_memset(buffer, 0, sizeof header + body);
    __builtin_memcpy(buffer, &header, sizeof header);
    __builtin_memcpy(buffer + sizeof header, data, length);
    uint32_t crc = crc32(buffer, sizeof header + body);
    __builtin_memcpy(buffer + sizeof header + body, &crc, sizeof crc);
    nonvolatile_write(place(record, copy), buffer, sizeof header + body + sizeof crc);
    newest[record].copy = copy;
    newest[record].sequence = header.sequence;
}

static uint32_t entry_address(const struct storage_ring *ring, uint32_t index)
{
    return ring->address + index % ring->entries * ring->entry_bytes;
}

bool storage_entry(const struct storage_ring *ring, uint32_t index, void *entry)
{
    uint32_t body = ring->entry_bytes - 4u, crc;
    nonvolatile_read(entry_address(ring, index), entry, ring->entry_bytes);
    __builtin_memcpy(&crc, (uint8_t *)entry + body, sizeof crc);
    return crc == crc32(entry, body);
}

void storage_put(const struct storage_ring *ring, uint32_t index, void *entry)
{
    uint32_t body = ring->entry_bytes - 4u, crc = crc32(entry, body);
    __builtin_memcpy((uint8_t *)entry + body, &crc, sizeof crc);
    nonvolatile_write(entry_address(ring, index), entry, ring->entry_bytes);
}
