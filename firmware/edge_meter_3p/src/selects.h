/* Chip selects of the converters while software drives them. */
#ifndef SELECTS_H
#define SELECTS_H

#include <stdbool.h>

/* Drive all of them low at once (`together`), or give them back to the LPSPI. */
void selects_together(bool together);

#endif
