*** Settings ***
Documentation       The type test of the product's class: a few points of each part of the table.
...                 The whole table takes minutes: `--variable FULL:True` runs it here, `wattbench metrology` with error
...                 curves and tables by clause.
Library             wattbench.robot.ClassTable
Resource            ../resources/metering.resource
Suite Setup         Boot Meter And Plan
Test Setup          Fresh Meter


*** Variables ***
# Empty is the class that the product states.
${CLASS}    ${EMPTY}
${FULL}     ${False}
${JOBS}     2


*** Test Cases ***
Limits Of Error At Unity
    [Documentation]    EN 50470-3 and MID: the smallest current of the full accuracy range, and the largest.
    Class Points Should Pass    EN * unity Itr PF 1 *    EN * unity Imax PF 1 *

Limits Of Error At Other Power Factors
    [Documentation]    Where a phase error shows; at unity alone it does not.
    Class Points Should Pass    EN * 50 Itr PF 0.5 inductive balanced    EN * 50 Itr PF 0.8 capacitive *

Limits Of Error With Load In One Phase
    [Documentation]    Each phase by itself, so that two errors cannot cancel.
    Class Points Should Pass    EN * single-phase-load Imax PF 1 *    EN * single-phase-load Imax PF 0.5 *

Voltage And Frequency
    [Documentation]    The variation of the error at the largest current.
    Class Points Should Pass    EN * voltage Imax *    EN * frequency Imax *

Four Quadrants
    [Documentation]    Each load counts in the register of its direction, in the total and in every phase.
    Class Points Should Pass    quadrants

Bursts Of Cycles
    [Documentation]    Loads that come and go with the mains' cycles, also in patterns that no window is a multiple of.
    Class Points Should Pass    EN * sub-harmonics *    Laboratory bursts * burst 7 4

Ends Of The Temperatures
    [Documentation]    The sensors drift as the manifest says; the coldest and the hottest end of the widest band.
    Class Points Should Pass    MID * mpe Imax PF 0.5 inductive * -40 °C    MID * mpe Imax PF 1 * 70 °C

Operating Conditions Of The Directive
    [Documentation]    Maximum permissible errors of MI-003 at the ends of voltage and frequency.
    Class Points Should Pass    MID * mpe Imax PF 0.5 inductive *

Whole Class Table
    [Documentation]    All points, spread over processes.
    Skip If    not ${FULL}    the whole table takes minutes; run it with --variable FULL:True or by wattbench metrology
    Whole Class Table Should Pass    ${JOBS}


*** Keywords ***
Boot Meter And Plan
    [Documentation]    Boots the product and plans the test of its class.
    Boot Meter
    Plan Class Table    ${CLASS}
