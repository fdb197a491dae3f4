/* Product besmart_meter_3p: which pin does what. Everything that depends on the circuit board is here. */
#ifndef BOARD_H
#define BOARD_H

/* Outputs and inputs: pins of GPIO2, whose pads are GPIO_B0_<pin> and, from 16 on, GPIO_B1_<pin - 16>. */
enum {
    PIN_AFE_START = 4, /* low holds the conversions */
    PIN_AFE_RESET = 5, /* low resets */
    PIN_AFE_CLOCK = 6, /* low: the converter's own crystal */
    PIN_AFE_OFF = 7,   /* high switches its supply off */
    PIN_LED_ACTIVE_PULSE = 18,
    PIN_LED_REACTIVE_PULSE = 19,
    PIN_LED_STATUS = 20,
    PIN_RELAY_CLOSE = 21,
    PIN_RELAY_OPEN = 22,
    PIN_BUTTON = 23, /* pulls to ground while pressed */
};
#define PAD_MODE_GPIO 5u

/* The converter: set up over LPSPI4, samples to SAI1. Its channels in the order of the circuit board: voltage and
 * current of each phase, current of the neutral, and one that is not wired. */
enum { AFE_CHANNEL_NEUTRAL = 6, AFE_CHANNEL_UNUSED = 7, AFE_CHANNELS = 8 };
#define AFE_CHANNEL_VOLTAGE(phase) (2u * (phase))
#define AFE_CHANNEL_CURRENT(phase) (2u * (phase) + 1u)
#define AFE_SPI LPSPI(4)
#define AFE_SPI_SELECT 0u
#define AFE_SPI_CLOCK_HZ 66000000u
#define AFE_SPI_MODE LPSPI_TCR_MODE0
#define DMA_CHANNEL_SAMPLES 6u
#define DMA_REQUEST_SAI1_RX 19u

#define OSCILLATOR_HZ 24000000u
#define CONSOLE_BAUD 115200u
#define SPI_HZ 6000000u
#define SAMPLE_RATE_HZ 8000u

/* Interrupt numbers and priorities, 0 first. Samples are worked off in PendSV, below every interrupt. */
enum { IRQ_DMA_SAMPLES = DMA_CHANNEL_SAMPLES, IRQ_LPUART1 = 20, IRQ_GPT1 = 100 };
enum { PRIORITY_GPT1 = 0, PRIORITY_DMA = 1, PRIORITY_LPUART1 = 2, PRIORITY_PENDSV = 15 };

#endif
