#include "print.h"

#include "lpuart.h"

void print_text(const char *text)
{
    while (*text)
        lpuart_put(*text++);
}

void print_line(const char *text)
{
    print_text(text);
    print_text("\r\n");
}

void print_scaled(int64_t value, uint32_t decimals)
{
    char digits[24];
    uint32_t count = 0;
    uint64_t rest = value < 0 ? 0u - (uint64_t)value : (uint64_t)value;
    do {
        digits[count++] = (char)('0' + rest % 10u);
        rest /= 10u;
    } while (rest || count <= decimals);
    if (value < 0)
        lpuart_put('-');
    while (count) {
        lpuart_put(digits[--count]);
        if (count && count == decimals)
            lpuart_put('.');
    }
}

static void print_key(const char *key, const char *suffix)
{
    print_text(key);
    if (suffix) {
        lpuart_put('_');
        print_text(suffix);
    }
    lpuart_put(' ');
}

static void print_unit(const char *unit)
{
    if (*unit) {
        lpuart_put(' ');
        print_text(unit);
    }
    print_text("\r\n");
}

void print_value(const char *key, const char *suffix, double value, uint32_t decimals, const char *unit)
{
    double scaled = value;
    for (uint32_t i = 0; i < decimals; i++)
        scaled *= 10.0;
    print_key(key, suffix);
    print_scaled((int64_t)(scaled + (scaled < 0.0 ? -0.5 : 0.5)), decimals);
    print_unit(unit);
}

void print_count(const char *key, int64_t value, const char *unit)
{
    print_key(key, 0);
    print_scaled(value, 0);
    print_unit(unit);
}
