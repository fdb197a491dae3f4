/* Inputs that supervision watches: each product says where they are. */
#ifndef WATCHED_INPUTS_H
#define WATCHED_INPUTS_H

#include <stdbool.h>

/* From now on each change of an input has PendSV run. */
void watched_inputs_start(void);
/* Whether one has changed since this was last asked. */
bool watched_inputs_changed(void);
bool supply_is_good(void);
bool cover_is_open(void);

#endif
