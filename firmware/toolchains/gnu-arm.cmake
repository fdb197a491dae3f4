# arm-none-eabi-gcc, for example Debian's gcc-arm-none-eabi with libnewlib-arm-none-eabi.
set(CMAKE_SYSTEM_NAME Generic)
set(CMAKE_SYSTEM_PROCESSOR arm)
set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)
set(CMAKE_C_COMPILER arm-none-eabi-gcc)
set(MACHINE_OPTIONS -mthumb -mcpu=cortex-m7 -mfpu=fpv5-d16 -mfloat-abi=hard)
set(LINK_OPTIONS -nostartfiles --specs=nosys.specs -Wl,--no-warn-rwx-segments)
