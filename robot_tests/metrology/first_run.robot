*** Settings ***
Documentation       The first metering run: a three-phase meter at its principal load points.
...                 Energy comes from the meter's registers and from its pulses; both are judged against the closed
...                 form of what the mains injected between the same virtual times.
Resource            ../resources/metering.resource
Suite Setup         Boot Meter
Test Setup          Fresh Meter


*** Test Cases ***
Balanced Load
    [Documentation]    13.8 kW at power factor 1.
    Set Balanced Load    230    20
    Measured Energy Should Be Within    ${LIMIT UNITY}    3 x 230 V, 20 A, PF 1

Inductive Load
    [Documentation]    Where the current lags by 60 degrees, a phase error of 0.02 degrees already costs 0.06 %.
    Set Balanced Load    230    20    0.5
    Measured Energy Should Be Within    ${LIMIT HALF INDUCTIVE}    3 x 230 V, 20 A, PF 0.5 inductive

Capacitive Load
    [Documentation]    The current leads by 36.9 degrees.
    Set Balanced Load    230    20    0.8    capacitive=True
    Measured Energy Should Be Within    ${LIMIT CAPACITIVE}    3 x 230 V, 20 A, PF 0.8 capacitive

One Phase Reversed
    [Documentation]    L2 feeds back: the meter adds the phases with their signs, a third of the energy is left.
    Set Balanced Load    230    20
    Set Phase    L2    reversed=True
    Measured Energy Should Be Within    ${LIMIT UNITY}    3 x 230 V, 20 A, L2 reversed    ${LONG WINDOW}

Load In One Phase Only
    [Documentation]    All voltages are there, only L2 carries current.
    Set Balanced Load    230    0
    Set Phase    L2    current=40
    Measured Energy Should Be Within    ${LIMIT UNITY}    3 x 230 V, 40 A in L2 only    ${LONG WINDOW}

No Load
    [Documentation]    1.15 Un without current: no pulse, and no register moves (IEC 62053-21, shortened).
    Set Balanced Load    264.5    0
    No Pulse For    1.5 s
    Register Should Stand Still For    1.5 s    ${IMPORT}

Load Change Inside The Window
    [Documentation]    20 A become 40 A for about a second, at instants that are no whole cycles.
    Set Balanced Load    230    20
    ${now}=    Virtual Time
    FOR    ${phase}    IN    L1    L2    L3
        Change Phase At    ${now + 1.1037}    ${phase}    current=40
        Change Phase At    ${now + 2.2219}    ${phase}    current=20
    END
    Measured Energy Should Be Within    ${LIMIT UNITY}    3 x 230 V, 20 A to 40 A to 20 A
