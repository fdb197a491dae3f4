/* The private peripheral bus: system control block (ARMv7-M B3.2), and who answers for the rest of it. */
#include "core.h"

enum { AIRCR_KEY = 0x05FA };

void wb_scs_reset(wb_core *core)
{
    core->d.ccr = core->kind->ccr;
    core->d.fpccr = 0xC0000000;
    core->d.fp_disabled = 1;
}

static uint32_t icsr(const wb_core *core)
{
    int priority;
    uint32_t active = wb_get(core, REG(IPSR)), best = wb_best_pending(core, &priority);
    uint32_t interrupts = 0;
    for (int i = 0; i < 8; i++) interrupts |= core->d.pending[i];
    return active | best << 12 | (uint32_t)(interrupts != 0) << 22 | (uint32_t)(core->d.active_count <= 1) << 11 |
           (core->d.system_pending >> WB_SYSTICK & 1) << 26 | (core->d.system_pending >> WB_PENDSV & 1) << 28 |
           (core->d.system_pending >> WB_NMI & 1) << 31;
}

static void icsr_write(wb_core *core, uint32_t value)
{
    if (value & 1u << 25) wb_clear_pending(core, WB_SYSTICK);
    if (value & 1u << 26) wb_set_pending(core, WB_SYSTICK);
    if (value & 1u << 27) wb_clear_pending(core, WB_PENDSV);
    if (value & 1u << 28) wb_set_pending(core, WB_PENDSV);
    if (value & 1u << 31) wb_set_pending(core, WB_NMI);
}

static void aircr_write(wb_core *core, uint32_t value)
{
    if (value >> 16 != AIRCR_KEY) return;
    core->d.aircr_prigroup = value >> 8 & 7;
    core->look = true;
    if (!(value & 4)) return;
    core->machine->stop_core = core->number;
    wb_request_stop(core->machine, WB_STOP_RESET);
}

static uint32_t shcsr(const wb_core *core)
{
    uint32_t value = core->d.shcsr_enables << 16;
    value |= (uint32_t)wb_is_active(core, WB_MEM_MANAGE) << 0 | (uint32_t)wb_is_active(core, WB_BUS_FAULT) << 1 |
             (uint32_t)wb_is_active(core, WB_USAGE_FAULT) << 3 | (uint32_t)wb_is_active(core, WB_SVC) << 7 |
             (uint32_t)wb_is_active(core, WB_DEBUG_MONITOR) << 8 | (uint32_t)wb_is_active(core, WB_PENDSV) << 10 |
             (uint32_t)wb_is_active(core, WB_SYSTICK) << 11;
    value |= (core->d.system_pending >> WB_USAGE_FAULT & 1) << 12 | (core->d.system_pending >> WB_MEM_MANAGE & 1) << 13 |
             (core->d.system_pending >> WB_BUS_FAULT & 1) << 14 | (core->d.system_pending >> WB_SVC & 1) << 15;
    return value;
}

static bool system_priorities(wb_core *core, uint32_t offset, unsigned size, bool write, uint32_t *value)
{
    uint8_t *first = &core->d.priority[offset - 0xD18 + 4];
    if (!write) *value = 0;
    for (unsigned i = 0; i < size; i++) {
        if (write) first[i] = (uint8_t)(*value >> 8 * i) & core->priority_mask;
        else *value |= (uint32_t)first[i] << 8 * i;
    }
    core->look |= write;
    return true;
}

/* A plain register with writable bits; a write counts only as a whole word. */
static bool plain(uint32_t *stored, uint32_t writable, bool write, uint32_t *value)
{
    if (write) *stored = (*stored & ~writable) | (*value & writable);
    else *value = *stored;
    return true;
}

static bool constant(uint32_t number, bool write, uint32_t *value)
{
    if (!write) *value = number;
    return true;
}

static bool clear_bits(uint32_t *stored, unsigned shift, bool write, uint32_t *value)
{
    if (write) *stored &= ~(*value << shift);
    else *value = *stored >> shift;
    return true;
}

/* Identification and maintenance of caches, and the registers of tightly coupled memories. */
static bool is_for_caches(uint32_t offset) { return (offset >= 0xD78 && offset < 0xD88) || (offset >= 0xF50 && offset < 0xFAC); }

