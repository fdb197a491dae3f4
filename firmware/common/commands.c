#include "commands.h"

#include "acquisition.h"
#include "board.h"
#include "calibration.h"
#include "energy.h"
#include "lpuart.h"
#include "print.h"
#include "quality_commands.h"
#include "pulse_output.h"
#include "registers_kept.h"
#include "relay.h"
#include "system.h"
#include "time_commands.h"
#include "timebase.h"
#include "version.h"
#include "window.h"

#define SLOTS (1 + PHASES)

static const char *const slot_names[SLOTS] = {"total", "l1", "l2", "l3"};
static const char *const channel_names[CHANNELS] = {"l1", "l2", "l3", "n"};

/* Copy of globals that PendSV writes: taken again while a writer interrupted it. */
#define READ_CONSISTENTLY(sequence, copy) \
    do {                                  \
        uint32_t before;                  \
        do {                              \
            before = (sequence);          \
            copy;                         \
        } while (before != (sequence));   \
    } while (0)

static void copy_values(double *to, const volatile double *from, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        to[i] = from[i];
}

static void print_slots(const char *key, const double *values, uint32_t decimals, const char *unit)
{
    for (uint32_t i = 0; i < SLOTS; i++)
        print_value(key, slot_names[i], values[i], decimals, unit);
}

static void measure(void)
{
    double volts[PHASES], amperes[CHANNELS], active[SLOTS], reactive[SLOTS], apparent[SLOTS], factor[SLOTS], hertz;
    READ_CONSISTENTLY(meter_measurement_sequence, {
        copy_values(volts, meter_voltage_v, PHASES);
        copy_values(amperes, meter_current_a, CHANNELS);
        copy_values(active, meter_active_power_w, SLOTS);
        copy_values(reactive, meter_reactive_power_var, SLOTS);
        copy_values(apparent, meter_apparent_power_va, SLOTS);
        copy_values(factor, meter_power_factor, SLOTS);
        copy_values(&hertz, &meter_frequency_hz, 1);
    });
    for (uint32_t p = 0; p < PHASES; p++)
        print_value("voltage", channel_names[p], volts[p], 3, "V");
    for (uint32_t i = 0; i < CHANNELS; i++)
        print_value("current", channel_names[i], amperes[i], 4, "A");
    print_slots("active_power", active, 3, "W");
    print_slots("reactive_power", reactive, 3, "var");
    print_slots("apparent_power", apparent, 3, "VA");
    print_slots("power_factor", factor, 5, "");
    print_value("frequency", 0, hertz, 4, "Hz");
}

static void print_register(const char *key, uint32_t slot, int64_t nano_units, const char *unit)
{
    print_text(key);
    print_text("_");
    print_text(slot_names[slot]);
    print_text(" ");
    print_scaled(nano_units / 1000, 6);
    print_text(" ");
    print_line(unit);
}

static void energy(void)
{
    static const char *const quadrant_names[QUADRANTS] = {"reactive_q1", "reactive_q2", "reactive_q3", "reactive_q4"};
    int64_t import[SLOTS], export[SLOTS], reactive[QUADRANTS][SLOTS];
    READ_CONSISTENTLY(meter_energy_sequence, {
        for (uint32_t i = 0; i < SLOTS; i++) {
            import[i] = meter_energy_active_import_nwh[i];
            export[i] = meter_energy_active_export_nwh[i];
            for (uint32_t q = 0; q < QUADRANTS; q++)
                reactive[q][i] = energy_quadrants[q][i];
        }
    });
    for (uint32_t i = 0; i < SLOTS; i++)
        print_register("active_import", i, import[i], "Wh");
    for (uint32_t i = 0; i < SLOTS; i++)
        print_register("active_export", i, export[i], "Wh");
    for (uint32_t q = 0; q < QUADRANTS; q++)
        for (uint32_t i = 0; i < SLOTS; i++)
            print_register(quadrant_names[q], i, reactive[q][i], "varh");
}

static void status(void)
{
    static const char *const relay_names[] = {"relay unknown", "relay closed", "relay open"};
    print_count("uptime", (int64_t)(timebase_now64() / TICKS_PER_MS), "ms");
    print_count("windows", meter_window_count, "");
    print_count("buffers", meter_buffers_completed, "");
    print_count("buffers_lost", meter_buffers_lost, "");
    print_count("afe_faults", meter_afe_faults, "");
    print_count("pulses_active", meter_pulse_count[PULSE_ACTIVE], "");
    print_count("pulses_reactive", meter_pulse_count[PULSE_REACTIVE], "");
    print_count("pulses_dropped", meter_pulses_dropped, "");
    print_count("pulse_edges_late", meter_pulse_edges_late, "");
    print_count("button_presses", meter_button_presses, "");
    print_line(relay_names[meter_relay_state]);
}

