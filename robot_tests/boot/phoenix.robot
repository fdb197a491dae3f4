*** Settings ***
Documentation       An unmodified Phoenix-RTOS image from power-on to its shell. Give the image, and a manifest if
...                 it needs one:
...                 wattbench run robot_tests/boot --variable PHOENIX_IMAGE:phoenix.disk
...                 An image of another chip needs that chip's manifest, phoenix_imxrt1064_evk.toml for one.
...                 With --variable PHOENIX_TESTS:"test-libc-printf test-mutex" its test programs run as well.
Resource            ../resources/boot.resource
Suite Setup         Boot Phoenix
Test Setup          Restore State    shell


*** Variables ***
${PHOENIX_IMAGE}        ${EMPTY}
${PHOENIX_MANIFEST}     ${EMPTY}
${PHOENIX_TESTS}        ${EMPTY}
@{BAUD RATES}           9600    19200    38400    57600    115200    230400    460800
${LINE}                 abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ


*** Test Cases ***
Loader Kernel And Shell Come Up
    [Documentation]    In this order, each with its banner, when power comes back.
    Power Off
    Run For    1
    Power On
    Phoenix Should Come Up

Nothing That Matters Is Missing
    [Documentation]    From power-on to the prompt no access went to anything that is not modelled.
    No Unmodelled Accesses Should Have Happened

Processes Are Listed
    [Documentation]    The idle thread and the shell itself.
    Write Line To Uart    ps
    Wait For Line On Uart    \\[idle\\]    treatAsRegex=True
    Wait For Line On Uart    psh
    Wait For Prompt On Uart

Memory Is Listed
    [Documentation]    Used and whole memory.
    Write Line To Uart    mem
    Wait For Line On Uart    \\d+\\)?/\\d+ ?KB    treatAsRegex=True
    Wait For Prompt On Uart

The Console Echoes At Full Rate
    [Documentation]    A long line typed without a pause comes back whole; the shell takes 127 characters.
    ${long line}=    Evaluate    $LINE + $LINE[:50]
    Write Line To Uart    echo ${long line}
    Wait For Line On Uart    ${long line}
    Console Bit Rate Should Be    115200
    Wait For Prompt On Uart

The Console Works At Each Baud Rate
    [Documentation]    The divider is set as a driver would; the line then types and answers at that rate.
    FOR    ${rate}    IN    @{BAUD RATES}
        Set Console Divider    ${rate}
        Write Line To Uart    echo ${LINE}
        Wait For Line On Uart    ${LINE}    timeout=2
        Console Bit Rate Should Be    ${rate}    tolerance_percent=1
        Wait For Prompt On Uart
    END

Time Advances At The Right Rate
    [Documentation]    The system's clock and virtual time agree over a minute, within its resolution of a second.
    ${system}    ${virtual}=    Read Uptime
    Run For    60
    ${later system}    ${later virtual}=    Read Uptime
    Should Be True    abs((${later system} - ${system}) - (${later virtual} - ${virtual})) <= 1

A Reset From The Shell Boots Again
    [Documentation]    The firmware asks for it itself; it may be gone before it has sent the echo's last character.
    Write Line To Uart    reboot    waitForEcho=False
    Wait For Line On Uart    Phoenix-RTOS loader
    Wait For Prompt On Uart

The Reset Pin Boots Again
    [Documentation]    As after power-on.
    Reset
    Wait For Line On Uart    Phoenix-RTOS loader
    Wait For Prompt On Uart

The Watchdog Boots Again
    [Documentation]    WDOG1 armed with 1 s and never served.
    ${armed}=    Virtual Time
    Execute Command    sysbus WriteWord ${WDOG1 WCR} 0x0134
    ${line}=    Wait For Line On Uart    Phoenix-RTOS loader
    ${delay}=    Evaluate    $line.time_ns / 1e9 - $armed
    Should Be True    1.0 <= ${delay} < 1.5    the loader is back ${delay} s after the watchdog was armed
    Wait For Prompt On Uart

Its Own Test Programs Pass
    [Documentation]    Each program that is named runs and counts no failure.
    Skip If    $PHOENIX_TESTS == ''    no test programs are named; --variable PHOENIX_TESTS:"name name"
    FOR    ${program}    IN    @{{$PHOENIX_TESTS.split()}}
        Run Keyword And Continue On Failure    Test Program Should Pass    ${program}
    END


*** Keywords ***
Load Phoenix
    [Documentation]    The machine at power-on, with the image that was given.
    ${manifest}=    Set Variable If    $PHOENIX_MANIFEST == ''
    ...    ${CURDIR}${/}phoenix_imxrt1176_evk.toml    ${PHOENIX_MANIFEST}
    IF    $PHOENIX_IMAGE == ''
        Load Product    ${manifest}    engine=${ENGINE}
    ELSE
        Load Product    ${manifest}    engine=${ENGINE}    image=${PHOENIX_IMAGE}
    END
    Import Board

Boot Phoenix
    [Documentation]    The machine at its first prompt, kept as the state that tests start from.
    Skip If    $PHOENIX_IMAGE == '' and $PHOENIX_MANIFEST == ''
    ...    no Phoenix-RTOS image is given; --variable PHOENIX_IMAGE:path (and PHOENIX_MANIFEST:path) runs these tests
    Load Phoenix
    Phoenix Should Come Up
    Save State    shell

Phoenix Should Come Up
    [Documentation]    Loader, kernel, programs and shell, one after the other.
    Wait For Line On Uart    Phoenix-RTOS loader
    Wait For Line On Uart    Phoenix-RTOS microkernel
    Wait For Line On Uart    Starting syspage programs
    Wait For Prompt On Uart

Set Console Divider
    [Documentation]    What a driver writes for a rate: the oversampling and divider that come closest.
    [Arguments]    ${rate}
    ${oversampling}=    Evaluate
    ...    min(range(8, 33), key=lambda n: abs(${CLOCK} / n / round(${CLOCK} / n / ${rate}) - ${rate}))
    ${divider}=    Evaluate    round($CLOCK / $oversampling / int($rate))
    ${baud}=    Evaluate    hex(($oversampling - 1) << 24 | $divider)
    Execute Command    sysbus WriteDoubleWord ${LPUART1 BAUD} ${baud}

Read Uptime
    [Documentation]    Seconds that the system and the machine are up.
    ${virtual}=    Virtual Time
    Write Line To Uart    uptime
    ${line}=    Wait For Line On Uart    up (\\d+):(\\d+):(\\d+)    treatAsRegex=True
    Wait For Prompt On Uart
    ${system}=    Evaluate    int($line.groups[0]) * 3600 + int($line.groups[1]) * 60 + int($line.groups[2])
    RETURN    ${system}    ${virtual}

Test Program Should Pass
    [Documentation]    A Unity test program of the image: it ends with its figures and OK.
    [Arguments]    ${program}
    Write Line To Uart    sysexec ${program}
    ${line}=    Wait For Line On Uart    (\\d+) Tests (\\d+) Failures (\\d+) Ignored    timeout=300    treatAsRegex=True
    Log    ${program}: ${line.text}    console=True
    Should Be Equal    ${line.groups[1]}    0    ${program}: ${line.text}
    Wait For Prompt On Uart    timeout=30
