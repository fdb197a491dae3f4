#include "outputs.h"

#include "board.h"
#include "registers/chip.h"

/* Low at first: also the converter is held in reset. */
static const uint8_t output_pins[] = {PIN_LED_ACTIVE_PULSE, PIN_LED_REACTIVE_PULSE, PIN_LED_STATUS, PIN_RELAY_CLOSE,
                                      PIN_RELAY_OPEN, PIN_AFE_START, PIN_AFE_RESET, PIN_AFE_CLOCK, PIN_AFE_OFF};
static const uint8_t safe_pins[] = {PIN_LED_ACTIVE_PULSE, PIN_LED_REACTIVE_PULSE, PIN_LED_STATUS, PIN_RELAY_CLOSE,
                                    PIN_RELAY_OPEN};

enum { PAD_CONSOLE_TX = 12, PAD_CONSOLE_RX = 13 }; /* of GPIO_AD_B0 */
enum { PAD_SPI_SELECT = 0, PAD_SPI_IN = 1, PAD_SPI_OUT = 2, PAD_SPI_SCK = 3 };
enum { PAD_SAI_SYNC = 14, PAD_SAI_CLOCK = 15, PAD_SAI_DATA = 16 };
#define CONSOLE_MODE 2u
#define SPI_MODE 3u
#define SAI_MODE 3u

void outputs_init(void)
{
    static const uint8_t spi_pads[] = {PAD_SPI_SELECT, PAD_SPI_IN, PAD_SPI_OUT, PAD_SPI_SCK};
    static const uint8_t sai_pads[] = {PAD_SAI_SYNC, PAD_SAI_CLOCK, PAD_SAI_DATA};
    for (uint32_t i = 0; i < sizeof output_pins; i++) {
        uint32_t pin = output_pins[i];
        GPIO2->DR_CLEAR = 1u << pin;
        GPIO2->GDIR |= 1u << pin;
        IOMUXC_MUX_B(pin) = PAD_MODE_GPIO;
        IOMUXC_PAD_B(pin) = PAD_HIGH_DRIVE;
    }
    IOMUXC_MUX_B(PIN_BUTTON) = PAD_MODE_GPIO;
    IOMUXC_PAD_B(PIN_BUTTON) = PAD_PULL_UP;

    IOMUXC_MUX_AD_B0(PAD_CONSOLE_TX) = CONSOLE_MODE;
    IOMUXC_MUX_AD_B0(PAD_CONSOLE_RX) = CONSOLE_MODE;
    IOMUXC_PAD_AD_B0(PAD_CONSOLE_RX) = PAD_PULL_UP;

    for (uint32_t i = 0; i < sizeof spi_pads; i++)
        IOMUXC_MUX_B(spi_pads[i]) = SPI_MODE;
    IOMUXC_LPSPI4_PCS0_SELECT = 0;
    IOMUXC_LPSPI4_SCK_SELECT = 0;
    IOMUXC_LPSPI4_SDI_SELECT = 0;
    IOMUXC_LPSPI4_SDO_SELECT = 0;
    for (uint32_t i = 0; i < sizeof sai_pads; i++)
        IOMUXC_MUX_B(sai_pads[i]) = SAI_MODE;
    IOMUXC_SAI1_RX_SYNC_SELECT = 2;
    IOMUXC_SAI1_RX_BCLK_SELECT = 2;
    IOMUXC_SAI1_RX_DATA0_SELECT = 2;
}

void output_set(uint32_t pin, bool high)
{
    if (high)
        GPIO2->DR_SET = 1u << pin;
    else
        GPIO2->DR_CLEAR = 1u << pin;
}

void outputs_safe(void)
{
    for (uint32_t i = 0; i < sizeof safe_pins; i++)
        GPIO2->DR_CLEAR = 1u << safe_pins[i];
}

bool button_down(void)
{
    return !(GPIO2->PSR >> PIN_BUTTON & 1u);
}
