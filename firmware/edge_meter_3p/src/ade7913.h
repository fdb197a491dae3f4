/* ADE7913 converters on LPSPI1: configuration, synchronous start, and the layout of a burst. */
#ifndef ADE7913_H
#define ADE7913_H

#include <stdbool.h>
#include <stdint.h>

/* One burst is four words: a byte during the command, current, two voltages, CRC, status, counter, a pad byte. */
#define ADE7913_BURST_WORDS 4
#define ADE7913_READ_BURST 0x04u

enum ade7913_result { ADE7913_OK, ADE7913_NO_ANSWER, ADE7913_IN_RESET, ADE7913_LOCKED, ADE7913_NO_CONFIG };

/* Configure converter `select` for 8 kS/s. The last of the chain signals data-ready on the pin with which the others
 * pass the clock on (`last`). Takes up to 100 ms, sleeping. */
enum ade7913_result ade7913_configure(uint32_t select, bool last);
/* Start the conversions of all converters in the same clock cycle. */
void ade7913_synchronise(void);
/* Protect the configuration of converter `select`; false if that does not read back. */
bool ade7913_lock(uint32_t select);
const char *ade7913_result_text(enum ade7913_result result);

/* Codes of current and first voltage channel out of a burst as it lies in memory (big endian, signed 24 bits). */
static inline int32_t ade7913_current(const uint32_t *burst)
{
    return (int32_t)(__builtin_bswap32(burst[0]) << 8) >> 8;
}

static inline int32_t ade7913_voltage(const uint32_t *burst)
{
    return (int32_t)__builtin_bswap32(burst[1]) >> 8;
}

/* Whether the status byte in a burst says that the part was reset or has a configuration error. */
static inline bool ade7913_faulty(const uint32_t *burst)
{
    return burst[3] & 3u;
}

#endif
