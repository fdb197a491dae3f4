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
    PIN_SUPPLY_GOOD = 9,
    PIN_COVER_OPEN = 10,
    PIN_LED_CLOCK = 11,
};

/* Converters on LPSPI1 in the order of their chip selects. */
enum { AFE_L1, AFE_L2, AFE_L3, AFE_NEUTRAL, AFE_COUNT };
/* GPIO3 pins of LPSPI1's chip selects 0 to 3, and the pad mode that gives the pin to LPSPI1. */
#define AFE_SELECT_PINS {28, 17, 18, 19}
#define AFE_SELECT_MODES {0, 2, 2, 2}
#define PAD_MODE_GPIO 5u
#define AFE_SPI LPSPI(1)
#define AFE_SPI_CLOCK_HZ OSCILLATOR_HZ
#define AFE_SPI_MODE LPSPI_TCR_MODE3
/* Data-ready of the last converter: pad GPIO_AD_21 as input X of FlexPWM4 submodule 3. */
#define AFE_READY_PAD 21u
#define AFE_READY_PAD_MODE 11u
#define AFE_READY_SUBMODULE 3u
/* The channel that fills the ring; channels 5 to 8 work together, see transfers.c. */
#define DMA_CHANNEL_SAMPLES 6u
#define DMA_REQUEST_AFE_READY 112u
#define DMA_REQUEST_LPSPI1_RX 36u

/* The memory that keeps its contents: FRAM FM25V20A at chip select 0 of LPSPI4, on pads GPIO_SD_B2_00 to 03. */
#define FRAM_SPI LPSPI(4)
#define FRAM_SPI_HZ 12000000u

#define OSCILLATOR_HZ 24000000u
#define CONSOLE_BAUD 115200u
/* Four frames of 128 bits with their pauses fill 109.7 of the 125 us between samples. */
#define SPI_HZ 4800000u
#define SAMPLE_RATE_HZ 8000u

/* Interrupt numbers and priorities, 0 first. Samples are worked off in PendSV, below every interrupt. */
enum {
    IRQ_DMA_SAMPLES = 6,
    IRQ_LPUART1 = 20,
    IRQ_FRAM = 41,
    IRQ_RTC = 66,
    IRQ_INPUTS = 104,
    IRQ_GPT1 = 119,
    IRQ_GPT2 = 120,
};
enum {
    PRIORITY_GPT1 = 0,
    PRIORITY_RTC = 0,
    PRIORITY_DMA = 1,
    PRIORITY_GPT2 = 1,
    PRIORITY_LPUART1 = 2,
    PRIORITY_FRAM = 2,
    PRIORITY_INPUTS = 2,
    PRIORITY_PENDSV = 15,
};
/* The meter has a clock with a battery, a memory and watched inputs: it keeps time and records. */
#define METER_KEEPS_TIME 1

#endif
