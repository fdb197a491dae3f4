#include "ad7779.h"

#include <stdbool.h>
#include <stdint.h>

#include "board.h"
#include "lpspi.h"
#include "outputs.h"
#include "timebase.h"

enum {
    CH0_CONFIG = 0x00,
    CH_DISABLE = 0x08,
    GENERAL_USER_CONFIG_1 = 0x11,
    DOUT_FORMAT = 0x14,
    ADC_MUX_CONFIG = 0x15,
    CHX_ERR_REG_EN = 0x58,
    GEN_ERR_REG_2 = 0x5B,
    STATUS_REG_3 = 0x5F,
    SRC_N_MSB = 0x60,
    SRC_N_LSB = 0x61,
    SRC_IF_MSB = 0x62,
    SRC_IF_LSB = 0x63,
    SRC_UPDATE = 0x64,
};
#define READ 0x80u
#define ANSWER 0x20u
#define GAIN(log2) ((uint8_t)((log2) << 6))
#define CONFIG_1_HIGH_RESOLUTION 0x40u
#define CONFIG_1_COMMON_MODE_ON 0x20u
#define CONFIG_1_REFERENCE_ON 0x10u
#define CONFIG_1_RC_OSCILLATOR_ON 0x04u
#define DOUT_ONE_LINE (2u << 6)
#define DOUT_CLOCK_BY_2 (1u << 1)
#define MUX_INTERNAL_REFERENCE (1u << 6)
/* Inputs outside the supply; not saturation, which is the mains' fault and no reason to distrust the converter. */
#define ERRORS_OF_INPUTS 0x1Eu
#define STATUS_3_INIT_COMPLETE 0x10u
#define RESET_MS_LIMIT 10u
#define MODULATOR_HZ 2048000u

static bool read(uint8_t reg, uint8_t *value)
{
    bool ok = true;
    uint16_t answer = lpspi_transfer16(AFE_SPI_SELECT, READ | reg, 0, &ok);
    *value = (uint8_t)answer;
    return ok && answer >> 8 == ANSWER;
}

/* Write a register and read it back. */
static bool set(uint8_t reg, uint8_t value)
{
    bool ok = true;
    uint8_t found;
    lpspi_transfer16(AFE_SPI_SELECT, reg, value, &ok);
    return ok && read(reg, &found) && found == value;
}

/* After /RESET the converter loads its fuses and answers with ones meanwhile. */
static enum ad7779_result restart(void)
{
    uint8_t status = 0;
    bool answers = false;
    output_set(PIN_AFE_START, false);
    output_set(PIN_AFE_RESET, false);
    timebase_sleep_ms(1);
    output_set(PIN_AFE_RESET, true);
    for (uint32_t ms = 0; ms < RESET_MS_LIMIT; ms++) {
        timebase_sleep_ms(1);
        answers = read(STATUS_REG_3, &status);
        if (answers && status & STATUS_3_INIT_COMPLETE)
            return AD7779_OK;
    }
    return answers ? AD7779_IN_RESET : AD7779_NO_ANSWER;
}

/* Eight words of 32 bits at 4.096 MHz fill half of the 125 us; headers tell errors instead of a CRC. */
static bool set_converter(void)
{
    return set(GENERAL_USER_CONFIG_1, CONFIG_1_HIGH_RESOLUTION | CONFIG_1_COMMON_MODE_ON | CONFIG_1_REFERENCE_ON |
                                          CONFIG_1_RC_OSCILLATOR_ON) &&
           set(ADC_MUX_CONFIG, MUX_INTERNAL_REFERENCE) && set(DOUT_FORMAT, DOUT_ONE_LINE | DOUT_CLOCK_BY_2) &&
           set(CHX_ERR_REG_EN, ERRORS_OF_INPUTS);
}

/* The amplifiers of the currents double. */
static bool set_channels(void)
{
    for (uint32_t phase = 0; phase < 3u; phase++)
        if (!set((uint8_t)(CH0_CONFIG + AFE_CHANNEL_VOLTAGE(phase)), GAIN(0u)) ||
            !set((uint8_t)(CH0_CONFIG + AFE_CHANNEL_CURRENT(phase)), GAIN(1u)))
            return false;
    return set(CH0_CONFIG + AFE_CHANNEL_NEUTRAL, GAIN(1u)) && set(CH_DISABLE, 1u << AFE_CHANNEL_UNUSED);
}

static bool set_rate(void)
{
    const uint32_t decimation = MODULATOR_HZ / SAMPLE_RATE_HZ;
    return set(SRC_N_MSB, (uint8_t)(decimation >> 8)) && set(SRC_N_LSB, (uint8_t)decimation) && set(SRC_IF_MSB, 0) &&
           set(SRC_IF_LSB, 0) && set(SRC_UPDATE, 0) && set(SRC_UPDATE, 1);
}

enum ad7779_result ad7779_configure(void)
{
    uint8_t was_reset;
    enum ad7779_result result = restart();
    if (result != AD7779_OK)
        return result;
    /* Reading takes the note of this reset away; the next one will show in the headers. */
    if (!set_converter() || !set_channels() || !set_rate() || !read(GEN_ERR_REG_2, &was_reset))
        return AD7779_NO_CONFIG;
    output_set(PIN_AFE_START, true);
    return AD7779_OK;
}

const char *ad7779_result_text(enum ad7779_result result)
{
    static const char *const texts[] = {"ok", "no-answer", "in-reset", "config-mismatch"};
    return texts[result];
}
