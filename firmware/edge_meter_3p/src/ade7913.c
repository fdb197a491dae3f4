#include "ade7913.h"

#include "lpspi.h"
#include "selects.h"
#include "timebase.h"

enum { CONFIG = 0x08, STATUS0 = 0x09, LOCK = 0x0A, SYNC_SNAP = 0x0B, EMI_CTRL = 0x0E };
#define READ 0x04u
#define ADDRESS(reg) ((uint8_t)((reg) << 3))
#define CONFIG_CLKOUT_EN (1u << 0)
#define STATUS0_RESET_ON (1u << 0)
#define STATUS0_IC_PROT (1u << 2)
#define LOCK_PROTECT 0xCAu
#define LOCK_OPEN 0x9Cu
#define SYNC (1u << 0)
#define RESET_MS_LIMIT 100u

static uint8_t read(uint32_t select, uint8_t reg, bool *ok)
{
    return lpspi_transfer2(select, ADDRESS(reg) | READ, 0xFF, ok);
}

static void write(uint32_t select, uint8_t reg, uint8_t value, bool *ok)
{
    lpspi_transfer2(select, ADDRESS(reg), value, ok);
}

enum ade7913_result ade7913_configure(uint32_t select, bool last)
{
    bool ok = true;
    for (uint32_t ms = 0; read(select, STATUS0, &ok) & STATUS0_RESET_ON; ms++) {
        if (ms == RESET_MS_LIMIT)
            return ADE7913_IN_RESET;
        timebase_sleep_ms(1);
    }
    if (!ok)
        return ADE7913_NO_ANSWER;
    write(select, LOCK, LOCK_OPEN, &ok);
    if (read(select, STATUS0, &ok) & STATUS0_IC_PROT)
        return ADE7913_LOCKED;
    /* All other bits zero: 8 kS/s, 3.3 kHz bandwidth, second voltage channel instead of temperature. */
    uint8_t config = last ? 0 : CONFIG_CLKOUT_EN;
    write(select, CONFIG, config, &ok);
    if (read(select, CONFIG, &ok) != config)
        return ADE7913_NO_CONFIG;
    /* Neighbours switch their isolated supplies in opposite slots, which halves the emission peaks. */
    write(select, EMI_CTRL, select & 1u ? 0xAA : 0x55, &ok);
    return ok ? ADE7913_OK : ADE7913_NO_ANSWER;
}

void ade7913_synchronise(void)
{
    bool ok = true;
    selects_together(true);
    write(0, SYNC_SNAP, SYNC, &ok);
    selects_together(false);
}

bool ade7913_lock(uint32_t select)
{
    bool ok = true;
    write(select, LOCK, LOCK_PROTECT, &ok);
    return read(select, STATUS0, &ok) & STATUS0_IC_PROT;
}

const char *ade7913_result_text(enum ade7913_result result)
{
    static const char *const texts[] = {"ok", "no-answer", "in-reset", "locked", "config-mismatch"};
    return texts[result];
}
