/* Memory-mapped register types, and gaps in a block's address space. */
#ifndef REGISTER_H
#define REGISTER_H

#include <stdint.h>

typedef volatile uint32_t reg32;
typedef volatile uint16_t reg16;
typedef volatile uint8_t reg8;

#define RESERVED_NAME(line) reserved_##line
#define RESERVED_AT(line, bytes) uint8_t RESERVED_NAME(line)[bytes]
/* Bytes without a register inside a register structure. */
#define RESERVED(bytes) RESERVED_AT(__LINE__, bytes)

#define CHECK_OFFSET(type, member, offset) \
    _Static_assert(__builtin_offsetof(type, member) == (offset), #type "." #member)

#endif
