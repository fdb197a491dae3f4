/* AD7779 converter on LPSPI4: configuration. Its samples come over SAI1; samples.h has their layout. */
#ifndef AD7779_H
#define AD7779_H

enum ad7779_result { AD7779_OK, AD7779_NO_ANSWER, AD7779_IN_RESET, AD7779_NO_CONFIG };

/* Reset the converter and configure it for 8 kS/s; it converts when this returns AD7779_OK. Takes up to 12 ms,
 * sleeping. */
enum ad7779_result ad7779_configure(void);
const char *ad7779_result_text(enum ad7779_result result);

#endif
