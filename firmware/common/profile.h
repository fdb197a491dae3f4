/* Load profile: the registers at the end of each period, in a ring that is kept without power. */
#ifndef PROFILE_H
#define PROFILE_H

#include <stdbool.h>
#include <stdint.h>

#include "intervals.h"

struct profile_record {
    struct energies at;
    uint32_t utc_s, number; /* end of the period, since 1970; number of the record */
    uint16_t utc_ms, flags; /* enum interval_flags */
    uint32_t crc;
};

/* Records since the meter was made. */
extern volatile uint32_t meter_profile_count;
/* The newest one: end in s, flags, registers in nano units. */
extern volatile int64_t meter_profile_last_utc_s;
extern volatile uint32_t meter_profile_last_flags;
extern volatile int64_t meter_profile_last_energy[ENERGIES];

void profile_start(void);
void profile_ended(const struct ended *ended);
/* Records that can be read. */
uint32_t profile_kept(void);
/* Record number `index` from the meter's first one on; false if it is gone or damaged. With work held. */
bool profile_read(uint32_t index, struct profile_record *record);

#endif
