/* Product edge_meter_3p: which pin does what. Everything that depends on the circuit board is here. */
#ifndef BOARD_H
#define BOARD_H

/* Outputs and inputs: pins of GPIO3, which lie on pads GPIO_AD_<pin + 1>. */
enum {
    PIN_LED_ACTIVE_PULSE = 3,
    PIN_LED_REACTIVE_PULSE = 4,
    PIN_LED_STATUS = 5,
    PIN_RELAY_CLOSE = 6,
    PIN_RELAY_OPEN = 7,
    PIN_BUTTON = 8, /* pulls to ground while pressed */
};

/* Converters on LPSPI1 in the order of their chip selects. */
enum { AFE_L1, AFE_L2, AFE_L3, AFE_NEUTRAL, AFE_COUNT };
/* GPIO3 pins of LPSPI1's chip selects 0 to 3, and the pad mode that gives the pin to LPSPI1. */
#define AFE_SELECT_PINS {28, 17, 18, 19}
#define AFE_SELECT_MODES {0, 2, 2, 2}
#define PAD_MODE_GPIO 5u
#define AFE_SPI LPSPI(1)
/* Data-ready of the last converter: pad GPIO_AD_21 as input X of FlexPWM4 submodule 3. */
#define AFE_READY_PAD 21u
#define AFE_READY_PAD_MODE 11u
#define AFE_READY_SUBMODULE 3u
#define DMA_REQUEST_AFE_READY 112u
#define DMA_REQUEST_LPSPI1_RX 36u

#define OSCILLATOR_HZ 24000000u
#define CONSOLE_BAUD 115200u
#define SPI_HZ 4800000u
#define SAMPLE_RATE_HZ 8000u

/* Interrupt numbers and priorities, 0 first. Samples are worked off in PendSV, below every interrupt. */
enum { IRQ_DMA_SAMPLES = 6, IRQ_LPUART1 = 20, IRQ_GPT1 = 119 };
enum { PRIORITY_GPT1 = 0, PRIORITY_DMA = 1, PRIORITY_LPUART1 = 2, PRIORITY_PENDSV = 15 };

#endif