static bool scb_access(wb_core *core, uint32_t offset, bool write, uint32_t *value)
{
    wb_core_data *d = &core->d;
    const wb_core_kind *kind = core->kind;
    if (!kind->caches && is_for_caches(offset)) return false;
    switch (offset) {
    case 0x004: return constant((core->irqs + 31) / 32 - 1, write, value);          /* ICTR */
    case 0x008: return plain(&d->actlr, kind->actlr_bits, write, value);
    case 0xD00: return constant(kind->cpuid, write, value);
    case 0xD04:
        if (write) icsr_write(core, *value);
        else *value = icsr(core);
        return true;
    case 0xD08: return plain(&d->vtor, 0xFFFFFF80, write, value);
    case 0xD0C:
        if (write) aircr_write(core, *value);
        else *value = 0xFA050000u | d->aircr_prigroup << 8;
        return true;
    case 0xD10: return plain(&d->scr, 0x16, write, value);
    case 0xD14: return plain(&d->ccr, kind->ccr_bits, write, value);
    case 0xD24:
        if (write) d->shcsr_enables = *value >> 16 & 7;
        else *value = shcsr(core);
        return true;
    case 0xD28: return clear_bits(&d->cfsr, 0, write, value);
    case 0xD29: return clear_bits(&d->cfsr, 8, write, value);
    case 0xD2A: return clear_bits(&d->cfsr, 16, write, value);
    case 0xD2C: return clear_bits(&d->hfsr, 0, write, value);
    case 0xD30: return clear_bits(&d->dfsr, 0, write, value);
    case 0xD34: return plain(&d->mmfar, 0xFFFFFFFF, write, value);
    case 0xD38: return plain(&d->bfar, 0xFFFFFFFF, write, value);
    case 0xD3C: return plain(&d->afsr, 0xFFFFFFFF, write, value);
    case 0xD40: return constant(0x00000030, write, value);                          /* ID_PFR0: Thumb-2 */
    case 0xD44: return constant(0x00000200, write, value);                          /* ID_PFR1: M-profile model */
    case 0xD48: return constant(0x00100000, write, value);                          /* ID_DFR0 */
    case 0xD4C: return constant(0, write, value);
    case 0xD50: return constant(0x00100030, write, value);                          /* ID_MMFR0: PMSAv7 */
    case 0xD54: case 0xD5C: return constant(0, write, value);
    case 0xD58: return constant(0x01000000, write, value);
    case 0xD60: case 0xD64: case 0xD68: case 0xD6C: case 0xD70:
        return constant(kind->isar[(offset - 0xD60) / 4], write, value);            /* ID_ISAR0 to 4 */
    case 0xD78: return constant(0x09000003, write, value);                          /* CLIDR */
    case 0xD7C: return constant(0x8303C003, write, value);                          /* CTR */
    case 0xD80: return constant(d->csselr & 1 ? 0xF01FE019 : 0xF003E019, write, value);     /* CCSIDR: 32 KiB each */
    case 0xD84: return plain(&d->csselr, 0xF, write, value);
    case 0xD88:
        plain(&d->cpacr, 0x00F00000, write, value);
        if (write) {
            d->fp_disabled = (d->cpacr >> 20 & 3) != 3;
            core->look = true;
        }
        return true;
    case 0xDFC: return plain(&d->demcr, 0x010F07F1, write, value);
    case 0xF34: return plain(&d->fpccr, 0xC000017B, write, value);
    case 0xF38: return plain(&d->fpcar, 0xFFFFFFF8, write, value);
    case 0xF3C: return plain(&d->fpdscr, 0x07C00000, write, value);
    case 0xF40: case 0xF44: case 0xF48:
        return constant(kind->mvfr[(offset - 0xF40) / 4], write, value);            /* MVFR0 to 2 */
    case 0xF50: case 0xF58: case 0xF5C: case 0xF60: case 0xF64: case 0xF68: case 0xF6C: case 0xF70: case 0xF74:
    case 0xF78: return constant(0, write, value);                                   /* cache and predictor maintenance */
    case 0xF90: case 0xF94: case 0xF98: case 0xF9C: case 0xFA0: case 0xFA8:
        return constant(0, write, value);                                           /* ITCMCR to ABFSR */
    default: return false;
    }
}

static bool scs_access(wb_core *core, uint32_t offset, unsigned size, bool write, uint32_t *value)
{
    if (offset >= 0x010 && offset < 0x020) return wb_systick_access(core, offset, write, value);
    if ((offset >= 0x100 && offset < 0x4F0) || offset == 0xF00)
        return wb_nvic_access(core, offset, size, write, value);
    if (offset >= 0xD18 && offset < 0xD24) return system_priorities(core, offset, size, write, value);
    if (offset >= 0xD90 && offset < 0xDBC) return wb_mpu_access(core, offset, write, value);
    if (write || !(offset & 3) || (offset >= 0xD28 && offset < 0xD2C)) return scb_access(core, offset, write, value);
    if (!scb_access(core, offset & ~3u, false, value)) return false;
    *value >>= 8 * (offset & 3);
    return true;
}

static bool ppb_access(wb_core *core, uint32_t address, unsigned size, bool write, uint32_t *value)
{
    if (address >> 12 == 0xE000E) return scs_access(core, address & 0xFFF, size, write, value);
    if (address >> 12 == 0xE0001) return wb_dwt_access(core, address & 0xFFF, write, value);
    if (address >> 12 == 0xE0000 || address >> 12 == 0xE0041 || address >> 12 == 0xE0002)
        return constant(0, write, value);                   /* ITM, ETM, FPB: present, without a trace port */
    return false;
}

/* What the chip has on this bus beside the core; NULL where it has nothing. */
static wb_region *device_at(const wb_core *core, uint32_t address, unsigned size)
{
    wb_region *region = wb_region_at(core->machine, address, core->number);
    return region && address - region->base + size <= region->size ? region : NULL;
}

uint32_t wb_ppb_read(wb_core *core, uint32_t address, unsigned size)
{
    uint32_t value = 0;
    if (!ppb_access(core, address, size, false, &value)) {
        wb_region *region = device_at(core, address, size);
        wb_loop_spoil(core);
        if (region) value = wb_region_read(region, core->machine, address - region->base, size);
        else core->machine->host.unmapped(core->number, address, size, 0, wb_core_pc(core));
    }
    return size == 4 ? value : value & ((1u << 8 * size) - 1);
}

void wb_ppb_write(wb_core *core, uint32_t address, unsigned size, uint32_t value)
{
    if (ppb_access(core, address, size, true, &value)) return;
    wb_region *region = device_at(core, address, size);
    wb_loop_spoil(core);
    if (region) wb_region_write(region, core->machine, address - region->base, size, value);
    else core->machine->host.unmapped(core->number, address, size, 1, wb_core_pc(core));
}
