#include "registers_kept.h"

#include "energy.h"
#include "storage.h"
#include "timekeeping.h"

#define KINDS (2u + QUADRANTS)

struct kept {
    int64_t energy[KINDS][1 + PHASES];
    int64_t utc_ns;
};

static volatile int64_t *registers(uint32_t kind)
{
    if (kind < 2u)
        return kind ? meter_energy_active_export_nwh : meter_energy_active_import_nwh;
    return energy_quadrants[kind - 2u];
}

int64_t registers_restore(void)
{
    struct kept kept;
    if (!storage_load(RECORD_REGISTERS, &kept, sizeof kept))
        return 0;
    for (uint32_t kind = 0; kind < KINDS; kind++)
        for (uint32_t slot = 0; slot < 1u + PHASES; slot++)
            registers(kind)[slot] = kept.energy[kind][slot];
    return kept.utc_ns;
}

void registers_keep(void)
{
    struct kept kept;
    for (uint32_t kind = 0; kind < KINDS; kind++)
        for (uint32_t slot = 0; slot < 1u + PHASES; slot++)
            kept.energy[kind][slot] = registers(kind)[slot];
    kept.utc_ns = timekeeping_now_ns();
    storage_save(RECORD_REGISTERS, &kept, sizeof kept);
}
