#include "time_commands.h"

#include "demand.h"
#include "event_log.h"
#include "print.h"
#include "profile.h"
#include "steering.h"
#include "system.h"
#include "timekeeping.h"
#include "voltage_events.h"

#define MS_NS 1000000LL
#define LONGEST_LIST 10000

static const char *const energy_names[ENERGIES] = {"active_import", "active_export", "reactive_q1",
                                                   "reactive_q2",   "reactive_q3",   "reactive_q4"};
static const char *const demand_names[DEMANDS] = {"active_import", "active_export", "reactive_import",
                                                  "reactive_export"};
static const char *const demand_units[DEMANDS] = {"W", "W", "var", "var"};

static void answer(bool done)
{
    print_line(done ? "ok" : "error not possible");
}

/* ---- reading: each function takes what it reads off the text and says whether it was there */

static bool take_word(const char **text, const char *word)
{
    const char *at = *text;
    while (*word && *at == *word) {
        at++;
        word++;
    }
    if (*word || (*at && *at != ' '))
        return false;
    while (*at == ' ')
        at++;
    *text = at;
    return true;
}

static bool take_digits(const char **text, uint32_t count, uint32_t *value)
{
    *value = 0;
    for (uint32_t i = 0; i < count; i++, (*text)++) {
        if (**text < '0' || **text > '9')
            return false;
        *value = *value * 10u + (uint32_t)(**text - '0');
    }
    return true;
}

static bool take_character(const char **text, char character)
{
    if (**text != character)
        return false;
    (*text)++;
    return true;
}

/* A decimal number in units of 10^-`decimals`, and the blanks behind it. */
static bool take_number(const char **text, uint32_t decimals, int64_t *value)
{
    bool negative = take_character(text, '-');
    const char *first = *text;
    int64_t number = 0;
    bool fraction = false;
    uint32_t left = decimals;
    if (!negative)
        take_character(text, '+');
    for (;; (*text)++) {
        if (**text == '.' && !fraction && decimals) {
            fraction = true;
        } else if (**text >= '0' && **text <= '9' && number < INT64_MAX / 100) {
            if (fraction && !left)
                return false;
            number = number * 10 + (**text - '0');
            left -= fraction;
        } else {
            break;
        }
    }
    if (*text == first)
        return false;
    while (left--)
        number *= 10;
    *value = negative ? -number : number;
    while (take_character(text, ' '))
        continue;
    return true;
}

static bool take_thousandths(const char **text, uint32_t *value)
{
    uint32_t digit, scale = 100;
    for (*value = 0; scale && take_digits(text, 1, &digit); scale /= 10u)
        *value += digit * scale;
    return scale < 100u;
}

/* 2026-03-29T00:59:50Z, with up to three digits of a fraction. */
static bool take_time(const char **text, int64_t *utc_ns)
{
    uint32_t year, month, day, hour, minute, second, ms = 0;
    if (!take_digits(text, 4, &year) || !take_character(text, '-') || !take_digits(text, 2, &month) ||
        !take_character(text, '-') || !take_digits(text, 2, &day) || !take_character(text, 'T') ||
        !take_digits(text, 2, &hour) || !take_character(text, ':') || !take_digits(text, 2, &minute) ||
        !take_character(text, ':') || !take_digits(text, 2, &second))
        return false;
    if (take_character(text, '.') && !take_thousandths(text, &ms))
        return false;
    struct calendar calendar = {.year = (int32_t)year,     .month = (uint8_t)month,   .day = (uint8_t)day,
                                .hour = (uint8_t)hour, .minute = (uint8_t)minute, .second = (uint8_t)second};
    /* The records hold 32 bits of seconds. */
    if (!take_character(text, 'Z') || **text || !calendar_valid(&calendar) || year > 2105u)
        return false;
    *utc_ns = calendar_to_seconds(&calendar) * NS_PER_S + ms * MS_NS;
    return true;
}

/* ---- printing */

static void print_digits(uint32_t value, uint32_t count)
{
    uint32_t scale = 1;
    while (--count)
        scale *= 10u;
    for (; scale; scale /= 10u)
        print_scaled(value / scale % 10u, 0);
}

static void print_date(int64_t seconds)
{
    struct calendar c;
    calendar_from_seconds(seconds, &c);
    print_digits((uint32_t)c.year, 4);
    print_text("-");
    print_digits(c.month, 2);
    print_text("-");
    print_digits(c.day, 2);
    print_text("T");
    print_digits(c.hour, 2);
    print_text(":");
    print_digits(c.minute, 2);
    print_text(":");
    print_digits(c.second, 2);
}

static void print_utc(int64_t ms)
{
    print_date(ms / 1000);
    print_text(".");
    print_digits((uint32_t)(ms % 1000), 3);
    print_text("Z");
}

static void print_hex(uint32_t value)
{
    print_text("0x");
    for (int shift = 12; shift >= 0; shift -= 4) {
        char digit[2] = {"0123456789ABCDEF"[value >> shift & 15u], 0};
        print_text(digit);
    }
}

/* ---- commands; `text` is what follows the command's name */

