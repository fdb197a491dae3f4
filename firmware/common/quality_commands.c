#include "quality_commands.h"

#include "half_cycles.h"
#include "harmonics.h"
#include "power_quality.h"
#include "print.h"
#include "system.h"
#include "timebase.h"
#include "voltage_events.h"

/* A window and the one that it waits for take half a second at 42.5 Hz. */
#define PATIENCE_TICKS (2000u * TICKS_PER_MS)

static const char *const phase_names[] = {"l1", "l2", "l3"};

void quality_print(void)
{
    static const char *const sequences[] = {"unknown", "forward", "reversed"};
    static const char *const thresholds[] = {"dip", "swell", "interruption", "hysteresis"};
    for (uint32_t p = 0; p < PHASES; p++)
        print_value("half_cycle", phase_names[p], meter_half_cycle_v[p], 3, "V");
    print_value("unbalance_negative", 0, meter_unbalance_percent[0], 3, "%");
    print_value("unbalance_zero", 0, meter_unbalance_percent[1], 3, "%");
    print_text("sequence ");
    print_line(sequences[meter_phase_sequence]);
    print_count("phases_lost", meter_phases_lost, "");
    print_value("frequency_10s", 0, meter_frequency_10s_hz, 4, "Hz");
    for (uint32_t p = 0; p < PHASES; p++)
        print_value("voltage_15_windows", phase_names[p], meter_voltage_15_windows_v[p], 3, "V");
    for (uint32_t p = 0; p < PHASES; p++)
        print_value("voltage_10_min", phase_names[p], meter_voltage_10_min_v[p], 3, "V");
    for (uint32_t i = 0; i < sizeof thresholds / sizeof thresholds[0]; i++)
        print_value("threshold", thresholds[i], meter_event_thresholds_percent[i], 1, "%");
    print_count("events", meter_voltage_event_count, "");
    print_count("events_running", meter_events_running, "");
}

/* Of each event: name, number, phase, begin and duration in s, extreme voltage. */
void quality_print_events(void)
{
    uint32_t count = meter_voltage_event_count, first = count > EVENT_RING ? count - EVENT_RING : 0u;
    for (uint32_t number = first; number < count; number++) {
        uint32_t at = number % EVENT_RING;
        print_text(voltage_event_name(meter_event_kind[at]));
        print_text(" ");
        print_scaled(number, 0);
        print_text(" l");
        print_scaled(meter_event_phase[at], 0);
        print_text(" ");
        print_scaled((int64_t)(meter_event_start_tick[at] / (TICKS_PER_MS / 1000u)), 6);
        print_text(" s ");
        print_scaled((int64_t)(meter_event_duration_ticks[at] / (TICKS_PER_MS / 1000u)), 6);
        print_text(" s ");
        print_scaled((int64_t)(meter_event_extreme_v[at] * 1000.0f + 0.5f), 3);
        print_line(" V");
    }
    print_count("events", count, "");
}

static char lower(char character)
{
    return character >= 'A' && character <= 'Z' ? (char)(character - 'A' + 'a') : character;
}

/* Channel of "L1 u" and the like; HARMONIC_CHANNELS for anything else. */
static uint32_t channel_of(const char *text)
{
    static const char *const names[HARMONIC_CHANNELS] = {"l1 u", "l2 u", "l3 u", "l1 i", "l2 i", "l3 i", "n i"};
    for (uint32_t c = 0; c < HARMONIC_CHANNELS; c++) {
        uint32_t at = 0;
        while (names[c][at] && lower(text[at]) == names[c][at])
            at++;
        if (!names[c][at] && !text[at])
            return c;
    }
    return HARMONIC_CHANNELS;
}

void quality_print_harmonics(const char *text)
{
    uint32_t channel = channel_of(text);
    if (channel == HARMONIC_CHANNELS) {
        print_line("error unknown channel, it is L1 u to L3 u, L1 i to L3 i, or N i");
        return;
    }
    uint32_t before = meter_harmonics_count[channel], begun = timebase_now();
    harmonics_request(channel);
    while (meter_harmonics_count[channel] == before && timebase_now() - begun < PATIENCE_TICKS) {
        system_sleep();
        harmonics_poll();
    }
    if (meter_harmonics_count[channel] == before) {
        print_line("error no samples");
        return;
    }
    const char *unit = channel < PHASES ? " V " : " A ";
    const volatile float *rms = harmonics_rms(channel), *degrees = harmonics_degrees(channel);
    for (uint32_t order = 0; order < HARMONIC_ORDERS; order++) {
        print_text("harmonic_");
        print_scaled(order, 0);
        print_text(" ");
        print_scaled((int64_t)(rms[order] * 10000.0f + (rms[order] < 0.0f ? -0.5f : 0.5f)), 4);
        print_text(unit);
        print_scaled((int64_t)(degrees[order] * 100.0f + (degrees[order] < 0.0f ? -0.5f : 0.5f)), 2);
        print_line(" deg");
    }
    print_value("thd", 0, meter_thd_percent[channel], 3, "%");
}