static void calibration(void)
{
    const struct calibration *c = &meter_calibration;
    print_line(calibration_valid(c) ? "calibration valid" : "calibration invalid");
    print_value("current_sensor", 0, c->current_sensor_ohm * 1e6, 3, "uOhm");
    print_value("divider", 0, 1.0 / c->divider_ratio, 3, "");
    for (uint32_t i = 0; i < CHANNELS; i++)
        print_value("current_gain", channel_names[i], c->current_gain[i], 6, "");
    for (uint32_t i = 0; i < CHANNELS; i++)
        print_value("current_offset", channel_names[i], c->current_offset[i], 0, "codes");
    for (uint32_t p = 0; p < PHASES; p++)
        print_value("voltage_gain", channel_names[p], c->voltage_gain[p], 6, "");
    for (uint32_t p = 0; p < PHASES; p++)
        print_value("voltage_offset", channel_names[p], c->voltage_offset[p], 0, "codes");
    for (uint32_t p = 0; p < PHASES; p++)
        print_value("current_delay", channel_names[p], c->current_delay_us[p], 3, "us");
    print_value("active_constant", 0, c->active_imp_per_kwh, 0, "imp/kWh");
    print_value("reactive_constant", 0, c->reactive_imp_per_kvarh, 0, "imp/kvarh");
    print_value("no_load_active", 0, c->no_load_w, 3, "W");
    print_value("no_load_reactive", 0, c->no_load_var, 3, "var");
}

static void relay(enum relay_state state)
{
    print_line(relay_move(state) ? "ok" : "error relay is moving");
}

static void relay_open(void)
{
    relay(RELAY_OPEN);
}

static void relay_close(void)
{
    relay(RELAY_CLOSED);
}

static void version(void)
{
    print_line(BANNER);
}

static void restart(void)
{
    lpuart_flush();
#ifdef METER_KEEPS_TIME
    system_hold_work();
    registers_keep();
#endif
    system_reset();
}

static void undefined_instruction(void)
{
    lpuart_flush();
    __asm volatile("udf #0");
}

static void help(void);

static const struct {
    const char *line;
    void (*execute)(void);
    const char *meaning;
} commands[] = {
    {"help", help, "this list"},
    {"version", version, "product and version"},
    {"measure", measure, "voltages, currents, powers, frequency of the last window"},
    {"energy", energy, "energy registers"},
    {"status", status, "counters and states"},
    {"calibration", calibration, "constants of this meter"},
    {"pq", quality_print, "Urms(1/2), unbalance, phases, frequency over 10 s, aggregated voltages"},
    {"pq events", quality_print_events, "dips, swells, interruptions and the like"},
    {"relay open", relay_open, "disconnect the consumer"},
    {"relay close", relay_close, "connect the consumer"},
    {"reset", restart, "restart the meter"},
    {"fault", undefined_instruction, "execute an undefined instruction"},
};

/* Those that are followed by a space and something that they take. */
static const struct {
    const char *word;
    void (*execute)(const char *argument);
    const char *meaning;
} commands_with_argument[] = {
    {"harmonics", quality_print_harmonics, "of a channel: L1 u, L2 u, L3 u, L1 i, L2 i, L3 i, or N i"},
};

static void help(void)
{
    for (uint32_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        print_text(commands[i].line);
        print_text(" - ");
        print_line(commands[i].meaning);
    }
#ifdef METER_KEEPS_TIME
    time_commands_help();
#endif
    for (uint32_t i = 0; i < sizeof commands_with_argument / sizeof commands_with_argument[0]; i++) {
        print_text(commands_with_argument[i].word);
        print_text(" - ");
        print_line(commands_with_argument[i].meaning);
    }
}

static bool same_text(const char *a, const char *b)
{
    while (*a && *a == *b) {
        a++;
        b++;
    }
    return *a == *b;
}

/* What follows `word` and a space in `line`, or null. */
static const char *argument_of(const char *line, const char *word)
{
    while (*word && *line == *word) {
        line++;
        word++;
    }
    return *word || *line != ' ' ? 0 : line + 1;
}

void command_execute(const char *line)
{
    for (uint32_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
        if (same_text(line, commands[i].line)) {
            commands[i].execute();
            return;
        }
#ifdef METER_KEEPS_TIME
    if (time_command_execute(line))
        return;
#endif
    for (uint32_t i = 0; i < sizeof commands_with_argument / sizeof commands_with_argument[0]; i++) {
        const char *argument = argument_of(line, commands_with_argument[i].word);
        if (argument) {
            commands_with_argument[i].execute(argument);
            return;
        }
    }
    print_line("error unknown command, try help");
}
