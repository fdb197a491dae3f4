*** Settings ***
Documentation       The meter's clock, demand, load profile and event log (IEC 62054-21, IEC 62053-21:2020 7.11).
...                 The clock is judged by its test output, whose edges have exact virtual times; a day is not waited
...                 for, as 60 s of edges show the rate to a thousandth of a second a day. Boundaries of periods are
...                 reached by setting the clock shortly before them. What was recorded is judged against the closed
...                 form of what was injected between the virtual times at which the clock showed the records' stamps.
Resource            ../resources/timekeeping.resource
Suite Setup         Boot Meter
Test Setup          Meter With A Clock


*** Variables ***
# Percent of the energy of a period: registers at a boundary are interpolated within a mains cycle.
${LIMIT PERIOD}     0.001
# Percent of a period with a failure of power in it: the cycle in which it fails is not counted.
${LIMIT FAILURE}    0.2


*** Test Cases ***
Clock Accuracy At Reference Temperature
    [Documentation]    A crystal that is 15 ppm fast, and slower by the square of the distance from its turnover at
    ...    23 degrees, is far outside of 0.5 s/day; after calibration the clock is inside, while the meter is loaded.
    Set Crystal Error    rtc    15
    Set Clock Temperature    23
    Clock Error Should Be    ${{ (15 - 0.034 * 4) * 0.0864 }}    within=0.005    duration=30
    ${correction}=    Calibrate Meter Clock    30
    Should Be True    abs(${correction} + 14.864) < 0.02
    Event Should Be Logged    clock_calibrated
    Set Balanced Load    230    20
    Clock Error Should Be Within    duration=60

Clock Accuracy Over An Hour
    [Documentation]    The same rate over an hour, without metering: the short measurement stands for a long one.
    Set Crystal Error    rtc    -4
    Stop Converters
    ${short}=    Clock Error Should Be Within    duration=60
    ${long}=    Clock Error Should Be Within    duration=3600
    Should Be True    abs(${short.s_per_day} - ${long.s_per_day}) < 0.001

Clock On Its Reserve
    [Documentation]    A whole day without power, of which only the counter on the battery sees anything.
    Set Meter Clock    2026-06-01T12:00:00Z
    Set Crystal Error    rtc    -9
    ${rate}=    Clock Error On Reserve Should Be Within    duration=1 day
    Should Be True    abs(${rate.s_per_day} + 9 * 0.0864) < 0.001
    Event Should Be Logged    power_up    value=86399

Clock And Temperature
    [Documentation]    The crystal's parabola from -20 to 60 degrees, against 0.15 s/day and kelvin.
    Stop Converters
    ${rates}=    Clock Should Keep Time Over Temperature    -20    0    40    60    duration=30
    Should Be True    abs($rates[60.0].s_per_day + 0.034 * 35 ** 2 * 0.0864) < 0.01

Clock Does Not Follow The Other Crystals
    [Documentation]    The converters' crystal is the time base of energy and frequency, the processor's of neither.
    Set Crystal Error    processor    100
    Set Crystal Error    converters    200
    Minutes With A Load From    2026-06-01T09:59:50Z    power_factor=0.5
    Run Until Meter Clock    2026-06-01T10:01:02Z
    Clock Error Should Be    0    within=0.01    duration=15
    ${frequency}=    Meter Register    frequency
    Should Be True    abs(${frequency}[0] / 50 * 1.0002 - 1) < 2e-6
    ${verdicts}=    Load Profile Should Match Injected    1    limit=0.03
    Should Be True    abs($verdicts[0].error / $verdicts[0].injected - 200e-6) < 2e-6

Periods Have The Injected Energy
    [Documentation]    Three minutes with import, export and loads that change in the middle of a period.
    ...    A load that changes within a cycle is booked with that cycle: half a cycle at most.
    Minutes With A Load From    2026-06-01T11:58:56Z    power_factor=0.5
    Run Until Meter Clock    2026-06-01T11:59:20Z
    Set Balanced Load    230    7    0.8    capacitive=True
    Run Until Meter Clock    2026-06-01T12:00:13.3Z
    Set Balanced Load    230    30    reversed=True
    Run Until Meter Clock    2026-06-01T12:02:01Z
    Minutes Should End At    2026-06-01T11:59:00Z    2026-06-01T12:00:00Z    2026-06-01T12:01:00Z
    ...    2026-06-01T12:02:00Z    allowance=10 ms
    Demand Should Match Injected    2026-06-01T12:01:00Z    2026-06-01T12:02:00Z    60 s    ${LIMIT PERIOD}
    Meter Time Register Should Be    demand_maximum_time[active_export]    2026-06-01T12:02:00Z

