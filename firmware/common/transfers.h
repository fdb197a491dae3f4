/* What brings the converters' samples into the ring of edma.h without the processor. Each product has its own
 * transfers.c. */
#ifndef TRANSFERS_H
#define TRANSFERS_H

/* Set the transfers up and start them; the next conversion brings the first sample. */
void transfers_start(void);

#endif
