*** Settings ***
Documentation       The reference firmware from reset to its shell, as the chip starts it: the boot ROM reads the
...                 headers in flash and hands over. And what the ROM says of a flash that holds nothing to start.
...                 Another product's: wattbench run robot_tests/boot/reference.robot --firmware besmart_meter_3p
Resource            ../resources/boot.resource
Suite Setup         Boot Meter
Test Setup          Restore State    booted


*** Test Cases ***
The Boot Rom Starts The Image
    [Documentation]    The core began in the ROM, not in flash, and no register that matters was missing.
    ${vectors}=    Execute Command    cpu VectorTableOffset
    Should Be Equal As Integers    ${vectors}    ${ROM VECTORS}
    Uart Should Not Contain    fault

The Rom Leaves The Flash As Its Configuration Block Says
    [Documentation]    4 MiB on port A1, watchdogs off.
    Register Should Be    ${FLEXSPI FLSHA1CR0}    4096
    ${control}=    Read Register    ${RTWDOG CS}
    Should Be True    ${control} & 0x80 == 0    RTWDOG runs

The Reset Pin Boots Again
    [Documentation]    As after power-on.
    Reset
    Wait Until Ready

A Power Failure Boots Again
    [Documentation]    Volatile memory is lost, flash stays.
    Run For    100 ms
    Power Off
    Run For    1 s
    Power On
    Wait Until Ready

The Watchdog Boots Again
    [Documentation]    WDOG1 with a time-out of 1 s: SRSR then shows it, and the meter is up again.
    ${armed}=    Virtual Time
    Execute Command    sysbus WriteWord ${WDOG1 WCR} 0x0134
    Wait Until Ready
    ${up}=    Virtual Time
    Should Be True    1.0 <= ${up} - ${armed} < 1.5    the reset came ${up - ${armed}} s after the watchdog was armed
    ${cause}=    Read Register    ${SRC SRSR}
    Should Be True    ${cause} & ${SRSR WDOG}    SRSR ${cause} does not show the watchdog

Erased Flash Is Told
    [Documentation]    No hang and no endless search: the ROM's program counter and the reason.
    Fill Flash    b"\\xff" * 8192
    Reset
    ${message}=    Run Keyword And Expect Error    *    Run For    1 s
    Should Contain    ${message}    the flash is erased where the flash configuration block belongs
    Should Contain    ${message}    (${CONFIGURATION AT})
    Should Contain    ${message}    PC ${ROM STOPS AT}

A Wrong Configuration Block Is Told
    [Documentation]    What stands there instead of its tag.
    Fill Flash    b"\\0" * 512    ${CONFIGURATION OFFSET}
    Reset
    Run Keyword And Expect Error    *${CONFIGURATION AT} holds 00 00 00 00, not 'FCFB'*    Run For    1 s

A Wrong Vector Table Is Told
    [Documentation]    An image that was linked for another chip of the family.
    Fill Flash    b"\\xd1\\x00\\x20\\x40" + b"\\x01\\x20\\x00\\x60" + bytes(12) + b"\\x00\\x10\\x00\\x60"    0x1000
    Reset
    Run Keyword And Expect Error    *lies at 0x60001000*another chip*    Run For    1 s

Missing Code Is Told
    [Documentation]    The headers are there, the code behind them is erased.
    Fill Flash    b"\\xff" * 0x3F0000    0x2000
    Reset
    Run Keyword And Expect Error    *where the flash is erased: the image is not all there*    Run For    1 s

Code That Runs Into Erased Flash Locks Up
    [Documentation]    A started image whose first instruction branches away into nothing.
    ${entry}=    Read Register    ${FLASH + 0x1004}
    Fill Flash    b"\\xff\\xf3\\xfe\\xaf" + b"\\xff" * 64    ${entry - 1 - ${FLASH}}
    Reset
    ${message}=    Run Keyword And Expect Error    *    Run For    1 s
    Should Contain    ${message}    locked up

An Image Of Another Chip Is Refused Before It Runs
    [Documentation]    A flash image is looked at when it is loaded.
    ${image}=    Make File    bytes(0x1000) + b"FCFB"
    Run Keyword And Expect Error    *is no image that an ${CHIP} starts*
    ...    Load Product    ${FIRMWARE}    image=${image}
    [Teardown]    Boot Meter
