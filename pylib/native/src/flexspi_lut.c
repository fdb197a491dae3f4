/* Twin of wattbench.hw.imxrt.flexspi_lut, where the instructions are explained. */
#include "flexspi_lut.h"

enum instruction {
    STOP = 0x00, COMMAND = 0x01, ROW_ADDRESS = 0x02, COLUMN_ADDRESS = 0x03, FIRST_MODE = 0x04, LAST_MODE = 0x07,
    WRITE = 0x08, READ = 0x09, LEARN = 0x0A, DATA_SIZE = 0x0B, DUMMY = 0x0C, DUMMY_RWDS = 0x0D, JUMP_ON_CS = 0x1F,
};
enum { DOUBLE_RATE = 0x20, JUMP_IN_IP_COMMAND = 2, UNKNOWN_INSTRUCTION = 3 };

uint32_t wb_sequence_decode(const uint32_t words[WB_SEQUENCE_WORDS], wb_sequence *sequence)
{
    bool commanded = false;
    *sequence = (wb_sequence){ 0 };
    for (unsigned number = 0; number < 2 * WB_SEQUENCE_WORDS; number++) {
        uint32_t instruction = words[number / 2] >> 16 * (number % 2) & 0xFFFF;
        uint32_t kind = instruction >> 10, operand = instruction & 0xFF;
        if (kind == STOP) return 0;
        if (kind == JUMP_ON_CS) return JUMP_IN_IP_COMMAND;
        kind &= ~(uint32_t)DOUBLE_RATE;
        switch (kind) {
        case COMMAND:
            if (!commanded) sequence->opcode = operand;
            commanded = true;
            break;
        case ROW_ADDRESS: case COLUMN_ADDRESS: sequence->address_bits += operand; break;
        case READ: sequence->reads = true; break;
        case WRITE: sequence->writes = true; break;
        case LEARN: case DATA_SIZE: case DUMMY: case DUMMY_RWDS: break;
        default:
            if (kind < FIRST_MODE || kind > LAST_MODE) return UNKNOWN_INSTRUCTION;
        }
    }
    return 0;
}
