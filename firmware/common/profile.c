#include "profile.h"

#include "seeded_bugs.h"
#include "steering.h"
#include "storage.h"
#include "timekeeping.h"

_Static_assert(sizeof(struct profile_record) == 64u, "profile_record");

volatile uint32_t meter_profile_count;
volatile int64_t meter_profile_last_utc_s;
volatile uint32_t meter_profile_last_flags;
volatile int64_t meter_profile_last_energy[ENERGIES];

static void publish(const struct profile_record *record)
{
    meter_profile_last_utc_s = record->utc_s;
    meter_profile_last_flags = record->flags;
    for (uint32_t i = 0; i < ENERGIES; i++)
        meter_profile_last_energy[i] = record->at.value[i];
}

void profile_start(void)
{
    uint32_t count;
    struct profile_record record;
    if (!storage_load(RECORD_PROFILE, &count, sizeof count))
        return;
    meter_profile_count = count;
    if (count && profile_read(count - 1u, &record))
        publish(&record);
}

void profile_ended(const struct ended *ended)
{
    int64_t ms = ended->at_ns / 1000000;
    if (SEEDED_TIME_BUGS)
        ms += timekeeping_local_offset_s(ms / 1000) * 1000LL;
    struct profile_record record = {
        .at = ended->at,
        .utc_s = (uint32_t)(ms / 1000),
        .number = meter_profile_count,
        .utc_ms = (uint16_t)(ms % 1000),
        .flags = (uint16_t)ended->interval->flags,
    };
    storage_put(&storage_profile, record.number, &record);
    uint32_t count = record.number + 1u;
    storage_save(RECORD_PROFILE, &count, sizeof count);
    meter_profile_count = count;
    publish(&record);
}

uint32_t profile_kept(void)
{
    uint32_t count = meter_profile_count;
    return count < storage_profile.entries ? count : storage_profile.entries;
}

bool profile_read(uint32_t index, struct profile_record *record)
{
    uint32_t count = meter_profile_count;
    return index < count && count - index <= storage_profile.entries && storage_entry(&storage_profile, index, record) &&
           record->number == index;
}
