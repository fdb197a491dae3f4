#include "calibration.h"

#define CRC32_POLYNOMIAL 0xEDB88320u

static uint32_t crc32(const uint8_t *data, uint32_t length)
{
    uint32_t crc = 0xFFFFFFFFu;
    for (uint32_t i = 0; i < length; i++) {
        crc ^= data[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1u ? CRC32_POLYNOMIAL : 0u);
    }
    return ~crc;
}

bool calibration_valid(const struct calibration *calibration)
{
    return calibration->magic == CALIBRATION_MAGIC && calibration->length == sizeof *calibration &&
           calibration->crc == crc32((const uint8_t *)calibration, __builtin_offsetof(struct calibration, crc));
}