Demand Of A Quarter Of An Hour
    [Documentation]    A block that is cut short is divided by its whole length, so it is never overstated.
    Set Balanced Load    230    40
    Set Meter Clock    2026-01-15T12:14:50Z
    Run Until Meter Clock    2026-01-15T12:15:01Z
    Demand Should Match Injected    2026-01-15T12:14:50Z    2026-01-15T12:15:00Z    900 s    0.05
    Set Meter Clock    2026-01-15T12:29:57Z
    Run Until Meter Clock    2026-01-15T12:30:01Z
    Demand Should Match Injected    2026-01-15T12:29:57Z    2026-01-15T12:30:00Z    900 s    0.05
    Meter Time Register Should Be    demand_maximum_time[active_import]    2026-01-15T12:15:00Z
    Reset Demand

Sliding Demand
    [Documentation]    Three minutes in three parts: each minute a demand over the last three.
    Shell Answers Ok    demand period 3 3
    Set Balanced Load    230    10
    Set Meter Clock    2026-01-15T11:58:58Z
    Run Until Meter Clock    2026-01-15T12:00:00.5Z
    Set Balanced Load    230    40
    Run Until Meter Clock    2026-01-15T12:01:00.5Z
    Set Balanced Load    230    0
    Run Until Meter Clock    2026-01-15T12:02:01Z
    Demand Should Match Injected    2026-01-15T11:59:00Z    2026-01-15T12:02:00Z    180 s    0.02
    Demand Should Match Injected    2026-01-15T11:59:00Z    2026-01-15T12:02:00Z    180 s    0.02    demand_maximum

Clock Is Set Forward Across A Boundary
    [Documentation]    The running periods end at the old time, new ones begin at the new time; no energy is lost or
    ...    counted twice, and the demand does not span the setting.
    Minutes With A Load From    2026-06-01T11:58:58Z
    Run Until Meter Clock    2026-06-01T11:59:20Z
    Set Meter Clock    2026-06-01T12:07:40Z
    Run Until Meter Clock    2026-06-01T12:09:01Z
    Load Profile Should Match Injected    3    ${LIMIT PERIOD}
    Load Profile Flags Should Be    2026-06-01T12:08:00Z    INCOMPLETE    CLOCK_SET    SUMMER
    Load Profile Flags Should Be    2026-06-01T12:09:00Z    SUMMER
    Event Should Be Logged    clock_old    2026-06-01T11:59:20Z
    Event Should Be Logged    clock_new    2026-06-01T12:07:40Z
    Demand Should Match Injected    2026-06-01T12:08:00Z    2026-06-01T12:09:00Z    60 s    ${LIMIT PERIOD}

Demand Is Not Stretched By A Setting
    [Documentation]    Forty seconds before and forty after a setting back are two periods, not one of eighty.
    Minutes With A Load From    2026-06-01T11:58:57Z
    Run Until Meter Clock    2026-06-01T11:59:40Z
    Set Meter Clock    2026-06-01T11:59:20Z
    Run Until Meter Clock    2026-06-01T12:00:01Z
    Demand Should Match Injected    2026-06-01T11:59:00Z    2026-06-01T11:59:40Z    60 s    0.1    demand_maximum
    ${last}=    Meter Register    demand_last[active_import]
    Should Be True    abs(${last}[0] - 13800 * 40 / 60) < 15    the demand of the 40 s after the setting
    Load Profile Should Match Injected    2    ${LIMIT PERIOD}

Clock Is Set Back
    [Documentation]    Times come twice, and so do records; all are kept and hold the energy of their own time.
    Minutes With A Load From    2026-06-01T11:59:57Z
    Run Until Meter Clock    2026-06-01T12:01:10Z
    Set Meter Clock    2026-06-01T12:00:50Z
    Run Until Meter Clock    2026-06-01T12:02:01Z
    Load Profile Should Match Injected    4    ${LIMIT PERIOD}
    ${records}=    Load Profile    5
    Should Be Equal    ${records[1].end}    2026-06-01T12:01:00.000Z
    Should Be Equal    ${records[3].end}    2026-06-01T12:01:00.000Z
    Event Should Be Logged    clock_new    2026-06-01T12:00:50Z    value=-20

