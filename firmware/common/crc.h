/* CRC-32 (ISO-HDLC): of the calibration, and of all that is kept over a power failure. */
#ifndef CRC_H
#define CRC_H

#include <stdint.h>

uint32_t crc32(const void *data, uint32_t length);

#endif
