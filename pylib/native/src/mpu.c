/* PMSAv7 memory protection (ARMv7-M B3.5) over the default memory map (B3.1). */
#include "core.h"

enum { ENABLE = 1, HFNMIENA = 2, PRIVDEFENA = 4 };

/* The default map: everything may be read and written, code runs outside the device and system areas. */
static int default_permissions(uint32_t address)
{
    uint32_t area = address >> 29;              /* 512 MiB areas */
    bool executable = area <= 1 || area == 3 || area == 4;
    return WB_READ | WB_WRITE | (executable ? WB_EXEC : 0);
}

/* Table B3-15: what AP allows privileged and other code. Value 4 is reserved and 7 is as 6. */
static const uint8_t PRIVILEGED[8] = { 0, WB_READ | WB_WRITE, WB_READ | WB_WRITE, WB_READ | WB_WRITE, 0, WB_READ, WB_READ,
                                       WB_READ };
static const uint8_t OTHERS[8] = { 0, 0, WB_READ, WB_READ | WB_WRITE, 0, 0, WB_READ, WB_READ };

static inline uint32_t region_log2(uint32_t rasr) { return (rasr >> 1 & 31) + 1; }

bool wb_mpu_bypassed(const wb_core *core)
{
    if (!(core->d.mpu_ctrl & ENABLE)) return true;
    return !(core->d.mpu_ctrl & HFNMIENA) && wb_execution_priority(core) < 0;
}

int wb_mpu_permissions(const wb_core *core, uint32_t address, bool privileged)
{
    if (address >> 20 == 0xE00) return WB_READ | WB_WRITE;      /* the PPB never goes through the MPU */
    if (wb_mpu_bypassed(core)) return default_permissions(address);
    for (uint32_t i = core->mpu_regions; i-- > 0;) {
        uint32_t rasr = core->d.mpu_rasr[i];
        if (!(rasr & ENABLE)) continue;
        uint32_t log2 = region_log2(rasr), span = log2 == 32 ? 0xFFFFFFFFu : (1u << log2) - 1;
        if ((address & ~span) != (core->d.mpu_rbar[i] & ~span)) continue;
        if (log2 >= 8 && rasr >> 8 >> ((address & span) >> (log2 - 3)) & 1) continue;
        uint32_t ap = rasr >> 24 & 7;
        int allowed = privileged ? PRIVILEGED[ap] : OTHERS[ap];
        bool never = rasr >> 28 & 1 || address >> 29 == 7;     /* the system area is never executable */
        return allowed | (allowed & WB_READ && !never ? WB_EXEC : 0);
    }
    return privileged && (core->d.mpu_ctrl & PRIVDEFENA) ? default_permissions(address) : 0;
}

/* Whether some region or sub-region ends inside this 1 KiB page. */
bool wb_mpu_splits_page(const wb_core *core, uint32_t page)
{
    if (!(core->d.mpu_ctrl & ENABLE)) return false;
    for (uint32_t i = 0; i < core->mpu_regions; i++) {
        uint32_t rasr = core->d.mpu_rasr[i], log2 = region_log2(rasr);
        if (!(rasr & ENABLE) || log2 >= 13) continue;
        uint32_t span = (1u << log2) - 1, wide = span | 1023;
        if ((page & ~wide) != (core->d.mpu_rbar[i] & ~wide)) continue;
        if (log2 < 10 || (rasr >> 8 & 255)) return true;
    }
    return false;
}

static void select_region(wb_core *core, uint32_t number)
{
    if (number < core->mpu_regions) core->d.mpu_rnr = number;
}

static bool region_access(wb_core *core, uint32_t number, bool attributes, bool write, uint32_t *value)
{
    if (!write) {
        *value = attributes ? core->d.mpu_rasr[number] : core->d.mpu_rbar[number] | number;
        return true;
    }
    if (attributes) {
        core->d.mpu_rasr[number] = *value & 0x173FFF3F;
    } else {
        if (*value & 16) select_region(core, *value & 15);
        core->d.mpu_rbar[core->d.mpu_rnr] = *value & ~31u;
    }
    return true;
}

/* `offset` from 0xE000E000: MPU_TYPE 0xD90 to MPU_RASR_A3 0xDB8. */
bool wb_mpu_access(wb_core *core, uint32_t offset, bool write, uint32_t *value)
{
    uint32_t before = core->d.mpu_rnr < WB_MPU_REGIONS ? core->d.mpu_rasr[core->d.mpu_rnr] : 0;
    switch (offset & ~3u) {
    case 0xD90:
        if (!write) *value = core->mpu_regions << 8;
        return true;
    case 0xD94:
        if (write) core->d.mpu_ctrl = *value & 7;
        else *value = core->d.mpu_ctrl;
        break;
    case 0xD98:
        if (write) select_region(core, *value & 0xFF);
        else *value = core->d.mpu_rnr;
        return true;
    default:
        if (core->mpu_regions == 0) return true;
        region_access(core, core->d.mpu_rnr, offset >> 2 & 1 ? false : true, write, value);
        if (write && (offset == 0xDA0) && before == core->d.mpu_rasr[core->d.mpu_rnr]) return true;
        break;
    }
    if (write) core->tlb_stale = core->look = true;
    return true;
}