static void show_time(void)
{
    int64_t now_ns = timekeeping_now_ns();
    int32_t offset_s = timekeeping_local_offset_s(now_ns / NS_PER_S);
    print_text("utc ");
    print_utc(now_ns / MS_NS);
    print_text("\r\nlocal ");
    print_date(now_ns / NS_PER_S + offset_s);
    print_text("\r\n");
    print_count("offset", offset_s, "s");
    print_line(timekeeping_is_summer(now_ns / NS_PER_S) ? "season summer" : "season standard");
    print_line(meter_clock_valid ? "clock valid" : "clock invalid");
    print_value("trim", 0, meter_clock_trim_ppb * 1e-3, 3, "ppm");
    print_count("shift_left", timekeeping_shift_left_ns() / MS_NS, "ms");
}

static bool set_time(const char *text)
{
    int64_t utc_ns;
    if (!take_time(&text, &utc_ns))
        return false;
    uint32_t held = system_hold_work();
    timekeeping_set(utc_ns);
    system_release_work(held);
    return true;
}

static bool shift_time(const char *text)
{
    int64_t ms;
    if (!take_number(&text, 0, &ms) || *text || ms > INT32_MAX || ms < -INT32_MAX)
        return false;
    uint32_t held = system_hold_work();
    bool done = timekeeping_shift(ms * MS_NS);
    system_release_work(held);
    return done;
}

static bool trim_clock(const char *text)
{
    int64_t ppb;
    if (!take_number(&text, 3, &ppb) || *text || ppb > TRIM_LIMIT_PPB || ppb < -TRIM_LIMIT_PPB)
        return false;
    uint32_t held = system_hold_work();
    bool done = timekeeping_trim((int32_t)ppb);
    system_release_work(held);
    return done;
}

static bool set_zone(const char *text)
{
    int64_t offset_s;
    struct time_zone zone = *timekeeping_zone();
    if (!take_number(&text, 0, &offset_s) || *text || offset_s % 60 || offset_s > 50400 || offset_s < -43200)
        return false;
    zone.standard_offset_s = (int32_t)offset_s;
    uint32_t held = system_hold_work();
    timekeeping_set_zone(&zone);
    system_release_work(held);
    return true;
}

static bool set_dst(const char *text)
{
    struct time_zone zone = *timekeeping_zone();
    zone.dst = dst_european_union;
    if (take_word(&text, "off"))
        zone.dst.saving_s = 0;
    else if (!take_word(&text, "eu"))
        return false;
    if (*text)
        return false;
    uint32_t held = system_hold_work();
    timekeeping_set_zone(&zone);
    system_release_work(held);
    return true;
}

static void time_command(const char *text)
{
    if (!*text)
        show_time();
    else if (take_word(&text, "set"))
        answer(set_time(text));
    else if (take_word(&text, "shift"))
        answer(shift_time(text));
    else if (take_word(&text, "trim"))
        answer(trim_clock(text));
    else if (take_word(&text, "zone"))
        answer(set_zone(text));
    else if (take_word(&text, "dst"))
        answer(set_dst(text));
    else
        answer(false);
}

static void show_demand(void)
{
    double running[DEMANDS], last[DEMANDS], max[DEMANDS];
    int64_t max_utc_s[DEMANDS];
    uint32_t held = system_hold_work();
    demand_running(running);
    for (uint32_t i = 0; i < DEMANDS; i++) {
        last[i] = meter_demand_last[i];
        max[i] = meter_demand_max[i];
        max_utc_s[i] = meter_demand_max_utc_s[i];
    }
    system_release_work(held);
    print_count("period", meter_demand_period_s, "s");
    print_count("parts", meter_demand_parts, "");
    for (uint32_t i = 0; i < DEMANDS; i++)
        print_value("running", demand_names[i], running[i], 3, demand_units[i]);
    for (uint32_t i = 0; i < DEMANDS; i++)
        print_value("last", demand_names[i], last[i], 3, demand_units[i]);
    for (uint32_t i = 0; i < DEMANDS; i++) {
        print_value("maximum", demand_names[i], max[i], 3, demand_units[i]);
        if (!max_utc_s[i])
            continue;
        print_text("maximum_time_");
        print_text(demand_names[i]);
        print_text(" ");
        print_utc(max_utc_s[i] * 1000);
        print_text("\r\n");
    }
    print_count("resets", meter_demand_resets, "");
}

static bool configure_demand(const char *text)
{
    int64_t minutes, parts = 1;
    if (!take_number(&text, 0, &minutes) || (*text && !take_number(&text, 0, &parts)) || *text || minutes < 1 ||
        minutes > 1440 || parts < 1 || parts > DEMAND_PARTS)
        return false;
    uint32_t held = system_hold_work();
    bool done = demand_configure((uint32_t)minutes * 60u, (uint32_t)parts);
    system_release_work(held);
    return done;
}

static bool reset_demand(void)
{
    uint32_t held = system_hold_work();
    demand_reset();
    system_release_work(held);
    return true;
}

static void demand_command(const char *text)
{
    if (!*text)
        show_demand();
    else if (take_word(&text, "reset") && !*text)
        answer(reset_demand());
    else if (take_word(&text, "period"))
        answer(configure_demand(text));
    else
        answer(false);
}

