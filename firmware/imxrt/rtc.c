#include "rtc.h"

#include "board.h"
#include "registers/snvs.h"
#include "system.h"
#include "timebase.h"
#include "timekeeping.h"

/* The interrupt comes when this bit rises: once a second, in the middle of it. */
#define PERIODIC_BIT 14u
/* Settings take some cycles of the 32 kHz clock to get there; this many reads are far more. */
#define POLLS_LIMIT 1000000u

void rtc_handler(void);

static uint64_t whole(const reg32 *high, const reg32 *low)
{
    uint64_t before, now = (uint64_t)*high << 32 | *low;
    do {
        before = now;
        now = (uint64_t)*high << 32 | *low;
    } while (now != before);
    return now;
}

static void wait_for(const reg32 *value, uint32_t mask, bool set)
{
    for (uint32_t polls = 0; polls < POLLS_LIMIT && !(*value & mask) == set; polls++)
        continue;
}

bool rtc_start(void)
{
    bool ran = SNVS->LPCR & SNVS_LPCR_SRTC_ENV;
    if (!ran) {
        SNVS->LPSRTCMR = 0;
        SNVS->LPSRTCLR = 0;
        SNVS->LPCR |= SNVS_LPCR_SRTC_ENV;
        wait_for(&SNVS->LPCR, SNVS_LPCR_SRTC_ENV, true);
    }
    /* The counter with the interrupt is another one, which takes over the count of the one on the battery. */
    SNVS->HPCR &= ~(SNVS_HPCR_RTC_EN | SNVS_HPCR_PI_EN | SNVS_HPCR_PI_FREQ(15u));
    wait_for(&SNVS->HPCR, SNVS_HPCR_RTC_EN, false);
    SNVS->HPCR |= SNVS_HPCR_HP_TS;
    wait_for(&SNVS->HPCR, SNVS_HPCR_HP_TS, false);
    SNVS->HPSR = SNVS_HPSR_PI;
    SNVS->HPCR |= SNVS_HPCR_RTC_EN | SNVS_HPCR_PI_EN | SNVS_HPCR_PI_FREQ(PERIODIC_BIT);
    wait_for(&SNVS->HPCR, SNVS_HPCR_RTC_EN, true);
    system_enable_irq(IRQ_RTC, PRIORITY_RTC);
    return ran;
}

uint64_t rtc_count(void)
{
    return whole(&SNVS->HPRTCMR, &SNVS->HPRTCLR);
}

uint32_t rtc_session(void)
{
    return SNVS->LPGPR[0];
}

void rtc_set_session(uint32_t session)
{
    SNVS->LPGPR[0] = session;
}

void rtc_handler(void)
{
    uint32_t tick = timebase_now();
    SNVS->HPSR = SNVS_HPSR_PI;
    /* When the bit rose the bits below it were zero. */
    timekeeping_latch(rtc_count() >> PERIODIC_BIT << PERIODIC_BIT, tick);
    system_pend_work();
    memory_barrier();
}
