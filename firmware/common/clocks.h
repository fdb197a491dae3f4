/* Clocks of the blocks that the meter uses. Each product has its own clocks.c. */
#ifndef CLOCKS_H
#define CLOCKS_H

void clocks_init(void);

#endif
