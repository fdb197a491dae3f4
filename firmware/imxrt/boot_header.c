/* What the boot ROM reads before it starts the image: flash configuration block and image vector table
 * (i.MX RT1170 reference manual, chapter System Boot). */
#include <stdint.h>

void Reset_Handler(void);
extern const uint8_t linker_image_start[], linker_image_size[];

#define LUT(command0, pads0, operand0, command1, pads1, operand1)                                             \
    ((uint32_t)(command1) << 26 | (uint32_t)(pads1) << 24 | (uint32_t)(operand1) << 16 | (command0) << 10 | \
     (pads0) << 8 | (operand0))
enum { LUT_STOP = 0, LUT_COMMAND = 1, LUT_ADDRESS = 2, LUT_READ = 9, ONE_PAD = 0, SERIAL_NOR = 1, CLOCK_30_MHZ = 1 };

struct flash_configuration {
    uint32_t tag, version, reserved0;
    uint8_t read_sample_clock, cs_hold_cycles, cs_setup_cycles, column_address_width;
    uint8_t mode_configuration[48];
    uint8_t controller_options[4], device_type, flash_pads, clock, custom_sequences, reserved1[8];
    uint32_t size_a1, size_a2, size_b1, size_b2;
    uint8_t pad_settings[16], timing[16];
    uint32_t lookup_table[64];
    uint8_t custom_commands[64];
    uint32_t page_size, sector_size;
    uint8_t reserved2[56];
};
_Static_assert(sizeof(struct flash_configuration) == 512, "flash_configuration");

__attribute__((section(".boot.flash"), used)) const struct flash_configuration flash_configuration = {
    .tag = 0x42464346u, /* "FCFB" */
    .version = 0x56010400u,
    .read_sample_clock = 0,
    .cs_hold_cycles = 3,
    .cs_setup_cycles = 3,
    .device_type = SERIAL_NOR,
    .flash_pads = 1,
    .clock = CLOCK_30_MHZ,
    .size_a1 = 4u << 20,
    .lookup_table = {LUT(LUT_COMMAND, ONE_PAD, 0x03, LUT_ADDRESS, ONE_PAD, 24),
                     LUT(LUT_READ, ONE_PAD, 4, LUT_STOP, ONE_PAD, 0)},
    .page_size = 256,
    .sector_size = 4096,
};

struct boot_data {
    const uint8_t *start, *size;
    uint32_t plugin;
};

__attribute__((section(".boot.data"), used)) const struct boot_data boot_data = {
    linker_image_start, linker_image_size, 0};

struct image_vector_table {
    uint32_t header;
    void (*entry)(void);
    uint32_t reserved0;
    const void *device_configuration;
    const struct boot_data *boot_data;
    const struct image_vector_table *self;
    const void *signature;
    uint32_t reserved1;
};

__attribute__((section(".boot.ivt"), used)) const struct image_vector_table image_vector_table = {
    .header = 0x402000D1u,
    .entry = Reset_Handler,
    .boot_data = &boot_data,
    .self = &image_vector_table,
};
