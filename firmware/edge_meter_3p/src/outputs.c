#include "outputs.h"

#include "board.h"
#include "registers/chip.h"

static const uint8_t output_pins[] = {PIN_LED_ACTIVE_PULSE, PIN_LED_REACTIVE_PULSE, PIN_LED_STATUS, PIN_RELAY_CLOSE,
                                      PIN_RELAY_OPEN};
static const uint8_t select_pins[AFE_COUNT] = AFE_SELECT_PINS;
static const uint8_t select_modes[AFE_COUNT] = AFE_SELECT_MODES;

enum { PAD_CONSOLE_TX = 24, PAD_CONSOLE_RX = 25, PAD_SPI_SCK = 28, PAD_SPI_OUT = 30, PAD_SPI_IN = 31 };

void outputs_init(void)
{
    for (uint32_t i = 0; i < sizeof output_pins; i++) {
        uint32_t pin = output_pins[i];
        GPIO3->DR_CLEAR = 1u << pin;
        GPIO3->GDIR |= 1u << pin;
        IOMUXC_MUX_AD(pin + 1u) = PAD_MODE_GPIO;
        IOMUXC_PAD_AD(pin + 1u) = PAD_HIGH_DRIVE;
    }
    IOMUXC_MUX_AD(PIN_BUTTON + 1u) = PAD_MODE_GPIO;
    IOMUXC_PAD_AD(PIN_BUTTON + 1u) = PAD_PULL_UP;

    IOMUXC_MUX_AD(PAD_CONSOLE_TX) = 0;
    IOMUXC_MUX_AD(PAD_CONSOLE_RX) = 0;
    IOMUXC_PAD_AD(PAD_CONSOLE_RX) = PAD_PULL_UP;
    IOMUXC_LPUART1_RXD_SELECT = 0;

    for (uint32_t i = 0; i < AFE_COUNT; i++) {
        GPIO3->DR_SET = 1u << select_pins[i];
        GPIO3->GDIR |= 1u << select_pins[i];
        IOMUXC_MUX_AD(select_pins[i] + 1u) = select_modes[i];
        IOMUXC_PAD_AD(select_pins[i] + 1u) = PAD_HIGH_DRIVE;
    }
    IOMUXC_MUX_AD(PAD_SPI_SCK) = 0;
    IOMUXC_MUX_AD(PAD_SPI_OUT) = 0;
    IOMUXC_MUX_AD(PAD_SPI_IN) = 0;
    IOMUXC_LPSPI1_SCK_SELECT = 1;
    IOMUXC_LPSPI1_SDI_SELECT = 1;
    IOMUXC_LPSPI1_SDO_SELECT = 1;
    IOMUXC_MUX_AD(AFE_READY_PAD) = AFE_READY_PAD_MODE;
    IOMUXC_PAD_AD(AFE_READY_PAD) = PAD_PULL_UP;
}

void output_set(uint32_t pin, bool high)
{
    if (high)
        GPIO3->DR_SET = 1u << pin;
    else
        GPIO3->DR_CLEAR = 1u << pin;
}

void outputs_safe(void)
{
    for (uint32_t i = 0; i < sizeof output_pins; i++)
        GPIO3->DR_CLEAR = 1u << output_pins[i];
}

bool button_down(void)
{
    return !(GPIO3->PSR >> PIN_BUTTON & 1u);
}
