# Clang and lld from the Python package ziglang. Its `cortex_m7` has no floating point unless the feature is named.
set(CMAKE_SYSTEM_NAME Generic)
set(CMAKE_SYSTEM_PROCESSOR arm)
set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)
find_package(Python3 3.11 REQUIRED COMPONENTS Interpreter)
if(NOT ZIG)
  execute_process(
    COMMAND ${Python3_EXECUTABLE} -c "import pathlib, ziglang; print(pathlib.Path(ziglang.__file__).parent / 'zig')"
    OUTPUT_VARIABLE ZIG
    OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  set(ZIG ${ZIG} CACHE FILEPATH "zig executable")
endif()
if(NOT ZIG)
  message(FATAL_ERROR "Python package ziglang is missing in ${Python3_EXECUTABLE}")
endif()
set(CMAKE_C_COMPILER ${ZIG} cc)
set(CMAKE_C_COMPILER_WORKS TRUE)
set(MACHINE_OPTIONS -target thumb-freestanding-eabihf -mcpu=cortex_m7+fp_armv8d16)
# lld takes the entry from the command line only.
set(LINK_OPTIONS -Wl,--entry=Reset_Handler)
