/* Clock roots of the blocks that the meter uses. */
#ifndef CLOCKS_H
#define CLOCKS_H

void clocks_init(void);

#endif
