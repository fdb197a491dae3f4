*** Settings ***
Documentation       The meter with current transformers: they lead by half a degree, which at a power factor of 0.5
...                 would be 1.5 % if the meter's phase calibration did not take it back; at unity nothing shows.
Resource            ../resources/metering.resource
Suite Setup         Boot Meter    ${METER}
Test Setup          Fresh Meter


*** Variables ***
${METER}                besmart_meter_3p
# At 49 and 51 Hz the lead is 2 % smaller and larger, while a delay calibrated at 50 Hz does the opposite.
${LIMIT OFF NOMINAL}    0.1


*** Test Cases ***
Unity
    [Documentation]    Where a phase error cannot be seen.
    Set Balanced Load    230    20
    Measured Energy Should Be Within    ${LIMIT UNITY}    with transformers, PF 1

Inductive
    [Documentation]    The current lags by 60 degrees: the calibration has to be right.
    Set Balanced Load    230    20    0.5
    Measured Energy Should Be Within    ${LIMIT HALF INDUCTIVE}    with transformers, PF 0.5 inductive

Capacitive
    [Documentation]    The current leads by 60 degrees, and the error would have the other sign.
    Set Balanced Load    230    20    0.5    capacitive=True
    Measured Energy Should Be Within    ${LIMIT CAPACITIVE}    with transformers, PF 0.5 capacitive

Inductive Off Nominal Frequency
    [Documentation]    The ends of the frequency range of the standards.
    FOR    ${hertz}    IN    49    51
        Fresh Meter
        Set Frequency    ${hertz}
        Set Balanced Load    230    20    0.5
        Measured Energy Should Be Within    ${LIMIT OFF NOMINAL}    with transformers, PF 0.5 inductive, ${hertz} Hz
    END

The Lead Is There
    [Documentation]    The same meter with ideal sensors reads 1.5 % too little: what the other cases have passed was
    ...    the calibration at work.
    Set Balanced Load    230    20    0.5
    FOR    ${phase}    IN    L1    L2    L3
        Make Sensor Ideal    ${phase}    current
    END
    Run For    1.5
    ${power}=    Meter Register    ${POWER}
    ${expected}=    Evaluate    3 * 230 * 20 * math.cos(math.radians(60.5))
    Should Be True    abs(${power}[0] / ${expected} - 1) < 0.0005
    ...    the meter shows ${power}[0] W where a calibration for half a degree makes ${expected} W of it
