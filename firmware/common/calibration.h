/* Calibration: all constants of one meter, in their own flash section, checked by magic, length and CRC-32. */
#ifndef CALIBRATION_H
#define CALIBRATION_H

#include <stdbool.h>
#include <stdint.h>

#define CALIBRATION_MAGIC 0x4C414345u /* "ECAL" */
#define CALIBRATION_PHASES 3
#define CALIBRATION_CHANNELS 4

struct calibration {
    uint32_t magic, length;
    double current_full_scale_v, voltage_full_scale_v; /* volts at the converter's pins at 2^23 codes */
    double shunt_ohm, divider_ratio;
    double current_gain[CALIBRATION_CHANNELS]; /* L1, L2, L3, neutral; 1 for a nominal front end */
    double voltage_gain[CALIBRATION_PHASES];
    double current_delay_us[CALIBRATION_PHASES]; /* by which the current path is later than the voltage path */
    double active_imp_per_kwh, reactive_imp_per_kvarh;
    double no_load_w, no_load_var; /* per phase; below both nothing is counted */
    int32_t current_offset[CALIBRATION_CHANNELS]; /* codes without current */
    int32_t voltage_offset[CALIBRATION_PHASES];
    uint32_t crc; /* CRC-32 (ISO-HDLC) of all bytes before it */
};
_Static_assert(sizeof(struct calibration) == 184, "calibration");

/* Linked at a fixed address; generated from calibration/<name>.toml. */
extern const struct calibration meter_calibration;

bool calibration_valid(const struct calibration *calibration);

#endif
