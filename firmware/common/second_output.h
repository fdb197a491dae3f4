/* The clock's test output: high for the first half of each second of UTC. */
#ifndef SECOND_OUTPUT_H
#define SECOND_OUTPUT_H

void second_output_start(void);
/* The clock has been changed: look for its next second anew. */
void second_output_restart(void);

#endif