static void print_record(uint32_t index)
{
    struct profile_record record;
    uint32_t held = system_hold_work();
    bool sound = profile_read(index, &record);
    system_release_work(held);
    print_text("record ");
    print_scaled(index, 0);
    if (!sound) {
        print_line(" damaged");
        return;
    }
    print_text(" ");
    print_utc(record.utc_s * 1000LL + record.utc_ms);
    print_text(" ");
    print_hex(record.flags);
    for (uint32_t i = 0; i < ENERGIES; i++) {
        print_text(" ");
        print_scaled(record.at.value[i], 9);
    }
    print_text("\r\n");
}

static bool set_profile_period(const char *text)
{
    int64_t minutes;
    if (!take_number(&text, 0, &minutes) || *text || minutes < 1 || minutes > 1440)
        return false;
    uint32_t held = system_hold_work();
    bool done = intervals_set_period(INTERVAL_PROFILE, (uint32_t)minutes * 60u);
    system_release_work(held);
    return done;
}

static void profile_command(const char *text)
{
    int64_t count = 0;
    if (take_word(&text, "period")) {
        answer(set_profile_period(text));
        return;
    }
    if (*text && (!take_number(&text, 0, &count) || *text || count < 0 || count > LONGEST_LIST)) {
        answer(false);
        return;
    }
    print_count("records", meter_profile_count, "");
    print_count("period", intervals_running(INTERVAL_PROFILE)->period_s, "s");
    print_text("columns number end flags");
    for (uint32_t i = 0; i < ENERGIES; i++) {
        print_text(" ");
        print_text(energy_names[i]);
    }
    print_text("\r\n");
    uint32_t end = meter_profile_count, kept = profile_kept(), shown = (uint32_t)count < kept ? (uint32_t)count : kept;
    for (uint32_t index = end - shown; index != end; index++)
        print_record(index);
}

static const char *event_name(uint32_t code)
{
    static const char *const names[] = {
        [EVENT_POWER_UP] = "power_up",
        [EVENT_POWER_DOWN] = "power_down",
        [EVENT_CLOCK_OLD] = "clock_old",
        [EVENT_CLOCK_NEW] = "clock_new",
        [EVENT_CLOCK_SHIFT] = "clock_shift",
        [EVENT_CLOCK_LOST] = "clock_lost",
        [EVENT_CLOCK_CALIBRATED] = "clock_calibrated",
        [EVENT_DST] = "dst",
        [EVENT_DEMAND_RESET] = "demand_reset",
        [EVENT_PERIOD_CHANGED] = "period_changed",
        [EVENT_PHASE_LOST] = "phase_lost",
        [EVENT_PHASE_BACK] = "phase_back",
        [EVENT_COVER_OPENED] = "cover_opened",
        [EVENT_COVER_CLOSED] = "cover_closed",
        [EVENT_STORAGE_FAULT] = "storage_fault",
    };
    if (code > EVENT_POWER_QUALITY && code <= EVENT_POWER_QUALITY + EVENT_KINDS)
        return voltage_event_name((enum voltage_event)(code - EVENT_POWER_QUALITY));
    return code < sizeof names / sizeof names[0] && names[code] ? names[code] : "other";
}

static void print_event(uint32_t index)
{
    struct event event;
    uint32_t held = system_hold_work();
    bool sound = event_log_read(index, &event);
    system_release_work(held);
    print_text("event ");
    print_scaled(index, 0);
    if (!sound) {
        print_line(" damaged");
        return;
    }
    print_text(" ");
    print_date(event.utc_s);
    print_text("Z ");
    print_scaled(event.code, 0);
    print_text(" ");
    print_text(event_name(event.code));
    print_text(" ");
    print_scaled(event.value, 0);
    print_text("\r\n");
}

static void events_command(const char *text)
{
    int64_t count = 10;
    if (*text && (!take_number(&text, 0, &count) || *text || count < 0 || count > LONGEST_LIST)) {
        answer(false);
        return;
    }
    uint32_t end = meter_event_count, kept = event_log_kept();
    uint32_t shown = (uint32_t)count < kept ? (uint32_t)count : kept;
    print_count("events", end, "");
    for (uint32_t index = end - shown; index != end; index++)
        print_event(index);
}

static const struct {
    const char *name;
    void (*execute)(const char *text);
    const char *help;
} commands[] = {
    {"time", time_command, "clock; time set 2026-03-29T00:59:50Z, shift MS, trim PPM, zone SECONDS, dst eu|off"},
    {"demand", demand_command, "demand; demand period MINUTES [PARTS], demand reset"},
    {"profile", profile_command, "load profile; profile N shows the last N records, profile period MINUTES"},
    {"events", events_command, "event log; events N shows the last N"},
};

bool time_command_execute(const char *line)
{
    for (uint32_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
        if (take_word(&line, commands[i].name)) {
            commands[i].execute(line);
            return true;
        }
    return false;
}

void time_commands_help(void)
{
    for (uint32_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        print_text(commands[i].name);
        print_text(" - ");
        print_line(commands[i].help);
    }
}
