#include "calibration.h"

#include "crc.h"

bool calibration_valid(const struct calibration *calibration)
{
    return calibration->magic == CALIBRATION_MAGIC && calibration->length == sizeof *calibration &&
           calibration->crc == crc32(calibration, __builtin_offsetof(struct calibration, crc));
}
