#include "acquisition.h"
#include "board.h"
#include "calibration.h"
#include "clocks.h"
#include "converters.h"
#include "energy.h"
#include "intervals.h"
#include "harmonics.h"
#include "lpspi.h"
#include "lpuart.h"
#include "metrology.h"
#include "outputs.h"
#include "power_quality.h"
#include "print.h"
#include "pulse.h"
#include "shell.h"
#include "supervision.h"
#include "system.h"
#include "timebase.h"
#include "version.h"
#include "window.h"

/* Clock, registers and records as they were before the power went. */
static void start_records(void)
{
#ifdef METER_KEEPS_TIME
    supervision_start();
    energy_on_cycle(intervals_cycle);
    acquisition_on_work(supervision_work);
#endif
}

static bool start_metering(void)
{
    if (!calibration_valid(&meter_calibration)) {
        print_line("error calibration invalid");
        return false;
    }
    metrology_init(&meter_calibration);
    window_init();
    power_quality_init();
    energy_init(&meter_calibration);
    pulse_init(&meter_calibration);
    start_records();
    if (!converters_start())
        return false;
    acquisition_start();
    return true;
}

int main(void)
{
    clocks_init();
    outputs_init();
    timebase_init();
    lpuart_init();
    lpspi_init();
    print_line(BANNER);
    bool metering = start_metering();
    output_set(PIN_LED_STATUS, metering);
    print_line(metering ? "metering started" : "metering stopped");
    shell_start();
    for (;;) {
        while (shell_poll())
            continue;
        harmonics_poll();
        /* Masked, so a character that comes now ends the sleep instead of waiting behind it. */
        uint32_t masked = interrupts_mask();
        if (!lpuart_received())
            system_sleep();
        interrupts_restore(masked);
    }
}
