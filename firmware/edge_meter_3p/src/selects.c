#include "selects.h"

#include "board.h"
#include "registers/chip.h"

static const uint8_t select_pins[AFE_COUNT] = AFE_SELECT_PINS;
static const uint8_t select_modes[AFE_COUNT] = AFE_SELECT_MODES;

void selects_together(bool together)
{
    uint32_t pins = 0;
    for (uint32_t i = 0; i < AFE_COUNT; i++)
        pins |= 1u << select_pins[i];
    if (together) {
        for (uint32_t i = 0; i < AFE_COUNT; i++)
            IOMUXC_MUX_AD(select_pins[i] + 1u) = PAD_MODE_GPIO;
        GPIO3->DR_CLEAR = pins;
    } else {
        GPIO3->DR_SET = pins;
        for (uint32_t i = 0; i < AFE_COUNT; i++)
            IOMUXC_MUX_AD(select_pins[i] + 1u) = select_modes[i];
    }
}