Small Correction Is Slewed In
    [Documentation]    Up to three seconds are no setting: every second comes once, no period is flagged as cut.
    Minutes With A Load From    2026-06-01T11:58:58Z
    Run Until Meter Clock    2026-06-01T11:59:05Z
    Shift Meter Clock    -800
    Run Until Meter Clock    2026-06-01T12:01:01Z
    Minutes Should End At    2026-06-01T11:59:00Z    2026-06-01T12:00:00Z    2026-06-01T12:01:00Z    limit=0.01
    Load Profile Flags Should Be    2026-06-01T12:00:00Z    SHIFTED    SUMMER
    Load Profile Flags Should Be    2026-06-01T12:01:00Z    SUMMER
    Event Should Be Logged    clock_shift    value=-800
    Clock Error Should Be Within    duration=15

Summer Time Begins
    [Documentation]    Last Sunday of March, 01:00 UTC: local time goes from 02:00 to 03:00; periods go on in UTC.
    Minutes With A Load From    2026-03-29T00:58:57Z
    Run Until Meter Clock    2026-03-29T01:01:01Z
    Minutes Should End At    2026-03-29T00:59:00Z    2026-03-29T01:00:00Z    2026-03-29T01:01:00Z
    Load Profile Flags Should Be    2026-03-29T01:01:00Z    SUMMER
    Event Should Be Logged    dst    2026-03-29T01:00:00Z    value=7200
    ${offset}=    Meter Register    local_offset
    Should Be Equal As Integers    ${offset}[0]    7200

Summer Time Ends
    [Documentation]    Last Sunday of October, 01:00 UTC: local time shows the hour from 02:00 on twice, UTC does not.
    Minutes With A Load From    2026-10-25T00:58:57Z
    Run Until Meter Clock    2026-10-25T01:01:01Z
    Minutes Should End At    2026-10-25T00:59:00Z    2026-10-25T01:00:00Z    2026-10-25T01:01:00Z
    Load Profile Flags Should Be    2026-10-25T01:01:00Z    NONE
    Event Should Be Logged    dst    2026-10-25T01:00:00Z    value=3600
    ${offset}=    Meter Register    local_offset
    Should Be Equal As Integers    ${offset}[0]    3600

Changes Of Summer Time Are Events
    [Documentation]    Each at its very second; a setting of the clock over such a change is none.
    Set Meter Clock    2026-03-29T00:59:58Z
    Run Until Meter Clock    2026-03-29T01:00:01.6Z
    Event Should Be Logged    dst    2026-03-29T01:00:00Z    value=7200
    Set Meter Clock    2026-10-25T00:59:58Z
    Run Until Meter Clock    2026-10-25T01:00:01.6Z
    Event Should Be Logged    dst    2026-10-25T01:00:00Z    value=3600
    ${events}=    Event Log    100
    Length Should Be    ${{ [event for event in $events if event.name == 'dst'] }}    2

Power Fails Inside A Period
    [Documentation]    20 s without mains, with a warning and 50 ms to write: clock and registers go on, the period is
    ...    flagged, and of its energy at most the cycles in which it failed and came back are missing.
    Set Crystal Error    rtc    10
    Minutes With A Load From    2026-06-01T11:58:57Z
    Run Until Meter Clock    2026-06-01T11:59:15Z
    Mains Fail For    20 s
    Run Until Meter Clock    2026-06-01T12:01:01Z
    Minutes Should End At    2026-06-01T11:59:00Z    2026-06-01T12:00:00Z    2026-06-01T12:01:00Z
    ...    limit=${LIMIT FAILURE}
    Load Profile Flags Should Be    2026-06-01T12:00:00Z    INCOMPLETE    POWER_FAIL    SUMMER
    Event Should Be Logged    power_down    2026-06-01T11:59:15Z
    Event Should Be Logged    power_up    2026-06-01T11:59:35Z    value=20
    Clock Error Should Be    ${{ 10 * 0.0864 }}    within=0.01    duration=15

