/* What is kept over a power failure, and how a failure in the middle of a write leaves the old or the new, never half.
 *
 * A record has two copies with a number and a CRC; a write goes to the older one. A ring's entries have a CRC each, and
 * the record that says where the ring ends is written after the entry.
 *
 * Everything here is called from PendSV, or with work held (`system_hold_work`). */
#ifndef STORAGE_H
#define STORAGE_H

#include <stdbool.h>
#include <stdint.h>

enum storage_record { RECORD_CLOCK, RECORD_REGISTERS, RECORD_INTERVALS, RECORD_DEMAND, RECORD_EVENTS, RECORD_PROFILE };
#define STORAGE_RECORDS 6u
/* Longest record. */
#define STORAGE_RECORD_BYTES 1000u

struct storage_ring {
    uint32_t address, entry_bytes, entries;
};
extern const struct storage_ring storage_events, storage_profile;

/* Records that could not be read although something had been written there. */
extern volatile uint32_t meter_storage_faults;

/* False if there is no sound record of this length; `data` is then as it was. */
bool storage_load(enum storage_record record, void *data, uint32_t length);
void storage_save(enum storage_record record, const void *data, uint32_t length);
/* Entry number `index` of a ring counted from its begin of all times. The last four bytes of an entry are its CRC. */
bool storage_entry(const struct storage_ring *ring, uint32_t index, void *entry);
void storage_put(const struct storage_ring *ring, uint32_t index, void *entry);

#endif
