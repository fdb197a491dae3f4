/* Text to the console. Lines of values are `key value unit`. */
#ifndef PRINT_H
#define PRINT_H

#include <stdint.h>

void print_text(const char *text);
void print_line(const char *text);
/* Decimal number `value` / 10^`decimals`. */
void print_scaled(int64_t value, uint32_t decimals);
/* Line of a value; `key` may have a suffix (null for none), an empty unit is left out. */
void print_value(const char *key, const char *suffix, double value, uint32_t decimals, const char *unit);
void print_count(const char *key, int64_t value, const char *unit);

#endif