Power Fails Across Boundaries
    [Documentation]    The period of the failure ends with what had been counted, the ones without power leave a gap.
    Minutes With A Load From    2026-06-01T11:58:57Z
    Run Until Meter Clock    2026-06-01T11:59:15Z
    Mains Fail For    150 s
    Run Until Meter Clock    2026-06-01T12:03:01Z
    Minutes Should End At    2026-06-01T11:59:00Z    2026-06-01T12:00:00Z    2026-06-01T12:02:00Z
    ...    2026-06-01T12:03:00Z    limit=${LIMIT FAILURE}
    Load Profile Flags Should Be    2026-06-01T12:00:00Z    INCOMPLETE    POWER_FAIL    SUMMER
    Load Profile Flags Should Be    2026-06-01T12:02:00Z    INCOMPLETE    POWER_FAIL    SUMMER
    Load Profile Flags Should Be    2026-06-01T12:03:00Z    SUMMER

Power Breaks Down Without Warning
    [Documentation]    Registers are written once a second: at most a second of energy is lost, and nothing is damaged.
    Minutes With A Load From    2026-06-01T11:58:57Z
    Run Until Meter Clock    2026-06-01T11:59:15.4Z
    Mains Fail For    10 s    warned=False
    Run Until Meter Clock    2026-06-01T12:00:01Z
    Minutes Should End At    2026-06-01T11:59:00Z    2026-06-01T12:00:00Z    limit=${LIMIT FAILURE}    allowance=1.1 s
    ${faults}=    Meter Register    storage_faults
    Should Be Equal As Integers    ${faults}[0]    0
    Event Should Not Be Logged    power_down

Clock Loses Its Battery
    [Documentation]    A clock that cannot know the time says so until it is set, and never goes back by itself.
    Set Meter Clock    2026-06-01T11:58:57Z
    Cut Power
    Execute Command    snvs LoseBattery
    Return Power
    Clock Should Be Valid    0
    Event Should Be Logged    clock_lost
    Set Meter Clock    2026-06-01T12:10:00Z
    Clock Should Be Valid    1

Phases And Cover Are Watched
    [Documentation]    A phase that loses its voltage and the cover being opened are events; the period is flagged.
    Minutes With A Load From    2026-01-15T11:59:45Z
    Phase Is Lost For Two Seconds
    Cover Is Opened For Two Seconds
    Run Until Meter Clock    2026-01-15T12:00:01Z
    Event Should Be Logged    phase_lost    value=2
    Event Should Be Logged    phase_back    value=2
    Event Should Be Logged    cover_opened
    Event Should Be Logged    cover_closed
    Load Profile Flags Should Be    2026-01-15T12:00:00Z    INCOMPLETE    CLOCK_SET    PHASE_LOST


*** Keywords ***
Minutes With A Load From
    [Documentation]    Periods of a minute, a load of 20 A, and the clock set to a time.
    [Arguments]    ${utc}    ${power_factor}=1
    Periods Of A Minute
    Set Balanced Load    230    20    ${power_factor}
    Set Meter Clock    ${utc}

Minutes Should End At
    [Documentation]    The last records end at these times, and the energies between them are those injected.
    [Arguments]    @{ends}    ${limit}=${LIMIT PERIOD}    ${allowance}=0
    Load Profile Ends Should Be    @{ends}
    Load Profile Should Match Injected    ${{ len($ends) - 1 }}    ${limit}    allowance=${allowance}

Mains Fail For
    [Documentation]    The mains is gone, and with it the meter's supply; it comes back with the load.
    [Arguments]    ${duration}    ${warned}=True
    Set Balanced Load    0    0
    Interrupt Power    ${duration}    warned=${warned}
    Set Balanced Load    230    20

Reset Demand
    [Documentation]    Resets the maxima, which are then zero, and which is an event.
    Shell Answers Ok    demand reset
    ${maximum}=    Meter Register    demand_maximum[active_import]
    Should Be Equal As Numbers    ${maximum}[0]    0
    Event Should Be Logged    demand_reset    value=1

Clock Should Be Valid
    [Documentation]    Whether the meter trusts its clock, 1 or 0.
    [Arguments]    ${expected}
    ${valid}=    Meter Register    clock_valid
    Should Be Equal As Integers    ${valid}[0]    ${expected}

Phase Is Lost For Two Seconds
    [Documentation]    L2 has no voltage, and gets it back.
    Run For    2 s
    Set Phase    L2    voltage=0    current=0
    Run For    2 s
    Set Phase    L2    voltage=230    current=20

Cover Is Opened For Two Seconds
    [Documentation]    The cover's switch, pressed and released.
    Execute Command    gpio3.cover Press
    Run For    2 s
    Execute Command    gpio3.cover Release
