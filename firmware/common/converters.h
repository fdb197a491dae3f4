/* The product's converters: each product has its own converters.c, and samples.h for what they deliver. */
#ifndef CONVERTERS_H
#define CONVERTERS_H

#include <stdbool.h>

/* Configure the converters and print a line about each; false unless all are sound. Sleeps while they start. */
bool converters_start(void);

#endif
